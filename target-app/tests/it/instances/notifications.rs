//! A notification reaches its reader's socket on whichever instance that is.

use std::time::Duration;

use shared::api::{bookings::BookingView, chat::ServerFrame, notifications::NotificationKind};

use crate::support::{ChatSocket, NewSlot, Proxy, TestApp, lock_slot};

#[tokio::test]
async fn a_notification_is_pushed_to_a_reader_who_is_connected_to_another_instance() {
    let app = TestApp::with(&["chat.fanout=redis", "notifications.write=on"])
        .start()
        .await;
    let other = app.sibling().await;
    app.wait_for_listeners(2).await;
    let mut here = ChatSocket::open(app.address, &app.mentor(0).token).await;
    let mut there = ChatSocket::open(other.address, &app.mentor(0).token).await;
    let slot = NewSlot::single().create(&app.db).await;
    let booking: BookingView = app.student(3).book(slot).await.created();
    for socket in [&mut here, &mut there] {
        match socket.hear().await {
            ServerFrame::Notification(pushed) => {
                let expected = (NotificationKind::BookingMade, booking.id);
                assert_eq!((pushed.kind, pushed.booking_id), expected);
            }
            frame => panic!("{frame:?}"),
        }
    }
    there.hears_nothing().await;
    app.lab().audits_clean().await;
    other.finish().await;
    app.finish().await;
}

#[tokio::test]
async fn a_notification_of_a_request_that_ends_while_its_instance_stops_reaches_another_one() {
    let app = TestApp::with(&["chat.fanout=redis", "notifications.write=on"])
        .start()
        .await;
    let other = app.sibling().await;
    app.wait_for_listeners(2).await;
    let mut there = ChatSocket::open(other.address, &app.mentor(0).token).await;
    let slot = NewSlot::single().create(&app.db).await;
    let gate = lock_slot(&app.db, slot).await;
    let student = app.student(3);
    let booking = tokio::spawn(async move { student.book(slot).await });
    app.db.wait_for_blocked(1).await;
    app.stop();
    // An exchange that does not wait for the request has ended by then.
    tokio::time::sleep(Duration::from_secs(1)).await;
    gate.rollback().await.unwrap();
    let booking: BookingView = booking.await.unwrap().created();
    match there.hear().await {
        ServerFrame::Notification(pushed) => assert_eq!(pushed.booking_id, booking.id),
        frame => panic!("{frame:?}"),
    }
    other.finish().await;
    app.stopped().await.finish().await;
}

/// Nothing closes a connection whose server is gone with its address, and nobody sends anything over a subscription.
#[tokio::test]
async fn a_subscription_whose_other_end_is_gone_without_a_word_is_made_again() {
    let proxy = Proxy::to_redis().await;
    let app = TestApp::with(&["chat.fanout=redis", "notifications.write=on"])
        .with_every_cache("off")
        .with_redis_at(proxy.address())
        .start()
        .await;
    let other = app.sibling().await;
    app.wait_for_listeners(2).await;
    let mut there = ChatSocket::open(other.address, &app.mentor(0).token).await;
    proxy.abandon();
    // Redis does not know of the end of the former two.
    app.wait_for_listeners(4).await;
    let slot = NewSlot::single().create(&app.db).await;
    let booking: BookingView = app.student(3).book(slot).await.created();
    match there.hear().await {
        ServerFrame::Notification(pushed) => assert_eq!(pushed.booking_id, booking.id),
        frame => panic!("{frame:?}"),
    }
    other.finish().await;
    app.finish().await;
}
