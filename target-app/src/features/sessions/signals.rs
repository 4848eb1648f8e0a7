//! Signalling between the two participants of a video class: what one sends, the other receives, and no
//! third one can.
//!
//! One process only: both sockets of a session have to be on the same instance, as rooms of chat have to
//! be for what is not stored. Nothing is stored here, and nothing is lost silently: a signal that cannot
//! be queued is refused to its sender.

use std::{
    collections::HashMap,
    fmt,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

use shared::ids::SessionId;

use crate::realtime::{FrameText, PostOutcome, WaitingItems};

/// Most signals that wait for one socket.
const CAPACITY: usize = 64;
/// Most items that wait for it, with what the server says of its peer.
const MAX_WAITING: usize = 2 * CAPACITY;

/// One of the two participants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SessionSide {
    /// The student of the booking.
    Student,
    /// Its mentor.
    Mentor,
}

impl SessionSide {
    const fn index(self) -> usize {
        match self {
            Self::Student => 0,
            Self::Mentor => 1,
        }
    }

    const fn other(self) -> Self {
        match self {
            Self::Student => Self::Mentor,
            Self::Mentor => Self::Student,
        }
    }
}

/// What waits for a signalling socket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum SignalEvent {
    /// A frame for its client.
    Frame(FrameText),
    /// The session has ended; nothing comes after it.
    Ended,
    /// The same participant opened a newer socket; nothing comes after it.
    Replaced,
    /// Too much waits for this client; nothing comes after it.
    Overflow,
}

/// Why a signal was not relayed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RelayRefusal {
    /// The other participant is not connected.
    PeerAbsent,
    /// Too many signals wait for the other participant.
    PeerSlow,
}

/// What the other participant is sent about a socket.
#[derive(Debug, Clone)]
pub(super) struct PresenceFrames {
    /// When it opens.
    pub(super) joined: FrameText,
    /// When it closes.
    pub(super) left: FrameText,
}

/// All sessions with sockets in this process; clones share them.
#[derive(Clone, Default)]
pub(super) struct SignalHub(Arc<SignalCalls>);

#[derive(Default)]
struct SignalCalls {
    calls: Mutex<HashMap<SessionId, Call>>,
    last_number: AtomicU64,
    sockets: AtomicU64,
}

#[derive(Default)]
struct Call {
    /// Handles and sockets; the entry goes with the last of them.
    holders: usize,
    ended: bool,
    ends: [Option<CallEnd>; 2],
}

struct CallEnd {
    number: u64,
    waiting: Arc<WaitingItems<SignalEvent>>,
    left: FrameText,
}

impl CallEnd {
    /// Queues what the server says; a client that does not read is given up, which `false` says.
    fn announce(&self, frame: FrameText) -> bool {
        if self.waiting.push(SignalEvent::Frame(frame), MAX_WAITING) == PostOutcome::Queued {
            return true;
        }
        self.last(SignalEvent::Overflow);
        false
    }

    /// Queues the last item of this socket, whatever waits before it.
    fn last(&self, event: SignalEvent) {
        self.waiting.push(event, usize::MAX);
    }
}

impl SignalHub {
    /// Begins to hold a session, before the database is asked whether it is live: an end that comes
    /// after the answer is then not missed.
    pub(super) fn enter(&self, session: SessionId) -> SessionHandle {
        lock(&self.0.calls).entry(session).or_default().holders += 1;
        SessionHandle {
            hub: self.0.clone(),
            session,
        }
    }

    /// Ends the sockets of a session.
    pub(super) fn end(&self, session: SessionId) {
        if let Some(call) = lock(&self.0.calls).get_mut(&session) {
            call.ended = true;
            for end in call.ends.iter_mut().filter_map(Option::take) {
                end.last(SignalEvent::Ended);
            }
        }
    }

    /// Open sockets.
    pub(super) fn sockets(&self) -> u64 {
        self.0.sockets.load(Relaxed)
    }
}

impl fmt::Debug for SignalHub {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignalHub")
            .field("sockets", &self.sockets())
            .finish_non_exhaustive()
    }
}

