//! A name with several addresses: everything goes to the one that answered, and that is printed.

use std::{
    fs,
    io::{Read as _, Write as _},
    net::{Ipv4Addr, Ipv6Addr, TcpListener},
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering::Relaxed},
    },
    thread,
};

use serde_json::Value;

use crate::support::{finish, loadgen, start};

/// Counts the connections that bring a request, and answers each request with an empty 200.
fn serve(listener: TcpListener) -> Arc<AtomicU32> {
    let requests = Arc::new(AtomicU32::new(0));
    let seen = Arc::clone(&requests);
    thread::spawn(move || {
        for stream in listener.incoming() {
            let (mut stream, seen) = (stream.unwrap(), Arc::clone(&seen));
            thread::spawn(move || {
                let mut buffer = [0; 8_192];
                while stream.read(&mut buffer).is_ok_and(|read| read > 0) {
                    seen.fetch_add(1, Relaxed);
                    let reply = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
                    if stream.write_all(reply).is_err() {
                        return;
                    }
                }
            });
        }
    });
    requests
}

/// Listeners at one port of the loopback addresses of IPv6 and IPv4: one that is free at the first may be
/// taken at the other. `None` where there is no IPv6.
fn one_port_of_two() -> Option<(TcpListener, TcpListener)> {
    for _ in 0..100 {
        let six = TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).ok()?;
        let port = six.local_addr().unwrap().port();
        if let Ok(four) = TcpListener::bind((Ipv4Addr::LOCALHOST, port)) {
            return Some((six, four));
        }
    }
    panic!("no port is free at both addresses");
}

/// The endpoints in the summary of the one run in this folder.
fn endpoints(results: &Path) -> Value {
    let latest = fs::read_to_string(results.join("latest/summary.json")).unwrap();
    let summary: Value = serde_json::from_str(&latest).unwrap();
    summary["provenance"]["endpoints"].clone()
}

#[test]
fn two_programs_on_one_port_of_two_addresses_are_never_mixed() {
    let Some((six, four)) = one_port_of_two() else {
        println!("skipped: there is no IPv6 here");
        return;
    };
    let port = six.local_addr().unwrap().port();
    let (six, four) = (serve(six), serve(four));
    let folder = tempfile::tempdir().unwrap();
    let results = folder.path().to_str().unwrap();
    let url = format!("http://two.test:{port}");
    let rule = format!("--resolve=two.test:{port}:[::1],127.0.0.1");
    let where_it_goes = format!("load goes to [::1]:{port} (http://two.test:{port})");

    for client in ["--client=native", "--client=reqwest"] {
        let words =
            format!("http {url} {rule} {client} -c=2 -n=20 --plain --json --results {results}");
        let ran = finish(start(loadgen(words.split(' '))));
        assert!(ran.held(), "{ran:?}");
        assert!(ran.stderr.contains(&where_it_goes), "{}", ran.stderr);
        let loaded = &endpoints(folder.path())[0];
        assert_eq!(loaded["address"], format!("[::1]:{port}"));
        assert_eq!(loaded["host"], format!("two.test:{port}"));
        assert!(
            matches!(loaded["connections"].as_u64(), Some(1..=2)),
            "{loaded}"
        );
    }
    assert_eq!((six.load(Relaxed), four.load(Relaxed)), (40, 0));

    // The check whether the target answers, and the load.
    let words = format!(
        "run --flow=mentors.browse --target {url} {rule} --rate=20/s --duration=1s --warmup=0s --plain --results {results}"
    );
    let ran = finish(start(loadgen(words.split(' '))));
    assert!(ran.stderr.contains(&where_it_goes), "{}", ran.stderr);
    assert!(six.load(Relaxed) > 40 + 10, "{ran:?}");
    assert_eq!(four.load(Relaxed), 0);
}

#[test]
fn the_address_that_answers_is_used_where_the_first_one_does_not() {
    let four = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = four.local_addr().unwrap().port();
    let seen = serve(four);
    let url = format!("http://two.test:{port}");
    let rule = format!("--resolve=two.test:{port}:[::1],127.0.0.1");
    let ran = finish(start(loadgen([
        "http", &url, &rule, "-c=1", "-n=5", "--json",
    ])));
    assert_eq!((ran.outcome("ok"), seen.load(Relaxed)), (5, 5), "{ran:?}");
    let mapped = format!("http://[::ffff:127.0.0.1]:{port}");
    for local in [mapped, format!("http://0.0.0.0:{port}")] {
        let ran = finish(start(loadgen(["http", &local, "-c=1", "-n=5", "--json"])));
        assert_eq!(ran.outcome("ok"), 5, "{local}: {ran:?}");
    }
}

#[test]
fn users_are_spread_over_the_endpoints_of_a_target() {
    let listen = || TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let (one, other) = (listen(), listen());
    let url = |listener: &TcpListener| format!("http://{}", listener.local_addr().unwrap());
    let targets = format!("--target={},{}", url(&one), url(&other));
    let (one, other) = (serve(one), serve(other));
    let folder = tempfile::tempdir().unwrap();
    let results = folder.path().to_str().unwrap();
    let words = format!(
        "run --flow=mentors.browse {targets} --users=4 --duration=2s --warmup=0s --think=100ms --plain --results {results}"
    );
    let ran = finish(start(loadgen(words.split(' '))));
    let loaded = endpoints(folder.path());
    assert_eq!(loaded[0]["connections"], 2, "{loaded}: {ran:?}");
    assert_eq!(loaded[1]["connections"], 2, "{loaded}");
    assert!(one.load(Relaxed) > 2 && other.load(Relaxed) > 2, "{ran:?}");
}
