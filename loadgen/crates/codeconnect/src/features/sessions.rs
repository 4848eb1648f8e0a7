//! Video classes: one virtual user is both participants. They initiate the class of a seeded booking, join
//! it over a socket each, signal offer, answer and ICE candidates to each other, and end it.
//!
//! A signal is measured from its send at one end to its arrival at the other. Errors are a second session
//! of a class that is live, a signal that does not arrive as it was sent, and a class that ends without
//! its recording.

use std::time::Duration;

use rand::RngExt as _;
use shared::{
    api::{
        recordings::RecordingView,
        sessions::{JoinGrant, RelayFrame, SessionRequest, SessionView, SignalFrame},
    },
    dataset::{self, CLASS_MENTORS, CLASS_STUDENTS, RowKind},
    ids::{BookingId, UserId},
    paths,
};

use crate::flows::{
    AccountToken, AppFlow, AppIteration, FeatureFlows, Op, Reservation, World, until_failure,
};
use loadgen_engine::{
    check::{self, Mismatch, Reply},
    flow::{Access, Failed, Settled},
    request::Request,
    sample::Outcome,
};

/// Candidates that each participant signals.
const CANDIDATES: u32 = 2;
/// Share of classes that both participants initiate: the second is to get the session of the first.
const BOTH: f64 = 0.1;
/// Pause where every class is in use by other virtual users.
pub(super) const NO_CLASS: Duration = Duration::from_millis(50);

pub(super) static INITIATE: Op = Op::post("sessions.initiate");
static JOIN: Op = Op::post("sessions.join");
static CONNECT: Op = Op::message("sessions.connect", Access::Read);
static PRESENT: Op = Op::message("sessions.present", Access::Read);
static OFFER: Op = Op::message("sessions.offer", Access::Read);
static ANSWER: Op = Op::message("sessions.answer", Access::Read);
static ICE: Op = Op::message("sessions.ice", Access::Read);
pub(super) static END: Op = Op::post("sessions.end");
pub(super) static RECORDING: Op = Op::get("sessions.recording");

/// What the load generator knows of this feature.
pub(super) const FEATURE: FeatureFlows = FeatureFlows {
    operations: &[
        &INITIATE, &JOIN, &CONNECT, &PRESENT, &OFFER, &ANSWER, &ICE, &END, &RECORDING,
    ],
    headline: &[&INITIATE, &OFFER],
    flows: &[AppFlow {
        name: "sessions.class",
        help: "a student and a mentor initiate a video class, join it, signal to each other and end it",
        operations: &[
            &INITIATE, &JOIN, &CONNECT, &PRESENT, &OFFER, &ANSWER, &ICE, &END, &RECORDING,
        ],
        needs_sessions: true,
        at_once: 1,
        run: |it| until_failure(class(it)),
    }],
    needs_staff: true,
    ..FeatureFlows::new("sessions", "Video classes")
};

/// One of the two participants.
#[derive(Clone, Copy)]
pub(super) struct ClassMember<'a> {
    id: UserId,
    pub(super) token: &'a AccountToken,
}

/// A class, and who takes part in it.
pub(super) struct Class<'a> {
    pub(super) booking: BookingId,
    pub(super) student: ClassMember<'a>,
    pub(super) mentor: ClassMember<'a>,
}

async fn class(mut it: AppIteration<'_>) -> Option<()> {
    let (both, nonce) = (it.rng.random_bool(BOTH), it.rng.random::<u64>());
    let Some((_reserved, class)) = reserve(it.world, it.user) else {
        it.transport.pause(NO_CLASS).await;
        return None;
    };
    let session = initiate(&mut it, &class, both).await?;
    if meet(&mut it, &class, &session).await {
        signal(&mut it, &class, nonce).await;
    }
    // A session that stayed live would be the next iteration's.
    end(&mut it, &class, &session).await;
    for _ in 0..2 {
        it.transport.socket_close().await;
        it.transport.socket_swap();
    }
    Some(())
}

