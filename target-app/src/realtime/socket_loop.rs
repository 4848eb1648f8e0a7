//! The loop of one connection: its limits, and what ends it.

use std::{convert::Infallible, time::Duration};

use shared::api::socket::close;
use tokio::time::{Instant, MissedTickBehavior, interval_at, sleep, sleep_until};
use tokio_util::sync::CancellationToken;

use super::{
    rate_limiter::RateLimiter,
    wire::{SocketEnd, Wire, WireEvent},
};

/// How often the server sends a ping.
const PING_EVERY: Duration = Duration::from_secs(30);
/// Silence after which a client counts as gone; three pings went unanswered by then.
const IDLE_AFTER: Duration = Duration::from_secs(90);
/// Frames that one client may send a second, of any kind; the rest waits in its own buffers.
const FRAMES_PER_SECOND: u32 = 200;
/// What is under way may take so long once a connection is to end. The end of the process waits longer for sockets
/// (`shutdown::GRACE`), and for frames to other processes (`frame_exchange`), of which what is stored last is one.
const FINISH_LIMIT: Duration = Duration::from_secs(4);
/// Queued items that leave in one go before the client is listened to again.
const BURST: usize = 64;

/// What is on the server's side of a connection.
pub trait SocketSide: Send + Sync {
    /// What waits to be sent to the client.
    type Item: Send;

    /// The next item; nothing is lost when the wait is cut short.
    fn next(&self) -> impl Future<Output = Self::Item> + Send;

    /// The next item, if one waits.
    fn try_next(&self) -> Option<Self::Item>;

    /// Sends an item.
    fn deliver(
        &mut self,
        wire: &mut Wire,
        item: Self::Item,
    ) -> impl Future<Output = Result<(), SocketEnd>> + Send;

    /// Handles a client's text.
    fn handle(
        &mut self,
        wire: &mut Wire,
        text: &str,
    ) -> impl Future<Output = Result<(), SocketEnd>> + Send;

    /// Looks with each ping whether the connection may go on.
    fn check(&mut self) -> impl Future<Output = Result<(), SocketEnd>> + Send {
        async { Ok(()) }
    }
}

/// How long a connection may last.
#[derive(Debug, Clone)]
pub struct SocketLifetime {
    /// From its begin.
    pub good_for: Duration,
    /// How it ends then.
    pub over: SocketEnd,
    /// Ends it at once: the account of the client may have no connection any more.
    pub revoked: CancellationToken,
}

/// Serves one connection until something ends it.
pub async fn serve(
    wire: &mut Wire,
    side: &mut impl SocketSide,
    shutdown: &CancellationToken,
    lifetime: SocketLifetime,
) -> SocketEnd {
    let outcome = tokio::select! {
        outcome = run(wire, side, shutdown, &lifetime) => outcome,
        // Cuts off what is under way, or a client could put its end off by reading slowly. What changes
        // data is shielded and goes on to its end.
        () = lifetime.revoked.cancelled() => Err(SocketEnd::REVOKED),
        end = overdue(shutdown, &lifetime) => Err(end),
    };
    match outcome {
        Ok(never) => match never {},
        Err(end) => end,
    }
}

/// How a connection ends that is there still a moment after it was to end, because its client reads slowly or
/// what it asked for takes long.
async fn overdue(shutdown: &CancellationToken, lifetime: &SocketLifetime) -> SocketEnd {
    let end = tokio::select! {
        () = shutdown.cancelled() => SocketEnd::GOING_AWAY,
        () = sleep(lifetime.good_for) => lifetime.over,
    };
    sleep(FINISH_LIMIT).await;
    end
}

async fn run(
    wire: &mut Wire,
    side: &mut impl SocketSide,
    shutdown: &CancellationToken,
    lifetime: &SocketLifetime,
) -> Result<Infallible, SocketEnd> {
    let begin = Instant::now();
    let mut limiter = RateLimiter::new(FRAMES_PER_SECOND, begin);
    let mut pings = interval_at(begin + PING_EVERY, PING_EVERY);
    pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let expiry = sleep(lifetime.good_for);
    let mut heard = begin;
    // Moved only when it fires: a busy socket would otherwise set a timer for every frame.
    let silence = sleep_until(heard + IDLE_AFTER);
    tokio::pin!(expiry, silence);
    loop {
        let free = limiter.ready_at();
        let listening = free <= Instant::now();
        tokio::select! {
            () = shutdown.cancelled() => return Err(SocketEnd::GOING_AWAY),
            () = &mut expiry => return Err(lifetime.over),
            () = &mut silence => {
                let due = heard + IDLE_AFTER;
                if due <= Instant::now() {
                    return Err(SocketEnd::Close(close::IDLE, "nothing was heard for 90 seconds"));
                }
                silence.as_mut().reset(due);
            }
            _ = pings.tick() => {
                wire.ping().await?;
                side.check().await?;
            }
            item = side.next() => side.deliver(wire, item).await?,
            () = sleep_until(free), if !listening => {}
            event = wire.receive(), if listening => {
                heard = Instant::now();
                // Pings and pongs too: each is answered, and costs as much as a short text.
                limiter.take(heard);
                if let WireEvent::Text(text) = event? {
                    side.handle(wire, &text).await?;
                }
            }
        }
        for _ in 0..BURST {
            let Some(item) = side.try_next() else { break };
            side.deliver(wire, item).await?;
        }
        wire.flush().await?;
    }
}
