//! Which parts are ready, from one measurement and by stated rules.
//!
//! ```text
//! an area     READY       99 % of its requests succeed and each p95 that is known is below 1 s
//!             NEEDS WORK  95 % succeed
//!             NOT READY   fewer succeed
//!             NOT KNOWN   fewer than 200 requests, or no p95 is known
//! connections READY       no checkout timed out, and 5 ms of mean wait at most; NEEDS WORK otherwise
//!             NOT KNOWN   none timed out of fewer than 200
//! caches      READY       each kind with 200 look-ups finds 80 % of what it could have found; NEEDS WORK otherwise
//!             NOT KNOWN   no kind with 200 look-ups
//! data        READY       every audit was made, each write was compared, and no invariant is broken;
//!             NOT READY   one is
//! capacity    READY       both bounds are known and confirmed; NEEDS WORK with one; NOT KNOWN without
//!
//! grade  A  everything is READY          C  two or three parts need work
//!        B  one part needs work          D  more do, or a part is not ready
//!        F  an invariant is broken       none while a part is not known
//! ```

use schemars::JsonSchema;
use serde::Serialize;

use super::measured::MeasuredRun;
use crate::{
    metric::percent,
    schema::{ApplicationArea, Arm, Operation, Percentile},
};

/// Limits of the rules.
const READY: f64 = 0.99;
const NEEDS_WORK: f64 = 0.95;
const P95_MS: f64 = 1_000.0;
/// Requests, checkouts or look-ups of which a share says something.
const FEWEST: u64 = 200;
const POOL_WAIT_MS: f64 = 5.0;
const OF_ATTAINABLE: f64 = 0.8;

/// How ready a part is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ReadinessWord {
    /// It meets its rule.
    Ready,
    /// It falls short of it by a little.
    NeedsWork,
    /// It does not meet it.
    NotReady,
    /// The measurement does not say.
    NotKnown,
}

impl ReadinessWord {
    /// The word for people.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Ready => "READY",
            Self::NeedsWork => "NEEDS WORK",
            Self::NotReady => "NOT READY",
            Self::NotKnown => "NOT KNOWN",
        }
    }
}

/// A grade by the rules above.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
pub enum Grade {
    /// Everything is ready.
    A,
    /// One part needs work.
    B,
    /// Two or three do.
    C,
    /// More do, or a part is not ready.
    D,
    /// An invariant is broken.
    F,
}

/// One part.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct ReadinessRow {
    /// Its name.
    pub part: String,
    /// How ready it is.
    pub word: ReadinessWord,
    /// The figures that say so.
    pub evidence: String,
}

/// Every part, and the grade.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct ReadinessTable {
    /// The run that it is read from.
    pub folder: String,
    /// The parts.
    pub rows: Vec<ReadinessRow>,
    /// The grade; absent while a part is not known.
    pub grade: Option<Grade>,
    /// Why it is that, by its rule.
    pub why: String,
}

/// The readiness that a run shows.
pub(super) fn readiness(run: &MeasuredRun) -> ReadinessTable {
    let mut rows = Vec::new();
    let mut broken = false;
    if let Some(arm) = run.arm() {
        let areas = run.summary.application.areas.iter();
        rows.extend(areas.filter_map(|one| area(one, arm)));
        rows.extend(pool(arm));
        rows.extend(caches(run, arm));
        rows.push(data(arm));
        broken = arm.audit.iter().any(|one| one.violations > 0);
    }
    rows.push(capacity(run));
    let (grade, why) = grade(&rows, broken);
    ReadinessTable {
        folder: run.folder.clone(),
        rows,
        grade,
        why,
    }
}

fn row(part: &str, word: ReadinessWord, evidence: String) -> ReadinessRow {
    ReadinessRow {
        part: part.to_owned(),
        word,
        evidence,
    }
}

/// An area whose operations were loaded.
fn area(area: &ApplicationArea, arm: &Arm) -> Option<ReadinessRow> {
    let operations: Vec<&Operation> = arm
        .operations
        .iter()
        .filter(|one| one.planned > 0 && area.operations.contains(&one.name))
        .collect();
    let planned: u64 = operations.iter().map(|one| one.planned).sum();
    if planned == 0 {
        return None;
    }
    let right: f64 = operations
        .iter()
        .map(|one| one.success * one.planned as f64)
        .sum();
    let success = right / planned as f64;
    let mut slowest: Option<(&str, f64)> = None;
    let mut beyond = false;
    for one in &operations {
        match one.response.p95 {
            Percentile::Known(ms) if slowest.is_none_or(|(_, other)| ms > other) => {
                slowest = Some((&one.name, ms));
            }
            Percentile::BeyondTimeout => beyond = true,
            Percentile::Known(_) | Percentile::TooFew { .. } => {}
        }
    }
    let slow = beyond || slowest.is_some_and(|(_, ms)| ms >= P95_MS);
    let no_tail = !beyond && slowest.is_none();
    let word = if planned < FEWEST || no_tail {
        ReadinessWord::NotKnown
    } else if success >= READY && !slow {
        ReadinessWord::Ready
    } else if success >= NEEDS_WORK {
        ReadinessWord::NeedsWork
    } else {
        ReadinessWord::NotReady
    };
    let tail = match (beyond, slowest) {
        (true, _) => ", a p95 beyond the timeout".to_owned(),
        (false, Some((name, ms))) => format!(", slowest p95 {ms:.0} ms ({name})"),
        (false, None) => ", too few of each operation for a p95".to_owned(),
    };
    Some(row(
        &area.label,
        word,
        format!(
            "{} of {planned} requests succeed{tail}",
            percent(success, 2)
        ),
    ))
}

