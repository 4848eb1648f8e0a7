//! The outline of a summary: what a list of many runs shows of each. A summary holds every second of
//! every trial, megabytes of it; a list that read all of that would need seconds and as much memory.

use chrono::{DateTime, Utc};
use serde::Deserialize;

use loadgen_experiment::schema::{Operation, PooledPercentile, RunKind, Verdict};

/// Fields of a [`Summary`](loadgen_experiment::schema::Summary), which defines the format, under the names
/// that they have there; all others are passed over. A test holds them to those of a whole summary.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct SummaryOutline {
    /// What was run.
    pub kind: RunKind,
    /// Name of the suite or experiment.
    pub name: String,
    /// What it asks, in one sentence.
    pub question: String,
    /// When it began.
    pub started_at: DateTime<Utc>,
    /// How long it took, in seconds.
    pub took_s: f64,
    /// The outcome.
    pub verdict: Verdict,
    /// One entry for a run, `before` and `after` for an experiment.
    pub arms: Vec<ArmOutline>,
    /// Every measured trial in the order in which it ran.
    pub trials: Vec<TrialOutline>,
    /// Differences between the arms; empty for a run.
    pub effects: Vec<EffectOutline>,
}

/// Of an arm.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct ArmOutline {
    /// All operations taken together.
    pub total: Operation,
}

/// Of a trial.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct TrialOutline {
    /// By second of the intended start.
    pub series: Vec<SecondOutline>,
    /// The percentiles of wider steps of time than a second.
    #[serde(default)]
    pub pooled: Vec<PooledPercentile>,
}

/// Of one second of a trial.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
pub struct SecondOutline {
    /// Seconds since the measured window began; negative in the warm-up.
    pub second: i64,
    /// 95th percentile of the response time in milliseconds; absent where there are too few.
    pub p95_ms: Option<f64>,
}

/// Of an effect.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct EffectOutline {
    /// Whether a claim on it was made before the run.
    pub primary: bool,
    /// after / before of every block in which both figures are known.
    pub block_ratios: Vec<f64>,
}

#[cfg(test)]
mod tests {
    use std::{
        fs,
        path::{Path, PathBuf},
    };

    use loadgen_experiment::schema::{SCHEMA_VERSION, Second, Summary};
    use serde_json::{Value, json};

    use super::*;
    use crate::store::{StoreError, load, load_outline};

    fn published(name: &str) -> PathBuf {
        let all = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../results/published");
        all.join(name)
    }

    fn outline_of(summary: Summary) -> SummaryOutline {
        let second = |second: &Second| SecondOutline {
            second: second.second,
            p95_ms: second.p95_ms,
        };
        SummaryOutline {
            kind: summary.kind,
            name: summary.name,
            question: summary.question,
            started_at: summary.started_at,
            took_s: summary.took_s,
            verdict: summary.verdict,
            arms: summary
                .arms
                .into_iter()
                .map(|arm| ArmOutline { total: arm.total })
                .collect(),
            trials: summary
                .trials
                .into_iter()
                .map(|trial| TrialOutline {
                    series: trial.series.iter().map(second).collect(),
                    pooled: trial.pooled,
                })
                .collect(),
            effects: summary
                .effects
                .into_iter()
                .map(|effect| EffectOutline {
                    primary: effect.primary,
                    block_ratios: effect.block_ratios,
                })
                .collect(),
        }
    }

    #[test]
    fn an_outline_has_what_the_whole_summary_has_in_its_fields() {
        for name in ["mentor_cache", "capacity_after"] {
            let whole = load(&published(name)).unwrap();
            assert!(whole.trials.iter().any(|trial| !trial.series.is_empty()));
            let outline = load_outline(&published(name)).unwrap();
            assert_eq!(outline, outline_of(whole), "{name}");
        }
    }

    #[test]
    fn what_a_list_does_not_show_is_not_read_and_the_version_counts_all_the_same() {
        let root = tempfile::tempdir().unwrap();
        let file = root.path().join("summary.json");
        let text = fs::read(published("mentor_cache").join("summary.json")).unwrap();
        let mut summary: Value = serde_json::from_slice(&text).unwrap();
        summary["trials"][0]["operations"] = json!("of another kind");
        fs::write(&file, summary.to_string()).unwrap();
        assert!(matches!(load(&file), Err(StoreError::Json { .. })));
        assert!(load_outline(root.path()).is_ok());
        summary["schema_version"] = json!(SCHEMA_VERSION + 1);
        fs::write(&file, summary.to_string()).unwrap();
        let refused = [load(&file).map(drop), load_outline(&file).map(drop)];
        for one in refused {
            assert!(
                matches!(one, Err(StoreError::OtherVersion { .. })),
                "{one:?}"
            );
        }
    }
}
