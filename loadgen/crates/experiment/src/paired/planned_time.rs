//! How long the measurements of an experiment take at most, as planned.

use shared::time::Millis;

use super::{
    arm_capacities::{self, BESIDE},
    file::{ArmCapacitySearch, Experiment},
    rate,
};
use loadgen_engine::suite::LoadModel;

impl Experiment {
    /// Whether each arm is loaded to its limit first: for a common rate, and for where the searches of rates begin.
    pub(super) fn is_probed(&self) -> bool {
        let open = matches!(self.suite.load, LoadModel::Open { .. });
        self.find_rate || (open && self.capacity == ArmCapacitySearch::Yes)
    }

    /// The time of all trials with what lies between them: probes, searches of the capacity, controls, as
    /// many blocks as there can be, and what the first arm does past its capacity. Services that start and
    /// stop, and probes and blocks that are repeated or replaced, come on top. A machine that is busy or slow takes longer for
    /// what is beside the load; the searches then make fewer trials.
    pub fn longest_time(&self) -> Millis {
        let windows = self.suite.windows;
        let trial = |load: u64| load + BESIDE.0;
        let blocks = u64::from(self.most_blocks + self.control_blocks());
        let compared = 2 * blocks * trial(windows.planned().0);
        let searched = self.capacity == ArmCapacitySearch::Yes;
        let probes = if self.is_probed() { 2 } else { 0 };
        let probed = probes * trial(rate::PROBE.0);
        let capacities = if searched {
            let past = arm_capacities::windows(windows).planned().0 + windows.drain.0;
            arm_capacities::BUDGET.0 + trial(past)
        } else {
            0
        };
        Millis(compared + probed + capacities)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{paired::file::parse, system::Shop};

    fn experiment(load: &str) -> Experiment {
        let text = format!(
            "name: x\nbefore: {{ set: {{ cache.orders: off }} }}\nafter: {{}}\nprimary: [ orders.list p50 ]\nblocks: 6\nload: {load}\nflows: [ {{ flow: orders.browse }} ]\n"
        );
        parse(&text, "x.yaml", &Shop).unwrap()
    }

    #[test]
    fn every_trial_that_is_planned_counts_with_what_is_beside_its_load() {
        let open = "{ model: open, rate: 10/s, warmup: 2s, duration: 8s }";
        let mut open = experiment(open);
        // 12 trials of 13 s.
        assert_eq!(open.longest_time(), Millis(156_000));
        open.find_rate = true;
        assert_eq!(open.longest_time(), Millis(156_000 + 2 * 8_000));
        open.capacity = ArmCapacitySearch::Yes;
        // The searches begin from the same probes, and a trial of 7 s may take 10 s to drain.
        let all = 156_000 + 2 * 8_000 + arm_capacities::BUDGET.0 + 20_000;
        assert_eq!(open.longest_time(), Millis(all));
        open.most_blocks = 12;
        assert_eq!(open.longest_time(), Millis(all + 156_000));
        let mut closed = experiment("{ model: closed, users: 4, warmup: 1s, duration: 4s }");
        closed.capacity = ArmCapacitySearch::Yes;
        let all = 12 * 8_000 + arm_capacities::BUDGET.0 + 18_000;
        assert_eq!(
            closed.longest_time(),
            Millis(all),
            "a closed load needs no probe"
        );
    }
}
