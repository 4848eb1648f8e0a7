//! Every metric once: its name, its kind, its labels and its meaning. `docs/OBSERVABILITY.md`
//! shows the same list, and a test holds the two against each other.

use loadgen_experiment::metric::RateFigure;

/// The type of a metric in Prometheus.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MetricType {
    /// Only grows while the command runs.
    Counter,
    /// A value of this moment.
    Gauge,
    /// Counts by upper bound.
    Histogram,
}

impl MetricType {
    /// The word of the Prometheus text format.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
        }
    }
}

/// One exported metric.
#[derive(Debug, PartialEq, Eq)]
pub struct ExportedMetric {
    /// As it is scraped and pushed.
    pub name: &'static str,
    /// Whether it grows, goes up and down, or counts by bounds.
    pub metric_type: MetricType,
    /// Its labels.
    pub labels: &'static [&'static str],
    /// Its unit in UCUM, as OTLP wants it; empty where the name says all.
    pub unit: &'static str,
    /// One sentence without its full stop.
    pub help: &'static str,
}

const fn counter(
    name: &'static str,
    labels: &'static [&'static str],
    help: &'static str,
) -> ExportedMetric {
    ExportedMetric {
        name,
        metric_type: MetricType::Counter,
        labels,
        unit: "",
        help,
    }
}

const fn gauge(
    name: &'static str,
    labels: &'static [&'static str],
    unit: &'static str,
    help: &'static str,
) -> ExportedMetric {
    ExportedMetric {
        name,
        metric_type: MetricType::Gauge,
        labels,
        unit,
        help,
    }
}

/// What runs.
pub static RUN: ExportedMetric = gauge(
    "loadgen_run_info",
    &["command", "name", "run", "version"],
    "",
    "Always 1; its labels say which command runs and the name of its result folder",
);
/// The trial under way.
pub static TRIAL: ExportedMetric = gauge(
    "loadgen_trial_info",
    &["arm", "block", "phase"],
    "",
    "1 for the running trial, with its arm, block and phase; absent between trials",
);
/// Blocks of the experiment.
pub static BLOCKS: ExportedMetric = gauge(
    "loadgen_blocks",
    &[],
    "",
    "Blocks of the experiment; 0 outside one",
);
/// Time spent under load.
pub static ELAPSED: ExportedMetric = gauge(
    "loadgen_elapsed_seconds",
    &[],
    "s",
    "Seconds since the load of the command began",
);
/// Time under load in all.
pub static PLANNED: ExportedMetric = gauge(
    "loadgen_planned_seconds",
    &[],
    "s",
    "Seconds that the load of the command will take in all",
);
/// Iterations that were started.
pub static ITERATIONS: ExportedMetric = counter(
    "loadgen_iterations_total",
    &["arm"],
    "Iterations that the schedule has started: the offered load",
);
/// Requests that are done.
pub static REQUESTS: ExportedMetric = counter(
    "loadgen_requests_total",
    &["arm", "operation", "outcome"],
    "Requests done, warm-up included",
);
/// Response times.
pub static RESPONSE: ExportedMetric = ExportedMetric {
    name: "loadgen_response_seconds",
    metric_type: MetricType::Histogram,
    labels: &["arm", "operation"],
    unit: "s",
    help: "Response time from the intended start; a failure counts as infinitely slow and adds nothing to the sum",
};
/// Requests under way.
pub static IN_FLIGHT: ExportedMetric = gauge(
    "loadgen_in_flight",
    &[],
    "",
    "Requests due and not done: sent and not answered, or waiting to be sent",
);
/// Reasons for doubt.
pub static DOUBTS: ExportedMetric = gauge(
    "loadgen_doubts",
    &[],
    "",
    "Reasons why the running trial would be NOISY or INVALID if it went on like this",
);
/// Warnings of the command so far.
pub static WARNINGS: ExportedMetric =
    counter("loadgen_warnings_total", &[], "Warnings of the command");
/// Trials that have ended.
pub static TRIALS: ExportedMetric = counter(
    "loadgen_trials_total",
    &["arm", "validity"],
    "Trials that have ended, by validity",
);
/// Rows that break an invariant.
pub static VIOLATIONS: ExportedMetric = counter(
    "loadgen_violations_total",
    &["arm"],
    "Violations that the audits have found",
);
/// Processors that processes use.
pub static CPU: ExportedMetric = gauge(
    "loadgen_observed_cpu_cores",
    &["process"],
    "",
    "Processors in use by a process of the stack, as seen beside it",
);
/// What PostgreSQL's backends do.
pub static POSTGRES_BACKENDS: ExportedMetric = gauge(
    "loadgen_postgres_active_backends",
    &["wait"],
    "",
    "Active backends of PostgreSQL by what they wait for; CPU where nothing",
);
/// Write-ahead log.
pub static POSTGRES_WAL: ExportedMetric = gauge(
    "loadgen_postgres_wal_bytes_per_second",
    &[],
    "",
    RateFigure::LogBytes.definition(),
);
/// Statements that PostgreSQL ran a second.
pub static POSTGRES_STATEMENTS: ExportedMetric = gauge(
    "loadgen_postgres_statements_per_second",
    &[],
    "",
    RateFigure::Queries.definition(),
);
/// Redis commands.
pub static REDIS_COMMANDS: ExportedMetric = gauge(
    "loadgen_redis_commands_per_second",
    &[],
    "",
    RateFigure::RedisCommands.definition(),
);

/// All of them, in the order of the page.
pub static ALL: [&ExportedMetric; 18] = [
    &RUN,
    &TRIAL,
    &BLOCKS,
    &ELAPSED,
    &PLANNED,
    &ITERATIONS,
    &REQUESTS,
    &RESPONSE,
    &IN_FLIGHT,
    &DOUBTS,
    &WARNINGS,
    &TRIALS,
    &VIOLATIONS,
    &CPU,
    &POSTGRES_BACKENDS,
    &POSTGRES_WAL,
    &POSTGRES_STATEMENTS,
    &REDIS_COMMANDS,
];

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, fs, path::Path};

    use super::*;

    #[test]
    fn names_follow_the_rules_of_prometheus() {
        let names: BTreeSet<_> = ALL.iter().map(|metric| metric.name).collect();
        assert_eq!(names.len(), ALL.len(), "a name is there twice");
        for metric in ALL {
            let legal = |c: char| c.is_ascii_lowercase() || c == '_';
            assert!(metric.name.chars().all(legal), "{}", metric.name);
            assert!(metric.name.starts_with("loadgen_"), "{}", metric.name);
            assert_eq!(
                metric.name.ends_with("_total"),
                metric.metric_type == MetricType::Counter,
                "{}",
                metric.name
            );
        }
    }

    #[test]
    fn the_document_lists_every_metric_as_it_is() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/OBSERVABILITY.md");
        let text = fs::read_to_string(path).unwrap();
        let shown: Vec<&str> = text
            .lines()
            .filter(|line| line.starts_with("| `loadgen_"))
            .collect();
        let right: Vec<String> = ALL
            .iter()
            .map(|metric| {
                format!(
                    "| `{}` | {} | {} | {} |",
                    metric.name,
                    metric.metric_type.as_str(),
                    metric.labels.join(", "),
                    metric.help
                )
            })
            .collect();
        assert_eq!(
            shown,
            right,
            "docs/OBSERVABILITY.md; put there:\n{}",
            right.join("\n")
        );
    }
}
