//! Frames on their way to the other processes and from them, by a channel of Redis.
//!
//! The channel keeps nothing: a frame that is lost on the way is found missing by the number of the
//! next one, and read from the database.

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use axum::extract::ws::Utf8Bytes;
use deadpool_redis::redis::{
    AsyncConnectionConfig, Client, RedisError, Value,
    aio::{MultiplexedConnection, PubSubSink, PubSubStream},
    cmd, pipe,
};
use futures_util::StreamExt as _;
use serde::{Deserialize, Serialize};
use shared::ids::{RoomId, UserId};
use tokio::{
    sync::mpsc,
    time::{error::Elapsed, sleep, timeout},
};
use uuid::Uuid;

/// Frames that wait to be sent; beyond, they are left out.
const CAPACITY: usize = 4_096;
/// Most frames of one round trip.
const AT_ONCE: usize = 64;
/// Longest wait for both connections, the subscription included, for which the client has no limit.
const CONNECT_LIMIT: Duration = Duration::from_secs(2);
/// Silence after which Redis is asked whether it is still there: a connection whose other end is gone without a word
/// is as silent as one over which nothing is said.
const CHECK_AFTER: Duration = Duration::from_secs(5);
/// Longest wait for its answers, also to what is sent. What is published while a subscription is made anew is lost, so a
/// busy Redis has time.
const CHECK_LIMIT: Duration = Duration::from_secs(5);

/// A frame for sockets of other processes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RelayedFrame {
    /// What it is, and for whom.
    pub kind: RelayedKind,
    /// Its text.
    pub text: String,
}

/// What a frame is, and for whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum RelayedKind {
    /// A stored message with its number in the room, for the members of that.
    Message(RoomId, i64),
    /// Something that is not stored, for all members but the person that it comes from.
    Ephemeral(RoomId, UserId),
    /// A notification of one person.
    Personal(UserId),
}

/// The queue of frames for other processes. One worker sends them.
#[derive(Debug)]
pub struct Relay {
    sender: mpsc::Sender<RelayedFrame>,
    receiver: Mutex<Option<mpsc::Receiver<RelayedFrame>>>,
}

impl Default for Relay {
    fn default() -> Self {
        let (sender, receiver) = mpsc::channel(CAPACITY);
        Self {
            sender,
            receiver: Mutex::new(Some(receiver)),
        }
    }
}

impl Relay {
    /// Queues a frame; does not wait.
    pub fn send(&self, kind: RelayedKind, frame: &Utf8Bytes) {
        let text = frame.as_str().to_owned();
        if self.sender.try_send(RelayedFrame { kind, text }).is_err() {
            tracing::debug!("a frame for other processes was left out: too many wait");
        }
    }

    /// The other end of the queue; once.
    pub fn take(&self) -> Option<mpsc::Receiver<RelayedFrame>> {
        let mut receiver = self.receiver.lock().unwrap_or_else(PoisonError::into_inner);
        receiver.take()
    }
}

/// A frame with the process that it comes from, as it is on the channel.
#[derive(Serialize, Deserialize)]
struct Published {
    origin: Uuid,
    #[serde(flatten)]
    frame: RelayedFrame,
}

