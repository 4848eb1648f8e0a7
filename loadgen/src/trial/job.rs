//! What a trial is given.

use std::{collections::BTreeMap, net::SocketAddr, sync::Arc, time::Duration};

use shared::profile::Profile;
use tokio_util::sync::CancellationToken;

use super::crash::{Crash, StackControl};
use crate::{
    events::{Publisher, Steering},
    observer::Control,
    suite::Suite,
};

/// The services a command runs against.
#[derive(Debug, Clone)]
pub struct Bench {
    /// Where requests go.
    pub address: SocketAddr,
    /// Value of the `Host` header.
    pub host: String,
    /// The control plane.
    pub control: Control,
    /// The services of an own stack; absent where somebody else's target is used.
    pub upkeep: Option<Arc<dyn StackControl>>,
    /// What is killed in the middle of each trial.
    pub crash: Option<Crash>,
    /// Who is told what goes on.
    pub events: Publisher,
    /// Ends the trial early, gracefully.
    pub stop: CancellationToken,
    /// How many requests of each trial are kept one by one.
    pub samples: Option<usize>,
    /// What people want of the running load.
    pub steering: Steering,
}

impl Bench {
    /// Processes on this machine whose CPU is told, by name.
    pub(super) fn pids(&self) -> BTreeMap<String, u32> {
        self.upkeep
            .as_ref()
            .map(|upkeep| upkeep.processes())
            .unwrap_or_default()
            .into_iter()
            .map(|process| (process.name, process.pid))
            .collect()
    }
}

/// One configuration.
#[derive(Debug, Clone)]
pub struct Arm {
    /// `before`, `after` or `run`.
    pub name: String,
    /// Every switch.
    pub profile: Profile,
}

impl Arm {
    /// The switches that make this arm known to be wrong, if any do.
    pub fn known_wrong(&self) -> Option<String> {
        let wrong = self.profile.known_wrong();
        (!wrong.is_empty()).then(|| wrong.join(" and "))
    }
}

/// Which trial of a command.
#[derive(Debug, Clone)]
pub struct Place<'a> {
    /// What is asked.
    pub suite: &'a Suite,
    /// On which configuration.
    pub arm: &'a Arm,
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
    /// Load that the command has behind it.
    pub elapsed: Duration,
    /// Load that the command takes in all.
    pub total: Duration,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_arm_names_every_switch_that_makes_it_known_to_be_wrong() {
        let mut arm = Arm {
            name: "before".to_owned(),
            profile: Profile::after(),
        };
        assert_eq!(arm.known_wrong(), None);
        arm.profile.apply("bookings.idempotency=off").unwrap();
        assert_eq!(arm.known_wrong().unwrap(), "bookings.idempotency=off");
        arm.profile
            .apply("bookings.strategy=unlocked_counter")
            .unwrap();
        assert_eq!(
            arm.known_wrong().unwrap(),
            "bookings.strategy=unlocked_counter and bookings.idempotency=off"
        );
    }
}
