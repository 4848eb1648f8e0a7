//! Asks a running server whether it is ready; the container's health check.

use std::{
    io::{self, Read as _, Write as _},
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream},
    time::Duration,
};

use shared::paths;

/// Longest wait for the connection, and for each part of the answer.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(3);
/// Most bytes of an answer that are read.
const MAX_ANSWER: u64 = 64 * 1024;

/// The status and body of `GET /health/ready`.
pub(super) fn ask(address: SocketAddr) -> io::Result<(u16, String)> {
    let address = reachable(address);
    let mut stream = TcpStream::connect_timeout(&address, ANSWER_TIMEOUT)?;
    stream.set_read_timeout(Some(ANSWER_TIMEOUT))?;
    stream.set_write_timeout(Some(ANSWER_TIMEOUT))?;
    let path = paths::HEALTH_READY;
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n"
    )?;
    let mut answer = Vec::new();
    stream.take(MAX_ANSWER).read_to_end(&mut answer)?;
    parse(&String::from_utf8_lossy(&answer))
        .ok_or_else(|| io::Error::other("the answer is not HTTP"))
}

/// A server that listens on all addresses is asked on the loopback one.
fn reachable(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, address.port())
}

fn parse(answer: &str) -> Option<(u16, String)> {
    let (head, body) = answer.split_once("\r\n\r\n")?;
    let status = head.split(' ').nth(1)?.parse().ok()?;
    Some((status, body.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn status_and_body_are_read_from_an_answer() {
        let answer = "HTTP/1.1 503 Service Unavailable\r\nx: y\r\n\r\n{}";
        assert_eq!(parse(answer), Some((503, "{}".to_owned())));
        assert_eq!(parse("SSH-2.0\r\n\r\n"), None);
    }

    #[test]
    fn a_server_on_all_addresses_is_asked_on_the_loopback_one() {
        let asked = reachable("0.0.0.0:80".parse().unwrap());
        assert_eq!(asked.to_string(), "127.0.0.1:80");
        let asked = reachable("[::]:80".parse().unwrap());
        assert_eq!(asked.to_string(), "[::1]:80");
    }
}
