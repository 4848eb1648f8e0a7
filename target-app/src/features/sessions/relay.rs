//! One participant's side of a session: what the other one signals, and the effect of each own frame.

use shared::{
    api::sessions::{RelayFrame, SessionView, close},
    ids::{SessionId, UserId},
    problem::Code,
};

use super::{
    frames::{self, Signal},
    service,
    signals::{
        PresenceFrames, RelayRefusal, SessionHandle, SessionSide, SignalEvent, SignalSocket,
    },
};
use crate::{
    metrics,
    realtime::{SocketEnd, SocketSide, Wire},
    state::AppState,
    timing::Timing,
};

/// How a connection ends whose session has ended.
pub(super) const ENDED: SocketEnd = SocketEnd::Close(close::ENDED, "the session has ended");
/// How a connection ends whose participant has a newer one.
const REPLACED: SocketEnd =
    SocketEnd::Close(close::REPLACED, "the same participant has a newer socket");
/// How a connection ends whose client reads too slowly.
const OVERFLOW: SocketEnd = SocketEnd::Close(close::POLICY, "too much waits to be read");

/// One participant's side of a session.
pub(super) struct Participant {
    state: AppState,
    session: SessionId,
    user: UserId,
    socket: SignalSocket,
}

impl Participant {
    /// Takes the place of a participant; `None` if the session has ended meanwhile.
    pub(super) fn enter(
        state: AppState,
        session: &SessionView,
        (user, side): (UserId, SessionSide),
        handle: SessionHandle,
    ) -> Option<(Self, RelayFrame)> {
        let presence = PresenceFrames {
            joined: frames::write(&RelayFrame::PeerJoined { peer: user }),
            left: frames::write(&RelayFrame::PeerLeft { peer: user }),
        };
        let socket = handle.attach(side, presence)?;
        let joined = RelayFrame::Joined {
            session: session.id,
            peer_present: socket.peer_present(),
        };
        let participant = Self {
            state,
            session: session.id,
            user,
            socket,
        };
        Some((participant, joined))
    }

    async fn carry_out(&mut self, wire: &mut Wire, text: &str) -> Result<(), SocketEnd> {
        let (frame, kind) = match frames::read(text, self.user)? {
            Signal::Ping(nonce) => {
                return wire.queue(frames::write(&RelayFrame::Pong { nonce })).await;
            }
            Signal::Relay(frame, kind) => (frame, kind),
        };
        let (outcome, refusal) = match self.socket.relay(frames::write(&frame)) {
            Ok(()) => ("relayed", None),
            Err(RelayRefusal::PeerAbsent) => (
                "peer_absent",
                Some(frames::refusal(
                    Code::PeerAbsent,
                    "the other participant is not connected; signal again when they join",
                )),
            ),
            Err(RelayRefusal::PeerSlow) => (
                "peer_slow",
                Some(frames::refusal(
                    Code::Overloaded,
                    "too many signals wait for the other participant; send this one again",
                )),
            ),
        };
        metrics::signal(kind.as_str(), outcome);
        match refusal {
            Some(refusal) => wire.queue(frames::write(&refusal)).await,
            None => Ok(()),
        }
    }
}

impl SocketSide for Participant {
    type Item = SignalEvent;

    async fn next(&self) -> SignalEvent {
        self.socket.waiting().next().await
    }

    fn try_next(&self) -> Option<SignalEvent> {
        self.socket.waiting().try_next()
    }

    async fn deliver(&mut self, wire: &mut Wire, event: SignalEvent) -> Result<(), SocketEnd> {
        match event {
            SignalEvent::Frame(frame) => wire.queue(frame).await,
            SignalEvent::Ended => {
                wire.queue(frames::write(&RelayFrame::Ended)).await?;
                Err(ENDED)
            }
            SignalEvent::Replaced => Err(REPLACED),
            SignalEvent::Overflow => Err(OVERFLOW),
        }
    }

    /// Handles a client's text, and counts it as a request.
    async fn handle(&mut self, wire: &mut Wire, text: &str) -> Result<(), SocketEnd> {
        let outcome = self.carry_out(wire, text).await;
        // A relay asks neither database nor cache.
        self.state
            .http()
            .api_answered(None, &Timing::default().read());
        outcome
    }

    /// A session may also be ended by another process, or by the cancellation of its booking.
    async fn check(&mut self) -> Result<(), SocketEnd> {
        let Ok(engine) = self.state.admit() else {
            return Ok(());
        };
        match service::get(&engine, self.user, self.session).await {
            Ok(session) if session.ended_at.is_some() => Err(ENDED),
            Ok(_) => Ok(()),
            Err(error) if error.code() == Code::NotFound => Err(ENDED),
            // The database does not answer: the next check decides.
            Err(error) => {
                tracing::debug!(%error, "a session was not looked at");
                Ok(())
            }
        }
    }
}
