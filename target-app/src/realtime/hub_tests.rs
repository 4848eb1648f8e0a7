//! Who hears what, in which order, and what a full mailbox does.

use std::time::Duration;

use super::{
    super::mailbox::{CAPACITY, Delivery},
    *,
};

fn room(n: u128) -> RoomId {
    RoomId(uuid::Uuid::from_u128(n))
}

fn user(n: u128) -> UserId {
    UserId(uuid::Uuid::from_u128(n))
}

fn next(socket: &Socket) -> Option<MailboxItem> {
    socket.mailbox().try_next().map(|next| match next {
        Delivery::Room(item) => item,
        Delivery::Personal(frame) => panic!("not of a room: {frame}"),
    })
}

fn seqs(socket: &Socket) -> Vec<Option<i64>> {
    std::iter::from_fn(|| next(socket))
        .map(|item| match item.kind {
            MailboxEvent::Message { seq, .. } => Some(seq),
            MailboxEvent::Ephemeral(_) | MailboxEvent::Lagged => None,
        })
        .collect()
}

fn rooms(hub: &Hub) -> usize {
    lock(&hub.0.rooms).len()
}

#[tokio::test]
async fn everybody_in_the_room_receives_a_message_and_no_one_else() {
    let hub = Hub::new();
    let [ann, bob, eve] = [1, 2, 3].map(|n| hub.connect(user(n)));
    let _subscriptions = [ann.join(room(1)), bob.join(room(1)), eve.join(room(2))];
    hub.turn(room(1)).await.publish(7, &"hello".into());
    assert_eq!(seqs(&ann), [Some(7)]);
    assert_eq!(seqs(&bob), [Some(7)]);
    assert!(seqs(&eve).is_empty());
    let counts = hub.snapshot();
    assert_eq!(
        (counts.sockets, counts.messages, counts.deliveries),
        (3, 1, 2)
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn messages_arrive_in_the_order_of_the_turns() {
    let hub = Hub::new();
    let socket = hub.connect(user(1));
    let _subscription = socket.join(room(1));
    let next = Arc::new(AtomicU64::new(0));
    let senders: Vec<_> = (0..8)
        .map(|_| {
            let (hub, next) = (hub.clone(), next.clone());
            tokio::spawn(async move {
                for _ in 0..25 {
                    let turn = hub.turn(room(1)).await;
                    let seq = next.fetch_add(1, Relaxed) + 1;
                    // Where the message is stored.
                    tokio::task::yield_now().await;
                    turn.publish(seq as i64, &"x".into());
                }
            })
        })
        .collect();
    for sender in senders {
        sender.await.unwrap();
    }
    assert_eq!(seqs(&socket), (1..=200).map(Some).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_slow_socket_gets_one_marker_behind_what_it_was_sent() {
    let hub = Hub::new();
    let (slow, quick) = (hub.connect(user(1)), hub.connect(user(2)));
    let _slow_seat = slow.join(room(1));
    let _quick_seat = quick.join(room(1));
    let full = CAPACITY as i64;
    for seq in 1..=full + 10 {
        hub.turn(room(1)).await.publish(seq, &"x".into());
        assert_eq!(seqs(&quick), [Some(seq)]);
    }
    let mut expected: Vec<_> = (1..=full).map(Some).collect();
    expected.push(None);
    assert_eq!(seqs(&slow), expected);
    // Silent until it joins again, however much room there is now.
    hub.turn(room(1)).await.publish(full + 11, &"x".into());
    assert!(seqs(&slow).is_empty());
    assert_eq!(hub.snapshot().lagged, 1);
}

#[tokio::test]
async fn a_socket_that_joins_again_receives_again() {
    let hub = Hub::new();
    let socket = hub.connect(user(1));
    let first = socket.join(room(1));
    for seq in 0..=CAPACITY as i64 {
        hub.turn(room(1)).await.publish(seq, &"x".into());
    }
    seqs(&socket);
    drop(first);
    let second = socket.join(room(1));
    hub.turn(room(1)).await.publish(1_000, &"x".into());
    let item = next(&socket).unwrap();
    assert_eq!(item.subscription, second.id());
}

#[tokio::test]
async fn typing_reaches_the_others_only() {
    let hub = Hub::new();
    let (ann, bob) = (hub.connect(user(1)), hub.connect(user(2)));
    let _subscriptions = [ann.join(room(1)), bob.join(room(1))];
    hub.publish_ephemeral(room(1), user(1), &"typing".into());
    hub.publish_ephemeral(room(9), user(1), &"typing".into());
    assert!(seqs(&ann).is_empty());
    assert_eq!(seqs(&bob), [None]);
}

#[tokio::test]
async fn a_notification_reaches_every_socket_of_its_user_and_no_other() {
    let hub = Hub::new();
    let [one, two, other] = [1, 1, 2].map(|n| hub.connect(user(n)));
    hub.notify(user(1), &"news".into());
    hub.notify(user(9), &"news".into());
    for socket in [&one, &two] {
        assert!(matches!(
            socket.mailbox().try_next(),
            Some(Delivery::Personal(frame)) if frame.as_str() == "news"
        ));
    }
    assert!(other.mailbox().try_next().is_none());
    drop((one, two, other));
    assert!(lock(&hub.0.users).is_empty());
}

#[tokio::test]
async fn leaving_and_dropping_leave_no_empty_room_behind() {
    let hub = Hub::new();
    let socket = hub.connect(user(1));
    let (one, two) = (socket.join(room(1)), socket.join(room(2)));
    assert_eq!(rooms(&hub), 2);
    drop(one);
    assert_eq!(rooms(&hub), 1);
    drop(socket);
    assert_eq!(hub.snapshot().sockets, 0);
    drop(two);
    assert_eq!(rooms(&hub), 0);
}

#[tokio::test]
async fn a_turn_that_was_waited_for_in_vain_leaves_no_room_behind() {
    let hub = Hub::new();
    let turn = hub.turn(room(1)).await;
    let waited = tokio::time::timeout(Duration::from_millis(5), hub.turn(room(1))).await;
    assert!(waited.is_err());
    drop(turn);
    assert_eq!(rooms(&hub), 0);
}

#[tokio::test]
async fn a_message_under_way_reaches_one_who_joins_after_everybody_left() {
    let hub = Hub::new();
    let (ann, bob) = (hub.connect(user(1)), hub.connect(user(2)));
    let subscription = ann.join(room(1));
    let turn = hub.turn(room(1)).await;
    drop(subscription);
    let _subscription = bob.join(room(1));
    turn.publish(5, &"x".into());
    assert_eq!(seqs(&bob), [Some(5)]);
}
