//! What happens to the sockets of an account that is deactivated.

use std::time::{Duration, Instant};

use shared::{
    api::{
        chat::{ClientFrame, ServerFrame},
        socket::close,
    },
    paths,
    problem::Code,
};

use tokio_tungstenite::tungstenite::Message;

use super::room::room;
use crate::support::{ChatSocket, Person, TestApp};

/// Longest wait for the end of a socket that is never silent: more than the API promises, for a busy machine.
const PATIENCE: Duration = Duration::from_mins(1);

async fn deactivate(app: &TestApp, person: &Person) {
    let sql = format!(
        "update app_user set is_active = false where id = '{}'",
        person.id
    );
    app.db.execute(&sql).await;
}

/// Waits at most ten seconds for each socket, as long as the API says that it takes.
#[tokio::test]
async fn the_sockets_of_a_deactivated_account_are_closed_on_every_instance_and_no_others() {
    // Requests find the account in the cache of both instances, and sockets are closed all the same.
    let app = TestApp::with(&["cache.users=redis"]).start().await;
    let other = app.sibling().await;
    let (ann, bob) = (app.student(5), app.mentor(5));
    let mut sockets = Vec::new();
    for address in [app.address, app.address, other.address] {
        let mut socket = ChatSocket::open(address, &ann.token).await;
        socket.join(room(5), None).await;
        sockets.push(socket);
    }
    let mut bobs = Vec::new();
    for address in [app.address, other.address] {
        bobs.push(ChatSocket::open(address, &bob.token).await);
    }
    deactivate(&app, &ann).await;
    for socket in &mut sockets {
        let (code, reason) = socket.closed_because().await;
        assert_eq!(code, close::REVOKED);
        assert_eq!(reason, "the account is not active any more");
    }
    // It opens no others, although it was cached until now.
    for address in [app.address, other.address] {
        let refused = ChatSocket::try_open(address, "", Some(&ann.token)).await;
        assert_eq!(refused.err(), Some(401));
    }
    ann.get(paths::CHAT_ROOMS)
        .await
        .refused(Code::Unauthenticated);
    for socket in &mut bobs {
        socket.say(&ClientFrame::Ping { nonce: 1 }).await;
        assert_eq!(socket.hear().await, ServerFrame::Pong { nonce: 1 });
    }
    other.finish().await;
    app.finish().await;
}

#[tokio::test]
async fn a_socket_whose_client_never_pauses_is_closed_as_well_and_keeps_what_it_acknowledged() {
    let app = TestApp::start().await;
    let ann = app.student(5);
    let mut socket = ChatSocket::open(app.address, &ann.token).await;
    let last = socket.join(room(5), None).await;
    deactivate(&app, &ann).await;
    let mut acknowledged = last;
    let begin = Instant::now();
    let code = loop {
        assert!(begin.elapsed() < PATIENCE, "it is still open");
        socket
            .send(room(5), &format!("c-{acknowledged}"), "Still here")
            .await;
        match answer(&mut socket).await {
            Ok(seq) => acknowledged = seq,
            Err(code) => break code,
        }
    };
    assert_eq!(code, close::REVOKED);
    let stored = format!(
        "select count(*) from chat_message where room_id = '{}' and seq > {last} and seq <= {acknowledged}",
        room(5)
    );
    assert_eq!(app.db.count(&stored).await, acknowledged - last);
    app.lab().audits_clean().await;
    app.finish().await;
}

/// The number of the message that is acknowledged next, or the code with which the server closes before.
async fn answer(socket: &mut ChatSocket) -> Result<i64, u16> {
    loop {
        match socket.next().await {
            Some(Ok(Message::Close(Some(frame)))) => return Err(frame.code.into()),
            Some(Ok(Message::Text(text))) => {
                if let ServerFrame::Ack { seq, .. } = serde_json::from_str(&text).unwrap() {
                    return Ok(seq);
                }
            }
            Some(Ok(_)) => {}
            other => panic!("it ended without a code: {other:?}"),
        }
    }
}
