//! Errors of TLS, HTTP and sockets as one sentence for people: the libraries describe them with the
//! names of their own types.

use std::{error::Error, io, time::Duration};

use rustls::{AlertDescription, CertificateError, Error as Tls, InvalidMessage};
use shared::time::Millis;

use super::http1_error::Http1Error;

const EARLY_END: &str = "the server closed the connection before the response was complete";
const INVALID: &str = "the response is not valid HTTP/1.1";

/// Why there is no response: it was waited for so long.
pub fn no_response_within(limit: Duration) -> String {
    format!("no response within {}", Millis::from(limit))
}

/// Why a connection or a response failed, in one sentence.
pub fn plain_failure(error: &(dyn Error + 'static)) -> String {
    if let Some(error) = find::<Tls>(error) {
        return tls(error);
    }
    if let Some(error) = find::<h2::Error>(error) {
        return http2(error);
    }
    if let Some(known) = find::<hyper::Error>(error).and_then(http1) {
        return known.to_owned();
    }
    if find::<hyper::Error>(error).is_some()
        && let Some(body) = find::<io::Error>(error)
    {
        match body.kind() {
            io::ErrorKind::UnexpectedEof => return EARLY_END.to_owned(),
            io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData => {
                return format!("{INVALID}: {}", body.to_string().to_lowercase());
            }
            _ => {}
        }
    }
    match causes(error).last() {
        Some(innermost) if innermost.to_string() == "tls handshake eof" => {
            "the server closed the connection during the TLS handshake".to_owned()
        }
        Some(innermost) => innermost.to_string(),
        None => error.to_string(),
    }
}

/// Whether what the server sent is not HTTP/1.1.
pub fn is_not_http1(error: &(dyn Error + 'static)) -> bool {
    find::<hyper::Error>(error).is_some_and(hyper::Error::is_parse)
}

/// Why a request got no whole response; `first` is the first byte that the server sent, by which
/// one of another protocol is recognised.
pub fn exchange_failure(error: &(dyn Error + 'static), first: Option<u8>) -> String {
    let of_http1 = is_not_http1(error);
    let of_http2 = find::<h2::Error>(error).is_some_and(h2::Error::is_library);
    other_protocol(first, of_http1, of_http2).map_or_else(|| plain_failure(error), str::to_owned)
}

/// The same for an error of the load's own client.
pub(super) fn http1_failure(error: &Http1Error, first: Option<u8>) -> String {
    match (other_protocol(first, error.is_parse(), false), error) {
        (Some(other), _) => other.to_owned(),
        (None, Http1Error::Io(error)) => plain_failure(error),
        (None, error) => error.to_string(),
    }
}

/// The protocol that a server speaks whose response is not of HTTP/1.1, or not of HTTP/2.
fn other_protocol(first: Option<u8>, of_http1: bool, of_http2: bool) -> Option<&'static str> {
    match first {
        // A TLS alert or handshake.
        Some(0x15 | 0x16) if of_http1 || of_http2 => {
            Some("the server speaks TLS on this port: use https://")
        }
        // The length of a SETTINGS frame.
        Some(0) if of_http1 => Some("the server speaks HTTP/2 on this port: use --http2"),
        Some(b'H') if of_http2 => Some("the server speaks HTTP/1.1 on this port: omit --http2"),
        _ => None,
    }
}

/// The first error of that type among an error and its causes.
pub(super) fn find<'a, E: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a E> {
    causes(error).find_map(|cause| cause.downcast_ref())
}

/// An error and its causes. What an `io::Error` wraps is a cause too, which `source` leaves out.
fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |error: &&'a (dyn Error + 'static)| {
        let error: &'a (dyn Error + 'static) = *error;
        match error
            .downcast_ref::<io::Error>()
            .and_then(io::Error::get_ref)
        {
            Some(inner) => Some(inner as &(dyn Error + 'static)),
            None => error.source(),
        }
    })
}

fn http1(error: &hyper::Error) -> Option<&'static str> {
    if error.is_parse_too_large() {
        Some("the head of the response is too long")
    } else if error.is_parse_status() {
        Some("the status of the response is not a number from 100 to 999")
    } else if error.is_parse() {
        Some(INVALID)
    } else if error.is_incomplete_message() {
        Some(EARLY_END)
    } else if error.is_canceled() || error.is_closed() {
        Some("the connection was closed before the request was sent")
    } else {
        None
    }
}

fn http2(error: &h2::Error) -> String {
    if let Some(error) = error.get_io() {
        return error.to_string();
    }
    let Some(reason) = error.reason() else {
        return format!("HTTP/2: {error}");
    };
    let what = if !error.is_remote() {
        "the server broke the rules of HTTP/2"
    } else if error.is_go_away() {
        "the server ended the HTTP/2 connection"
    } else {
        "the server reset the HTTP/2 stream"
    };
    format!("{what}: {}", reason.description())
}

