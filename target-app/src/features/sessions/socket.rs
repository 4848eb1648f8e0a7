//! One signalling connection from its upgrade to its end.

use std::time::Duration;

use axum::extract::ws::WebSocket;
use shared::{api::sessions::SessionView, ids::UserId};

use super::{
    frames::{self, NO_FRAME},
    relay::{ENDED, Participant},
    signals::{SessionHandle, SessionSide},
};
use crate::{
    realtime::{SocketEnd, SocketKind, SocketLifetime, SocketPlace, Wire, serve},
    state::AppState,
};

/// Signals of a video class.
pub(super) const KIND: SocketKind = SocketKind {
    name: "sessions",
    most: 10_000,
};

/// Serves one connection to its end.
pub(super) async fn run(
    socket: WebSocket,
    state: AppState,
    session: SessionView,
    who: (UserId, SessionSide),
    handle: SessionHandle,
    place: SocketPlace,
) {
    let mut wire = Wire::new(socket, NO_FRAME);
    let lifetime = SocketLifetime {
        good_for: (session.expires_at - state.clock().now())
            .to_std()
            .unwrap_or(Duration::ZERO),
        over: ENDED,
        revoked: place.revoked().clone(),
    };
    // In a scope of its own: the session is left before the closing handshake, which may take a while.
    let end = match Participant::enter(state.clone(), &session, who, handle) {
        None => ENDED,
        Some((mut participant, joined)) => {
            let greeted = async {
                wire.queue(frames::write(&joined)).await?;
                wire.flush().await
            };
            match greeted.await {
                Ok(()) => serve(&mut wire, &mut participant, state.shutdown(), lifetime).await,
                Err(end) => end,
            }
        }
    };
    tracing::debug!(session.id = %session.id, user.id = %who.0, ?end, "signalling ended");
    if let SocketEnd::Close(code, reason) = end {
        wire.close(code, reason).await;
    }
    // Until here it is a socket of the account.
    drop(place);
}
