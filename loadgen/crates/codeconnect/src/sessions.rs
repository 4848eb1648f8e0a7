//! Signs the accounts in, once a run, before anything is measured: with few requests at a time,
//! because each costs the target a password hash. Signs in again when tokens are about to end; where a load
//! is longer than they live, while it runs.

use std::{
    fmt,
    time::{Duration, Instant},
};

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use shared::{
    api::{auth::Session, chat::RoomList},
    paths,
};
use tokio::task::AbortHandle;

use super::lab_client::{LabClient, LabError};
use crate::{
    features::auth::{
        admin_login_request, check_admin_login, check_login, check_mentor_login, login_request,
        mentor_login_request,
    },
    flows::{AccountToken, AdminAccount, MentorAccount, TestAccount},
};
use loadgen_engine::{
    check::{self, Mismatch, Reply},
    request::Request,
};

/// Concurrent sign-ins: about one for each core that hashes.
const AT_ONCE: usize = 4;
/// Tokens are renewed when they end sooner than this after the planned load.
const MARGIN: Duration = Duration::from_secs(30);

/// Where a load is longer than tokens live, they are renewed when the third part of their life is left.
const PARTS_OF_LIFE: u32 = 3;
/// Pause after an attempt that failed, and the shortest one between two rounds.
const PAUSE: Duration = Duration::from_secs(1);

/// The token of an account that was signed in.
#[derive(Clone)]
struct SignedIn {
    token: AccountToken,
    /// What it was signed in with. A reset of the database forgets refresh tokens.
    login: Request,
    /// How long the token lives.
    seconds: u64,
}

impl SignedIn {
    fn of(login: Request, session: &Session) -> Self {
        Self {
            token: session.tokens.access_token.as_str().into(),
            login,
            seconds: session.tokens.expires_in,
        }
    }
}

impl fmt::Debug for SignedIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignedIn")
            .field("seconds", &self.seconds)
            .finish_non_exhaustive()
    }
}

/// Renews tokens until it is dropped.
#[derive(Debug)]
pub(super) struct Renewal(AbortHandle);

impl Drop for Renewal {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Why no account could be signed in.
#[derive(Debug, thiserror::Error)]
pub(super) enum SignInError {
    /// The target does not answer.
    #[error(transparent)]
    Lab(#[from] LabError),
    /// It answers, but not with a session.
    #[error("signing in {account} failed: {why}; is the database seeded (`target-app seed`)?")]
    Login {
        /// Which account: `student 3`.
        account: String,
        /// What was wrong.
        why: String,
    },
}

impl SignInError {
    fn wrong(account: String, why: &Mismatch) -> Self {
        let why = why.to_string();
        Self::Login { account, why }
    }
}

/// How many members of the staff are signed in.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct StaffCount {
    /// Mentors, from the first seeded one on.
    pub(super) mentors: u32,
    /// Administrators, from the first seeded one on.
    pub(super) admins: u32,
}

/// The signed-in accounts.
#[derive(Debug, Default)]
pub(super) struct Sessions {
    accounts: Vec<TestAccount>,
    mentors: Vec<MentorAccount>,
    admins: Vec<AdminAccount>,
    /// The tokens of all of them.
    tokens: Vec<SignedIn>,
    /// When the first of the tokens ends.
    until: Option<Instant>,
    /// How long a token lives.
    lifetime: Duration,
}

impl Sessions {
    /// Signs in unless `count` students and that staff have tokens for `needed` longer.
    /// Returns whether it sent requests.
    pub(super) async fn ensure(
        &mut self,
        lab: &LabClient,
        count: u32,
        staff: StaffCount,
        needed: Duration,
    ) -> Result<bool, SignInError> {
        let long_enough = self
            .until
            .is_some_and(|until| until.saturating_duration_since(now()) >= needed + MARGIN);
        // Tokens that never live that long are not fetched again and again.
        let hopeless = self.lifetime > Duration::ZERO && self.lifetime < needed + MARGIN;
        let fresh = self
            .until
            .is_some_and(|until| until.saturating_duration_since(now()) >= self.lifetime / 2);
        let enough = self.accounts.len() >= count as usize
            && self.mentors.len() >= staff.mentors as usize
            && self.admins.len() >= staff.admins as usize;
        if enough && (long_enough || (hopeless && fresh)) {
            return Ok(false);
        }
        let begun = now();
        let signed_in: Vec<(TestAccount, SignedIn)> = stream::iter(0..count)
            .map(|student| sign_in(lab, student))
            .buffered(AT_ONCE)
            .try_collect()
            .await?;
        let mentors: Vec<(MentorAccount, SignedIn)> = stream::iter(0..staff.mentors)
            .map(|mentor| sign_mentor_in(lab, mentor))
            .buffered(AT_ONCE)
            .try_collect()
            .await?;
        let admins: Vec<(AdminAccount, SignedIn)> = stream::iter(0..staff.admins)
            .map(|admin| sign_admin_in(lab, admin))
            .buffered(AT_ONCE)
            .try_collect()
            .await?;
        let students = signed_in.iter().map(|(_, tokens)| tokens);
        let staff = mentors.iter().map(|(_, tokens)| tokens);
        let staff = staff.chain(admins.iter().map(|(_, tokens)| tokens));
        self.tokens = students.chain(staff).cloned().collect();
        let shortest = self.tokens.iter().map(|one| one.seconds).min();
        let shortest = shortest.unwrap_or(0);
        self.lifetime = Duration::from_secs(shortest);
        self.until = Some(begun + self.lifetime);
        self.accounts = signed_in.into_iter().map(|(account, _)| account).collect();
        self.mentors = mentors.into_iter().map(|(account, _)| account).collect();
        self.admins = admins.into_iter().map(|(account, _)| account).collect();
        Ok(true)
    }

