//! What a report shows so that its figures can be believed: how requests ended, which
//! self-checks held, what the audits found, and in which switches the arms differ.

mod arm_facts;
mod checks;

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

pub(super) use arm_facts::{iterations, received};
pub(super) use checks::doubts;
pub use checks::{Doubt, TrialChecks};

use crate::render::figures;
use crate::render::tone::Tone;
use loadgen_experiment::events::printable;
use loadgen_experiment::schema::{Arm, RunKind, Summary, ValidityCheck, ValidityWord};

/// How requests ended, by arm.
#[derive(Debug, Clone, Serialize)]
pub struct Endings {
    /// Names of the columns.
    pub arms: Vec<String>,
    /// Outcome and its count in each arm.
    pub outcomes: Vec<(String, Vec<String>)>,
    /// Status and its count in each arm.
    pub statuses: Vec<(String, Vec<String>)>,
}

/// Why requests failed, over all trials of an arm.
pub(super) fn failures(summary: &Summary) -> Vec<String> {
    let mut found: BTreeMap<(&str, &str, &str), u64> = BTreeMap::new();
    for trial in &summary.trials {
        for one in &trial.failures {
            let key = (
                trial.arm.as_str(),
                one.operation.as_str(),
                one.reason.as_str(),
            );
            let count = found.entry(key).or_default();
            *count = count.saturating_add(one.count);
        }
    }
    let mut ranked: Vec<_> = found.into_iter().collect();
    ranked.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    ranked
        .into_iter()
        .map(|((arm, operation, reason), count)| {
            let times = figures::count(count);
            printable(&format!("{times} x {operation} ({arm}): {reason}"))
        })
        .collect()
}

/// What the audits found.
#[derive(Debug, Clone, Serialize)]
pub struct Audit {
    /// `12 invariants, 24 audits, 0 violations`.
    pub line: String,
    /// Its colour.
    pub tone: Tone,
    /// The writes of each arm by how they were answered, and how fresh its reads were; empty where
    /// nothing was written.
    pub writes: Vec<String>,
    /// The invariants that do not hold, by arm.
    pub broken: Vec<Broken>,
    /// Every invariant: number, name, statement, violations by arm.
    pub invariants: Vec<(u16, String, String, Vec<String>)>,
    /// Names of the columns of `invariants`.
    pub arms: Vec<String>,
    /// Of each arm, why no violation is no proof; empty where it is one.
    pub doubts: Vec<String>,
}

/// An invariant that an arm breaks.
#[derive(Debug, Clone, Serialize)]
pub struct Broken {
    /// Which arm.
    pub arm: String,
    /// Its number.
    pub number: u16,
    /// Its name.
    pub name: String,
    /// What should hold.
    pub statement: String,
    /// How many rows break it.
    pub violations: u64,
    /// The first of them.
    pub rows: Vec<String>,
}

/// One switch.
#[derive(Debug, Clone, Serialize)]
pub struct SwitchRow {
    /// Its path.
    pub name: String,
    /// Its value in each arm.
    pub values: Vec<String>,
    /// Whether the arms differ in it.
    pub differs: bool,
}

/// Most rows of a broken invariant that a report shows.
const SHOWN_ROWS: usize = 5;
/// Longest such row, in characters.
const MAX_ROW: usize = 400;

/// How many requests the figures are of; of a search, which shows one of its trials, of which load.
pub(super) fn measured(summary: &Summary) -> String {
    let requests = figures::total(summary.arms.iter().map(|arm| arm.total.planned));
    let requests = figures::plural(requests, "request");
    match summary.arms.as_slice() {
        [one] if summary.kind == RunKind::Capacity => {
            printable(&format!("{requests} of one trial, {}", one.name))
        }
        _ => requests,
    }
}

/// Outcomes and statuses by arm, those that occurred.
pub(super) fn endings(arms: &[&Arm]) -> Endings {
    let outcomes: BTreeSet<&String> = arms
        .iter()
        .flat_map(|arm| {
            arm.total
                .outcomes
                .iter()
                .filter(|(_, count)| **count > 0)
                .map(|(name, _)| name)
        })
        .collect();
    let statuses: BTreeSet<u16> = arms
        .iter()
        .flat_map(|arm| arm.total.statuses.keys().copied())
        .collect();
    Endings {
        arms: arms.iter().map(|arm| printable(&arm.name)).collect(),
        outcomes: outcomes
            .into_iter()
            .map(|name| {
                let of =
                    |arm: &&Arm| figures::count(arm.total.outcomes.get(name).copied().unwrap_or(0));
                (printable(name), arms.iter().map(of).collect())
            })
            .collect(),
        statuses: statuses
            .into_iter()
            .map(|status| {
                let of = |arm: &&Arm| {
                    figures::count(arm.total.statuses.get(&status).copied().unwrap_or(0))
                };
                let name = if status == 0 {
                    "no answer".into()
                } else {
                    status.to_string()
                };
                (name, arms.iter().map(of).collect())
            })
            .collect(),
    }
}

