//! The URL of `loadgen http`: its addresses, and how to connect to it.

use std::{error::Error, net::SocketAddr, os::unix::net::UnixStream, path::Path};

use crate::cli::{
    failure::Failure,
    flags::{HttpArgs, HttpClientKind},
    session::refuse_remote,
};
use loadgen_engine::driver::{
    ClientOptions, CookieClientOptions, Endpoint, TargetAddresses, TargetUrl, Tls, TlsVerification,
};

/// Redirects that are followed unless another number is given.
const REDIRECTS: u8 = 10;

/// A parsed URL, and the way to connect to it.
pub(super) struct HttpTarget {
    url: TargetUrl,
    /// Absent where a Unix socket takes their place.
    addresses: Option<TargetAddresses>,
    pub(super) client: ClientOptions,
}

impl HttpTarget {
    /// Path and query, percent-encoded.
    pub(super) fn path(&self) -> &str {
        &self.url.path
    }

    /// Opens a connection and closes it again; returns where it went.
    pub(super) fn connect(&self) -> Result<Endpoint, Failure> {
        let host = self.url.host.clone();
        let unreachable = |error: &(dyn Error + 'static)| {
            Failure::of_error(error, |why| {
                Failure::Usage(format!("cannot connect to {host}: {why}"))
            })
        };
        if let Some(addresses) = &self.addresses {
            return addresses.connect().map_err(|error| unreachable(&error));
        }
        if let Some(path) = &self.client.unix {
            UnixStream::connect(path).map_err(|error| unreachable(&error))?;
        }
        Ok(Endpoint {
            // Never connected to; the URL's host is only sent in the Host header.
            address: SocketAddr::from(([127, 0, 0, 1], self.url.port)),
            host: self.url.host.clone(),
        })
    }
}

/// Refuses the flags that say which certificates are accepted, where the target shows none: that of a URL
/// with the scheme `with_one` would.
pub(in crate::cli) fn refuse_trust(
    insecure: bool,
    cacert: bool,
    with_one: &str,
) -> Result<(), Failure> {
    Failure::unless_given(
        [("--insecure", insecure), ("--cacert", cacert)],
        &format!(
            " is about the certificate of the target, and a plain connection has none: omit it, or give a URL like {with_one}://127.0.0.1:8443/"
        ),
    )
}

/// How connections to a URL are encrypted, by the flags that say which certificates are accepted; `None` for a
/// plain one.
pub(in crate::cli) fn encryption(
    url: &TargetUrl,
    insecure: bool,
    cacert: Option<&Path>,
    http2: bool,
) -> Result<Option<Tls>, Failure> {
    if !url.encrypted {
        return Ok(None);
    }
    let trust = match cacert {
        _ if insecure => TlsVerification::Disabled,
        Some(file) => TlsVerification::CaFile(file.to_owned()),
        None => TlsVerification::PublicRoots,
    };
    let tls = Tls::new(&url.name, &trust, http2);
    tls.map(Some).map_err(Failure::usage)
}

/// Parses the URL and looks its host up; refuses one that may not be loaded.
pub(super) fn parse(args: &HttpArgs) -> Result<HttpTarget, Failure> {
    let url = TargetUrl::parse(&args.url).map_err(Failure::usage)?;
    let cookie_client = args.client == HttpClientKind::Reqwest;
    if cookie_client && (args.http2 || args.unix.is_some()) {
        let flag = if args.http2 { "--http2" } else { "--unix" };
        return Err(Failure::Usage(format!(
            "{flag} is for bare connections: omit it, or --client reqwest"
        )));
    }
    if args.redirects.is_some() && !cookie_client {
        return Err(Failure::usage(
            "--redirects is for --client reqwest: loadgen's own client follows none, and a status below 400 counts as success",
        ));
    }
    if !url.encrypted {
        refuse_trust(args.insecure, args.cacert.is_some(), "https")?;
    }
    let tls = encryption(&url, args.insecure, args.cacert.as_deref(), args.http2)?;
    let addresses = if args.unix.is_some() {
        None
    } else {
        let addresses = TargetAddresses::find(&url, &args.resolve).map_err(Failure::usage)?;
        refuse_remote(&args.url, &addresses, args.allow_remote_target)?;
        Some(addresses)
    };
    Ok(HttpTarget {
        url,
        addresses,
        client: ClientOptions {
            unix: args.unix.clone(),
            tls,
            http2_streams: args.http2.then_some(args.streams),
            cookie_client: cookie_client.then_some(CookieClientOptions {
                redirects: usize::from(args.redirects.unwrap_or(REDIRECTS)),
            }),
            encoding: None,
        },
    })
}
