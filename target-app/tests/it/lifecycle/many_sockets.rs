//! One account has so many open sockets on an instance, whatever they are for and however they end.

use std::time::Duration;

use http::Method;
use shared::{
    api::{
        chat::{ClientFrame, ServerFrame},
        sessions::{JoinGrant, SessionView},
    },
    ids::UserId,
    paths,
    problem::Code,
};
use target_app::{config::ClientLimits, realtime::SocketKind};

use crate::{
    sessions::step::{class, end, enter, initiate, join, participants},
    support::{Answer, ChatSocket, Person, RawConnection, SignalEnd, TestApp, send},
};

/// Sockets that an account of these tests may have.
const MOST: usize = 3;

async fn start() -> TestApp {
    TestApp::with(&[])
        .with_connections(ClientLimits {
            sockets_of_account: MOST,
            ..ClientLimits::default()
        })
        .start()
        .await
}

/// Asks for a socket as a client does that reads the answer as one of HTTP.
async fn upgrade(person: &Person, target: &str) -> Answer {
    let request = person
        .request(Method::GET, target)
        .header("connection", "upgrade")
        .header("upgrade", "websocket")
        .header("sec-websocket-version", "13")
        .header("sec-websocket-key", "AAAAAAAAAAAAAAAAAAAAAA==");
    send(request).await
}

/// Waits until an account has so many sockets.
async fn settled(app: &TestApp, account: UserId, open: usize) {
    for _ in 0..3_000 {
        if app.state.sockets().of(account) == open {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let now = app.state.sockets().of(account);
    panic!("{now} sockets of the account are counted, not {open}");
}

/// Opens as many sockets as an account may have.
async fn open_all(app: &TestApp, person: &Person) -> Vec<ChatSocket> {
    let mut sockets = Vec::new();
    for _ in 0..MOST {
        sockets.push(ChatSocket::open(app.address, &person.token).await);
    }
    sockets
}

#[tokio::test]
async fn an_account_opens_so_many_sockets_and_the_next_is_refused_as_by_a_full_process() {
    let app = start().await;
    let student = app.student(2);
    let mut sockets = open_all(&app, &student).await;
    for _ in 0..2 {
        let answer = upgrade(&student, paths::CHAT_SOCKET).await;
        let problem = answer.refused(Code::Overloaded);
        assert!(
            problem.detail.contains("3 open sockets"),
            "{}",
            problem.detail
        );
        assert_eq!(answer.header("retry-after"), "5");
    }
    // Nobody else is refused, and what is open works on.
    let mut other = ChatSocket::open(app.address, &app.student(3).token).await;
    for socket in sockets.iter_mut().chain([&mut other]) {
        socket.say(&ClientFrame::Ping { nonce: 1 }).await;
        assert_eq!(socket.hear().await, ServerFrame::Pong { nonce: 1 });
    }
    sockets.pop().unwrap().drop_connection();
    settled(&app, student.id, MOST - 1).await;
    let again = ChatSocket::try_open(app.address, "", Some(&student.token)).await;
    assert!(again.is_ok());
    app.finish().await;
}

#[tokio::test]
async fn sockets_of_chat_and_of_video_classes_are_counted_together() {
    let app = start().await;
    let (student, mentor) = participants(&app, 2);
    let live: SessionView = initiate(&student, class(2)).await.created();
    let (signalling, _) = enter(&app, &student, live.id).await;
    let mut chat = Vec::new();
    for _ in 1..MOST {
        chat.push(ChatSocket::open(app.address, &student.token).await);
    }
    let grant: JoinGrant = join(&student, live.id).await.ok();
    upgrade(&student, &grant.url)
        .await
        .refused(Code::Overloaded);
    upgrade(&student, paths::CHAT_SOCKET)
        .await
        .refused(Code::Overloaded);
    // The other participant has places of their own.
    let (_mentors, present) = enter(&app, &mentor, live.id).await;
    assert!(present);
    signalling.drop_connection();
    settled(&app, student.id, MOST - 1).await;
    assert!(SignalEnd::try_open(app.address, &grant.url).await.is_ok());
    app.finish().await;
}

#[tokio::test]
async fn a_socket_that_is_refused_or_never_opened_takes_no_place() {
    let app = start().await;
    let (student, _) = participants(&app, 2);
    let live: SessionView = initiate(&student, class(2)).await.created();
    let grant: JoinGrant = join(&student, live.id).await.ok();
    end(&student, live.id).await.ok::<SessionView>();
    for n in 0..2 * MOST {
        upgrade(&student, &grant.url)
            .await
            .refused(Code::SessionEnded);
        student
            .get(paths::CHAT_SOCKET)
            .await
            .refused(Code::InvalidRequest);
        // Gone before the answer, or right after it without a word.
        let mut raw = RawConnection::open(app.address).await;
        raw.send(format!(
            "GET {} HTTP/1.1\r\nhost: a.test\r\nauthorization: Bearer {}\r\n\
             connection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n\
             sec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n",
            paths::CHAT_SOCKET,
            student.token
        ))
        .await;
        if n % 2 == 0 {
            assert!(raw.head().await.starts_with("HTTP/1.1 101"));
        }
        drop(raw);
        settled(&app, student.id, 0).await;
    }
    // A request whose client was gone at once may be read only now.
    tokio::time::sleep(Duration::from_millis(200)).await;
    settled(&app, student.id, 0).await;
    open_all(&app, &student).await;
    app.finish().await;
}

#[tokio::test]
async fn a_place_that_is_not_given_back_would_be_noticed() {
    let app = start().await;
    let student = app.student(2);
    let kind = SocketKind {
        name: "of this test",
        most: 1,
    };
    let kept = app.state.sockets().take(student.id, kind).unwrap();
    let mut sockets = Vec::new();
    for _ in 1..MOST {
        sockets.push(ChatSocket::open(app.address, &student.token).await);
    }
    let refused = ChatSocket::try_open(app.address, "", Some(&student.token)).await;
    assert_eq!(refused.err(), Some(503));
    for socket in sockets {
        socket.drop_connection();
    }
    settled(&app, student.id, 1).await;
    drop(kept);
    open_all(&app, &student).await;
    app.finish().await;
}
