//! Certificates of every kind, and servers of another protocol: what is accepted, and how a refusal
//! is explained, over HTTP/1.1, HTTP/2 and WebSocket.

use std::{io::Read as _, net::SocketAddr, path::PathBuf, sync::Arc, thread};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use rcgen::{BasicConstraints, CertificateParams, IsCa, KeyPair, SigningKey as _, date_time_ymd};
use rustls::{
    ServerConfig, SupportedProtocolVersion,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
    version,
};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    runtime::Builder,
};
use tokio_rustls::{TlsAcceptor, server::TlsStream};

use super::{
    raw::{RawServer, assert_all, clients, http2, send_any, write},
    server::{setup, users},
    web_socket::{Script, open_and_close},
};
use crate::{
    aggregator::TrialData,
    driver::{ClientOptions, DriverOptions, Tls, TlsVerification, run_with},
    request::Request,
    sample::Outcome,
};

/// Tags of DER (X.690) that a certificate is made of (RFC 5280, 4.1).
const SEQUENCE: u8 = 0x30;
const BIT_STRING: u8 = 0x03;
const VERSION: u8 = 0xa0;
const EXTENSIONS: u8 = 0xa3;

/// Bytes of an element's tag and length, and of its content.
fn extent(der: &[u8]) -> (usize, usize) {
    match der[1] {
        short @ 0..0x80 => (2, short.into()),
        long => {
            let head = 2 + usize::from(long & 0x7f);
            let digits = der[2..head].iter();
            let content = digits.fold(0, |sum, digit| sum * 256 + usize::from(*digit));
            (head, content)
        }
    }
}

/// The elements in the content of an element.
fn elements(der: &[u8]) -> Vec<&[u8]> {
    let (head, _) = extent(der);
    let (mut rest, mut all) = (&der[head..], Vec::new());
    while !rest.is_empty() {
        let (head, content) = extent(rest);
        let (one, after) = rest.split_at(head + content);
        all.push(one);
        rest = after;
    }
    all
}

fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len().to_be_bytes();
    let digits: Vec<u8> = length.into_iter().skip_while(|digit| *digit == 0).collect();
    let head = match content.len() {
        0..0x80 => vec![tag, content.len() as u8],
        _ => [&[tag, 0x80 | digits.len() as u8][..], &digits].concat(),
    };
    [&head[..], content].concat()
}

/// A certificate with its key, both as PEM text, and a file with the certificate.
struct Identity {
    certificate: String,
    key: String,
    folder: TempDir,
}

impl Identity {
    fn new(certificate: String, key: String) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("given.pem"), &certificate).unwrap();
        Self {
            certificate,
            key,
            folder,
        }
    }

    /// Self-signed for this name; `change` makes it special.
    fn self_signed(name: &str, change: impl FnOnce(&mut CertificateParams)) -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        change(&mut params);
        let made = params.self_signed(&key).unwrap();
        Self::new(made.pem(), key.serialize_pem())
    }

    /// Of an authority, as `openssl req -x509` makes one by default.
    fn authority() -> Self {
        Self::self_signed("localhost", |params| {
            params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        })
    }

    fn expired() -> Self {
        Self::self_signed("localhost", |params| {
            params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
            params.not_before = date_time_ymd(2020, 1, 1);
            params.not_after = date_time_ymd(2021, 1, 1);
        })
    }

    /// X.509 version 1 has neither a version nor extensions, and so no names of hosts. Libraries make
    /// none any more: both are taken out of a certificate of version 3, which is signed again.
    fn version_1() -> Self {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        let version_3 = params.self_signed(&key).unwrap();
        let parts = elements(version_3.der());
        let kept: Vec<&[u8]> = elements(parts[0])
            .into_iter()
            .filter(|part| ![VERSION, EXTENSIONS].contains(&part[0]))
            .collect();
        assert_eq!(kept.len(), 6, "serial number to public key");
        let signed = element(SEQUENCE, &kept.concat());
        // No bit of its last byte is unused.
        let signature = [&[0][..], &key.sign(&signed).unwrap()].concat();
        let signature = element(BIT_STRING, &signature);
        let made = element(SEQUENCE, &[&signed[..], parts[1], &signature].concat());
        let text = STANDARD.encode(made);
        let lines = text.as_bytes().chunks(64);
        let lines: Vec<&str> = lines.map(|line| str::from_utf8(line).unwrap()).collect();
        let certificate = format!(
            "-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n",
            lines.join("\n")
        );
        Self::new(certificate, key.serialize_pem())
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("given.pem")
    }

    fn config(&self, versions: &[&'static SupportedProtocolVersion]) -> ServerConfig {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let certificate = CertificateDer::from_pem_slice(self.certificate.as_bytes()).unwrap();
        let key = PrivateKeyDer::from_pem_slice(self.key.as_bytes()).unwrap();
        let key = provider.key_provider.load_private_key(key).unwrap();
        // Unlike `with_single_cert`, this does not read the certificate.
        let certified = rustls::sign::CertifiedKey::new(vec![certificate], key);
        ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(versions)
            .unwrap()
            .with_no_client_auth()
            .with_cert_resolver(Arc::new(rustls::sign::SingleCertAndKey::from(certified)))
    }

    /// Serves HTTP/1.1, HTTP/2 and WebSocket over TLS, by ALPN and path.
    fn serve(&self) -> SocketAddr {
        let mut config = self.config(rustls::ALL_VERSIONS);
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        serve(config)
    }
}