/// Every trial with its checks.
pub(super) fn validity(summary: &Summary) -> Vec<TrialChecks> {
    summary
        .trials
        .iter()
        .map(|trial| TrialChecks {
            trial: printable(&trial.folder),
            arm: printable(&trial.arm),
            word: trial.validity.word,
            tone: trial.validity.word.into(),
            checks: trial
                .validity
                .checks
                .iter()
                .map(|check| ValidityCheck {
                    code: check.code,
                    ok: check.ok,
                    figure: printable(&check.figure),
                    limit: printable(&check.limit),
                    advice: printable(&check.advice),
                })
                .collect(),
        })
        .collect()
}

/// `16 trials: 15 valid, 1 noisy, 0 invalid; 160 self-checks, 1 does not hold`.
pub(super) fn validity_line(summary: &Summary) -> String {
    let of = |word: ValidityWord| {
        summary
            .trials
            .iter()
            .filter(|trial| trial.validity.word == word)
            .count()
    };
    let checks = || {
        summary
            .trials
            .iter()
            .flat_map(|trial| &trial.validity.checks)
    };
    let failed = checks().filter(|check| !check.ok).count();
    let others = match unlisted(summary) {
        0 => String::new(),
        others => format!(
            "; {} more, with other switches or past the capacity, {} in the count of the verdict alone",
            figures::count(others),
            if others == 1 { "is" } else { "are" }
        ),
    };
    format!(
        "{}: {} valid, {} noisy, {} invalid; {}, {}{others}",
        figures::plural(summary.trials.len() as u64, "trial"),
        of(ValidityWord::Valid),
        of(ValidityWord::Noisy),
        of(ValidityWord::Invalid),
        figures::plural(checks().count() as u64, "self-check"),
        match failed {
            0 => "all hold".into(),
            1 => "1 does not hold".into(),
            more => format!("{more} do not hold"),
        }
    )
}

/// The trials of a capacity search that its verdict counts and the report does not list.
fn unlisted(summary: &Summary) -> u64 {
    if summary.kind != RunKind::Capacity {
        return 0;
    }
    let counted = &summary.verdict.confidence;
    let counted = [counted.valid, counted.noisy, counted.invalid];
    let counted = figures::total(counted.map(u64::from));
    counted.saturating_sub(summary.trials.len() as u64)
}

/// How an arm's writes were answered, and what its reads lacked.
fn writes(arm: &Arm) -> Option<String> {
    let counts = &arm.consistency;
    let writes = [
        counts.acknowledged,
        counts.refused,
        counts.in_doubt,
        counts.omitted,
    ];
    if writes.iter().all(|count| *count == 0) {
        return None;
    }
    let reads = match counts.stale_reads {
        _ if counts.reads == 0 => String::new(),
        0 => format!(
            "; {} of own writes, none stale",
            figures::plural(counts.reads, "read")
        ),
        stale => format!(
            "; {stale} of {} of own writes stale, by {}{} at most",
            figures::plural(counts.reads, "read"),
            counts.stale_p50_ms.ms().map_or_else(String::new, |median| {
                format!("{} in the median and ", figures::ms(Some(median)))
            }),
            figures::ms(counts.stale_max_ms)
        ),
    };
    let omitted = match counts.omitted {
        0 => String::new(),
        more => format!(", {more} beyond what the ledger holds"),
    };
    Some(format!(
        "{}: {} acknowledged, {} refused, {} in doubt{omitted}{reads}",
        printable(&arm.name),
        figures::plural(counts.acknowledged, "write"),
        counts.refused,
        counts.in_doubt,
    ))
}

pub(super) fn audit(summary: &Summary) -> Audit {
    let audits = summary.verdict.confidence.audits;
    let made = match audits.expected {
        // None was to be made, or nobody counted them.
        0 => {
            let trials = summary.trials.iter();
            let audited = trials.filter(|one| one.violations.is_some()).count();
            figures::plural(audited as u64, "audit")
        }
        expected if audits.missing() > 0 => {
            let all = figures::plural(expected.into(), "audit");
            format!("{} of {all}", figures::count(audits.made.into()))
        }
        _ => figures::plural(audits.made.into(), "audit"),
    };
    let longest = summary.arms.iter().max_by_key(|arm| arm.audit.len());
    let invariants = longest.map_or(0, |arm| arm.audit.len()) as u64;
    let audited = summary.arms.iter().flat_map(|arm| &arm.audit);
    let violations = figures::total(audited.map(|one| one.violations));
    let broken: Vec<Broken> = summary
        .arms
        .iter()
        .flat_map(|arm| {
            arm.audit
                .iter()
                .filter(|one| one.violations > 0)
                .map(move |one| (arm, one))
        })
        .map(|(arm, one)| Broken {
            arm: printable(&arm.name),
            number: one.number,
            name: printable(&one.name),
            statement: printable(&one.statement),
            violations: one.violations,
            rows: one.rows.iter().take(SHOWN_ROWS).map(row_text).collect(),
        })
        .collect();
    let none = invariants == 0;
    let unaudited = figures::total(summary.arms.iter().map(|arm| arm.consistency.omitted));
    Audit {
        line: if none {
            "no audit was made".into()
        } else {
            format!(
                "{}, {made}, {}",
                figures::plural(invariants, "invariant"),
                figures::plural(violations, "violation")
            )
        },
        writes: summary.arms.iter().filter_map(writes).collect(),
        tone: match (none, violations) {
            (true, _) => Tone::Warn,
            (false, 0) if audits.missing() > 0 || unaudited > 0 => Tone::Warn,
            (false, 0) => Tone::Good,
            (false, _) => Tone::Bad,
        },
        broken,
        invariants: longest.map_or_else(Vec::new, |arm| {
            arm.audit
                .iter()
                .map(|one| {
                    let by_arm = summary.arms.iter().map(|arm| {
                        let found = arm.audit.iter().find(|other| other.number == one.number);
                        found.map_or_else(
                            || figures::ABSENT.into(),
                            |found| figures::count(found.violations),
                        )
                    });
                    (
                        one.number,
                        printable(&one.name),
                        printable(&one.statement),
                        by_arm.collect(),
                    )
                })
                .collect()
        }),
        arms: summary
            .arms
            .iter()
            .map(|arm| printable(&arm.name))
            .collect(),
        doubts: summary.arms.iter().map(unaudited_part).collect(),
    }
}

