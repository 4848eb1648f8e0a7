//! Sends every row, many times, to the built program, and looks at the process.

use std::{net::SocketAddr, time::Duration};

use futures_util::{StreamExt as _, stream};
use procfs::{net::TcpState, process::Process};
use shared::{
    api::{
        auth::Session,
        chat::RoomList,
        recordings::{PlaybackLink, RecordingView},
    },
    dataset,
    page::Page,
    paths,
};
use tokio::{io::AsyncWriteExt as _, net::TcpStream, time::timeout};

use super::{
    bodies, frames,
    frames::FrameRow,
    heads,
    row::{CLOSED, RawRow, Scene, bearer},
    values,
};
use crate::support::{Client, RawConnection, TestDb, program::Running};

const SERVE: [&str; 9] = [
    "serve",
    "--listen",
    "127.0.0.1:0",
    "--lab-token",
    "a lab token of the battery",
    "--set",
    "pool.max=5",
    "--set",
    "pool.min=0",
];
/// Longest wait for the end of a row: the server's own limits are shorter.
const PATIENCE: Duration = Duration::from_secs(30);
/// Rows that are under way at once.
const AT_ONCE: usize = 16;
/// Rounds before memory is compared: pools, caches and the allocator's arenas are filled by then.
const WARM_UP: u32 = 5;
/// Rounds of the whole battery.
const ROUNDS: u32 = 20;
/// Memory that the rounds behind the warm-up may add, in bytes; one leaked body of each round's
/// megabyte rows would exceed it.
const MAX_GROWTH: u64 = 12 * 1024 * 1024;
/// The fewest rows that the battery is meant to have.
const MIN_ROWS: usize = 60;

#[tokio::test]
async fn no_hostile_client_breaks_the_server_or_costs_it_memory() {
    let db = TestDb::seeded().await;
    let mut server = Running::start(db.url(), &SERVE);
    let line = server.line().await;
    let address: SocketAddr = line
        .strip_prefix("listening on http://")
        .unwrap_or_else(|| panic!("{line}"))
        .parse()
        .unwrap();
    let scene = scene(&Client::to(address)).await;
    let rows: Vec<RawRow> = [heads::rows(), bodies::rows(&scene), values::rows(&scene)]
        .into_iter()
        .flatten()
        .collect();
    let frame_rows = frames::rows(&scene.room);
    assert!(rows.len() + frame_rows.len() >= MIN_ROWS);

    let before = connections(address);
    let mut warm = 0;
    for round in 1..=ROUNDS {
        let wrong = round_of(address, &scene, &rows, &frame_rows).await;
        assert!(wrong.is_empty(), "round {round}:\n{}", wrong.join("\n"));
        if round == WARM_UP {
            warm = resident(server.pid());
        }
    }
    let client = Client::to(address);
    assert_eq!(client.ready().await.status, 200);
    assert_eq!(client.mentors("").await.status, 200);
    drop(client);
    wait_for_connections(address, before).await;
    let grown = resident(server.pid()).saturating_sub(warm);
    assert!(
        grown <= MAX_GROWTH,
        "{grown} bytes more than after the warm-up"
    );
    let log = server.log();
    let bad: Vec<_> = log
        .iter()
        .filter(|line| line.contains("panic") || line.contains("ERROR"))
        .collect();
    assert!(bad.is_empty(), "{bad:#?}");
    server.signal("TERM").await;
    assert_eq!(server.ended().await, 0);
    db.finish().await;
}

/// Signs people in and finds what the rows refer to.
async fn scene(client: &Client) -> Scene {
    let student = sign_in(client, &dataset::student_email(1)).await;
    let mentor = sign_in(client, &dataset::mentor_email(1)).await;
    let own = client.with_header("authorization", &format!("Bearer {student}"));
    let rooms: RoomList = own.get(paths::CHAT_ROOMS).await.ok();
    let room = rooms.rooms[0].id.to_string();
    let recordings: Page<RecordingView> = own.get(paths::RECORDINGS).await.ok();
    let playback = paths::with_id(paths::RECORDING_PLAYBACK, recordings.items[0].id);
    let link: PlaybackLink = own.get(&playback).await.ok();
    let etag = client.get(&link.url).await.header("etag").to_owned();
    Scene {
        student,
        mentor,
        mentor_id: dataset::id(dataset::RowKind::Mentor, 1).to_string(),
        room,
        stream: link.url,
        etag,
    }
}