/// A class that no other virtual user gives now, for as long as it is reserved.
pub(super) fn reserve(world: &World, user: u32) -> Option<(Reservation<'_>, Class<'_>)> {
    let share = world.share;
    let students = || {
        let numbers = world.accounts.iter().map(|account| account.student);
        // A reservation holds within this process: no other one has these classes.
        let is_own = move |student: &u32| share.has(u64::from(*student));
        numbers.filter(move |student| *student < CLASS_STUDENTS && is_own(student))
    };
    // The same user begins with the same class again, so that users hardly ever meet. Users are numbered
    // over all processes.
    let begin = (user / share.of()) as usize % students().count().max(1);
    let order = students().skip(begin).chain(students().take(begin));
    let reserved = world.classes.first(order)?;
    let student = reserved.number();
    let mentor = student % CLASS_MENTORS;
    let account = world.accounts.iter().find(|one| one.student == student)?;
    let mentor_account = world
        .mentor_accounts
        .iter()
        .find(|one| one.mentor == mentor)?;
    let class = Class {
        booking: BookingId(dataset::id(RowKind::ClassBooking, student)),
        student: ClassMember {
            id: account.id,
            token: &account.token,
        },
        mentor: ClassMember {
            id: UserId(dataset::id(RowKind::MentorUser, mentor)),
            token: &mentor_account.token,
        },
    };
    Some((reserved, class))
}

/// Asks for the session of a class; with whether it began just now.
pub(super) async fn begin(
    it: &mut AppIteration<'_>,
    class: &Class<'_>,
    who: ClassMember<'_>,
) -> Option<(SessionView, bool)> {
    let body = SessionRequest {
        booking_id: class.booking,
    };
    let request = Request::post_json(paths::SESSIONS, &body).bearer(&who.token.get());
    it.call(&INITIATE, request, |reply| {
        let session = check_initiated(reply, class)?;
        Ok((session, reply.status == 201))
    })
    .await
}

async fn initiate(it: &mut AppIteration<'_>, class: &Class<'_>, both: bool) -> Option<SessionView> {
    let (session, _) = begin(it, class, class.student).await?;
    if both {
        let body = SessionRequest {
            booking_id: class.booking,
        };
        let request = Request::post_json(paths::SESSIONS, &body).bearer(&class.mentor.token.get());
        it.call(&INITIATE, request, |reply| {
            let same = check_initiated(reply, class)?;
            if reply.status == 200 && same.id == session.id {
                Ok(())
            } else {
                Err(Mismatch::new("the class has two sessions at once"))
            }
        })
        .await?;
    }
    Some(session)
}

/// Opens a socket for each participant; the first one is then the mentor's, the other the student's.
async fn meet(it: &mut AppIteration<'_>, class: &Class<'_>, session: &SessionView) -> bool {
    for who in [class.student, class.mentor] {
        let request = Request::post(paths::with_id(paths::SESSION_JOIN, session.id));
        let grant = it
            .call(&JOIN, request.bearer(&who.token.get()), |reply| {
                check_grant(reply, session)
            })
            .await;
        let Some(grant) = grant else { return false };
        it.transport.socket_swap();
        it.transport.socket_close().await;
        let request = Request::get(grant.url);
        if !it.transport.socket_open(CONNECT.id(), request).await {
            return false;
        }
    }
    let peer = class.student.id;
    it.transport
        .socket_exchange(&[PRESENT.id()], None, &mut |text| {
            settled(text, |frame| match frame {
                RelayFrame::Joined { peer_present, .. } => peer_present.then_some(Ok(())),
                RelayFrame::PeerJoined { peer: joined } if joined == peer => Some(Ok(())),
                _ => None,
            })
        })
        .await
}

/// Offer, answer and candidates, each from one participant to the other.
async fn signal(it: &mut AppIteration<'_>, class: &Class<'_>, nonce: u64) {
    let sdp = description(nonce);
    let offer = SignalFrame::Offer { sdp: sdp.clone() };
    let (student, mentor) = (class.student.id, class.mentor.id);
    let offered = relay(it, &OFFER, &offer, |frame| match frame {
        RelayFrame::Offer { from, sdp: arrived } => Some(from == student && arrived == sdp),
        _ => None,
    });
    if !offered.await {
        return;
    }
    it.transport.socket_swap();
    let answer = SignalFrame::Answer { sdp: sdp.clone() };
    let answered = relay(it, &ANSWER, &answer, |frame| match frame {
        RelayFrame::Answer { from, sdp: arrived } => Some(from == mentor && arrived == sdp),
        _ => None,
    });
    if !answered.await {
        return;
    }
    for n in 0..2 * CANDIDATES {
        // The participants take turns; the next one to hear is the one who has just signalled.
        let from_mentor = n.is_multiple_of(2);
        let sender = if from_mentor { mentor } else { student };
        let wanted = candidate(nonce, n);
        let ice = SignalFrame::Ice {
            candidate: wanted.clone(),
            sdp_mid: Some("0".to_owned()),
            sdp_m_line_index: Some(0),
        };
        let arrived = relay(it, &ICE, &ice, |frame| match frame {
            RelayFrame::Ice {
                from, candidate, ..
            } => Some(from == sender && candidate == wanted),
            _ => None,
        });
        if !arrived.await {
            return;
        }
        it.transport.socket_swap();
    }
}

