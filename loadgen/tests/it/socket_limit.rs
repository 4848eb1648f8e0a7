//! Sockets that the generator has no files for are its own limit, and no failure of the target.

use std::{fs, net::SocketAddr, process::Command, thread};

use axum::{
    Json, Router,
    extract::ws::{Message, WebSocket, WebSocketUpgrade},
    routing::{any, get, post},
};
use serde_json::Value;
use shared::{
    api::{
        auth::{LoginRequest, Role, Session, TokenPair, UserView},
        chat::{ClientFrame, RoomList, RoomView, ServerFrame},
    },
    dataset::{self, RowKind},
    ids::{RoomId, UserId},
    paths,
};

use crate::support::{alone, finish, start};

/// Accounts that the server knows.
const ACCOUNTS: u32 = 64;

async fn login(Json(asked): Json<LoginRequest>) -> Json<Session> {
    let student = (0..ACCOUNTS)
        .find(|number| dataset::student_email(*number) == asked.email)
        .unwrap();
    Json(Session {
        user: UserView {
            id: UserId(dataset::id(RowKind::Student, student)),
            email: asked.email,
            display_name: "A. Student".to_owned(),
            role: Role::Student,
            mentor_id: None,
            grade: None,
        },
        tokens: TokenPair {
            access_token: "access".to_owned(),
            expires_in: 3_600,
            refresh_token: "refresh".to_owned(),
        },
    })
}

async fn rooms() -> Json<RoomList> {
    let room = RoomView {
        id: RoomId(dataset::id(RowKind::Room, 0)),
        title: "Algebra".to_owned(),
        last_seq: 0,
        members: 2,
    };
    Json(RoomList { rooms: vec![room] })
}

/// Lets join, and answers nothing else.
async fn sit(mut socket: WebSocket) {
    while let Some(Ok(message)) = socket.recv().await {
        let Message::Text(text) = message else {
            continue;
        };
        if let Ok(ClientFrame::Join { room, .. }) = serde_json::from_str(&text) {
            let joined = ServerFrame::Joined { room, last_seq: 0 };
            let text = serde_json::to_string(&joined).unwrap();
            if socket.send(Message::text(text)).await.is_err() {
                return;
            }
        }
    }
}

/// A chat with as much of an account as a client needs.
fn chat() -> SocketAddr {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let address = listener.local_addr().unwrap();
    let router = Router::new()
        .route(paths::HEALTH_LIVE, get(|| async {}))
        .route(paths::AUTH_LOGIN, post(login))
        .route(paths::CHAT_ROOMS, get(rooms))
        .route(
            paths::CHAT_SOCKET,
            any(|upgrade: WebSocketUpgrade| async { upgrade.on_upgrade(sit) }),
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
    address
}

#[test]
fn sockets_beyond_the_limit_of_open_files_make_the_run_invalid() {
    let folder = tempfile::tempdir().unwrap();
    let program = env!("CARGO_BIN_EXE_loadgen");
    let load = "--users 60 --duration 2s --think 100ms --warmup 0s --timeout 500ms --plain";
    let arguments = format!(
        "run --flow chat.room --target http://{} {load} --results {}",
        chat(),
        folder.path().display()
    );
    let mut command = Command::new("sh");
    command.args(["-c", &format!("ulimit -n 64; exec {program} {arguments}")]);
    alone(&mut command);
    let ran = finish(start(command));
    assert_eq!(ran.code, Some(97), "{ran:?}");
    let stored = fs::read_to_string(folder.path().join("latest/summary.json")).unwrap();
    let summary: Value = serde_json::from_str(&stored).unwrap();
    assert_eq!(
        summary["verdict"]["word"], "INVALID",
        "{}",
        summary["verdict"]
    );
    let total = &summary["trials"][0]["total"];
    assert!(total["outcomes"]["generator"].as_u64() > Some(0), "{total}");
    assert!(total["statuses"]["101"].as_u64() > Some(0), "{total}");
    let reasons = summary["verdict"]["reasons"].to_string();
    assert!(reasons.contains("ulimit -n"), "{reasons}");
}
