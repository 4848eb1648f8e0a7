//! One connection from its upgrade to its end.

use std::time::Duration;

use axum::extract::ws::WebSocket;
use shared::{api::chat::close, ids::UserId};

use super::conversation::{BAD_FRAME, Conversation};
use crate::{
    realtime::{SocketEnd, SocketKind, SocketLifetime, SocketPlace, Wire, serve},
    state::AppState,
};

/// Rooms of chat, and notifications.
pub(super) const KIND: SocketKind = SocketKind {
    name: "chat",
    most: 20_000,
};
/// How a connection ends whose token has expired.
const EXPIRED: SocketEnd = SocketEnd::Close(close::TOKEN_EXPIRED, "the access token expired");

/// Serves one connection to its end. `good_for` is how long its access token still is.
pub(super) async fn run(
    socket: WebSocket,
    state: AppState,
    (user, place): (UserId, SocketPlace),
    good_for: Duration,
) {
    let mut wire = Wire::new(socket, BAD_FRAME);
    let lifetime = SocketLifetime {
        good_for,
        over: EXPIRED,
        revoked: place.revoked().clone(),
    };
    // In a scope of its own: the rooms are left before the closing handshake, which may take a while.
    let end = {
        let mut conversation = Conversation::new(state.clone(), user);
        serve(&mut wire, &mut conversation, state.shutdown(), lifetime).await
    };
    tracing::debug!(user.id = %user, ?end, "socket ended");
    if let SocketEnd::Close(code, reason) = end {
        wire.close(code, reason).await;
    }
    // Until here it is a socket of the account.
    drop(place);
}
