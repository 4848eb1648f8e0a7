//! One trial of one load, printed as the report of a run or as one JSON object: what `loadgen db` and
//! `loadgen ws` do once they know what to send and where.

use std::cell::OnceCell;

use serde_json::{Map, Value, json};

use super::measured_json::{by_operation, figures};
use crate::{
    cli::{
        failure::Failure,
        flags::ResultArgs,
        session::{MeasuredSession, ServiceSource, SingleRun},
    },
    library::SourceFile,
    live::TerminalCapabilities,
};
use loadgen_engine::{flow::Operations, suite::Suite};
use loadgen_experiment::trial::{ArmConfig, TrialOutcome};
use loadgen_report::render;
use loadgen_stats::seed::sub_seed;

/// One load, and how its result is printed.
pub(super) struct SingleLoad<'a> {
    /// Name of the command.
    pub(super) command: &'static str,
    /// What is loaded, for `--json`: no password is in it.
    pub(super) target: String,
    /// The load.
    pub(super) suite: &'a Suite,
    /// The configuration of what is loaded.
    pub(super) arm: ArmConfig,
    /// Names of what is sent.
    pub(super) operations: Operations,
    /// The file of inputs that is stored with the results.
    pub(super) source: &'a SourceFile,
    /// Sender threads.
    pub(super) workers: u16,
    /// Warnings for the report.
    pub(super) warnings: Vec<String>,
    /// What the load does not show; empty: what every run does not show.
    pub(super) not_tested: Vec<String>,
    /// Whether one JSON object is printed.
    pub(super) json: bool,
}

impl SingleLoad<'_> {
    /// Measures, stores and prints; returns the exit code of the verdict.
    pub(super) fn run(&self, services: &ServiceSource, result: &ResultArgs) -> Result<u8, Failure> {
        let session = MeasuredSession::begin(result, self.command, &self.suite.name, self.source);
        let single = SingleRun {
            suite: self.suite,
            arm: &self.arm,
            seed: sub_seed(self.suite.seed, self.command),
            workers: self.workers,
            warnings: self.warnings.clone(),
        };
        let measured: OnceCell<TrialOutcome> = OnceCell::new();
        session.work_and_print(
            services,
            async |bench, own_stack| {
                let (mut summary, outcome) = single.measure(&session, bench, own_stack).await?;
                if !self.not_tested.is_empty() {
                    summary.not_tested.clone_from(&self.not_tested);
                }
                // Set once: this closure runs once.
                let _first = measured.set(outcome);
                Ok(summary)
            },
            |summary, folder| match measured.get() {
                Some(outcome) if self.json => {
                    let mut object = Map::new();
                    object.insert("target".to_owned(), json!(self.target));
                    object.insert("settings".to_owned(), json!(self.arm.settings));
                    object.extend(figures(summary, &outcome.data));
                    let each = by_operation(&outcome.data, self.operations);
                    object.insert("operations".to_owned(), each);
                    format!("{:#}\n", Value::Object(object))
                }
                _ => {
                    let look = TerminalCapabilities::of_stdout();
                    render::console(summary, folder, look.width, look.colour)
                }
            },
        )
    }
}