fn serve(config: ServerConfig) -> SocketAddr {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async move {
            let listener = TcpListener::from_std(listener).unwrap();
            let acceptor = TlsAcceptor::from(Arc::new(config));
            while let Ok((stream, _)) = listener.accept().await {
                let acceptor = acceptor.clone();
                tokio::spawn(async move {
                    if let Ok(stream) = acceptor.accept(stream).await {
                        speak(stream).await;
                    }
                });
            }
        });
    });
    address
}

async fn speak(mut stream: TlsStream<TcpStream>) {
    if stream.get_ref().1.alpn_protocol() == Some(b"h2") {
        let mut connection = h2::server::handshake(stream).await.unwrap();
        while let Some(Ok((_request, mut respond))) = connection.accept().await {
            let _sent = respond.send_response(http::Response::default(), true);
        }
        return;
    }
    let mut head = Vec::new();
    while stream.read_buf(&mut head).await.is_ok_and(|read| read > 0) {
        if !head.ends_with(b"\r\n\r\n") {
            continue;
        }
        let text = String::from_utf8(std::mem::take(&mut head)).unwrap();
        let key = text
            .lines()
            .find_map(|line| line.strip_prefix("sec-websocket-key: "));
        let answer = if let Some(key) = key {
            let accept =
                tokio_tungstenite::tungstenite::handshake::derive_accept_key(key.as_bytes());
            format!(
                "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\nsec-websocket-accept: {accept}\r\n\r\n"
            )
        } else {
            "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n42".to_owned()
        };
        stream.write_all(answer.as_bytes()).await.unwrap();
    }
}

/// Three requests each over HTTP/1.1, HTTP/2 and WebSocket.
fn every_way(address: SocketAddr, name: &str, verification: &TlsVerification) -> Vec<TrialData> {
    let with = |client: ClientOptions| {
        let http2 = client.http2_streams.is_some();
        let tls = Tls::new(name, verification, http2).unwrap();
        ClientOptions {
            tls: Some(tls),
            ..client
        }
    };
    let [(_, native), _] = clients();
    let mut all: Vec<TrialData> = [native.clone(), http2(2)]
        .into_iter()
        .map(|client| send_any(address, with(client), Request::get("/"), 3))
        .collect();
    let load = users(1, 10_000, None, None);
    let options = DriverOptions {
        iterations: Some(3),
        client: with(native),
        ..DriverOptions::default()
    };
    let setup = setup(address, load, (0, 10_000), &Script(open_and_close));
    all.push(run_with(setup, &options).unwrap());
    all
}

fn accepted(identity: &Identity, name: &str, verification: &TlsVerification) {
    for data in every_way(identity.serve(), name, verification) {
        assert_all(&data, Outcome::Ok, "");
    }
}

fn refused(identity: &Identity, name: &str, verification: &TlsVerification, why: &str) {
    for data in every_way(identity.serve(), name, verification) {
        assert_all(&data, Outcome::Connect, why);
    }
}

