//! Every way to a target: HTTP/1.1 and HTTP/2, over TCP, TLS and a Unix socket.

use crate::support::{TransportServer, finish, http, loadgen, start};

#[test]
fn over_http_2_so_many_users_share_a_connection() {
    let server = TransportServer::serve();
    let ran = http(&server.url(), "--http2 --streams 10 -c 20 -n 400");
    assert_eq!((ran.outcome("ok"), ran.settled()), (400, 400), "{ran:?}");
    assert_eq!(ran.figures["connections"], 2);
    assert_eq!(server.seen(), (2, 0, 400));
}

#[test]
fn over_tls_the_handshake_has_its_own_time_and_either_protocol_is_spoken() {
    let server = TransportServer::serve();
    let authority = server.authority();
    let trusting = format!("--cacert {} -c 4 -n 100", authority.display());
    let one = http(&server.tls_url(), &trusting);
    assert_eq!(one.outcome("ok"), 100, "{one:?}");
    // Four handshakes have no median.
    assert!(one.figures["tls"]["max"].as_f64() > Some(0.0), "{one:?}");
    assert_eq!(server.seen(), (4, 100, 0));
    let two = http(
        &server.tls_url(),
        &format!("{trusting} --http2 --streams 2"),
    );
    assert_eq!(two.outcome("ok"), 100, "{two:?}");
    assert_eq!(server.seen(), (4 + 2, 100, 100));
}

#[test]
fn an_untrusted_certificate_is_refused_with_one_sentence_unless_all_are_accepted() {
    let server = TransportServer::serve();
    let refused = http(&server.tls_url(), "-c 2 -n 10");
    assert_eq!((refused.outcome("connect"), refused.settled()), (10, 10));
    let why = refused.figures["errors"][0]["why"].as_str().unwrap();
    assert_eq!(
        why,
        "tls: the server's certificate is not accepted: it is signed by an authority that is not trusted: give that authority's certificate with --cacert, or use --insecure"
    );
    assert_eq!(server.seen(), (0, 0, 0));
    let accepted = http(&server.tls_url(), "-c 2 -n 10 --insecure");
    assert_eq!(accepted.outcome("ok"), 10, "{accepted:?}");
}

#[test]
fn a_unix_socket_is_a_way_and_a_missing_one_is_named() {
    let server = TransportServer::serve();
    let socket = server.socket();
    let over = format!("--unix {} -c 3 -n 60", socket.display());
    let ran = http("http://localhost/", &over);
    assert_eq!(ran.outcome("ok"), 60, "{ran:?}");
    assert_eq!(server.seen().1, 60);
    let missing = http("http://localhost/", "--unix /nonexistent.sock -n 1");
    assert_eq!(missing.code, Some(2));
    assert!(
        missing.stderr.contains("cannot connect"),
        "{}",
        missing.stderr
    );
}

#[test]
fn whole_exchanges_are_printed_without_what_is_secret() {
    let server = TransportServer::serve();
    let url = server.url();
    let ran = finish(start(loadgen([
        "http",
        &url,
        "--http-debug",
        "--quiet",
        "--json",
        "-H",
        "authorization: Bearer hush",
    ])));
    assert!(ran.held() && ran.planned() == 3, "{ran:?}");
    let shown = &ran.stderr;
    assert_eq!(shown.matches("> GET / HTTP/1.1").count(), 3, "{shown}");
    assert!(
        shown.contains("< HTTP/1.1 200") || shown.contains("< 200"),
        "{shown}"
    );
    assert!(shown.contains("seen") && !shown.contains("hush"), "{shown}");
}

#[test]
fn a_whole_client_follows_redirects_on_its_host_and_keeps_cookies() {
    let server = TransportServer::serve();
    let moved = format!("{}moved", server.url());
    let bare = http(&moved, "-c 2 -n 20");
    assert_eq!(bare.figures["statuses"]["302"], 20, "{bare:?}");
    let whole = http(&moved, "-c 2 -n 20 --client reqwest");
    assert_eq!(whole.figures["statuses"]["200"], 20, "{whole:?}");
    assert_eq!((whole.outcome("ok"), server.seen().1), (20, 20 + 2 * 20));
    assert!(bare.figures["connections"].as_u64() > Some(0), "{bare:?}");
    assert!(whole.figures["connections"].is_null(), "{whole:?}");
    for (path, why) in [
        ("circle", "more than 3 redirects"),
        ("away", "another host"),
    ] {
        let url = format!("{}{path}", server.url());
        let lost = http(&url, "-c 1 -n 5 --client reqwest --redirects 3");
        assert_eq!(
            (lost.outcome("http_error"), lost.settled()),
            (5, 5),
            "{lost:?}"
        );
        let shown = lost.figures["errors"][0]["why"].as_str().unwrap();
        assert!(shown.contains(why), "{shown}");
    }
    let authority = server.authority();
    let over_tls = http(
        &format!("{}moved", server.tls_url()),
        &format!(
            "-c 1 -n 5 --client reqwest --cacert {}",
            authority.display()
        ),
    );
    assert_eq!(over_tls.outcome("ok"), 5, "{over_tls:?}");
    let mixed = http(&server.url(), "--client reqwest --http2");
    assert_eq!(mixed.code, Some(2));
    assert!(mixed.stderr.contains("--http2"), "{}", mixed.stderr);
}