/// Sends a signal at one end and waits for it at the other. `expected` says of a frame of that kind
/// whether it is this one.
async fn relay(
    it: &mut AppIteration<'_>,
    op: &'static Op,
    signal: &SignalFrame,
    expected: impl Fn(RelayFrame) -> Option<bool>,
) -> bool {
    let text = serde_json::to_string(signal).expect("frames are strings and numbers");
    it.transport
        .socket_relay(&[op.id()], text, &mut |text| {
            settled(text, |frame| {
                let right = expected(frame)?;
                let why = "the signal did not arrive as it was sent";
                let wrong = || (Outcome::BodyMismatch, why.to_owned());
                Some(right.then_some(()).ok_or_else(wrong))
            })
        })
        .await
}

/// What a text settles. That the class or the other side is gone is a refusal, as under an overload; what
/// the protocol does not know is a mismatch.
fn settled(
    text: &str,
    expected: impl Fn(RelayFrame) -> Option<Result<(), Failed>>,
) -> Option<Settled> {
    let refused = |why: String| Err((Outcome::HttpError, why));
    let result = match serde_json::from_str(text) {
        Ok(RelayFrame::Error { code, detail }) => refused(format!("refused: {code}: {detail}")),
        Ok(RelayFrame::Ended) => refused("the session has ended".to_owned()),
        Ok(RelayFrame::PeerLeft { .. }) => refused("the other participant has left".to_owned()),
        Ok(frame) => expected(frame)?,
        Err(error) => Err((
            Outcome::BodyMismatch,
            format!("not a documented frame: {error}"),
        )),
    };
    Some((0, result))
}

/// Ends a session and looks at its recording.
pub(super) async fn end(it: &mut AppIteration<'_>, class: &Class<'_>, session: &SessionView) {
    let request = Request::post(paths::with_id(paths::SESSION_END, session.id));
    let recording = it
        .call(&END, request.bearer(&class.student.token.get()), |reply| {
            let ended: SessionView = check::json(reply, 200)?;
            if ended.id != session.id || ended.ended_at.is_none() {
                return Err(Mismatch::new("the session has not ended"));
            }
            ended
                .recording_id
                .ok_or_else(|| Mismatch::new("the session has ended without a recording"))
        })
        .await;
    let Some(recording) = recording else { return };
    let request = Request::get(paths::with_id(paths::RECORDING, recording));
    it.call(
        &RECORDING,
        request.bearer(&class.mentor.token.get()),
        |reply| {
            let seen: RecordingView = check::json(reply, 200)?;
            if seen.id == recording && seen.booking_id == class.booking && seen.size_bytes > 0 {
                Ok(())
            } else {
                Err(Mismatch::new("the recording is not that of the class"))
            }
        },
    )
    .await;
}

fn check_initiated(reply: &Reply, class: &Class<'_>) -> Result<SessionView, Mismatch> {
    // 200 where it was live already.
    let status = if reply.status == 200 { 200 } else { 201 };
    let session: SessionView = check::json(reply, status)?;
    let is_right = session.booking_id == class.booking
        && session.student_id == class.student.id
        && session.mentor_id == class.mentor.id
        && session.ended_at.is_none()
        && session.recording_id.is_none();
    if is_right {
        Ok(session)
    } else {
        Err(Mismatch::new("the session is not that of the class"))
    }
}

fn check_grant(reply: &Reply, session: &SessionView) -> Result<JoinGrant, Mismatch> {
    let grant: JoinGrant = check::json(reply, 200)?;
    let path = paths::with_id(paths::SESSION_SIGNAL, session.id);
    match grant.url.strip_prefix(&path) {
        Some(query) if query.starts_with('?') && query.ends_with(&grant.token) => Ok(grant),
        _ => Err(Mismatch::new("the token does not lead to this session")),
    }
}

/// A session description of the usual length, which no other class has.
fn description(nonce: u64) -> String {
    let codecs = "a=rtpmap:96 VP8/90000\r\na=rtcp-fb:96 nack pli\r\n".repeat(32);
    format!(
        "v=0\r\no=- {nonce} 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\n{codecs}"
    )
}

fn candidate(nonce: u64, n: u32) -> String {
    format!("candidate:{nonce} {n} udp 2122260223 192.0.2.1 54321 typ host")
}

#[cfg(test)]
mod tests;
