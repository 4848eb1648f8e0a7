//! The faults of a run in words: when each was in force, what it cost, and how long the target took to
//! recover.

use serde::Serialize;

use crate::render::figures::{self, ABSENT};
use crate::render::tone::Tone;
use loadgen_experiment::events::printable;
use loadgen_experiment::schema::{FaultRecovery, FaultResult, Summary};

/// What the columns are.
pub(super) const FAULTS_NOTE: &str = "Lost is the goodput before the fault times its seconds until recovery, \
    minus what was answered. Recovery counts from the end of the fault, when its service is ready again.";

/// One fault.
#[derive(Debug, Clone, Serialize)]
pub struct FaultRow {
    /// Its name, and its trial where there are several.
    pub fault: String,
    /// When it began, in the measured window.
    pub from: String,
    /// How long it was in force.
    pub lasted: String,
    /// Right answers a second before it.
    pub before: String,
    /// Requests that failed.
    pub failed: String,
    /// Right answers that were lost.
    pub lost: String,
    /// How long the target took to recover, or the word that stands for it.
    pub recovery: String,
    /// Why the recovery is not known; empty where it is.
    pub why: String,
    /// Its colour.
    pub tone: Tone,
}

/// Every fault of every trial, in order.
pub(super) fn rows(summary: &Summary) -> Vec<FaultRow> {
    let several = summary.trials.len() > 1;
    let of_trial = |folder: &str, one: &FaultResult| {
        let name = if several {
            format!("{} ({folder})", one.fault)
        } else {
            one.fault.clone()
        };
        row(printable(&name), one)
    };
    summary
        .trials
        .iter()
        .flat_map(|trial| trial.faults.iter().map(|one| of_trial(&trial.folder, one)))
        .collect()
}

fn row(fault: String, one: &FaultResult) -> FaultRow {
    let (recovery, why, tone) = match &one.recovery {
        FaultRecovery::After { seconds } if *seconds < 0.05 => {
            ("at once".to_owned(), String::new(), Tone::Good)
        }
        FaultRecovery::After { seconds } => {
            (figures::duration(*seconds), String::new(), Tone::Plain)
        }
        FaultRecovery::NotRecovered => ("not recovered".to_owned(), String::new(), Tone::Bad),
        FaultRecovery::Unknown { why } => ("unknown".to_owned(), printable(why), Tone::Warn),
    };
    FaultRow {
        fault,
        from: figures::duration(one.at_s),
        lasted: figures::duration(one.for_s),
        before: one
            .before_per_s
            .map_or_else(|| ABSENT.to_owned(), figures::rate),
        failed: figures::count(one.failed),
        lost: one
            .lost
            .map_or_else(|| ABSENT.to_owned(), |lost| figures::number(lost.round())),
        recovery,
        why,
        tone,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::{console, fixture, html, markdown, terminal};

    fn fault(name: &str, recovery: FaultRecovery) -> FaultResult {
        FaultResult {
            fault: name.to_owned(),
            at_s: 5.02,
            for_s: 3.01,
            before_per_s: Some(61.5),
            failed: 1_310,
            lost: Some(271.4),
            recovery,
        }
    }

    fn with_faults() -> Summary {
        let mut summary = fixture::run();
        summary.trials[0].faults = vec![
            fault("redis.down", FaultRecovery::After { seconds: 1.75 }),
            fault("redis.slow", FaultRecovery::After { seconds: 0.0 }),
            fault("postgres.restart", FaultRecovery::NotRecovered),
            FaultResult {
                before_per_s: None,
                lost: None,
                ..fault(
                    "instance.kill",
                    FaultRecovery::Unknown {
                        why: "fewer than 2 seconds after it".to_owned(),
                    },
                )
            },
        ];
        summary
    }

    #[test]
    fn every_report_has_the_table_and_a_run_without_faults_has_none() {
        let summary = with_faults();
        let forms = [
            terminal(&summary, 80, false),
            console(&summary, None, 80, false),
            markdown(&summary).unwrap().replace('\\', ""),
            html(&summary).unwrap(),
        ];
        for text in &forms {
            for figure in [
                "redis.down",
                "5.0 s",
                "3.0 s",
                "61.5",
                "1,310",
                "271",
                "1.8 s",
                "at once",
                "not recovered",
                "unknown",
                "fewer than 2 seconds after it",
            ] {
                assert!(text.contains(figure), "{figure} is missing: {text}");
            }
        }
        for line in forms[..2].iter().flat_map(|text| text.lines()) {
            assert!(line.chars().count() <= 80, "{line}");
        }
        let without = fixture::run();
        for text in [
            terminal(&without, 80, false),
            markdown(&without).unwrap(),
            html(&without).unwrap(),
        ] {
            assert!(!text.contains("Recovery"), "{text}");
        }
    }

    #[test]
    fn a_fault_of_several_trials_names_its_trial() {
        let mut summary = fixture::experiment(false);
        summary.trials[0].faults = vec![fault("redis.empty", FaultRecovery::NotRecovered)];
        let folder = summary.trials[0].folder.clone();
        assert_eq!(rows(&summary)[0].fault, format!("redis.empty ({folder})"));
    }
}
