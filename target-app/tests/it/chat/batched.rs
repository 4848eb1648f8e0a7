//! With messages stored in batches everything that a client sees is as with a commit for each.

use std::collections::BTreeMap;

use serde_json::json;
use shared::{
    api::{chat::ServerFrame, socket::close},
    ids::UserId,
};
use sqlx::{Connection as _, PgConnection};

use super::room::room;
use crate::support::{ChatSocket, TestApp, together};

const BATCHED: &[&str] = &["chat.persistence=batched"];

/// A connection of its own that has the row of seeded room `n` locked until it is closed.
async fn gate(app: &TestApp, n: u32) -> PgConnection {
    let mut conn = PgConnection::connect(app.db.url()).await.unwrap();
    sqlx::raw_sql("begin").execute(&mut conn).await.unwrap();
    sqlx::query("select from chat_room where id = $1 for update")
        .bind(room(n).0)
        .execute(&mut conn)
        .await
        .unwrap();
    conn
}

/// Another process that has stored a message of that sender in room 5, and has not committed it yet.
async fn stored_elsewhere(
    app: &TestApp,
    sender: UserId,
    seq: i64,
    name: &str,
) -> sqlx::Transaction<'static, sqlx::Postgres> {
    let mut other = app.db.pool().begin().await.unwrap();
    sqlx::query("update chat_room set last_seq = last_seq + 1 where id = $1")
        .bind(room(5).0)
        .execute(&mut *other)
        .await
        .unwrap();
    sqlx::query(
        "insert into chat_message (id, room_id, seq, sender_id, client_id, body)
         values (gen_random_uuid(), $1, $2, $3, $4, 'Hello')",
    )
    .bind(room(5).0)
    .bind(seq)
    .bind(sender.0)
    .bind(name)
    .execute(&mut *other)
    .await
    .unwrap();
    other
}

