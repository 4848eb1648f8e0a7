//! TLS options, and how the certificate of the target is verified.

use std::{fmt, path::PathBuf, sync::Arc};

use rustls::{
    ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature},
    pki_types::{CertificateDer, ServerName, UnixTime, pem::PemObject as _},
};

/// How the certificate of the target is verified.
#[derive(Debug, Clone)]
pub enum TlsVerification {
    /// Against the public certificate authorities (the webpki-roots crate).
    PublicRoots,
    /// Against the certificate authorities in this PEM file.
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
    #[error("TLS cannot be set up: {0}")]
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
                .with_custom_certificate_verifier(Arc::new(NoVerification(provider)))
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
                let mut roots = RootCertStore::empty();
                let read = CertificateDer::pem_file_iter(path).map_err(|e| bad(e.to_string()))?;
                for certificate in read {
                    roots.add(certificate.map_err(|e| bad(e.to_string()))?)?;
                }
                if roots.is_empty() {
                    return Err(bad("the file contains no certificate".to_owned()));
                }
                builder.with_root_certificates(roots).with_no_client_auth()
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

/// Accepts every certificate, but still requires the handshake to be signed with its key.
#[derive(Debug)]
struct NoVerification(Arc<CryptoProvider>);

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
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(
            message,
            cert,
            dss,
            &self.0.signature_verification_algorithms,
        )
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(
            message,
            cert,
            dss,
            &self.0.signature_verification_algorithms,
        )
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
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
