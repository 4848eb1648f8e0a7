//! A notification reaches its reader's socket on whichever instance that is.

use shared::api::{bookings::BookingView, chat::ServerFrame, notifications::NotificationKind};

use crate::support::{ChatSocket, NewSlot, TestApp};

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
