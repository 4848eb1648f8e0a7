//! TLS options, and how the certificate of the target is verified.

use std::{fmt, path::PathBuf, sync::Arc};

use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
    client::{
        WebPkiServerVerifier,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
        verify_server_name,
    },
    crypto::ring,
    pki_types::{
        CertificateDer, ServerName, UnixTime,
        pem::{self, PemObject as _},
    },
    server::ParsedCertificate,
};

use super::failure_text::plain_failure;

/// How the certificate of the target is verified.
#[derive(Debug, Clone)]
pub enum TlsVerification {
    /// Against the public certificate authorities (the webpki-roots crate).
    PublicRoots,
    /// Against the certificates in this PEM file: those of authorities, or of the target itself.
    CaFile(PathBuf),
    /// Not at all; only for targets whose identity is known by other means.
    Disabled,
}

/// TLS settings of a client, and the name that the target is asked for.
#[derive(Clone)]
pub struct Tls {
    /// Settings of rustls.
    pub config: Arc<ClientConfig>,
    /// The name that the certificate has to carry.
    pub name: ServerName<'static>,
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

/// TLS cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// The name cannot be in a certificate.
    #[error("`{0}` is not a valid server name for a certificate")]
    Name(String),
    /// The file is not a list of certificates.
    #[error("cannot read certificates from {}: {why}", path.display())]
    File {
        /// The file that was named.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// rustls refuses the settings.
    #[error("TLS cannot be set up: {}", plain_failure(.0))]
    Rustls(#[from] Error),
}

impl Tls {
    /// TLS 1.2 or 1.3 to a server of that name; ALPN offers HTTP/2 alone with `http2`, otherwise
    /// HTTP/1.1 alone.
    pub fn new(host: &str, verification: &TlsVerification, http2: bool) -> Result<Self, TlsError> {
        let name =
            ServerName::try_from(host.to_owned()).map_err(|_| TlsError::Name(host.to_owned()))?;
        let provider = Arc::new(ring::default_provider());
        let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()?;
        let mut config = match verification {
            TlsVerification::Disabled => builder
                .dangerous()
                .with_custom_certificate_verifier(Arc::new(NoVerification))
                .with_no_client_auth(),
            TlsVerification::PublicRoots => builder
                .with_root_certificates(RootCertStore {
                    roots: webpki_roots::TLS_SERVER_ROOTS.to_vec(),
                })
                .with_no_client_auth(),
            TlsVerification::CaFile(path) => {
                let bad = |why: String| TlsError::File {
                    path: path.clone(),
                    why,
                };
                let not_pem = |error| {
                    bad(match error {
                        pem::Error::Io(error) => error.to_string(),
                        _ => "it is not valid PEM text".to_owned(),
                    })
                };
                let read = CertificateDer::pem_file_iter(path).map_err(not_pem)?;
                let given: Vec<_> = read.collect::<Result<_, _>>().map_err(not_pem)?;
                if given.is_empty() {
                    return Err(bad("the file contains no certificate".to_owned()));
                }
                let mut roots = RootCertStore::empty();
                for certificate in &given {
                    let added = roots.add(certificate.clone());
                    added.map_err(|error| bad(plain_failure(&error)))?;
                }
                let webpki = WebPkiServerVerifier::builder_with_provider(roots.into(), provider)
                    .build()
                    .map_err(|error| bad(error.to_string()))?;
                builder
                    .dangerous()
                    .with_custom_certificate_verifier(Arc::new(GivenCertificates { webpki, given }))
                    .with_no_client_auth()
            }
        };
        config.alpn_protocols = vec![if http2 {
            b"h2".to_vec()
        } else {
            b"http/1.1".to_vec()
        }];
        Ok(Self {
            config: Arc::new(config),
            name,
        })
    }
}

/// Accepts what the given certificates have signed, and each of them itself: a self-signed
/// certificate is often one of an authority, which the rules of X.509 do not allow for a server.
#[derive(Debug)]
struct GivenCertificates {
    webpki: Arc<WebPkiServerVerifier>,
    given: Vec<CertificateDer<'static>>,
}

impl ServerCertVerifier for GivenCertificates {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let verified = self.webpki.verify_server_cert(
            end_entity,
            intermediates,
            server_name,
            ocsp_response,
            now,
        );
        match verified {
            // The dates were valid, or the error would be about them; the name is checked last.
            Err(Error::InvalidCertificate(
                CertificateError::UnknownIssuer | CertificateError::Other(_),
            )) if self.given.iter().any(|one| **one == **end_entity) => {
                verify_server_name(&ParsedCertificate::try_from(end_entity)?, server_name)?;
                Ok(ServerCertVerified::assertion())
            }
            verified => verified,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.webpki
            .verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.webpki
            .verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.webpki.supported_verify_schemes()
    }
}

/// Accepts every certificate, also one whose key the library cannot read. The signature of the
/// handshake is not checked either: any key would do.
#[derive(Debug)]
struct NoVerification;

impl ServerCertVerifier for NoVerification {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _certificate: &CertificateDer<'_>,
        _signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _message: &[u8],
        _certificate: &CertificateDer<'_>,
        _signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        use SignatureScheme as Scheme;
        vec![
            Scheme::ECDSA_NISTP256_SHA256,
            Scheme::ECDSA_NISTP384_SHA384,
            Scheme::ECDSA_NISTP521_SHA512,
            Scheme::ED25519,
            Scheme::ED448,
            Scheme::RSA_PSS_SHA256,
            Scheme::RSA_PSS_SHA384,
            Scheme::RSA_PSS_SHA512,
            Scheme::RSA_PKCS1_SHA256,
            Scheme::RSA_PKCS1_SHA384,
            Scheme::RSA_PKCS1_SHA512,
            Scheme::RSA_PKCS1_SHA1,
            Scheme::ECDSA_SHA1_Legacy,
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_invalid_name_and_a_missing_file_are_refused_with_their_names() {
        assert!(Tls::new("localhost", &TlsVerification::PublicRoots, false).is_ok());
        assert!(Tls::new("127.0.0.1", &TlsVerification::Disabled, true).is_ok());
        let error = Tls::new("a b", &TlsVerification::PublicRoots, false)
            .unwrap_err()
            .to_string();
        assert!(error.contains("`a b`"), "{error}");
        let error = Tls::new(
            "localhost",
            &TlsVerification::CaFile("/no/such.pem".into()),
            false,
        )
        .unwrap_err();
        assert!(error.to_string().contains("/no/such.pem"), "{error}");
    }
}
