//! Everything that a report says, computed once from the summary and already in words.
//!
//! All texts that come from elsewhere pass [`printable`] here. No statistic is made here:
//! a change is either the stored estimate or the quotient of the two figures beside it.

use std::collections::BTreeSet;

use serde::Serialize;
use shared::timing::ServerCount;

use crate::render::capacity::{ArmCapacitiesPage, CapacityPage};
use crate::render::comparison::{self, Area, ComparisonRow};
use crate::render::document::DocumentTable;
use crate::render::evidence::{self, Audit, Doubt, Endings, SwitchRow, TrialChecks};
use crate::render::faults::{self, FaultRow};
use crate::render::figures;
use crate::render::growth;
use crate::render::thresholds::{self, ThresholdRow};
use crate::render::tone::Tone;
use crate::render::why::Why;
use loadgen_experiment::events::printable;
use loadgen_experiment::schema::{
    Arm, ControlWord, Operation, Percentile, Percentiles, Provenance, RunKind, Summary, VerdictWord,
};

/// A whole report in words.
#[derive(Debug, Clone, Serialize)]
pub struct ReportPage {
    /// `run`, `experiment` or `capacity`.
    pub kind: &'static str,
    /// Name of the suite or experiment.
    pub name: String,
    /// What it asks.
    pub question: String,
    /// The outcome.
    pub verdict: PageVerdict,
    /// When, how long, with which load: `(label, text)`.
    pub facts: Vec<(String, String)>,
    /// The key figures of a run; empty for an experiment.
    pub tiles: Vec<Tile>,
    /// The figures by area, with what was decided about each.
    pub areas: Vec<Area>,
    /// What each metric of `areas` is: its label, and one sentence.
    pub definitions: Vec<(String, &'static str)>,
    /// Every operation, arm by arm.
    pub operations: Vec<ArmOperations>,
    /// How requests ended.
    pub endings: Endings,
    /// Each threshold.
    pub thresholds: Vec<ThresholdRow>,
    /// How many of them hold, by arm.
    pub thresholds_line: String,
    /// Their colour, by the arm that is judged: the last one.
    pub thresholds_tone: Tone,
    /// Each trial with its self-checks.
    pub validity: Vec<TrialChecks>,
    /// The self-checks that do not hold, one line a code.
    pub doubts: Vec<Doubt>,
    /// One line on all of them.
    pub validity_line: String,
    /// What the experiment found of itself, each with its colour.
    pub controls: Vec<(Tone, String)>,
    /// What the audits found.
    pub audit: Audit,
    /// Switches by arm.
    pub switches: Vec<SwitchRow>,
    /// Why requests failed, one line a reason, the most frequent first.
    pub failures: Vec<String>,
    /// Program, machine: where the figures come from.
    pub provenance: Vec<(String, String)>,
    /// The command that runs it again; empty where it is not known.
    pub command: String,
    /// Services and data.
    pub environment: Vec<(String, String)>,
    /// Digest of each arm's profile.
    pub fingerprints: Vec<(String, String)>,
    /// What a reader must know.
    pub warnings: Vec<String>,
    /// The faults that were put into the services, and what each cost.
    pub faults: Vec<FaultRow>,
    /// Whether anything grew over the measured window, in a line each.
    pub growth: Vec<String>,
    /// The same in one word with what decided it; empty where the window was too short.
    pub growth_verdict: String,
    /// What was not tested.
    pub not_tested: Vec<String>,
    /// Why the figures are what they are, and what to try next.
    pub why: Why,
    /// What a capacity search found.
    pub capacity: Option<CapacityPage>,
    /// A document's figures beside the measured ones.
    pub document: Option<DocumentTable>,
    /// The capacity of both arms of an experiment.
    pub arm_capacities: Option<ArmCapacitiesPage>,
}

/// The outcome.
#[derive(Debug, Clone, Serialize)]
pub struct PageVerdict {
    /// The outcome in one word.
    pub word: VerdictWord,
    /// The same for people: `NO CHANGE`.
    pub label: &'static str,
    /// Its colour.
    pub tone: Tone,
    /// The process's exit code.
    pub exit_code: u8,
    /// The answer in one line; empty where there is none.
    pub headline: String,
    /// How far the figures can be trusted, in one line.
    pub confidence: String,
    /// Why, most important first.
    pub reasons: Vec<String>,
}

/// One large figure.
#[derive(Debug, Clone, Serialize)]
pub struct Tile {
    /// What it is.
    pub label: &'static str,
    /// The figure with its unit.
    pub figure: String,
    /// What to read it against.
    pub note: String,
}

/// The operations of one arm.
#[derive(Debug, Clone, Serialize)]
pub struct ArmOperations {
    /// Which arm.
    pub arm: String,
    /// `, pooled over 8 trials`; empty where there is one.
    pub pooled: String,
    /// One row an operation, the total last.
    pub rows: Vec<OperationRow>,
}

/// One operation of one arm.
#[derive(Debug, Clone, Serialize)]
pub struct OperationRow {
    /// `mentors.list`.
    pub name: String,
    /// Requests planned.
    pub count: String,
    /// Correct answers a second.
    pub rate: String,
    /// Share that failed.
    pub errors: String,
    /// Whether any failed.
    pub failing: bool,
    /// Response time in ms: p50, p95, p97.5, p99, max.
    pub response: [String; 5],
    /// Service time in ms, the same.
    pub service: [String; 5],
    /// Shortest response time of the successes; `–` where it is not known.
    pub min: String,
    /// Mean response time of the successes and its standard deviation.
    pub mean: String,
    /// The mean as a sort uses it.
    pub mean_key: String,
    /// Statements a request; `–` where the target does not state them.
    pub queries: String,
    /// What a sort uses, in the order of the columns: count, rate, errors, response.
    pub keys: [String; 8],
}

impl ReportPage {
    /// Says all that a summary holds.
    pub fn of(summary: &Summary) -> Self {
        let arms: Vec<&Arm> = summary.arms.iter().collect();
        let paired = summary.kind == RunKind::Experiment && arms.len() == 2;
        let validity = evidence::validity(summary);
        let areas = comparison::areas(summary);
        Self {
            kind: summary.kind.as_str(),
            name: printable(&summary.name),
            question: printable(&summary.question),
            verdict: PageVerdict {
                word: summary.verdict.word,
                label: summary.verdict.word.label(),
                tone: summary.verdict.word.into(),
                exit_code: summary.verdict.exit_code(),
                headline: printable(&summary.verdict.headline),
                confidence: summary.verdict.confidence.to_string(),
                reasons: lines(&summary.verdict.reasons),
            },
            facts: facts(summary),
            tiles: if paired {
                Vec::new()
            } else {
                arms.first().map_or_else(Vec::new, |arm| tiles(arm))
            },
            definitions: definitions(&areas),
            areas,
            operations: arms.iter().map(|arm| arm_operations(arm)).collect(),
            endings: evidence::endings(&arms),
            thresholds: thresholds::rows(summary),
            thresholds_line: thresholds::line(summary),
            thresholds_tone: thresholds::tone(summary),
            doubts: evidence::doubts(&validity),
            validity,
            validity_line: evidence::validity_line(summary),
            controls: summary
                .controls
                .iter()
                .map(|one| {
                    let tone = match one.word {
                        ControlWord::Passed => Tone::Good,
                        ControlWord::Failed => Tone::Bad,
                        ControlWord::NotChecked => Tone::Warn,
                    };
                    let line = format!("Control {}: {}", one.name, one.sentence);
                    (tone, printable(&line))
                })
                .collect(),
            audit: evidence::audit(summary),
            switches: evidence::switches(&arms),
            failures: evidence::failures(summary),
            provenance: provenance(summary),
            command: summary
                .provenance
                .as_ref()
                .map_or_else(String::new, |from| printable(&from.command_line())),
            environment: summary
                .environment
                .iter()
                .map(|(name, value)| (printable(name), printable(value)))
                .collect(),
            fingerprints: arms
                .iter()
                .map(|arm| (printable(&arm.name), printable(&arm.fingerprint)))
                .collect(),
            warnings: lines(&summary.warnings),
            faults: faults::rows(summary),
            growth: growth::lines(summary),
            growth_verdict: growth::verdict(summary),
            not_tested: lines(&summary.not_tested),
            why: Why::of(summary),
            capacity: CapacityPage::of(summary),
            document: DocumentTable::of(summary),
            arm_capacities: ArmCapacitiesPage::of(summary),
        }
    }