/// A session that is held, so that its end is noticed.
pub(super) struct SessionHandle {
    hub: Arc<SignalCalls>,
    session: SessionId,
}

impl SessionHandle {
    /// A socket of one participant; in place of an older one of theirs. `None`: the session has ended
    /// meanwhile.
    pub(super) fn attach(self, side: SessionSide, frames: PresenceFrames) -> Option<SignalSocket> {
        let waiting = Arc::<WaitingItems<SignalEvent>>::default();
        let number = self.hub.last_number.fetch_add(1, Relaxed) + 1;
        let peer_present = {
            let mut calls = lock(&self.hub.calls);
            let call = calls.entry(self.session).or_default();
            if call.ended {
                return None;
            }
            let end = CallEnd {
                number,
                waiting: waiting.clone(),
                left: frames.left,
            };
            if let Some(older) = call.ends[side.index()].replace(end) {
                older.last(SignalEvent::Replaced);
            }
            announce(&mut call.ends[side.other().index()], frames.joined)
        };
        self.hub.sockets.fetch_add(1, Relaxed);
        Some(SignalSocket {
            handle: self,
            side,
            number,
            waiting,
            peer_present,
        })
    }
}

impl Drop for SessionHandle {
    fn drop(&mut self) {
        let mut calls = lock(&self.hub.calls);
        if let Some(call) = calls.get_mut(&self.session) {
            call.holders -= 1;
            if call.holders == 0 {
                calls.remove(&self.session);
            }
        }
    }
}

/// Sends a frame to a participant who is connected; whether there is one afterwards.
fn announce(end: &mut Option<CallEnd>, frame: FrameText) -> bool {
    let reads = end.as_ref().is_some_and(|end| end.announce(frame));
    if !reads {
        *end = None;
    }
    reads
}

/// A connected participant's side; dropping it leaves the session.
pub(super) struct SignalSocket {
    handle: SessionHandle,
    side: SessionSide,
    number: u64,
    waiting: Arc<WaitingItems<SignalEvent>>,
    peer_present: bool,
}

impl SignalSocket {
    /// Whether the other participant was connected when this socket was attached.
    pub(super) fn peer_present(&self) -> bool {
        self.peer_present
    }

    /// What waits for this socket.
    pub(super) fn waiting(&self) -> &WaitingItems<SignalEvent> {
        &self.waiting
    }

    /// Queues a signal for the other participant, who receives what this socket sends in its order.
    pub(super) fn relay(&self, frame: FrameText) -> Result<(), RelayRefusal> {
        let calls = lock(&self.handle.hub.calls);
        let call = calls.get(&self.handle.session);
        // A socket that was replaced does not speak for its participant any more.
        let own = call.and_then(|call| call.ends[self.side.index()].as_ref());
        if own.is_none_or(|own| own.number != self.number) {
            return Err(RelayRefusal::PeerAbsent);
        }
        let peer = call.and_then(|call| call.ends[self.side.other().index()].as_ref());
        let peer = peer.ok_or(RelayRefusal::PeerAbsent)?;
        match peer.waiting.push(SignalEvent::Frame(frame), CAPACITY) {
            PostOutcome::Queued => Ok(()),
            PostOutcome::Full => Err(RelayRefusal::PeerSlow),
        }
    }
}

