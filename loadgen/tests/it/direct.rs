//! `loadgen ws` against servers that send back what they receive, and against others; what `loadgen db`
//! refuses.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    thread,
};

use axum::{
    Router,
    extract::ws::{Message, WebSocket, WebSocketUpgrade},
    http::{HeaderMap, StatusCode},
    response::IntoResponse as _,
    routing::any,
};

use crate::support::{Ran, finish, loadgen, start};

/// What a server does with a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Habit {
    /// Sends it back.
    Echo,
    /// Sends back every second one.
    EverySecond,
    /// Sends another one.
    Other,
}

async fn serve(mut socket: WebSocket, habit: Habit, received: Arc<AtomicU64>) {
    if socket.send(Message::text("welcome")).await.is_err() {
        return;
    }
    while let Some(Ok(message)) = socket.recv().await {
        let Message::Text(text) = message else {
            continue;
        };
        let number = received.fetch_add(1, Relaxed);
        let answer = match habit {
            Habit::Echo => text.to_string(),
            Habit::EverySecond if number.is_multiple_of(2) => text.to_string(),
            Habit::EverySecond => continue,
            Habit::Other => "something else".to_owned(),
        };
        if socket.send(Message::text(answer)).await.is_err() {
            return;
        }
    }
}

/// A server with an open socket at `/open` and one for the token `good` at `/closed`.
fn server(habit: Habit) -> (SocketAddr, Arc<AtomicU64>) {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let address = listener.local_addr().unwrap();
    let received = Arc::new(AtomicU64::new(0));
    let (open, closed) = (Arc::clone(&received), Arc::clone(&received));
    let router = Router::new()
        .route(
            "/open",
            any(move |upgrade: WebSocketUpgrade| async move {
                upgrade.on_upgrade(move |socket| serve(socket, habit, open))
            }),
        )
        .route(
            "/closed",
            any(
                move |headers: HeaderMap, upgrade: WebSocketUpgrade| async move {
                    let token = headers.get("authorization");
                    if token.is_none_or(|token| token != "Bearer good") {
                        return StatusCode::UNAUTHORIZED.into_response();
                    }
                    upgrade.on_upgrade(move |socket| serve(socket, habit, closed))
                },
            ),
        );
    thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            let listener = tokio::net::TcpListener::from_std(listener).unwrap();
            axum::serve(listener, router).await.unwrap();
        });
    });
    (address, received)
}

fn ws(url: &str, arguments: &str) -> Ran {
    let fixed = ["ws", url, "--json", "--quiet"];
    finish(start(loadgen(
        fixed.into_iter().chain(arguments.split_whitespace()),
    )))
}

/// Successes of an operation.
fn done(ran: &Ran, operation: &str) -> u64 {
    ran.figures["operations"][operation]["outcomes"]["ok"]
        .as_u64()
        .unwrap_or_else(|| panic!("no {operation}: {ran:?}"))
}

#[test]
fn an_echo_is_measured_on_one_socket_a_user_and_every_message_is_delivered() {
    let (address, received) = server(Habit::Echo);
    let ran = ws(
        &format!("ws://{address}/open"),
        "--users 5 --duration 5s --think 50ms",
    );
    assert_eq!(done(&ran, "ws.connect"), 5, "{ran:?}");
    assert_eq!(done(&ran, "ws.deliver"), received.load(Relaxed), "{ran:?}");
    assert!(received.load(Relaxed) > 50, "{ran:?}");
    assert_eq!(ran.outcome("ok"), ran.planned(), "{ran:?}");
    for threshold in ran.figures["thresholds"].as_array().unwrap() {
        assert_eq!(threshold["word"], "PASS", "{threshold}");
    }
    assert!(ran.ran_through(), "{ran:?}");
}

#[test]
fn messages_that_do_not_come_back_are_not_delivered() {
    for (habit, most) in [(Habit::EverySecond, 0.7), (Habit::Other, 0.0)] {
        let (address, _) = server(habit);
        let ran = ws(
            &format!("ws://{address}/open"),
            "--users 2 --duration 3s --think 50ms --timeout 200ms",
        );
        let one = &ran.figures["operations"]["ws.deliver"];
        let delivered = one["success"].as_f64().unwrap();
        // On a busy machine some that come back are later than the timeout.
        assert!(delivered <= most, "{habit:?}: {one}");
        assert_eq!(delivered > 0.0, habit == Habit::EverySecond, "{one}");
        assert!(one["outcomes"]["timeout"].as_u64() > Some(0), "{one}");
        assert_ne!(ran.code, Some(0), "{ran:?}");
    }
}

#[test]
fn a_token_opens_a_socket_and_without_it_every_opening_fails() {
    let (address, received) = server(Habit::Echo);
    let url = format!("ws://{address}/closed");
    let load = "--users 2 --duration 3s --think 100ms";
    let ran = ws(&url, load);
    assert_eq!(done(&ran, "ws.connect"), 0, "{ran:?}");
    assert_eq!(received.load(Relaxed), 0);
    assert!(ran.figures["errors"].to_string().contains("401"), "{ran:?}");
    let ran = ws(&url, &format!("{load} --token good"));
    assert_eq!(done(&ran, "ws.connect"), 2, "{ran:?}");
    assert!(!ran.figures.to_string().contains("good"), "{ran:?}");
}

#[test]
fn what_is_no_socket_of_this_machine_is_refused_in_one_line() {
    for (url, word) in [
        ("http://127.0.0.1:9/", "ws://127.0.0.1:9000/echo"),
        ("ws://192.0.2.7/", "--allow-remote-target"),
        ("ws://127.0.0.1:9/", "cannot connect"),
    ] {
        let ran = ws(url, "--duration 1s");
        assert_eq!(ran.code, Some(2), "{ran:?}");
        assert!(ran.stderr.contains(word), "{ran:?}");
        assert_eq!(ran.stderr.lines().count(), 1, "{ran:?}");
    }
}

#[test]
fn a_database_is_refused_where_it_is_remote_unknown_or_not_there() {
    for (url, word) in [
        ("postgres://me:hush@192.0.2.7/db", "--allow-remote-target"),
        ("mysql://127.0.0.1/db", "write it like postgres://"),
        ("postgres://me:hush/x@127.0.0.1/db", "`/` as %2F"),
        ("postgres://me:hush@/db?host=/nowhere", "cannot be reached"),
        ("postgres://me:hush@127.0.0.1:9/db", "does not answer"),
    ] {
        let ran = finish(start(loadgen(["db", "--db", url, "--quiet"])));
        assert_eq!(ran.code, Some(2), "{ran:?}");
        assert!(ran.stderr.contains(word), "{ran:?}");
        assert!(!ran.stderr.contains("hush"), "{ran:?}");
        assert_eq!(ran.stderr.lines().count(), 1, "{ran:?}");
    }
}
