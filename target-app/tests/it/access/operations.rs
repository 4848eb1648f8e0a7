//! What the tests that go through all operations have of each feature: `operations.rs` in the folder of its
//! tests, and `access.txt` beside it. The build script lists them by the declared features.

use std::collections::BTreeSet;

use futures_util::future::{self, LocalBoxFuture};

use super::stage::{RequestParts, Stage};
use crate::support::{Answer, Client, TestApp};

/// Who makes a change.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Actor {
    Anyone,
    Student,
    Mentor,
}

impl Actor {
    /// This person of a stage.
    pub(crate) fn client(self, stage: &Stage) -> Client {
        match self {
            Self::Anyone => stage.app.anonymous().clone(),
            Self::Student => Client::clone(&stage.student()),
            Self::Mentor => Client::clone(&stage.mentor()),
        }
    }
}

/// An operation that may change something, who does it, and the names of the cached values that it makes
/// wrong, of whichever feature.
pub(crate) type Mutation = (&'static str, Actor, &'static [&'static str]);

/// A cached value: its name, who reads it, and where.
pub(crate) type CachedValue = (&'static str, Client, &'static str);

/// The operations of a feature.
pub(crate) struct FeatureOperations {
    /// Every one that may change something.
    pub(crate) mutations: &'static [Mutation],
    /// The cached values of the feature that are looked at after every change.
    pub(crate) values: fn(&Stage) -> Vec<CachedValue>,
    /// What a request of an operation needs, about something that the student and the mentor of the stage have.
    pub(crate) request: for<'a> fn(&'a Stage, &'a str) -> LocalBoxFuture<'a, RequestParts>,
    /// Sends every operation, each so that it is not refused.
    pub(crate) send_all: for<'a> fn(&'a TestApp, &'a mut SentOperations) -> LocalBoxFuture<'a, ()>,
    /// Tables of the feature whose rows stay; each of the others is purged.
    pub(crate) kept_tables: &'static [&'static str],
}

impl FeatureOperations {
    /// No changes, no cached values and no tables, requests without an id and a body, and nothing is sent.
    pub(crate) const NONE: Self = Self {
        mutations: &[],
        values: no_values,
        request: no_parts,
        send_all: send_nothing,
        kept_tables: &[],
    };
}

fn no_values(_: &Stage) -> Vec<CachedValue> {
    Vec::new()
}

fn no_parts<'a>(_: &'a Stage, _: &'a str) -> LocalBoxFuture<'a, RequestParts> {
    Box::pin(future::ready(RequestParts::default()))
}

fn send_nothing<'a>(_: &'a TestApp, _: &'a mut SentOperations) -> LocalBoxFuture<'a, ()> {
    Box::pin(future::ready(()))
}

/// Which operations were sent.
pub(crate) struct SentOperations {
    /// Number of the profile that they are sent under, from 1: what a student can do only once is done by
    /// another one in each round.
    pub(crate) round: u32,
    variant: String,
    names: BTreeSet<&'static str>,
}

impl SentOperations {
    /// None yet; failures name the variant.
    pub(crate) fn under(variant: String, round: u32) -> Self {
        Self {
            round,
            variant,
            names: BTreeSet::new(),
        }
    }

    /// An operation was answered, and not refused.
    #[track_caller]
    pub(crate) fn done(&mut self, operation: &'static str, answer: Answer) -> Answer {
        assert!(
            answer.status < 400,
            "{operation} under {}: {} {}",
            self.variant,
            answer.status,
            answer.text()
        );
        self.names.insert(operation);
        answer
    }

    /// The socket of an operation was opened.
    pub(crate) fn opened(&mut self, operation: &'static str) {
        self.names.insert(operation);
    }

    /// Their names.
    pub(crate) fn names(self) -> BTreeSet<&'static str> {
        self.names
    }
}

/// Every feature, by its name.
static FEATURES: &[(&str, FeatureOperations)] =
    include!(concat!(env!("OUT_DIR"), "/feature_operations.rs"));

/// The rows of operations that are of no feature: of the control plane, and of health.
pub(super) const REST: &str = "tests/it/access/access.txt";

/// The name of every feature, in alphabetical order, with its operations.
pub(crate) fn features() -> impl Iterator<Item = (&'static str, &'static FeatureOperations)> {
    FEATURES.iter().map(|(name, feature)| (*name, feature))
}

/// The feature that an operation is of, unless it is of none.
fn feature_of(operation: &str) -> Option<(&'static str, &'static FeatureOperations)> {
    let area = operation.split('.').next();
    features().find(|(name, _)| Some(*name) == area)
}

/// What a request of an operation of a feature needs.
pub(super) async fn request_parts(stage: &Stage, operation: &str) -> Option<RequestParts> {
    let (_, feature) = feature_of(operation)?;
    Some((feature.request)(stage, operation).await)
}

/// Every change of every feature.
pub(crate) fn mutations() -> impl Iterator<Item = &'static Mutation> {
    features().flat_map(|(_, feature)| feature.mutations)
}

/// Every cached value that is looked at. The look-up of the account comes with each that is not public.
pub(crate) fn values(stage: &Stage) -> Vec<CachedValue> {
    features()
        .flat_map(|(_, feature)| (feature.values)(stage))
        .collect()
}

/// The file with that name that an operation belongs into.
pub(super) fn place(operation: &str, file: &str) -> String {
    match feature_of(operation) {
        Some((feature, _)) => format!("tests/it/{feature}/{file}"),
        None => REST.to_owned(),
    }
}

/// What is wrong where every described operation has to be found in the file with that name, and nothing else.
pub(crate) fn differences(
    file: &str,
    described: &BTreeSet<&str>,
    found: &BTreeSet<&str>,
) -> Vec<String> {
    let missing = described.difference(found);
    let missing = missing.map(|one| format!("{}: {one} is missing", place(one, file)));
    let unknown = found.difference(described);
    let unknown = unknown.map(|one| format!("{}: {one} is no such operation", place(one, file)));
    missing.chain(unknown).collect()
}

#[test]
fn what_is_missing_or_unknown_is_named_with_the_file_that_it_belongs_into() {
    let described = BTreeSet::from(["bookings.cancel", "bookings.get", "lab.reset"]);
    let found = BTreeSet::from(["bookings.get", "chat.rom"]);
    let wrong = differences("access.txt", &described, &found);
    assert_eq!(
        wrong,
        [
            "tests/it/bookings/access.txt: bookings.cancel is missing",
            "tests/it/access/access.txt: lab.reset is missing",
            "tests/it/chat/access.txt: chat.rom is no such operation",
        ]
    );
    assert!(differences("access.txt", &found, &found).is_empty());
}