/// The number under which a message is acknowledged; other messages are passed over.
async fn acknowledged(socket: &mut ChatSocket, name: &str) -> i64 {
    loop {
        match socket.hear().await {
            ServerFrame::Ack { client_id, seq, .. } if client_id == name => return seq,
            ServerFrame::Message(_) => {}
            other => panic!("{name} should be acknowledged, not {other:?}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_rooms_share_commits_and_each_has_its_numbers_without_a_gap() {
    const EACH: usize = 10;
    let app = TestApp::with(BATCHED).start().await;
    let mut talks = Vec::new();
    let mut before = BTreeMap::new();
    for n in 0..20_u32 {
        // Four rooms, five members in each.
        let place = n % 4;
        let mut socket =
            ChatSocket::open(app.address, &app.student(place + 60 * (n / 4)).token).await;
        before.insert(place, socket.join(room(place), None).await);
        talks.push(async move {
            let mut acknowledged = Vec::new();
            for m in 0..EACH {
                socket
                    .send(room(place), &format!("{n}-{m}"), "All at once")
                    .await;
            }
            let mut heard = Vec::new();
            while acknowledged.len() < EACH || heard.len() < 5 * EACH {
                match socket.hear().await {
                    ServerFrame::Ack { seq, .. } => acknowledged.push(seq),
                    ServerFrame::Message(message) => heard.push(message.seq),
                    other => panic!("{other:?}"),
                }
            }
            (place, acknowledged, heard)
        });
    }
    for (place, acknowledged, heard) in together(talks).await {
        assert!(
            acknowledged.is_sorted(),
            "one sender's messages keep their order"
        );
        let first = before[&place] + 1;
        let expected: Vec<i64> = (first..first + 5 * EACH as i64).collect();
        assert_eq!(heard, expected);
    }
    app.lab().audits_clean().await;
    let chat = app.lab().telemetry().await.chat;
    assert_eq!(chat.messages, 20 * EACH as u64);
    assert!(
        chat.batches > 0 && chat.batches < chat.messages,
        "{} commits for {} messages",
        chat.batches,
        chat.messages
    );
    app.finish().await;
}

#[tokio::test]
async fn a_message_is_acknowledged_after_its_commit_and_never_before() {
    let app = TestApp::with(BATCHED).start().await;
    let mut socket = ChatSocket::open(app.address, &app.student(5).token).await;
    let mut listener = ChatSocket::open(app.address, &app.mentor(5).token).await;
    let last = socket.join(room(5), None).await;
    listener.join(room(5), None).await;
    let mut gate = app.db.pool().begin().await.unwrap();
    sqlx::query("select from chat_room where id = $1 for update")
        .bind(room(5).0)
        .execute(&mut *gate)
        .await
        .unwrap();
    socket.send(room(5), "c-1", "Waiting").await;
    app.db.wait_for_blocked(1).await;
    listener.hears_nothing().await;
    gate.rollback().await.unwrap();
    assert_eq!(listener.hear_message().await.seq, last + 1);
    loop {
        match socket.hear().await {
            ServerFrame::Ack { seq, .. } => {
                assert_eq!(seq, last + 1);
                break;
            }
            ServerFrame::Message(message) => assert_eq!(message.seq, last + 1),
            other => panic!("{other:?}"),
        }
    }
    app.finish().await;
}

#[tokio::test]
async fn one_name_has_one_effect_in_one_batch_and_in_two() {
    let app = TestApp::with(BATCHED).start().await;
    let ann = app.student(5);
    let mut sockets = Vec::new();
    let mut last = 0;
    for _ in 0..4 {
        let mut socket = ChatSocket::open(app.address, &ann.token).await;
        last = socket.join(room(5), None).await;
        sockets.push(socket);
    }
    let sent = sockets.into_iter().map(|mut socket| async move {
        let (first, _) = socket.send_and_hear(room(5), "once", "Hello").await;
        let (again, heard) = socket.send_and_hear(room(5), "once", "Hello").await;
        assert!(heard.len() <= 1, "it is delivered once");
        (first, again)
    });
    for numbers in together(sent).await {
        assert_eq!(numbers, (last + 1, last + 1));
    }
    let mut late = ChatSocket::open(app.address, &app.mentor(5).token).await;
    assert_eq!(late.join(room(5), Some(last)).await, last + 1);
    assert_eq!(late.hear_message().await.client_id, "once");
    late.hears_nothing().await;
    app.lab().audits_clean().await;
    app.finish().await;
}

#[tokio::test]
async fn a_name_that_another_process_takes_meanwhile_stays_one_message() {
    let app = TestApp::with(BATCHED).start().await;
    let ann = app.student(5);
    let mut first = ChatSocket::open(app.address, &app.student(6).token).await;
    first.join(room(6), None).await;
    let mut bob = ChatSocket::open(app.address, &app.mentor(5).token).await;
    bob.join(room(5), None).await;
    let mut socket = ChatSocket::open(app.address, &ann.token).await;
    let last = socket.join(room(5), None).await;
    let other = stored_elsewhere(&app, ann.id, last + 1, "once").await;
    // Beside it in the same batch is one that nobody has stored: it must not be lost with it. A socket sends one
    // after another, so there are two, and both wait behind a batch of another room.
    let gate = gate(&app, 6).await;
    first.send(room(6), "first", "Waiting").await;
    app.db.wait_for_blocked(1).await;
    socket.send(room(5), "once", "Hello").await;
    bob.send(room(5), "new", "Hello again").await;
    bob.hears_nothing().await;
    gate.close().await.unwrap();
    acknowledged(&mut first, "first").await;
    app.db.wait_for_blocked(1).await;
    other.commit().await.unwrap();
    assert_eq!(acknowledged(&mut socket, "once").await, last + 1);
    assert_eq!(acknowledged(&mut bob, "new").await, last + 2);
    app.lab().audits_clean().await;
    app.finish().await;
}

#[tokio::test]
async fn a_batch_that_waited_for_a_message_of_another_process_has_the_number_after_it() {
    let app = TestApp::with(BATCHED).start().await;
    let ann = app.student(5);
    let mut socket = ChatSocket::open(app.address, &ann.token).await;
    let last = socket.join(room(5), None).await;
    let other = stored_elsewhere(&app, ann.id, last + 1, "theirs").await;
    socket.send(room(5), "ours", "Hello again").await;
    app.db.wait_for_blocked(1).await;
    other.commit().await.unwrap();
    assert_eq!(acknowledged(&mut socket, "ours").await, last + 2);
    app.lab().audits_clean().await;
    app.finish().await;
}

#[tokio::test]
async fn a_new_message_reaches_its_room_though_one_beside_it_cannot_be_looked_up() {
    // Once the new one is stored, the only connection finds no table any more.
    let app = TestApp::with(&["chat.persistence=batched", "pool.max=1"])
        .after_sql(
            "create function lose_tables() returns trigger language plpgsql as
             $$ begin perform set_config('search_path', 'pg_catalog', false); return null; end $$",
        )
        .after_sql(
            "create trigger lose_tables after insert on chat_message
             for each row when (new.client_id = 'new') execute function lose_tables()",
        )
        .start()
        .await;
    let mut first = ChatSocket::open(app.address, &app.student(6).token).await;
    first.join(room(6), None).await;
    let mut ann = ChatSocket::open(app.address, &app.student(5).token).await;
    ann.join(room(5), None).await;
    let (last, _) = ann.send_and_hear(room(5), "old", "Hello").await;
    let mut bob = ChatSocket::open(app.address, &app.mentor(5).token).await;
    bob.join(room(5), None).await;
    let mut listener = ChatSocket::open(app.address, &app.mentor(5).token).await;
    assert_eq!(listener.join(room(5), None).await, last);
    // Both wait behind a batch of another room, and then are one.
    let gate = gate(&app, 6).await;
    first.send(room(6), "first", "Waiting").await;
    app.db.wait_for_blocked(1).await;
    ann.send(room(5), "old", "Hello").await;
    bob.send(room(5), "new", "Hello again").await;
    listener.hears_nothing().await;
    gate.close().await.unwrap();
    assert_eq!(listener.hear_message().await.seq, last + 1);
    assert_eq!(acknowledged(&mut bob, "new").await, last + 1);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_before_the_end_is_stored_and_nothing_else_is_half_there() {
    let app = TestApp::with(BATCHED).start().await;
    let before = app.db.count("select count(*) from chat_message").await;
    let mut sockets = Vec::new();
    for n in 0..8 {
        let mut socket = ChatSocket::open(app.address, &app.student(n).token).await;
        socket.join(room(n), None).await;
        sockets.push(socket);
    }
    for (socket, n) in sockets.iter_mut().zip(0..) {
        for m in 0..50 {
            socket
                .send(room(n), &format!("{n}-{m}"), "Before the end")
                .await;
        }
    }
    app.stop();
    let mut talks = Vec::new();
    for mut socket in sockets {
        talks.push(async move {
            let mut acknowledged = 0_i64;
            loop {
                match socket.next().await {
                    Some(Ok(tokio_tungstenite::tungstenite::Message::Text(text))) => {
                        if let ServerFrame::Ack { .. } = serde_json::from_str(&text).unwrap() {
                            acknowledged += 1;
                        }
                    }
                    Some(Ok(tokio_tungstenite::tungstenite::Message::Close(Some(frame)))) => {
                        assert_eq!(u16::from(frame.code), close::GOING_AWAY);
                        return acknowledged;
                    }
                    Some(Ok(_)) => {}
                    other => panic!("{other:?}"),
                }
            }
        });
    }
    let acknowledged: i64 = together(talks).await.into_iter().sum();
    let db = app.stopped().await;
    let stored = db.count("select count(*) from chat_message").await - before;
    assert_eq!(stored, acknowledged);
    let gaps = db
        .count(
            "select count(*) from chat_room r
             where last_seq <> (select count(*) from chat_message m where m.room_id = r.id)",
        )
        .await;
    assert_eq!(gaps, 0);
    db.finish().await;
}

#[tokio::test]
async fn the_way_of_storing_changes_under_those_who_talk() {
    let app = TestApp::with(BATCHED).start().await;
    let mut socket = ChatSocket::open(app.address, &app.student(5).token).await;
    let last = socket.join(room(5), None).await;
    for (n, way) in (1..).zip(["per_message", "batched", "per_message"]) {
        let changes = json!({"chat.persistence": way});
        assert_eq!(app.lab().put_profile(changes).await.status, 200);
        let (seq, _) = socket
            .send_and_hear(room(5), &format!("c-{n}"), "Still here")
            .await;
        assert_eq!(seq, last + n);
    }
    app.lab().audits_clean().await;
    app.finish().await;
}
