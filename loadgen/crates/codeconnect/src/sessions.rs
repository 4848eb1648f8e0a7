//! Signs the accounts in, once a run, before anything is measured: with few requests at a time,
//! because each costs the target a password hash. Signs in again when tokens are about to end.

use std::time::{Duration, Instant};

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use shared::{api::chat::RoomList, paths};

use super::lab_client::{LabClient, LabError};
use crate::{
    features::auth::{
        admin_login_request, check_admin_login, check_login, check_mentor_login, login_request,
        mentor_login_request,
    },
    flows::{AdminAccount, MentorAccount, TestAccount},
};
use loadgen_engine::{check, request::Request};

/// Concurrent sign-ins: about one for each core that hashes.
const AT_ONCE: usize = 4;
/// Tokens are renewed when they end sooner than this after the planned load.
const MARGIN: Duration = Duration::from_secs(30);

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
        let signed_in: Vec<(TestAccount, u64)> = stream::iter(0..count)
            .map(|student| sign_in(lab, student))
            .buffered(AT_ONCE)
            .try_collect()
            .await?;
        let mentors: Vec<(MentorAccount, u64)> = stream::iter(0..staff.mentors)
            .map(|mentor| sign_mentor_in(lab, mentor))
            .buffered(AT_ONCE)
            .try_collect()
            .await?;
        let admins: Vec<(AdminAccount, u64)> = stream::iter(0..staff.admins)
            .map(|admin| sign_admin_in(lab, admin))
            .buffered(AT_ONCE)
            .try_collect()
            .await?;
        let lifetimes = signed_in.iter().map(|(_, seconds)| *seconds);
        let lifetimes = lifetimes.chain(mentors.iter().map(|(_, seconds)| *seconds));
        let lifetimes = lifetimes.chain(admins.iter().map(|(_, seconds)| *seconds));
        let shortest = lifetimes.min().unwrap_or(0);
        self.lifetime = Duration::from_secs(shortest);
        self.until = Some(begun + self.lifetime);
        self.accounts = signed_in.into_iter().map(|(account, _)| account).collect();
        self.mentors = mentors.into_iter().map(|(account, _)| account).collect();
        self.admins = admins.into_iter().map(|(account, _)| account).collect();
        Ok(true)
    }

    /// The accounts.
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

    /// How long a token lives, where it is too short for `needed`.
    pub(super) fn too_short_for(&self, needed: Duration) -> Option<Duration> {
        (!self.accounts.is_empty() && self.lifetime < needed).then_some(self.lifetime)
    }
}

async fn sign_in(lab: &LabClient, student: u32) -> Result<(TestAccount, u64), SignInError> {
    let wrong = |why: String| SignInError::Login {
        account: format!("student {student}"),
        why,
    };
    let reply = lab.ask(login_request(student)).await?;
    let session = check_login(&reply, student).map_err(|why| wrong(why.to_string()))?;
    let token = session.tokens.access_token;
    let reply = lab
        .ask(Request::get(paths::CHAT_ROOMS).bearer(&token))
        .await?;
    let rooms: RoomList = check::json(&reply, 200).map_err(|why| wrong(why.to_string()))?;
    let account = TestAccount {
        student,
        id: session.user.id,
        token,
        rooms: rooms.rooms.into_iter().map(|room| room.id).collect(),
    };
    Ok((account, session.tokens.expires_in))
}

async fn sign_mentor_in(lab: &LabClient, mentor: u32) -> Result<(MentorAccount, u64), SignInError> {
    let reply = lab.ask(mentor_login_request(mentor)).await?;
    let session = check_mentor_login(&reply, mentor).map_err(|why| SignInError::Login {
        account: format!("mentor {mentor}"),
        why: why.to_string(),
    })?;
    let account = MentorAccount {
        mentor,
        token: session.tokens.access_token,
    };
    Ok((account, session.tokens.expires_in))
}

async fn sign_admin_in(lab: &LabClient, admin: u32) -> Result<(AdminAccount, u64), SignInError> {
    let reply = lab.ask(admin_login_request(admin)).await?;
    let session = check_admin_login(&reply, admin).map_err(|why| SignInError::Login {
        account: format!("administrator {admin}"),
        why: why.to_string(),
    })?;
    let account = AdminAccount {
        admin,
        token: session.tokens.access_token,
    };
    Ok((account, session.tokens.expires_in))
}

/// The current time: tokens expire independently of a trial.
fn now() -> Instant {
    Instant::now()
}

#[cfg(test)]
mod tests {
    use loadgen_engine::driver::Endpoint;

    use super::*;

    #[tokio::test]
    async fn a_target_that_is_not_there_is_an_error_and_no_account() {
        let nowhere = Endpoint {
            address: ([127, 0, 0, 1], 1).into(),
            host: "127.0.0.1:1".to_owned(),
        };
        let lab = LabClient::new(&nowhere, None).unwrap();
        let mut sessions = Sessions::default();
        let error = sessions
            .ensure(&lab, 2, StaffCount::default(), Duration::from_secs(1))
            .await
            .unwrap_err();
        assert!(error.to_string().contains("does not answer"), "{error}");
        assert!(sessions.accounts().is_empty());
    }
}
