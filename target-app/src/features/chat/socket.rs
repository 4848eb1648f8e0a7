//! One connection from its upgrade to its end: its loop, its limits, and what ends it.

use std::time::Duration;

use axum::extract::ws::WebSocket;
use shared::{api::chat::close, ids::UserId};
use tokio::time::{Instant, MissedTickBehavior, interval_at, sleep, sleep_until};

use super::{
    conversation::Conversation,
    wire::{SocketEnd, Wire, WireEvent},
};
use crate::{realtime::RateLimiter, state::AppState};

/// How often the server sends a ping.
const PING_EVERY: Duration = Duration::from_secs(30);
/// Silence after which a client counts as gone; three pings went unanswered by then.
const IDLE_AFTER: Duration = Duration::from_secs(90);
/// Frames that one client may send a second, of any kind; the rest waits in its own buffers.
const FRAMES_PER_SECOND: u32 = 200;
/// Queued messages that leave in one go before the client is listened to again.
const BURST: usize = 64;

/// Serves one connection to its end. `good_for` is how long its access token still is.
pub(super) async fn run(socket: WebSocket, state: AppState, user: UserId, good_for: Duration) {
    let mut wire = Wire::new(socket);
    // In a scope of its own: the rooms are left before the closing handshake, which may take a while.
    let end = {
        let mut conversation = Conversation::new(state.clone(), user);
        match serve(&mut wire, &mut conversation, &state, good_for).await {
            Ok(never) => match never {},
            Err(end) => end,
        }
    };
    tracing::debug!(user.id = %user, ?end, "socket ended");
    if let SocketEnd::Close(code, reason) = end {
        wire.close(code, reason).await;
    }
}

async fn serve(
    wire: &mut Wire,
    conversation: &mut Conversation,
    state: &AppState,
    good_for: Duration,
) -> Result<std::convert::Infallible, SocketEnd> {
    let begin = Instant::now();
    let mut limiter = RateLimiter::new(FRAMES_PER_SECOND, begin);
    let mut pings = interval_at(begin + PING_EVERY, PING_EVERY);
    pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let expiry = sleep(good_for);
    let mut heard = begin;
    // Moved only when it fires: a busy socket would otherwise set a timer for every frame.
    let silence = sleep_until(heard + IDLE_AFTER);
    tokio::pin!(expiry, silence);
    loop {
        let free = limiter.ready_at();
        let listening = free <= Instant::now();
        tokio::select! {
            () = state.shutdown().cancelled() => return Err(SocketEnd::GOING_AWAY),
            () = &mut expiry => {
                return Err(SocketEnd::Close(close::TOKEN_EXPIRED, "the access token expired"));
            }
            () = &mut silence => {
                let due = heard + IDLE_AFTER;
                if due <= Instant::now() {
                    return Err(SocketEnd::Close(close::IDLE, "nothing was heard for 90 seconds"));
                }
                silence.as_mut().reset(due);
            }
            _ = pings.tick() => wire.ping().await?,
            item = conversation.next() => conversation.deliver(wire, item).await?,
            () = sleep_until(free), if !listening => {}
            event = wire.receive(), if listening => {
                heard = Instant::now();
                // Pings and pongs too: each is answered, and costs as much as a short text.
                limiter.take(heard);
                if let WireEvent::Text(text) = event? {
                    conversation.handle(wire, &text).await?;
                }
            }
        }
        conversation.deliver_waiting(wire, BURST).await?;
        wire.flush().await?;
    }
}