fn tls(error: &Tls) -> String {
    let text = match error {
        Tls::InvalidCertificate(error) => return certificate(error),
        Tls::InvalidMessage(InvalidMessage::InvalidContentType) => {
            "the server does not speak TLS on this port: use http://"
        }
        Tls::NoApplicationProtocol
        | Tls::AlertReceived(AlertDescription::NoApplicationProtocol) => {
            "the server does not offer the HTTP version that was asked for (ALPN)"
        }
        Tls::PeerIncompatible(_)
        | Tls::AlertReceived(
            AlertDescription::ProtocolVersion
            | AlertDescription::HandshakeFailure
            | AlertDescription::InsufficientSecurity,
        ) => "there is no TLS version and cipher that both sides accept (here TLS 1.2 and 1.3)",
        Tls::AlertReceived(AlertDescription::UnrecognisedName) => {
            "the server has no certificate for this host name"
        }
        Tls::AlertReceived(AlertDescription::CertificateRequired) => {
            "the server requires a certificate of the client, and there is none"
        }
        Tls::AlertReceived(alert) => {
            return format!(
                "the server ended the TLS connection with alert {}",
                u8::from(*alert)
            );
        }
        Tls::NoCertificatesPresented => "the server sent no certificate",
        Tls::General(why) => return format!("TLS failed: {why}"),
        _ => "the server broke the rules of TLS",
    };
    text.to_owned()
}

fn certificate(error: &CertificateError) -> String {
    let text = match error {
        CertificateError::UnknownIssuer => {
            "it is signed by an authority that is not trusted: give that authority's certificate with --cacert, or use --insecure"
        }
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => "it has expired",
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "it is not valid yet"
        }
        CertificateError::NotValidForNameContext {
            expected,
            presented,
        } => {
            let names: Vec<&str> = presented.iter().map(|name| bare(name)).collect();
            let names = match names.as_slice() {
                [] => "no name".to_owned(),
                names => names.join(", "),
            };
            return format!(
                "the server's certificate is for {names}, not for {}",
                expected.to_str()
            );
        }
        CertificateError::NotValidForName => "it is for another host name",
        CertificateError::Revoked => "it is revoked",
        CertificateError::BadEncoding => "it is malformed",
        CertificateError::BadSignature => "its signature is wrong",
        CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => {
            "it is not meant for servers"
        }
        CertificateError::UnsupportedSignatureAlgorithmContext { .. }
        | CertificateError::UnsupportedSignatureAlgorithmForPublicKeyContext { .. } => {
            "it is signed with an algorithm that is not supported"
        }
        // rustls has no names of its own for these.
        CertificateError::Other(other) => match other.0.to_string().as_str() {
            "CaUsedAsEndEntity" => {
                "it is one of a certificate authority: give this very certificate with --cacert, or use --insecure"
            }
            "UnsupportedCertVersion" => "it is not of X.509 version 3: use --insecure",
            _ => "it breaks the rules of X.509: use --insecure",
        },
        _ => "it cannot be verified",
    };
    format!("the server's certificate is not accepted: {text}")
}

/// `localhost` of `DnsName("localhost")`.
fn bare(name: &str) -> &str {
    let inner = name.split_once('(').map_or(name, |(_, inner)| inner);
    inner.trim_end_matches(')').trim_matches('"')
}

#[cfg(test)]
mod tests {
    use rustls::{OtherError, PeerIncompatible};

    use super::*;

    /// As tokio-rustls reports them, and a library around it.
    fn shown(error: Tls) -> String {
        #[derive(Debug, thiserror::Error)]
        #[error("error sending request")]
        struct Outer(#[source] io::Error);
        let io = io::Error::new(io::ErrorKind::InvalidData, error);
        plain_failure(&Outer(io))
    }

    #[test]
    fn every_error_of_tls_is_a_sentence_without_names_of_types() {
        #[derive(Debug, thiserror::Error)]
        #[error("{0}")]
        struct Named(&'static str);
        let other = |name| CertificateError::Other(OtherError(std::sync::Arc::new(Named(name))));
        let name = CertificateError::NotValidForNameContext {
            expected: "a.test".try_into().unwrap(),
            presented: vec![
                r#"DnsName("localhost")"#.to_owned(),
                "IpAddress(127.0.0.1)".to_owned(),
            ],
        };
        for (error, part) in [
            (CertificateError::UnknownIssuer.into(), "--cacert"),
            (CertificateError::Expired.into(), "has expired"),
            (CertificateError::NotValidYet.into(), "not valid yet"),
            (name.into(), "is for localhost, 127.0.0.1, not for a.test"),
            (other("CaUsedAsEndEntity").into(), "this very certificate"),
            (other("UnsupportedCertVersion").into(), "X.509 version 3"),
            (other("PathLenConstraintViolated").into(), "rules of X.509"),
            (
                Tls::InvalidMessage(InvalidMessage::InvalidContentType),
                "use http://",
            ),
            (
                Tls::PeerIncompatible(PeerIncompatible::ServerTlsVersionIsDisabledByOurConfig),
                "TLS version",
            ),
            (
                Tls::AlertReceived(AlertDescription::ProtocolVersion),
                "TLS version",
            ),
            (
                Tls::AlertReceived(AlertDescription::AccessDenied),
                "alert 49",
            ),
            (Tls::NoCertificatesPresented, "no certificate"),
            (Tls::DecryptError, "rules of TLS"),
        ] {
            let debug = format!("{error:?}");
            let text = shown(error);
            assert!(text.contains(part), "{debug}: {text}");
            for word in debug.split(|c: char| !c.is_alphanumeric()) {
                let of_a_type = word.chars().skip(1).any(char::is_uppercase);
                let known = ["DnsName", "IpAddress"].contains(&word);
                assert!(
                    !of_a_type || known || !text.contains(word),
                    "{word}: {text}"
                );
            }
        }
    }

    #[test]
    fn an_error_of_a_socket_keeps_the_words_of_the_system() {
        let refused = io::Error::from_raw_os_error(111);
        assert_eq!(plain_failure(&refused), "Connection refused (os error 111)");
    }
}
