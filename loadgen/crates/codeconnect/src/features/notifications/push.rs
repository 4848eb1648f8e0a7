//! Pushed notifications: a student sits at a socket, the mentor begins their video class, and the notification
//! of that arrives.
//!
//! A target whose profile writes no notifications pushes none, and none is waited for: nothing is said of
//! them then.

use rand::RngExt as _;
use shared::{
    api::{
        chat::{ClientFrame, ServerFrame},
        notifications::NotificationKind,
    },
    ids::BookingId,
    paths,
};

use crate::{
    features::{chat, sessions},
    flows::{AppFlow, AppIteration, FlowFuture, Op},
};
use loadgen_engine::{
    flow::{Access, Settled},
    request::Request,
    sample::Outcome,
};

/// A notification, from the response to what caused it to its arrival.
pub(super) static PUSH: Op = Op::message("notifications.push", Access::Read);

/// `notifications.push`: hear that one's class has begun.
pub(super) const HEAR: AppFlow = AppFlow {
    name: "notifications.push",
    help: "a student at a socket is told that the mentor has begun their video class",
    operations: &[
        &chat::CONNECT,
        &chat::PING,
        &sessions::INITIATE,
        &PUSH,
        &sessions::END,
        &sessions::RECORDING,
    ],
    needs_sessions: true,
    at_once: 1,
    run: |it| FlowFuture::new(hear(it)),
};

async fn hear(mut it: AppIteration<'_>) {
    let nonce: u64 = it.rng.random();
    let world = it.world;
    let Some((_reserved, class)) = sessions::reserve(world, it.user) else {
        it.transport.pause(sessions::NO_CLASS).await;
        return;
    };
    // One of another flow may be open.
    it.transport.socket_close().await;
    let request = Request::get(paths::CHAT_SOCKET).bearer(&class.student.token.get());
    if !it.transport.socket_open(chat::CONNECT.id(), request).await {
        return;
    }
    // After a pong the target knows the socket, and pushes what happens from then on.
    if ping(&mut it, nonce).await
        && let Some((session, is_new)) = sessions::begin(&mut it, &class, class.mentor).await
    {
        if is_new && world.pushes {
            it.transport
                .socket_exchange(&[PUSH.id()], None, &mut |text| pushed(text, class.booking))
                .await;
        }
        sessions::end(&mut it, &class, &session).await;
    }
    it.transport.socket_close().await;
}

async fn ping(it: &mut AppIteration<'_>, nonce: u64) -> bool {
    let frame = ClientFrame::Ping { nonce };
    let text = serde_json::to_string(&frame).expect("frames have string keys and finite numbers");
    it.transport
        .socket_exchange(&[chat::PING.id()], Some(text), &mut |text| {
            heard(text, |frame| match frame {
                ServerFrame::Pong { nonce: received } => Some(received == nonce),
                _ => None,
            })
        })
        .await
}

/// The notification that the class of a booking has begun; others are passed over.
fn pushed(text: &str, booking: BookingId) -> Option<Settled> {
    heard(text, |frame| match frame {
        ServerFrame::Notification(one) if one.booking_id == booking => {
            Some(one.kind == NotificationKind::SessionStarted && one.read_at.is_none())
        }
        _ => None,
    })
}

/// What a text settles: `is_right` says whether a frame is the expected one, and nothing of others.
fn heard(text: &str, is_right: impl Fn(ServerFrame) -> Option<bool>) -> Option<Settled> {
    let wrong = |why: String| Err((Outcome::BodyMismatch, why));
    let result = match serde_json::from_str(text) {
        Ok(ServerFrame::Error { code, detail, .. }) => {
            Err((Outcome::HttpError, format!("refused: {code}: {detail}")))
        }
        Ok(frame) => {
            if is_right(frame)? {
                Ok(())
            } else {
                wrong("not what was expected over this socket".to_owned())
            }
        }
        Err(error) => wrong(format!("not a documented frame: {error}")),
    };
    Some((0, result))
}

#[cfg(test)]
mod tests {
    use shared::{api::notifications::NotificationView, ids::NotificationId};
    use uuid::Uuid;

    use super::*;

    fn frame(booking: u128, kind: NotificationKind) -> String {
        let view = NotificationView {
            id: NotificationId(Uuid::from_u128(1)),
            kind,
            booking_id: BookingId(Uuid::from_u128(booking)),
            created_at: loadgen_engine::clock::time_of_day().into(),
            read_at: None,
        };
        serde_json::to_string(&ServerFrame::Notification(view)).unwrap()
    }

    #[test]
    fn the_begin_of_ones_own_class_is_heard_and_others_are_passed_over() {
        let own = BookingId(Uuid::from_u128(7));
        let began = frame(7, NotificationKind::SessionStarted);
        assert_eq!(pushed(&began, own), Some((0, Ok(()))));
        assert_eq!(
            pushed(&frame(8, NotificationKind::SessionStarted), own),
            None
        );
        let other = pushed(&frame(7, NotificationKind::BookingMoved), own);
        assert!(matches!(other, Some((0, Err((Outcome::BodyMismatch, _))))));
        let refused = r#"{"type":"error","code":"overloaded","detail":"later"}"#;
        let refused = pushed(refused, own);
        assert!(matches!(refused, Some((0, Err((Outcome::HttpError, _))))));
        assert!(matches!(pushed("{}", own), Some((0, Err(_)))));
    }
}