    pub(super) fn accounts(&self) -> &[TestAccount] {
        &self.accounts
    }

    /// The signed-in mentors.
    pub(super) fn mentors(&self) -> &[MentorAccount] {
        &self.mentors
    }

    /// The signed-in administrators.
    pub(super) fn admins(&self) -> &[AdminAccount] {
        &self.admins
    }

    /// Signs all of them in again before their tokens end, again and again, until what this returns is
    /// dropped. Nothing of the load waits for it.
    pub(super) fn renew(&self, lab: LabClient) -> Renewal {
        let until = self.until.unwrap_or_else(now);
        let work = renew(lab, self.tokens.clone(), until, self.lifetime);
        Renewal(tokio::spawn(work).abort_handle())
    }

    /// How long a token lives, where the first of them ends before `needed` is over.
    pub(super) fn too_short_for(&self, needed: Duration) -> Option<Duration> {
        let left = self.until.map_or(Duration::ZERO, |until| {
            until.saturating_duration_since(now())
        });
        (!self.accounts.is_empty() && left < needed).then_some(self.lifetime)
    }
}

/// The session of an account, which messages give that name.
async fn signed_in(
    lab: &LabClient,
    login: Request,
    name: String,
    check: impl Fn(&Reply) -> Result<Session, Mismatch>,
) -> Result<(Session, SignedIn), SignInError> {
    let reply = lab.ask(login.clone()).await?;
    let session = check(&reply).map_err(|why| SignInError::wrong(name, &why))?;
    let tokens = SignedIn::of(login, &session);
    Ok((session, tokens))
}

async fn sign_in(lab: &LabClient, student: u32) -> Result<(TestAccount, SignedIn), SignInError> {
    let (login, name) = (login_request(student), format!("student {student}"));
    let check = move |reply: &Reply| check_login(reply, student);
    let (session, tokens) = signed_in(lab, login, name.clone(), check).await?;
    let rooms = Request::get(paths::CHAT_ROOMS).bearer(&session.tokens.access_token);
    let reply = lab.ask(rooms).await?;
    let rooms: RoomList = check::json(&reply, 200).map_err(|why| SignInError::wrong(name, &why))?;
    let account = TestAccount {
        student,
        id: session.user.id,
        token: tokens.token.clone(),
        rooms: rooms.rooms.into_iter().map(|room| room.id).collect(),
    };
    Ok((account, tokens))
}

async fn sign_mentor_in(
    lab: &LabClient,
    mentor: u32,
) -> Result<(MentorAccount, SignedIn), SignInError> {
    let (login, name) = (mentor_login_request(mentor), format!("mentor {mentor}"));
    let check = move |reply: &Reply| check_mentor_login(reply, mentor);
    let (_, tokens) = signed_in(lab, login, name, check).await?;
    let token = tokens.token.clone();
    Ok((MentorAccount { mentor, token }, tokens))
}

async fn sign_admin_in(
    lab: &LabClient,
    admin: u32,
) -> Result<(AdminAccount, SignedIn), SignInError> {
    let (login, name) = (admin_login_request(admin), format!("administrator {admin}"));
    let check = move |reply: &Reply| check_admin_login(reply, admin);
    let (_, tokens) = signed_in(lab, login, name, check).await?;
    let token = tokens.token.clone();
    Ok((AdminAccount { admin, token }, tokens))
}

/// Replaces tokens that live until then, and the next ones as long as they live: one at a time, because each
/// costs the target a password hash. Those that are refused, as where a fault is in force, are asked for again
/// after the others, until it is time for the next round of all.
async fn renew(lab: LabClient, tokens: Vec<SignedIn>, mut until: Instant, lifetime: Duration) {
    loop {
        let left = until.saturating_duration_since(now());
        let pause = left.saturating_sub(lifetime / PARTS_OF_LIFE);
        tokio::time::sleep(pause.max(PAUSE)).await;
        let begun = now();
        until = begun + lifetime;
        let next_round = begun + lifetime.saturating_sub(lifetime / PARTS_OF_LIFE);
        let mut waiting: Vec<&SignedIn> = tokens.iter().collect();
        while !waiting.is_empty() && now() < next_round {
            let mut refused = Vec::new();
            for one in waiting {
                if let Some(session) = signed_in_again(&lab, one.login.clone()).await {
                    one.token.replace(&session.tokens.access_token);
                } else {
                    refused.push(one);
                    tokio::time::sleep(PAUSE).await;
                }
            }
            waiting = refused;
        }
    }
}

async fn signed_in_again(lab: &LabClient, login: Request) -> Option<Session> {
    let reply = lab.ask(login).await.ok()?;
    check::json(&reply, 200).ok()
}

/// The current time: tokens expire independently of a trial.
fn now() -> Instant {
    Instant::now()
}

#[cfg(test)]
mod tests {
    use shared::{
        api::auth::{Role, TokenPair, UserView},
        ids::UserId,
    };
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;