    /// Whether it compares two arms.
    pub fn paired(&self) -> bool {
        self.operations.len() == 2
    }

    /// The rows that the experiment claims something about.
    pub fn claims(&self) -> impl Iterator<Item = &ComparisonRow> {
        let rows = self.areas.iter().flat_map(|area| &area.rows);
        rows.filter(|row| row.primary)
    }
}

/// Each definition once, under the label without the operation that it is a figure of.
fn definitions(areas: &[Area]) -> Vec<(String, &'static str)> {
    let mut found: Vec<(String, &'static str)> = Vec::new();
    for row in areas.iter().flat_map(|area| &area.rows) {
        let known = found.iter().any(|(_, other)| *other == row.definition);
        if !known && !row.definition.is_empty() {
            let label = match (&row.operation, row.metric.split_once(' ')) {
                (Some(_), Some((_, label))) => label,
                _ => &row.metric,
            };
            found.push((label.to_owned(), row.definition));
        }
    }
    found
}

/// Program and machine, for people.
fn provenance(summary: &Summary) -> Vec<(String, String)> {
    let Some(Provenance {
        program,
        host,
        endpoints,
        ..
    }) = &summary.provenance
    else {
        return Vec::new();
    };
    let loaded = endpoints.iter().map(|one| {
        let opened = figures::plural(one.connections, "connection");
        let text = format!("{} ({}), {opened}", one.address, one.host);
        ("Load went to".to_owned(), printable(&text))
    });
    let build = if program.debug_build {
        "debug build"
    } else {
        "release build"
    };
    [
        ("Program", format!("loadgen {}, {build}", program.version)),
        (
            "Commit",
            program.commit.clone().unwrap_or_else(|| "not known".into()),
        ),
        (
            "CPU",
            format!(
                "{}, {}",
                host.cpu,
                figures::plural(host.cores as u64, "core")
            ),
        ),
        ("Memory", figures::bytes(host.memory_bytes as f64)),
        ("Kernel", host.kernel.clone()),
    ]
    .map(|(name, value)| (name.to_owned(), printable(&value)))
    .into_iter()
    .chain(loaded)
    .collect()
}

/// Each text on one line.
fn lines(texts: &[String]) -> Vec<String> {
    texts.iter().map(|text| printable(text)).collect()
}

/// When, how long, with which load.
fn facts(summary: &Summary) -> Vec<(String, String)> {
    let mut facts = vec![
        ("Load".into(), printable(&summary.load)),
        (
            "Started".into(),
            summary
                .started_at
                .format("%Y-%m-%d %H:%M:%S UTC")
                .to_string(),
        ),
        ("Took".into(), figures::duration(summary.took_s)),
    ];
    let blocks = summary
        .trials
        .iter()
        .map(|trial| trial.block)
        .collect::<BTreeSet<_>>()
        .len() as u64;
    let trials = figures::plural(summary.trials.len() as u64, "trial");
    if summary.kind == RunKind::Experiment {
        facts.push((
            "Design".into(),
            format!("{} in {}", trials, figures::plural(blocks, "block")),
        ));
    }
    facts.extend(evidence::received(summary));
    facts.extend(evidence::iterations(summary));
    facts.push(("Measured".into(), evidence::measured(summary)));
    facts.extend(completed(summary));
    if summary.interrupted {
        facts.push(("Ended".into(), "before its planned end".into()));
    }
    facts
}

/// What users got done, arm by arm.
fn completed(summary: &Summary) -> Option<(String, String)> {
    let of_arm = |arm: &Arm| {
        let all = summary.application.completed(&arm.operations);
        let counts = all
            .iter()
            .map(|(label, count)| format!("{} {label}", figures::count(*count)));
        let text = counts.collect::<Vec<_>>().join(", ");
        (!text.is_empty()).then(|| match summary.arms.len() {
            1 => text,
            _ => format!("{}: {text}", arm.name),
        })
    };
    let arms: Vec<String> = summary.arms.iter().filter_map(of_arm).collect();
    (!arms.is_empty()).then(|| ("Completed".to_owned(), printable(&arms.join("; "))))
}

/// The large figures of a run.
fn tiles(arm: &Arm) -> Vec<Tile> {
    let total = &arm.total;
    let planned = figures::plural(total.planned, "request");
    vec![
        Tile {
            label: "Goodput",
            figure: figures::rate(total.rate_per_s),
            note: planned,
        },
        Tile {
            label: "Success rate",
            figure: figures::percent(total.success),
            note: "correct answers".into(),
        },
        Tile {
            label: "P50",
            figure: figures::percentile(total.response.p50),
            note: "response time".into(),
        },
        Tile {
            label: "P95",
            figure: figures::percentile(total.response.p95),
            note: "response time".into(),
        },
        Tile {
            label: "P97.5",
            figure: figures::percentile(total.response.p97_5),
            note: "response time".into(),
        },
        Tile {
            label: "P99",
            figure: figures::percentile(total.response.p99),
            note: "response time".into(),
        },
    ]
}

/// The operations of an arm with their total.
fn arm_operations(arm: &Arm) -> ArmOperations {
    let mut rows: Vec<OperationRow> = arm
        .operations
        .iter()
        .filter(|one| one.planned > 0)
        .map(operation_row)
        .collect();
    if rows.len() != 1 {
        rows.push(operation_row(&arm.total));
    }
    ArmOperations {
        arm: printable(&arm.name),
        pooled: if arm.trials > 1 {
            format!(", pooled over {} trials", arm.trials)
        } else {
            String::new()
        },
        rows,
    }
}

/// One row.
fn operation_row(operation: &Operation) -> OperationRow {
    let errors = 1.0 - operation.success;
    let response = &operation.response;
    let plain = |value: f64| format!("{value:.5}");
    // Beyond the timeout sorts behind every figure.
    let beyond = || "Infinity".to_owned();
    let key = |value: Percentile| match value {
        Percentile::Known(value) => plain(value),
        Percentile::BeyondTimeout => beyond(),
        Percentile::TooFew { .. } => "-1".into(),
    };
    OperationRow {
        name: printable(&operation.name),
        count: figures::count(operation.planned),
        rate: figures::rate(operation.rate_per_s),
        errors: figures::percent(errors.max(0.0)),
        failing: errors > 0.0,
        response: five(response),
        service: five(&operation.service),
        min: response
            .min
            .map_or_else(|| figures::ABSENT.into(), figures::number),
        mean: match (response.mean, response.stdev) {
            (Some(mean), Some(stdev)) => {
                format!("{} ± {}", figures::number(mean), figures::number(stdev))
            }
            (Some(mean), None) => figures::number(mean),
            (None, _) => figures::ABSENT.into(),
        },
        mean_key: response.mean.map_or_else(String::new, plain),
        queries: if operation.cost.is_reported() {
            figures::number(operation.cost.counts[ServerCount::Queries])
        } else {
            figures::ABSENT.into()
        },
        keys: [
            operation.planned.to_string(),
            plain(operation.rate_per_s),
            plain(errors),
            key(response.p50),
            key(response.p95),
            key(response.p97_5),
            key(response.p99),
            response.max.map_or_else(beyond, plain),
        ],
    }
}

/// The percentiles that a table shows.
fn five(of: &Percentiles) -> [String; 5] {
    let percentile = figures::percentile_bare;
    [
        percentile(of.p50),
        percentile(of.p95),
        percentile(of.p97_5),
        percentile(of.p99),
        figures::ms_bare(of.max),
    ]
}
