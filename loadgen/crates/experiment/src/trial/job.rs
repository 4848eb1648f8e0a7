//! What a trial is given.

use std::{sync::Arc, time::Duration};

use tokio_util::sync::CancellationToken;

use super::{
    clock::CommandProgress,
    load_source::{LoadSource, LocalLoad},
};
use crate::services::{ServiceControl, TargetProgram};
use crate::{
    events::{LoadControl, Publisher},
    schema::ArmName,
    system::{Application, Settings, SystemUnderTest},
};
use loadgen_engine::{
    driver::HttpTrace,
    suite::{PlannedFault, Suite, Topology},
};

/// What a command runs against, and who watches.
#[derive(Debug, Clone)]
pub struct TestEnv {
    /// What is loaded and measured.
    pub system: Arc<dyn SystemUnderTest>,
    /// The services of an own stack; absent where the target was running already.
    pub service_control: Option<Arc<dyn ServiceControl>>,
    /// A fault in each trial that the command line asks for, beside those of the suite.
    pub crash: Option<PlannedFault>,
    /// Where the load is generated.
    pub load: Arc<dyn LoadSource>,
    /// Listeners of what goes on.
    pub events: Publisher,
    /// Ends the trial early, gracefully.
    pub stop: CancellationToken,
    /// How many requests of each trial are kept one by one.
    pub samples: Option<usize>,
    /// Prints the first exchanges on standard error.
    pub trace: Option<HttpTrace>,
    /// Changes of the running load that people ask for.
    pub load_control: LoadControl,
    /// The own stacks of arms whose topologies differ, that of `system` among them; empty where all arms
    /// run in the same.
    pub stacks: Vec<ArmStack>,
}

/// An own stack beside others, for the arms that ask for its topology.
#[derive(Debug, Clone)]
pub struct ArmStack {
    /// What it consists of.
    pub topology: Topology,
    /// What is loaded and measured.
    pub system: Arc<dyn SystemUnderTest>,
    /// Its services.
    pub service_control: Arc<dyn ServiceControl>,
}

impl TestEnv {
    /// Loads `system` from this process, without services of its own: nothing is disturbed, kept one by one
    /// or printed.
    pub fn of(
        system: Arc<dyn SystemUnderTest>,
        events: Publisher,
        load_control: LoadControl,
    ) -> Self {
        Self {
            system,
            service_control: None,
            crash: None,
            load: Arc::new(LocalLoad),
            events,
            stop: load_control.token(),
            samples: None,
            trace: None,
            load_control,
            stacks: Vec::new(),
        }
    }

    /// The same with the stack that the trials of `arm` run in.
    pub(super) fn in_stack_of(&self, arm: &ArmConfig) -> Self {
        let mut env = self.clone();
        let mut stacks = self.stacks.iter();
        if let Some(stack) = stacks.find(|one| Some(one.topology) == arm.topology) {
            env.system = Arc::clone(&stack.system);
            env.service_control = Some(Arc::clone(&stack.service_control));
        }
        env
    }

    /// The services of the stacks that the trials of `arm` do not run in.
    pub(super) fn other_stacks(&self, arm: &ArmConfig) -> Vec<Arc<dyn ServiceControl>> {
        let others = self
            .stacks
            .iter()
            .filter(|one| Some(one.topology) != arm.topology);
        others.map(|one| Arc::clone(&one.service_control)).collect()
    }

    /// Processes on this machine whose CPU is read, by name.
    pub(super) fn pids(&self) -> Vec<(String, u32)> {
        let control = self.service_control.as_ref();
        let pids = control.map(|control| pids(control.as_ref()));
        pids.unwrap_or_default()
    }
}

/// The main processes of an own stack as of now, by name.
pub(super) fn pids(control: &dyn ServiceControl) -> Vec<(String, u32)> {
    let processes = control.processes().into_iter();
    processes.map(|one| (one.name, one.pid)).collect()
}

/// One configuration.
#[derive(Debug, Clone)]
pub struct ArmConfig {
    /// `before`, `after` or `run`.
    pub name: ArmName,
    /// Every switch.
    pub settings: Settings,
    /// The switches that make it known to be wrong, if any do: `switch=value`.
    pub known_wrong: Option<String>,
    /// The program of the target that its trials start; absent where all trials run the same.
    pub program: Option<TargetProgram>,
    /// The topology of the stack that its trials run in; absent where all trials run in one.
    pub topology: Option<Topology>,
}

impl ArmConfig {
    /// An arm of that name with these settings.
    pub fn new(name: &str, settings: Settings, application: &dyn Application) -> Self {
        let wrong = application.known_wrong(&settings);
        Self {
            name: name.into(),
            settings,
            known_wrong: (!wrong.is_empty()).then(|| wrong.join(" and ")),
            program: None,
            topology: None,
        }
    }
}

/// Which trial of a command.
#[derive(Debug, Clone)]
pub struct TrialSpec<'a> {
    /// What is asked.
    pub suite: &'a Suite,
    /// On which configuration.
    pub arm: &'a ArmConfig,
    /// Block number from 1; 0 outside an experiment.
    pub block: u32,
    /// How many blocks there are; 0 outside an experiment.
    pub blocks: u32,
    /// Name of its folder: `b03_2_after`.
    pub folder: String,
    /// Seed of its arrivals, keys and users: the same for both arms of a block.
    pub seed: u64,
    /// Threads that send.
    pub workers: usize,
    /// Whether the plans of its statements are asked for afterwards: once an arm is enough.
    pub explained: bool,
    /// Where it stands in the command.
    pub course: CommandProgress,
}

impl TrialSpec<'_> {
    /// Tells listeners what is being done for this trial, and how long it is expected to take.
    pub(super) fn stage(&self, events: &Publisher, what: &str, expected: Option<Duration>) {
        let text = if self.blocks == 0 {
            format!("{}: {what}", self.suite.name)
        } else {
            format!(
                "block {} of {}, {}: {what}",
                self.block, self.blocks, self.arm.name
            )
        };
        events.stage(text, expected);
    }
}