    #[tokio::test]
    async fn a_target_that_is_not_there_is_an_error_and_no_account() {
        let nowhere = std::net::SocketAddr::from(([127, 0, 0, 1], 1));
        let lab = LabClient::new(&nowhere.into(), None).unwrap();
        let mut sessions = Sessions::default();
        let error = sessions
            .ensure(&lab, 2, StaffCount::default(), Duration::from_secs(1))
            .await
            .unwrap_err();
        assert!(error.to_string().contains("does not answer"), "{error}");
        assert!(sessions.accounts().is_empty());
    }

    #[test]
    fn tokens_that_end_during_a_trial_are_too_short_for_it_however_long_they_live() {
        let left = Duration::from_secs(100);
        let sessions = Sessions {
            accounts: vec![TestAccount {
                student: 0,
                id: UserId(uuid::Uuid::nil()),
                token: "".into(),
                rooms: Vec::new(),
            }],
            until: Some(now() + left),
            lifetime: Duration::from_mins(15),
            ..Sessions::default()
        };
        let lifetime = sessions.too_short_for(left * 2);
        assert_eq!(lifetime, Some(Duration::from_mins(15)));
        assert_eq!(sessions.too_short_for(left / 2), None);
    }

    /// A server that leaves the first four who ask without an answer, and signs in everybody after that, with
    /// the next token.
    async fn login_server(listener: tokio::net::TcpListener) {
        let mut n = 0_u32;
        loop {
            let (mut socket, _) = listener.accept().await.unwrap();
            let received = socket.read(&mut [0; 4_096]).await.unwrap_or(0);
            n += u32::from(received > 0);
            if received == 0 || n <= 4 {
                continue;
            }
            let session = Session {
                user: UserView {
                    id: UserId(uuid::Uuid::nil()),
                    email: "a@codeconnect.test".to_owned(),
                    display_name: "Ada".to_owned(),
                    role: Role::Student,
                    mentor_id: None,
                    grade: None,
                },
                tokens: TokenPair {
                    access_token: format!("access {n}"),
                    expires_in: 900,
                    refresh_token: format!("refresh {n}"),
                },
            };
            let body = serde_json::to_string(&session).unwrap();
            let response = format!(
                "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
                body.len()
            );
            socket.write_all(response.as_bytes()).await.unwrap();
        }
    }

    #[tokio::test]
    async fn tokens_are_replaced_before_they_end_until_nobody_needs_them() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let server = tokio::spawn(login_server(listener));
        let token = AccountToken::from("access 0");
        let sessions = Sessions {
            tokens: vec![SignedIn {
                token: token.clone(),
                login: login_request(0),
                seconds: 900,
            }],
            until: Some(now()),
            lifetime: Duration::from_mins(15),
            ..Sessions::default()
        };
        let renewal = sessions.renew(LabClient::new(&address.into(), None).unwrap());
        let replaced = async {
            while &*token.get() == "access 0" {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        let limit = Duration::from_secs(30);
        tokio::time::timeout(limit, replaced).await.unwrap();
        drop(renewal);
        server.abort();
    }
}
