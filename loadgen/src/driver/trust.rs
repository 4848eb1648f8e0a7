//! Which certificates are believed.

use std::{path::PathBuf, sync::Arc};

use rustls::{
    ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature},
    pki_types::{CertificateDer, ServerName, UnixTime, pem::PemObject as _},
};

use super::wire::Tls;

/// Whom to believe.
#[derive(Debug, Clone)]
pub enum Trust {
    /// The public authorities.
    Public,
    /// The authorities in this PEM file.
    File(PathBuf),
    /// Everybody; only for targets that are known by other means.
    Anybody,
}

/// TLS cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum TrustError {
    /// The name cannot be in a certificate.
    #[error("`{0}` is no name that a certificate can carry")]
    Name(String),
    /// The file is no list of certificates.
    #[error("cannot take certificates from {}: {why}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why not.
        why: String,
    },
    /// rustls says no.
    #[error("TLS cannot be set up: {0}")]
    Rustls(#[from] Error),
}

impl Tls {
    /// HTTP/1.1, or HTTP/2 alone, over TLS 1.2 or 1.3 to a target of that name.
    pub fn new(host: &str, trust: &Trust, http2: bool) -> Result<Self, TrustError> {
        let name =
            ServerName::try_from(host.to_owned()).map_err(|_| TrustError::Name(host.to_owned()))?;
        let provider = Arc::new(ring::default_provider());
        let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()?;
        let mut config = match trust {
            Trust::Anybody => builder
                .dangerous()
                .with_custom_certificate_verifier(Arc::new(Believer(provider)))
                .with_no_client_auth(),
            Trust::Public => builder
                .with_root_certificates(RootCertStore {
                    roots: webpki_roots::TLS_SERVER_ROOTS.to_vec(),
                })
                .with_no_client_auth(),
            Trust::File(path) => {
                let bad = |why: String| TrustError::File {
                    path: path.clone(),
                    why,
                };
                let mut roots = RootCertStore::empty();
                let read = CertificateDer::pem_file_iter(path).map_err(|e| bad(e.to_string()))?;
                for certificate in read {
                    roots.add(certificate.map_err(|e| bad(e.to_string()))?)?;
                }
                if roots.is_empty() {
                    return Err(bad("it holds none".to_owned()));
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

/// Believes every certificate, but still wants the handshake to be signed with its key.
#[derive(Debug)]
struct Believer(Arc<CryptoProvider>);

impl ServerCertVerifier for Believer {
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
    fn a_name_and_a_file_that_are_none_are_refused_in_one_line() {
        assert!(Tls::new("localhost", &Trust::Public, false).is_ok());
        assert!(Tls::new("127.0.0.1", &Trust::Anybody, true).is_ok());
        let error = Tls::new("a b", &Trust::Public, false)
            .unwrap_err()
            .to_string();
        assert!(error.contains("`a b`"), "{error}");
        let error = Tls::new("localhost", &Trust::File("/no/such.pem".into()), false).unwrap_err();
        assert!(error.to_string().contains("/no/such.pem"), "{error}");
    }
}
