//! The URL of `loadgen http`: its address, and how to connect to it.

use std::{
    io,
    net::{SocketAddr, TcpStream, ToSocketAddrs as _},
    os::unix::net::UnixStream,
    time::Duration,
};

use http::Uri;

use crate::cli::{
    failure::Failure,
    flags::{HttpArgs, HttpEngine},
};
use loadgen_engine::driver::{ClientOptions, CookieClientOptions, Tls, TlsVerification};

/// Timeout of the connection that checks whether the target is reachable.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);

/// A parsed URL, and the way to connect to it.
pub(super) struct HttpTarget {
    pub(super) address: SocketAddr,
    pub(super) host: String,
    pub(super) path: String,
    pub(super) client: ClientOptions,
}

/// Opens a connection and closes it again.
pub(super) fn check_reachable(target: &HttpTarget) -> io::Result<()> {
    match &target.client.unix {
        Some(path) => UnixStream::connect(path).map(drop),
        None => TcpStream::connect_timeout(&target.address, CONNECT_TIMEOUT).map(drop),
    }
}

/// Parses the URL; refuses one that may not be loaded.
pub(super) fn parse(args: &HttpArgs) -> Result<HttpTarget, Failure> {
    let bad = |why: &str| {
        Failure::usage(format!(
            "`{}` is not a URL to send to: {why}; write it like http://127.0.0.1:8080/path",
            args.url
        ))
    };
    let uri: Uri = args.url.parse().map_err(|_| bad("it cannot be read"))?;
    match uri.scheme_str() {
        Some("http" | "https") => {}
        Some(_) => return Err(bad("only http and https are supported")),
        None => return Err(bad("it does not begin with http://")),
    }
    let cookie_client = args.engine == HttpEngine::Reqwest;
    if cookie_client && (args.http2 || args.unix.is_some()) {
        let flag = if args.http2 { "--http2" } else { "--unix" };
        return Err(Failure::Usage(format!(
            "{flag} is for bare connections: omit it, or --engine reqwest"
        )));
    }
    let authority = uri.authority().ok_or_else(|| bad("it has no host"))?;
    if authority.as_str().contains('@') {
        return Err(bad("it contains a password; send it as a header with -H"));
    }
    let encrypted = uri.scheme_str() == Some("https");
    let port = authority
        .port_u16()
        .unwrap_or(if encrypted { 443 } else { 80 });
    let name = authority.host().trim_matches(['[', ']']);
    let tls = if encrypted {
        let trust = match &args.cacert {
            _ if args.insecure => TlsVerification::Disabled,
            Some(file) => TlsVerification::CaFile(file.clone()),
            None => TlsVerification::PublicRoots,
        };
        Some(Tls::new(name, &trust, args.http2).map_err(Failure::usage)?)
    } else {
        None
    };
    let address = if args.unix.is_some() {
        // Never connected to; the URL's host is only sent in the Host header.
        SocketAddr::from(([127, 0, 0, 1], port))
    } else {
        (name, port)
            .to_socket_addrs()
            .map_err(|error| bad(&format!("its host is not known: {error}")))?
            .next()
            .ok_or_else(|| bad("its host has no address"))?
    };
    if !address.ip().is_loopback() && !args.allow_remote_target {
        return Err(Failure::Usage(format!(
            "the target {} is not on this machine ({}): load is only sent to machines that agreed to it; say so with --allow-remote-target",
            args.url,
            address.ip()
        )));
    }
    Ok(HttpTarget {
        address,
        host: authority.to_string(),
        client: ClientOptions {
            unix: args.unix.clone(),
            tls,
            http2_streams: args.http2.then_some(args.streams),
            cookie_client: cookie_client.then_some(CookieClientOptions {
                redirects: usize::from(args.redirects),
            }),
            encoding: None,
        },
        path: uri
            .path_and_query()
            .map_or("/", |path| path.as_str())
            .to_owned(),
    })
}
