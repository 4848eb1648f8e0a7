//! The topologies of an experiment's arms: one of the suite, or one each.

use super::file::Experiment;
use loadgen_engine::suite::Topology;

impl Experiment {
    /// An arm that names no topology has that of the suite; where both have the same it is the suite's, and
    /// they share their services.
    pub(super) fn settle_topologies(&mut self) {
        let of_suite = self.suite.topology;
        let [before, after] =
            [self.before.topology, self.after.topology].map(|named| named.unwrap_or(of_suite));
        if before == after {
            self.suite.topology = before;
            (self.before.topology, self.after.topology) = (None, None);
        } else {
            (self.before.topology, self.after.topology) = (Some(before), Some(after));
        }
    }

    /// The topologies of both arms, where they differ.
    pub fn topologies(&self) -> Option<[Topology; 2]> {
        self.before
            .topology
            .zip(self.after.topology)
            .map(<[_; 2]>::from)
    }
}

#[cfg(test)]
mod tests {
    use super::super::file::parse;
    use super::*;
    use crate::system::Shop;

    fn read(before: &str, after: &str, more: &str) -> Result<Experiment, String> {
        let text = format!(
            "name: scale\nbefore: {{ profile: after{before} }}\nafter: {{ profile: after{after} }}\n{more}\
             load: {{ model: open, rate: 10/s, duration: 8s }}\nflows: [ {{ flow: orders.browse }} ]\n"
        );
        parse(&text, "x.yaml", &Shop).map_err(|error| error.to_string())
    }

    #[test]
    fn arms_have_topologies_of_their_own_where_they_name_different_ones() {
        let words = |found: &Experiment| {
            let both = found
                .topologies()
                .map(|both| both.map(|one| one.to_string()));
            (both, found.suite.topology.to_string())
        };
        let both = read(", topology: scale=1", ", topology: scale=2", "").unwrap();
        let different = ["scale=1", "scale=2"].map(str::to_owned);
        assert_eq!(words(&both).0, Some(different.clone()));
        assert_eq!(both.describe_differences(), "topology: scale=1 -> scale=2");
        // The other one has that of the suite.
        let one = read("", ", topology: scale=2", "").unwrap();
        assert_eq!(words(&one).0, Some(different));
        let same = read("", ", topology: scale=2", "topology: scale=2\n").unwrap();
        assert_eq!(words(&same), (None, "scale=2".to_owned()));
        let common = read(", topology: scale=4", ", topology: scale=4", "").unwrap();
        assert_eq!(words(&common), (None, "scale=4".to_owned()));
    }

    #[test]
    fn a_control_of_such_an_experiment_runs_in_the_services_of_its_second_arm() {
        let mut found = read(", topology: scale=1", ", topology: scale=2", "").unwrap();
        found
            .make_control(crate::paired::ControlKind::Same, &Shop)
            .unwrap();
        assert_eq!(found.topologies(), None);
        assert_eq!(found.suite.topology.to_string(), "scale=2");
    }

    #[test]
    fn a_topology_that_is_none_is_refused_with_its_line() {
        let refusal = read("", ", topology: scale=0", "").unwrap_err();
        assert!(refusal.starts_with("x.yaml:3:"), "{refusal}");
        assert!(refusal.contains("1 to 16"), "{refusal}");
    }
}