/// Why the channel cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum RelayError {
    /// Redis refuses or does not answer.
    #[error("Redis: {0}")]
    Redis(#[from] RedisError),
    /// Redis accepts connections and does not answer, or does not answer any more.
    #[error("Redis does not answer in time")]
    Late(#[from] Elapsed),
    /// The subscription ended.
    #[error("Redis closed the subscription")]
    Ended,
}

/// Both directions of the channel.
pub struct RelayLink {
    origin: Uuid,
    channel: String,
    publisher: MultiplexedConnection,
    /// The other half of the connection that `incoming` is of.
    subscription: PubSubSink,
    incoming: PubSubStream,
    /// When something last came, also a frame of our own.
    heard: Instant,
}

impl RelayLink {
    /// Connects to the channel of the Redis database at `url`.
    pub async fn connect(url: &str) -> Result<Self, RelayError> {
        timeout(CONNECT_LIMIT, Self::open(url)).await?
    }

    async fn open(url: &str) -> Result<Self, RelayError> {
        let client = Client::open(url)?;
        // Channels are the whole server's; databases of it belong to different applications.
        let database = client.get_connection_info().redis_settings().db();
        let channel = format!("cc:frames:{database}");
        let publisher = client
            .get_multiplexed_async_connection_with_config(&config())
            .await?;
        let mut subscriber = client.get_async_pubsub().await?;
        subscriber.subscribe(&channel).await?;
        let (subscription, incoming) = subscriber.split();
        Ok(Self {
            origin: Uuid::new_v4(),
            channel,
            publisher,
            subscription,
            incoming,
            heard: Instant::now(),
        })
    }

    /// Asks Redis over both connections whether it is still there, where nothing has come for a while.
    pub async fn check(&mut self) -> Result<(), RelayError> {
        if self.heard.elapsed() < CHECK_AFTER {
            return Ok(());
        }
        let answers = async {
            self.subscription.ping::<Value>().await?;
            cmd("PING").query_async::<()>(&mut self.publisher).await
        };
        timeout(CHECK_LIMIT, answers).await??;
        self.heard = Instant::now();
        Ok(())
    }

    /// Sends what is queued, and returns the next frame of another process; `None` where none came
    /// within `limit`.
    pub async fn next(
        &mut self,
        queue: &mut mpsc::Receiver<RelayedFrame>,
        limit: Duration,
    ) -> Result<Option<RelayedFrame>, RelayError> {
        let mut taken = Vec::new();
        let end = sleep(limit);
        tokio::pin!(end);
        loop {
            tokio::select! {
                () = &mut end => return Ok(None),
                count = queue.recv_many(&mut taken, AT_ONCE), if !queue.is_closed() => {
                    if count > 0 {
                        self.publish(taken.drain(..)).await?;
                    }
                }
                message = self.incoming.next() => {
                    let Some(message) = message else {
                        return Err(RelayError::Ended);
                    };
                    self.heard = Instant::now();
                    match serde_json::from_slice::<Published>(message.get_payload_bytes()) {
                        Ok(one) if one.origin == self.origin => {}
                        Ok(one) => return Ok(Some(one.frame)),
                        Err(error) => tracing::warn!(%error, "a frame of another process cannot be read"),
                    }
                }
            }
        }
    }

    async fn publish(
        &mut self,
        frames: impl Iterator<Item = RelayedFrame>,
    ) -> Result<(), RelayError> {
        let mut all = pipe();
        for frame in frames {
            let origin = self.origin;
            let text = serde_json::to_string(&Published { origin, frame })
                .expect("ids, numbers and texts are always JSON");
            all.publish(&self.channel, text).ignore();
        }
        all.query_async::<()>(&mut self.publisher).await?;
        Ok(())
    }
}

/// The library's own limit of an answer is 500 ms.
fn config() -> AsyncConnectionConfig {
    AsyncConnectionConfig::new()
        .set_connection_timeout(Some(CONNECT_LIMIT))
        .set_response_timeout(Some(CHECK_LIMIT))
}

#[cfg(test)]
mod tests {
    use tokio::{
        io::{AsyncReadExt as _, AsyncWriteExt as _},
        net::{TcpListener, TcpStream},
    };

    use super::*;

    #[test]
    fn a_frame_is_read_as_it_was_written() {
        for kind in [
            RelayedKind::Message(RoomId(Uuid::nil()), 7),
            RelayedKind::Ephemeral(RoomId(Uuid::nil()), UserId(Uuid::nil())),
            RelayedKind::Personal(UserId(Uuid::nil())),
        ] {
            let frame = RelayedFrame {
                kind,
                text: "{\"a\":1}".to_owned(),
            };
            let origin = Uuid::nil();
            let text = serde_json::to_string(&Published {
                origin,
                frame: frame.clone(),
            })
            .unwrap();
            let read: Published = serde_json::from_str(&text).unwrap();
            assert_eq!((read.origin, read.frame), (origin, frame));
        }
    }

    #[tokio::test]
    async fn a_redis_that_does_not_answer_a_subscription_is_given_up() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("redis://{}/0", listener.local_addr().unwrap());
        let silent = async {
            // The first connection, which publishes, is answered; what subscribes is not.
            let (mut publisher, _) = listener.accept().await.unwrap();
            let answered = async {
                let mut bytes = [0; 1_024];
                while let Ok(count @ 1..) = publisher.read(&mut bytes).await {
                    let text = String::from_utf8_lossy(&bytes[..count]);
                    let answers = "+OK\r\n".repeat(text.matches("CLIENT").count());
                    publisher.write_all(answers.as_bytes()).await.unwrap();
                }
            };
            let unanswered = async {
                let _subscriber = listener.accept().await.unwrap();
                std::future::pending::<()>().await;
            };
            tokio::join!(answered, unanswered);
        };
        let begun = std::time::Instant::now();
        let refused = tokio::select! {
            connected = RelayLink::connect(&url) => connected.err(),
            () = silent => None,
        };
        assert!(matches!(refused, Some(RelayError::Late(_))), "{refused:?}");
        assert!(begun.elapsed() >= CONNECT_LIMIT);
    }

    /// Answers as Redis does, a second late to what is published.
    async fn answer(mut client: TcpStream) {
        let mut bytes = [0; 1_024];
        while let Ok(count @ 1..) = client.read(&mut bytes).await {
            let text = String::from_utf8_lossy(&bytes[..count]);
            let mut answers = "+OK\r\n".repeat(text.matches("CLIENT").count());
            if text.contains("SUBSCRIBE") {
                answers += "*3\r\n$9\r\nsubscribe\r\n$11\r\ncc:frames:0\r\n:1\r\n";
            }
            if text.contains("PUBLISH") {
                sleep(Duration::from_secs(1)).await;
                answers += ":0\r\n";
            }
            client.write_all(answers.as_bytes()).await.unwrap();
        }
    }

    #[tokio::test]
    async fn a_redis_that_takes_a_frame_late_is_no_reason_to_subscribe_anew() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("redis://{}/0", listener.local_addr().unwrap());
        tokio::spawn(async move {
            loop {
                let (client, _) = listener.accept().await.unwrap();
                tokio::spawn(answer(client));
            }
        });
        let mut link = RelayLink::connect(&url).await.unwrap();
        let relay = Relay::default();
        relay.send(RelayedKind::Personal(UserId(Uuid::nil())), &"x".into());
        let mut queue = relay.take().unwrap();
        let sent = link.next(&mut queue, Duration::from_millis(100)).await;
        assert!(matches!(sent, Ok(None)), "{sent:?}");
        assert!(queue.is_empty());
    }

    #[tokio::test]
    async fn a_full_queue_leaves_frames_out_and_does_not_wait() {
        let relay = Relay::default();
        for _ in 0..CAPACITY + 9 {
            relay.send(RelayedKind::Personal(UserId(Uuid::nil())), &"x".into());
        }
        let mut queue = relay.take().unwrap();
        assert!(relay.take().is_none());
        let mut frames = Vec::new();
        while queue.try_recv().is_ok_and(|frame| {
            frames.push(frame);
            true
        }) {}
        assert_eq!(frames.len(), CAPACITY);
    }
}
