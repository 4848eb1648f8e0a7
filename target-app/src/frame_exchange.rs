//! The worker that exchanges frames with the other instances: messages of chat rooms and notifications
//! go to their sockets, and theirs come to ours, while `chat.fanout` says so.

use std::{mem, time::Duration};

use secrecy::ExposeSecret as _;
use shared::profile::Fanout;
use tokio::{sync::mpsc, time::sleep};
use tokio_util::sync::CancellationToken;

use crate::{
    realtime::{RelayError, RelayLink, RelayedFrame},
    state::AppState,
};

/// How soon a turned switch is noticed, and a lost connection made again.
const PAUSE: Duration = Duration::from_millis(250);
/// How often is looked, once the process stops, whether anybody is still at work.
const LAST_PAUSE: Duration = Duration::from_millis(10);
/// Longest time that the process then waits for frames to leave.
const LAST_FRAMES: Duration = Duration::from_secs(5);

/// Works until `stop`, and then for whoever is still at work: what sockets, requests and workers store at the
/// end is for sockets of other processes too.
pub(crate) async fn run(state: AppState, stop: CancellationToken) {
    let Some(mut queue) = state.hub().relay().take() else {
        return;
    };
    let mut outage = Outage::default();
    let work = async {
        loop {
            if is_wanted(&state)
                && let Err(error) = link(&state, &stop, &mut queue, &mut outage).await
                && outage.begins()
            {
                tracing::warn!(%error, "messages and notifications do not reach other instances until Redis answers");
            }
            if stop.run_until_cancelled(sleep(PAUSE)).await.is_none() {
                return;
            }
        }
    };
    let too_long = async {
        stop.cancelled().await;
        sleep(LAST_FRAMES).await;
    };
    tokio::select! {
        () = work => {}
        () = too_long => tracing::warn!(
            "messages and notifications of the last moment may not have reached other instances"
        ),
    }
}

/// Whether Redis is known to be away: it is tried several times a second, and the log is to say so once.
#[derive(Debug, Default)]
struct Outage(bool);

impl Outage {
    /// Notes that Redis is away; whether that is news.
    fn begins(&mut self) -> bool {
        !mem::replace(&mut self.0, true)
    }

    /// Notes that it answers; whether that is news.
    fn ends(&mut self) -> bool {
        mem::take(&mut self.0)
    }
}

fn is_wanted(state: &AppState) -> bool {
    state.engine().policies.chat.fanout == Fanout::Redis
}

/// Whether the process stops and nobody can add to what is queued: no socket, and nobody who holds the engine, as
/// requests and workers do until they have pushed what they wrote.
fn is_over(
    state: &AppState,
    stop: &CancellationToken,
    queue: &mpsc::Receiver<RelayedFrame>,
) -> bool {
    // The queue last: what was pushed before the engine was let go is in it.
    stop.is_cancelled()
        && state.hub().snapshot().sockets == 0
        && state.engines().is_idle()
        && queue.is_empty()
}

/// Carries frames both ways while that is wanted.
async fn link(
    state: &AppState,
    stop: &CancellationToken,
    queue: &mut mpsc::Receiver<RelayedFrame>,
    outage: &mut Outage,
) -> Result<(), RelayError> {
    let url = state.engines().parts().redis_url.expose_secret();
    let mut link = RelayLink::connect(url).await?;
    if outage.ends() {
        tracing::info!("messages and notifications reach other instances again");
    }
    while is_wanted(state) && !is_over(state, stop, queue) {
        link.check().await?;
        let limit = if stop.is_cancelled() {
            LAST_PAUSE
        } else {
            PAUSE
        };
        if let Some(frame) = link.next(queue, limit).await? {
            state.hub().deliver_relayed(&frame);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outage_is_news_at_its_begin_and_at_its_end() {
        let mut outage = Outage::default();
        assert!(!outage.ends());
        assert!(outage.begins());
        assert!(!outage.begins());
        assert!(outage.ends());
        assert!(!outage.ends());
        assert!(outage.begins());
    }
}
