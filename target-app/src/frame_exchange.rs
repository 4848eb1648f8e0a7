//! The worker that exchanges frames with the other instances: messages of chat rooms and notifications
//! go to their sockets, and theirs come to ours, while `chat.fanout` says so.

use std::time::Duration;

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

/// Works until `stop`.
pub(crate) async fn run(state: AppState, stop: CancellationToken) {
    let Some(mut queue) = state.hub().relay().take() else {
        return;
    };
    let work = async {
        loop {
            if is_wanted(&state)
                && let Err(error) = link(&state, &mut queue).await
            {
                tracing::warn!(%error, "messages and notifications do not reach other instances until Redis answers");
            }
            sleep(PAUSE).await;
        }
    };
    stop.run_until_cancelled(work).await;
}

fn is_wanted(state: &AppState) -> bool {
    state.engine().policies.chat.fanout == Fanout::Redis
}

/// Carries frames both ways while that is wanted.
async fn link(
    state: &AppState,
    queue: &mut mpsc::Receiver<RelayedFrame>,
) -> Result<(), RelayError> {
    let url = state.engines().parts().redis_url.expose_secret();
    let mut link = RelayLink::connect(url).await?;
    while is_wanted(state) {
        if let Some(frame) = link.next(queue, PAUSE).await? {
            state.hub().deliver_relayed(&frame);
        }
    }
    Ok(())
}