fn pool(arm: &Arm) -> Option<ReadinessRow> {
    let server = &arm.server;
    let wait = server.pool_wait_ms();
    if wait.is_none() && server.pool_timeouts == 0 {
        return None;
    }
    let waits_little = wait.is_some_and(|ms| ms <= POOL_WAIT_MS);
    let word = if server.pool_timeouts > 0 {
        ReadinessWord::NeedsWork
    } else if server.pool_acquires < FEWEST {
        ReadinessWord::NotKnown
    } else if waits_little {
        ReadinessWord::Ready
    } else {
        ReadinessWord::NeedsWork
    };
    let wait = wait.map_or_else(String::new, |ms| format!(", mean wait {ms:.2} ms"));
    Some(row(
        "database connections",
        word,
        format!(
            "{} checkouts timed out, {} got a connection{wait}, {} of {} connections in use at most",
            server.pool_timeouts, server.pool_acquires, server.pool_in_use_max, server.pool_max
        ),
    ))
}

/// The kinds of cache of which it is known what they could have found.
fn caches(run: &MeasuredRun, arm: &Arm) -> Option<ReadinessRow> {
    let server = &arm.server;
    let mut worst: Option<(String, f64, f64)> = None;
    let mut few: Option<(&str, u64)> = None;
    for (kind, attainable) in &server.cache_attainable {
        let hits = server.cache_hit_ratio(kind).filter(|_| *attainable > 0.0);
        let Some(hits) = hits else { continue };
        let look_ups = server.cache_lookups.get(kind).map_or(0, |one| one.all);
        if look_ups < FEWEST {
            few = Some((run.summary.application.cache_label(kind), look_ups));
            continue;
        }
        let worse = |other: &(String, f64, f64)| hits / attainable < other.1 / other.2;
        if worst.as_ref().is_none_or(worse) {
            let label = run.summary.application.cache_label(kind).to_owned();
            worst = Some((label, hits, *attainable));
        }
    }
    let few = few.map(|(label, look_ups)| format!("{label}: {look_ups} look-ups are too few"));
    let Some((label, hits, attainable)) = worst else {
        return Some(row("caches", ReadinessWord::NotKnown, few?));
    };
    let beside = few.map_or_else(String::new, |few| format!("; {few}"));
    let word = if hits >= OF_ATTAINABLE * attainable {
        ReadinessWord::Ready
    } else {
        ReadinessWord::NeedsWork
    };
    Some(row(
        "caches",
        word,
        format!(
            "{label}: {:.0} % of the look-ups hit, {:.0} % could have{beside}",
            hits * 100.0,
            attainable * 100.0
        ),
    ))
}

fn data(arm: &Arm) -> ReadinessRow {
    let broken: u64 = arm.audit.iter().map(|one| one.violations).sum();
    let omitted = arm.consistency.omitted;
    let compared = match omitted {
        0 => String::new(),
        omitted => format!(", {omitted} writes compared with nothing"),
    };
    let word = if broken > 0 {
        ReadinessWord::NotReady
    } else if arm.audits.missing() > 0 || arm.audit.is_empty() || omitted > 0 {
        ReadinessWord::NotKnown
    } else {
        ReadinessWord::Ready
    };
    row(
        "data",
        word,
        format!(
            "{broken} violations of {} invariants, {} of {} audits made{compared}",
            arm.audit.len(),
            arm.audits.made,
            arm.audits.expected
        ),
    )
}

fn capacity(run: &MeasuredRun) -> ReadinessRow {
    let Some(found) = run.search() else {
        return row(
            "capacity",
            ReadinessWord::NotKnown,
            "it was not searched: `loadgen capacity` does".to_owned(),
        );
    };
    let word = match (found.lower, found.upper_of_target()) {
        (Some(_), Some(_)) if found.lower_confirmed && found.upper_confirmed => {
            ReadinessWord::Ready
        }
        (Some(_), _) => ReadinessWord::NeedsWork,
        (None, _) => ReadinessWord::NotKnown,
    };
    row(
        "capacity",
        word,
        format!("{} at {}", found.in_short(), found.slo.join(", ")),
    )
}

