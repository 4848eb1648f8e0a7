//! What all workers of a run generate a part of: the same suite, seed, target and configuration.

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use shared::hex;

use super::error::CoordinationError;
use loadgen_engine::suite::Suite;
use loadgen_experiment::{schema::Program, summary::provenance, system::Settings};

/// The form of all messages; another one is refused.
pub(super) const FORMAT: u32 = 1;

/// The program that this process runs.
fn program() -> Program {
    provenance().program
}

/// The plan of a run. It holds no secret.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunPlan {
    /// The form of the plan and of all messages.
    format: u32,
    /// Name of the run.
    pub run: String,
    /// The program of the coordinator: that of every worker is the same.
    program: Program,
    /// Number of workers.
    pub workers: u32,
    /// The suite with the replacements of all flags, as JSON.
    suite: String,
    /// The configuration that is in force during the load.
    pub settings: Settings,
    /// Seed of the trial.
    pub seed: u64,
    /// Where load goes: URLs, one for each endpoint.
    pub targets: Vec<String>,
    /// What the system says of itself.
    pub facts: String,
}

impl RunPlan {
    /// The plan of a run of this program.
    pub fn new(
        suite: &Suite,
        workers: u32,
        settings: &Settings,
        seed: u64,
        targets: Vec<String>,
        facts: String,
    ) -> Result<Self, CoordinationError> {
        let suite = serde_json::to_string(suite)
            .map_err(|error| CoordinationError::Refused(error.to_string()))?;
        let run = uuid::Uuid::new_v4().simple().to_string();
        Ok(Self {
            format: FORMAT,
            run: run[..12].to_owned(),
            program: program(),
            workers,
            suite,
            settings: settings.clone(),
            seed,
            targets,
            facts,
        })
    }

    /// Reads a plan; refuses that of another program, and one that this machine reads differently.
    pub fn read(text: &[u8]) -> Result<(Self, Suite), CoordinationError> {
        let refuse = |why: String| Err(CoordinationError::Refused(why));
        let plan: Self = match serde_json::from_slice(text) {
            Ok(plan) => plan,
            Err(error) => {
                return refuse(format!(
                    "the plan of the run cannot be read ({error}): start workers of the coordinator's version"
                ));
            }
        };
        if plan.format != FORMAT || !same_program(&plan.program, &program()) {
            return refuse(format!(
                "the coordinator runs loadgen {}, this worker is {}: start workers of the same version",
                shown(&plan.program),
                shown(&program())
            ));
        }
        let suite: Suite = match serde_json::from_str(&plan.suite) {
            Ok(suite) => suite,
            Err(error) => return refuse(format!("the suite of the run cannot be read: {error}")),
        };
        // A weight that is read a bit differently would draw another plan.
        if serde_json::to_string(&suite).ok().as_deref() != Some(plan.suite.as_str()) {
            return refuse("the suite of the run does not read back as it was written".to_owned());
        }
        Ok((plan, suite))
    }

    /// As it is published.
    pub(super) fn text(&self) -> Result<String, CoordinationError> {
        serde_json::to_string(self).map_err(|error| CoordinationError::Refused(error.to_string()))
    }
}

/// Short digest of a published plan, seed included: 16 hexadecimal digits of SHA-256.
pub(super) fn digest(text: &[u8]) -> String {
    hex::of(&Sha256::digest(text)[..8])
}

/// Whether two programs are the same: in version, build, and commit where both know it.
fn same_program(one: &Program, other: &Program) -> bool {
    let commits = one.commit.as_ref().zip(other.commit.as_ref());
    one.version == other.version
        && one.debug_build == other.debug_build
        && commits.is_none_or(|(one, other)| one == other)
}

fn shown(program: &Program) -> String {
    let build = if program.debug_build {
        ", debug build"
    } else {
        ""
    };
    match &program.commit {
        Some(commit) => format!(
            "{} ({}{build})",
            program.version,
            commit.get(..9).unwrap_or(commit)
        ),
        None => format!("{}{build}", program.version),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::library::{find_suite, suite_names};

    fn planned(name: &str) -> RunPlan {
        let (suite, _) = find_suite(name).unwrap();
        let targets = vec!["http://127.0.0.1:1".to_owned()];
        RunPlan::new(&suite, 4, &Settings::default(), 7, targets, String::new()).unwrap()
    }

    #[test]
    fn every_bundled_suite_arrives_as_it_was_sent_without_thresholds_and_faults() {
        let mut read = 0;
        for name in suite_names() {
            let (mut suite, _) = find_suite(name).unwrap();
            let plan = planned(name);
            let (back, arrived) = RunPlan::read(plan.text().unwrap().as_bytes()).unwrap();
            suite.thresholds.clear();
            suite.topology = arrived.topology;
            suite.faults.clear();
            assert_eq!(arrived, suite, "{name}");
            assert_eq!(back, plan);
            read += 1;
        }
        assert!(read > 5, "{read}");
    }

    #[test]
    fn another_version_and_a_plan_of_another_form_are_refused_in_one_line() {
        let mut plan = planned("core");
        plan.program.version = "9.9.9".to_owned();
        let refused = |text: &[u8]| RunPlan::read(text).unwrap_err().to_string();
        let error = refused(plan.text().unwrap().as_bytes());
        assert!(
            error.contains("9.9.9") && error.contains("same version"),
            "{error}"
        );
        assert_eq!(error.lines().count(), 1);
        let mut plan = planned("core");
        plan.format = 2;
        assert!(refused(plan.text().unwrap().as_bytes()).contains("same version"));
        assert!(refused(b"{}").contains("cannot be read"));
    }

    #[test]
    fn a_commit_counts_where_both_know_theirs() {
        let of = |commit: Option<&str>| Program {
            version: "1".to_owned(),
            commit: commit.map(str::to_owned),
            debug_build: false,
        };
        assert!(same_program(&of(Some("a")), &of(None)));
        assert!(same_program(&of(Some("a")), &of(Some("a"))));
        assert!(!same_program(&of(Some("a")), &of(Some("b"))));
    }

    #[test]
    fn another_seed_is_another_digest() {
        let plan = planned("core");
        let mut other = plan.clone();
        other.seed += 1;
        let of = |plan: &RunPlan| digest(plan.text().unwrap().as_bytes());
        assert_eq!(of(&plan), of(&plan.clone()));
        assert_ne!(of(&plan), of(&other));
    }
}