async fn sign_in(client: &Client, email: &str) -> String {
    let body = serde_json::json!({"email": email, "password": dataset::PASSWORD});
    let session: Session = client.post(paths::AUTH_LOGIN, &body).await.ok();
    session.tokens.access_token
}

/// Sends every row once; what was not as it should be, one line a row.
async fn round_of(
    address: SocketAddr,
    scene: &Scene,
    rows: &[RawRow],
    frame_rows: &[FrameRow],
) -> Vec<String> {
    let raw = stream::iter(rows)
        .map(|row| exchange(address, row))
        .buffer_unordered(AT_ONCE)
        .filter_map(async |wrong| wrong)
        .collect::<Vec<_>>()
        .await;
    let framed = stream::iter(frame_rows)
        .map(|row| converse(address, &scene.student, row))
        .buffer_unordered(AT_ONCE)
        .filter_map(async |wrong| wrong)
        .collect::<Vec<_>>()
        .await;
    [raw, framed].concat()
}

/// Sends one row and reads to the end; what is wrong with the answers.
async fn exchange(address: SocketAddr, row: &RawRow) -> Option<String> {
    let mut raw = RawConnection::open(address).await;
    let text = send_and_read(&mut raw, &row.bytes, row.ends).await;
    let text = String::from_utf8_lossy(&text);
    let status = match text.strip_prefix("HTTP/1.") {
        Some(rest) => rest.get(2..5).and_then(|digits| digits.parse().ok()),
        None if text.is_empty() => Some(CLOSED),
        // Neither answered nor closed in time.
        None => None,
    };
    let status = status.unwrap_or(999);
    let start: String = text.chars().take(300).collect();
    (!row.allowed.contains(&status)).then(|| {
        format!(
            "{}: {status}, not one of {:?}: {start:?}",
            row.name, row.allowed
        )
    })
}

/// Opens a chat socket, sends one row and reads to the end; what is wrong with the answers.
async fn converse(address: SocketAddr, token: &str, row: &FrameRow) -> Option<String> {
    let mut raw = RawConnection::open(address).await;
    raw.send(format!(
        "GET {} HTTP/1.1\r\nhost: a.test\r\n{}\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
         sec-websocket-version: 13\r\nsec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n",
        paths::CHAT_SOCKET,
        bearer(token),
    ))
    .await;
    let head = raw.head().await;
    if !head.starts_with("HTTP/1.1 101") {
        return Some(format!("{}: no socket: {head:?}", row.name));
    }
    let bytes = send_and_read(&mut raw, &row.bytes, false).await;
    let heard = frames::read(&bytes);
    (heard != row.heard).then(|| format!("frames, {}: {heard:?}, not {:?}", row.name, row.heard))
}

/// Sends while it reads, for a server may answer, close or reset before the end of what is sent.
async fn send_and_read(raw: &mut RawConnection, bytes: &[u8], ends: bool) -> Vec<u8> {
    use tokio::io::AsyncReadExt as _;
    let mut answer = Vec::new();
    let (mut reader, mut writer) = TcpStream::split(&mut raw.0);
    let write = async {
        // A failure means that the server closed first; what it said is read all the same.
        let _ = writer.write_all(bytes).await;
        if ends {
            let _ = writer.shutdown().await;
        }
    };
    let both = async { tokio::join!(write, reader.read_to_end(&mut answer)) };
    let ended = timeout(PATIENCE, both).await.is_ok();
    if !ended {
        answer.splice(..0, *b"not closed in time: ");
    }
    answer
}

/// Connections that the server has, as the kernel counts them.
fn connections(address: SocketAddr) -> usize {
    procfs::net::tcp()
        .unwrap()
        .iter()
        .filter(|entry| {
            entry.local_address == address
                && !matches!(entry.state, TcpState::Listen | TcpState::TimeWait)
        })
        .count()
}

async fn wait_for_connections(address: SocketAddr, most: usize) {
    for _ in 0..6_000 {
        if connections(address) <= most {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("{} connections, {most} before", connections(address));
}

/// Resident memory of a process, in bytes.
fn resident(pid: u32) -> u64 {
    let process = Process::new(pid.try_into().unwrap()).unwrap();
    let kibibytes = process.status().unwrap().vmrss.unwrap();
    kibibytes * 1024
}