/// What of an arm was not audited, in words; empty where all was.
fn unaudited_part(arm: &Arm) -> String {
    let (missing, omitted) = (arm.audits.missing(), arm.consistency.omitted);
    let mut parts = Vec::new();
    if missing > 0 {
        let all = figures::plural(arm.audits.expected.into(), "audit");
        parts.push(format!("{missing} of {all} not made"));
    }
    if omitted > 0 {
        let writes = figures::plural(omitted, "write");
        parts.push(format!("{writes} compared with nothing"));
    }
    parts.join(", ")
}

/// A violating row as one short line.
fn row_text(row: &serde_json::Value) -> String {
    let text = printable(&row.to_string());
    if text.chars().count() <= MAX_ROW {
        return text;
    }
    text.chars().take(MAX_ROW).chain(['…']).collect()
}

/// The programs where the arms ran two, then every switch, the differing ones first.
pub(super) fn switches(arms: &[&Arm]) -> Vec<SwitchRow> {
    let names: BTreeSet<&String> = arms.iter().flat_map(|arm| arm.profile.keys()).collect();
    let mut switches: Vec<SwitchRow> = names
        .into_iter()
        .map(|name| {
            let value = |arm: &&Arm| {
                arm.profile
                    .get(name)
                    .map_or_else(|| figures::ABSENT.into(), |value| printable(value))
            };
            let values: Vec<String> = arms.iter().map(value).collect();
            SwitchRow {
                name: printable(name),
                differs: values.windows(2).any(|pair| pair[0] != pair[1]),
                values,
            }
        })
        .collect();
    switches.sort_by_key(|switch| !switch.differs);
    let programs = differing(arms, "program", |arm| arm.program.as_deref());
    let topologies = differing(arms, "topology", |arm| arm.topology.as_deref());
    let services = programs.into_iter().chain(topologies);
    services.chain(switches).collect()
}

/// A row of what each arm had of its own, a program or a topology; none where all had the same.
fn differing(arms: &[&Arm], name: &str, of: impl Fn(&Arm) -> Option<&str>) -> Option<SwitchRow> {
    let absent = || figures::ABSENT.into();
    let values: Vec<String> = arms
        .iter()
        .map(|arm| of(arm).map_or_else(absent, printable))
        .collect();
    let differs = values.windows(2).any(|pair| pair[0] != pair[1]);
    differs.then(|| SwitchRow {
        name: name.to_owned(),
        differs,
        values,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::fixture;
    use loadgen_experiment::schema::{FlowIterations, Percentiles};

    fn flow(name: &str, launched: u64, completed: u64) -> FlowIterations {
        FlowIterations {
            name: name.to_owned(),
            launched,
            completed,
            response: Percentiles::default(),
        }
    }

    #[test]
    fn iterations_and_received_bytes_are_facts_where_they_are_known() {
        let mut run = fixture::run();
        assert_eq!((iterations(&run), received(&run)), (None, None));
        run.arms[0].flows = vec![flow("auth.login", 240, 240), flow("chat.room", 960, 955)];
        run.arms[0].bytes_per_s = Some(12_900_000.0);
        let (label, text) = iterations(&run).unwrap();
        assert_eq!(label, "Iterations");
        assert_eq!(
            text,
            "1,200 launched, 1,195 completed (auth.login 20.00%, chat.room 80.00%)"
        );
        assert_eq!(received(&run).unwrap().1, "12.9 MB/s");
        run.arms.push(run.arms[0].clone());
        run.arms[1].flows.clear();
        let name = run.arms[0].name.clone();
        let (_, text) = iterations(&run).unwrap();
        assert_eq!(text, format!("{name}: 1,200 launched, 1,195 completed"));
    }
}