impl Drop for SignalSocket {
    fn drop(&mut self) {
        self.handle.hub.sockets.fetch_sub(1, Relaxed);
        let mut calls = lock(&self.handle.hub.calls);
        let Some(call) = calls.get_mut(&self.handle.session) else {
            return;
        };
        let own = &mut call.ends[self.side.index()];
        if let Some(left) = own.take_if(|own| own.number == self.number) {
            announce(&mut call.ends[self.side.other().index()], left.left);
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nothing that can panic runs under this lock, so what it guards is whole even then.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn session(n: u128) -> SessionId {
        SessionId(uuid::Uuid::from_u128(n))
    }

    fn attach(hub: &SignalHub, n: u128, side: SessionSide) -> SignalSocket {
        let frames = PresenceFrames {
            joined: "joined".into(),
            left: "left".into(),
        };
        hub.enter(session(n)).attach(side, frames).unwrap()
    }

    fn heard(socket: &SignalSocket) -> Vec<SignalEvent> {
        std::iter::from_fn(|| socket.waiting().try_next()).collect()
    }

    fn frame(text: &str) -> SignalEvent {
        SignalEvent::Frame(text.to_owned().into())
    }

    #[test]
    fn signals_reach_the_other_participant_of_the_same_session_in_order_and_no_one_else() {
        let hub = SignalHub::default();
        let student = attach(&hub, 1, SessionSide::Student);
        assert!(!student.peer_present());
        assert_eq!(student.relay("x".into()), Err(RelayRefusal::PeerAbsent));
        let mentor = attach(&hub, 1, SessionSide::Mentor);
        assert!(mentor.peer_present());
        let others = [SessionSide::Student, SessionSide::Mentor].map(|side| attach(&hub, 2, side));
        student.relay("offer".into()).unwrap();
        student.relay("ice".into()).unwrap();
        mentor.relay("answer".into()).unwrap();
        assert_eq!(heard(&mentor), [frame("offer"), frame("ice")]);
        assert_eq!(heard(&student), [frame("joined"), frame("answer")]);
        assert_eq!(heard(&others[0]), [frame("joined")]);
        assert_eq!(heard(&others[1]), []);
    }

    #[test]
    fn the_peer_hears_of_a_socket_that_leaves_and_nothing_stays_behind() {
        let hub = SignalHub::default();
        let (student, mentor) = (
            attach(&hub, 1, SessionSide::Student),
            attach(&hub, 1, SessionSide::Mentor),
        );
        assert_eq!(hub.sockets(), 2);
        drop(student);
        assert_eq!(heard(&mentor), [frame("left")]);
        assert_eq!(mentor.relay("x".into()), Err(RelayRefusal::PeerAbsent));
        drop(mentor);
        assert!(lock(&hub.0.calls).is_empty());
        assert_eq!(hub.sockets(), 0);
    }

    #[test]
    fn a_newer_socket_takes_the_place_of_the_older_one() {
        let hub = SignalHub::default();
        let mentor = attach(&hub, 1, SessionSide::Mentor);
        let older = attach(&hub, 1, SessionSide::Student);
        let newer = attach(&hub, 1, SessionSide::Student);
        assert_eq!(heard(&older), [SignalEvent::Replaced]);
        assert_eq!(older.relay("x".into()), Err(RelayRefusal::PeerAbsent));
        drop(older);
        mentor.relay("y".into()).unwrap();
        assert_eq!(heard(&newer), [frame("y")]);
        assert_eq!(heard(&mentor), [frame("joined"), frame("joined")]);
    }

    #[test]
    fn an_end_reaches_sockets_that_are_open_and_those_about_to_open() {
        let hub = SignalHub::default();
        let student = attach(&hub, 1, SessionSide::Student);
        let late = hub.enter(session(1));
        hub.end(session(1));
        hub.end(session(2));
        assert_eq!(heard(&student), [SignalEvent::Ended]);
        let frames = PresenceFrames {
            joined: "joined".into(),
            left: "left".into(),
        };
        assert!(late.attach(SessionSide::Mentor, frames).is_none());
        drop(student);
        assert!(lock(&hub.0.calls).is_empty());
    }

    #[test]
    fn what_does_not_fit_is_refused_and_a_client_that_reads_nothing_is_given_up() {
        let hub = SignalHub::default();
        let student = attach(&hub, 1, SessionSide::Student);
        let mentor = attach(&hub, 1, SessionSide::Mentor);
        for _ in 0..CAPACITY {
            student.relay("ice".into()).unwrap();
        }
        assert_eq!(student.relay("ice".into()), Err(RelayRefusal::PeerSlow));
        for _ in 0..MAX_WAITING {
            drop(attach(&hub, 1, SessionSide::Student));
        }
        let all = heard(&mentor);
        assert_eq!(all.len(), MAX_WAITING + 1);
        assert_eq!(all.last(), Some(&SignalEvent::Overflow));
        let again = attach(&hub, 1, SessionSide::Student);
        assert!(!again.peer_present());
    }
}
