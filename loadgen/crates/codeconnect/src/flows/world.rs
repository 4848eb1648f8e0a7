//! What all virtual users know: the signed-in accounts, and what the target holds.

use chrono::{DateTime, Utc};
use rand::RngExt as _;
use shared::{
    api::mentors::MentorQuery,
    dataset::Counts,
    ids::{RoomId, UserId},
};

use super::{
    account_token::AccountToken, popularity::Popularity, reservations::Reservations, searches,
};
use crate::{
    database::DatabaseTarget,
    ledger::{LedgerRecorder, OwnReading},
};
use loadgen_engine::{check::Mismatch, clock::time_of_day, schedule::LoadShare};
use loadgen_stats::seed::Chance;

/// Everything a flow may ask about the target before it sends anything. Built once a run.
#[derive(Debug)]
pub struct World {
    /// How many rows of each kind the target was seeded with.
    pub counts: Counts,
    /// Signed-in students; empty where no flow needs any.
    pub accounts: Vec<TestAccount>,
    /// Signed-in mentors, the two with the fullest calendars first; empty where no flow needs any.
    pub mentor_accounts: Vec<MentorAccount>,
    /// Video classes that a virtual user gives at the moment, by the numbers of their students.
    pub classes: Reservations,
    /// Mentors whose profile a virtual user edits at the moment, by their numbers.
    pub edited: Reservations,
    /// Signed-in administrators; empty where no flow needs any.
    pub admin_accounts: Vec<AdminAccount>,
    /// Which mentors are asked for.
    pub mentors: Popularity,
    /// The searches that people make, most common first.
    pub searches: Vec<MentorQuery>,
    /// Which of them is made.
    pub search_popularity: Popularity,
    /// Makes names (idempotency keys, chat messages) differ from those of earlier runs.
    pub nonce: u64,
    /// The writes of this trial with their outcomes.
    pub ledger: LedgerRecorder,
    /// The database, for flows that load it directly; `None` where its address is not known.
    pub database: Option<DatabaseTarget>,
    /// Whether the database was reset before this trial, so that every race slot is free.
    pub fresh: bool,
    /// Whether lists may lack even what their reader has just written: nobody promised more, so that is
    /// counted as a stale read and is no failure.
    pub reads_may_be_old: bool,
    /// When this was made: flows have no clock.
    pub made_at: DateTime<Utc>,
    /// Whether the next page of the list of mentors may begin elsewhere than behind the one before: pages that
    /// are counted from the first mentor move where the list changes meanwhile.
    pub pages_may_shift: bool,
    /// Whether the target is known to write notifications, and so pushes them.
    pub pushes: bool,
    /// The part of the load that this process generates: what only one user may have at a time is divided
    /// like it.
    pub share: LoadShare,
}

/// A signed-in student.
#[derive(Debug, Clone)]
pub struct TestAccount {
    /// Number in the dataset.
    pub student: u32,
    /// Its id on the target.
    pub id: UserId,
    /// Goes into `Authorization: Bearer …`.
    pub token: AccountToken,
    /// The chat rooms this student is a member of.
    pub rooms: Vec<RoomId>,
}

/// A signed-in mentor.
#[derive(Debug, Clone)]
pub struct MentorAccount {
    /// Number in the dataset.
    pub mentor: u32,
    /// Goes into `Authorization: Bearer …`.
    pub token: AccountToken,
}

/// A signed-in administrator.
#[derive(Debug, Clone)]
pub struct AdminAccount {
    /// Number in the dataset.
    pub admin: u32,
    /// Goes into `Authorization: Bearer …`.
    pub token: AccountToken,
}

impl World {
    /// A world of that many rows with these accounts.
    pub fn new(counts: Counts, accounts: Vec<TestAccount>, nonce: u64, fresh: bool) -> Self {
        let searches = searches::searches();
        Self {
            counts,
            accounts,
            mentor_accounts: Vec::new(),
            classes: Reservations::default(),
            edited: Reservations::default(),
            admin_accounts: Vec::new(),
            mentors: Popularity::zipf(counts.mentors),
            search_popularity: Popularity::zipf(searches.len() as u32),
            searches,
            nonce,
            ledger: LedgerRecorder::default(),
            database: None,
            fresh,
            reads_may_be_old: false,
            pages_may_shift: false,
            made_at: time_of_day().into(),
            pushes: false,
            share: LoadShare::WHOLE,
        }
    }

    /// How often each page of the mentor list is asked for, relative to the others: the first
    /// pages by the popularity of their searches, the pages after them as often as people go on.
    pub fn list_weights(&self) -> Vec<f64> {
        let first = self.search_popularity.weights();
        let next = first.iter().map(|weight| weight * searches::NEXT_PAGE);
        first.iter().copied().chain(next).collect()
    }

    /// Any account; `None` where there are none.
    pub fn any_account(&self, rng: &mut Chance) -> Option<&TestAccount> {
        any(&self.accounts, rng)
    }

    /// Any signed-in mentor; `None` where there are none.
    pub fn any_mentor(&self, rng: &mut Chance) -> Option<&MentorAccount> {
        any(&self.mentor_accounts, rng)
    }

    /// Any signed-in administrator; `None` where there are none.
    pub fn any_admin(&self, rng: &mut Chance) -> Option<&AdminAccount> {
        any(&self.admin_accounts, rng)
    }

    /// Notes a read of a change of one's own; a mismatch where that was not shown, unless reads may be old.
    pub fn check_own(
        &self,
        reading: OwnReading,
        shown: bool,
        otherwise: &str,
    ) -> Result<(), Mismatch> {
        self.ledger.read_own(reading, shown);
        if shown || self.reads_may_be_old {
            Ok(())
        } else {
            Err(Mismatch::new(otherwise))
        }
    }
}

/// Any item of a list; `None` where there are none.
fn any<'a, T>(items: &'a [T], rng: &mut Chance) -> Option<&'a T> {
    match items.len() {
        0 => None,
        n => items.get(rng.random_range(0..n)),
    }
}