/// The grade of the rows, and the rule that gives it.
fn grade(rows: &[ReadinessRow], broken: bool) -> (Option<Grade>, String) {
    let named = |word: ReadinessWord| {
        let of: Vec<&str> = rows
            .iter()
            .filter(|one| one.word == word)
            .map(|one| one.part.as_str())
            .collect();
        (of.len(), of.join(", "))
    };
    let (unknown, not_known) = named(ReadinessWord::NotKnown);
    let (failing, not_ready) = named(ReadinessWord::NotReady);
    let (lacking, needs_work) = named(ReadinessWord::NeedsWork);
    if broken {
        return (Some(Grade::F), "an invariant is broken".to_owned());
    }
    if unknown > 0 {
        return (None, format!("not known: {not_known}"));
    }
    if failing > 0 {
        return (Some(Grade::D), format!("not ready: {not_ready}"));
    }
    let grade = match lacking {
        0 => return (Some(Grade::A), "every part is ready".to_owned()),
        1 => Grade::B,
        2 | 3 => Grade::C,
        _ => Grade::D,
    };
    (Some(grade), format!("needs work: {needs_work}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        schema::{AuditCount, CacheLookUps},
        sizing::fixture,
    };

    fn word_of(found: &ReadinessTable, part: &str) -> ReadinessWord {
        let row = found.rows.iter().find(|one| one.part == part);
        row.unwrap_or_else(|| panic!("{part}: {found:?}")).word
    }

    #[test]
    fn the_grade_follows_from_the_parts_and_there_is_none_while_one_is_not_known() {
        let graded = |words: &[ReadinessWord], broken| {
            let rows: Vec<ReadinessRow> = words
                .iter()
                .map(|word| row("x", *word, String::new()))
                .collect();
            grade(&rows, broken).0
        };
        use ReadinessWord::{NeedsWork, NotKnown, NotReady, Ready};
        assert_eq!(graded(&[Ready, Ready], false), Some(Grade::A));
        assert_eq!(graded(&[Ready, NeedsWork], false), Some(Grade::B));
        assert_eq!(graded(&[NeedsWork; 3], false), Some(Grade::C));
        assert_eq!(graded(&[NeedsWork; 4], false), Some(Grade::D));
        assert_eq!(graded(&[Ready, NotReady], false), Some(Grade::D));
        assert_eq!(graded(&[Ready, NotKnown, NotReady], false), None);
        assert_eq!(graded(&[NotKnown], true), Some(Grade::F));
    }

    #[test]
    fn a_part_is_judged_by_its_own_figures() {
        let mut run = fixture::run();
        let found = readiness(&run);
        assert_eq!(word_of(&found, "Orders"), ReadinessWord::Ready);
        assert_eq!(word_of(&found, "capacity"), ReadinessWord::Ready);
        assert_eq!(word_of(&found, "data"), ReadinessWord::NotKnown);
        assert_eq!(found.grade, None);

        let arm = &mut run.summary.arms[0];
        for one in &mut arm.operations {
            one.success = 0.97;
        }
        arm.server.pool_timeouts = 3;
        let found = readiness(&run);
        assert_eq!(word_of(&found, "Orders"), ReadinessWord::NeedsWork);
        assert_eq!(
            word_of(&found, "database connections"),
            ReadinessWord::NeedsWork
        );
        for one in &mut run.summary.arms[0].operations {
            one.planned = 20;
        }
        assert_eq!(word_of(&readiness(&run), "Orders"), ReadinessWord::NotKnown);
    }

    #[test]
    fn what_few_figures_say_is_not_known() {
        let mut run = fixture::run();
        let arm = &mut run.summary.arms[0];
        arm.audits = AuditCount {
            expected: 1,
            made: 1,
        };
        let invariant = serde_json::json!({
            "number": 1, "name": "x", "statement": "x", "violations": 0, "rows": [],
        });
        arm.audit = vec![serde_json::from_value(invariant).unwrap()];
        let server = &mut arm.server;
        server.pool_wait_s = 0.1;
        let lookups = |all| CacheLookUps { all, hits: all };
        server.cache_attainable = [("items".to_owned(), 0.9)].into();
        server.cache_lookups = [("items".to_owned(), lookups(1_000))].into();
        let parts = ["database connections", "caches", "data"];
        let words = |run: &MeasuredRun| {
            let found = readiness(run);
            parts.map(|part| word_of(&found, part))
        };
        assert_eq!(words(&run), [ReadinessWord::Ready; 3]);
        // Of another kind nothing is known, and that is said.
        let server = &mut run.summary.arms[0].server;
        server.cache_attainable.insert("users".to_owned(), 0.9);
        server.cache_lookups.insert("users".to_owned(), lookups(3));
        let found = readiness(&run);
        let caches = found.rows.iter().find(|row| row.part == "caches").unwrap();
        assert_eq!(caches.word, ReadinessWord::Ready);
        let said = &caches.evidence;
        assert!(said.ends_with(": 3 look-ups are too few"), "{said}");

        let arm = &mut run.summary.arms[0];
        arm.server.pool_acquires = 12;
        arm.server.cache_attainable = [("items".to_owned(), 0.9)].into();
        arm.server.cache_lookups = [("items".to_owned(), lookups(3))].into();
        arm.consistency.omitted = 7;
        assert_eq!(words(&run), [ReadinessWord::NotKnown; 3]);
        let server = &mut run.summary.arms[0].server;
        (server.pool_acquires, server.pool_timeouts) = (0, 30);
        assert_eq!(words(&run)[0], ReadinessWord::NeedsWork);
    }
}