#[test]
fn a_given_certificate_is_accepted_whoever_may_have_made_it() {
    let plain = Identity::self_signed("localhost", |_| {});
    for identity in [plain, Identity::authority()] {
        accepted(
            &identity,
            "localhost",
            &TlsVerification::CaFile(identity.file()),
        );
    }
    // An address as the name.
    let identity = Identity::self_signed("127.0.0.1", |_| {});
    accepted(
        &identity,
        "127.0.0.1",
        &TlsVerification::CaFile(identity.file()),
    );
}

#[test]
fn without_verification_every_certificate_is_accepted() {
    for identity in [
        Identity::authority(),
        Identity::expired(),
        Identity::version_1(),
    ] {
        accepted(&identity, "other.test", &TlsVerification::Disabled);
    }
}

#[test]
fn a_refused_certificate_is_explained_in_one_sentence() {
    let authority = Identity::authority();
    let other = Identity::authority();
    refused(
        &authority,
        "localhost",
        &TlsVerification::PublicRoots,
        "--cacert",
    );
    refused(
        &authority,
        "localhost",
        &TlsVerification::CaFile(other.file()),
        "--insecure",
    );
    let given = TlsVerification::CaFile(authority.file());
    refused(
        &authority,
        "other.test",
        &given,
        "is for localhost, not for other.test",
    );
    let expired = Identity::expired();
    refused(
        &expired,
        "localhost",
        &TlsVerification::CaFile(expired.file()),
        "has expired",
    );
    let old = Identity::version_1();
    refused(
        &old,
        "localhost",
        &TlsVerification::CaFile(old.file()),
        "X.509 version 3",
    );
}

#[test]
fn the_other_client_accepts_and_explains_the_same() {
    // Its URL has the address, so the certificate is for that.
    let identity = Identity::self_signed("127.0.0.1", |params| {
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    });
    let old = Identity::version_1();
    let [_, (_, reqwest)] = clients();
    for (identity, verification, outcome, why) in [
        (
            &identity,
            TlsVerification::CaFile(identity.file()),
            Outcome::Ok,
            "",
        ),
        (&identity, TlsVerification::Disabled, Outcome::Ok, ""),
        (&old, TlsVerification::Disabled, Outcome::Ok, ""),
        (
            &identity,
            TlsVerification::PublicRoots,
            Outcome::Connect,
            "--cacert",
        ),
    ] {
        let client = ClientOptions {
            tls: Some(Tls::new("127.0.0.1", &verification, false).unwrap()),
            ..reqwest.clone()
        };
        let data = send_any(identity.serve(), client, Request::get("/"), 3);
        assert_all(&data, outcome, why);
    }
}

#[test]
fn a_server_that_speaks_something_else_is_explained() {
    let identity = Identity::authority();
    // Plain HTTP where TLS was asked for, and the reverse.
    let plain = RawServer::serve(|mut stream| {
        let _hello = stream.read(&mut [0; 16 * 1024]);
        write(
            &mut stream,
            b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n",
        );
    });
    for data in every_way(plain.address, "localhost", &TlsVerification::Disabled) {
        assert_all(&data, Outcome::Connect, "use http://");
    }
    let data = send_any(
        identity.serve(),
        ClientOptions::default(),
        Request::get("/"),
        3,
    );
    assert_all(&data, Outcome::Reset, "use https://");
    // HTTP/2 is not offered, or ALPN not known at all.
    let mut http1 = identity.config(rustls::ALL_VERSIONS);
    http1.alpn_protocols = vec![b"http/1.1".to_vec()];
    for config in [http1, identity.config(rustls::ALL_VERSIONS)] {
        let client = ClientOptions {
            tls: Some(Tls::new("localhost", &TlsVerification::Disabled, true).unwrap()),
            ..http2(2)
        };
        let data = send_any(serve(config), client, Request::get("/"), 3);
        assert_all(&data, Outcome::Connect, "ALPN");
    }
    // A server that wants TLS 1.3 and this client only TLS 1.2.
    let mut tls = Tls::new("localhost", &TlsVerification::Disabled, false).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    tls.config = Arc::new(
        rustls::ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&version::TLS12])
            .unwrap()
            .with_root_certificates(rustls::RootCertStore::empty())
            .with_no_client_auth(),
    );
    let client = ClientOptions {
        tls: Some(tls),
        ..ClientOptions::default()
    };
    let only_13 = serve(identity.config(&[&version::TLS13]));
    let data = send_any(only_13, client, Request::get("/"), 3);
    assert_all(&data, Outcome::Connect, "TLS version");
}
