//! Asks every rule of the arm that is judged: the last one, for an experiment shows on purpose
//! what the first one suffers from.

use super::{database, endings, evidence::Evidence, waiting};
use crate::schema::{Recommendation, Summary};

/// Most recommendations: who is told more does nothing.
const MOST: usize = 8;

/// What to try next, the most telling first: wrong answers, then failures, then waiting.
pub fn advise(summary: &Summary) -> Vec<Recommendation> {
    let mut all = every(summary);
    all.truncate(MOST);
    all
}

/// What every rule says, however many they are.
pub(super) fn every(summary: &Summary) -> Vec<Recommendation> {
    let Some(evidence) = Evidence::of(summary) else {
        return Vec::new();
    };
    endings::RULES
        .iter()
        .chain(waiting::RULES)
        .chain(database::RULES)
        .filter_map(|rule| rule(&evidence))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::fixture;

    #[test]
    fn without_evidence_there_is_no_advice() {
        assert_eq!(advise(&fixture::quiet()), []);
        let mut nothing = fixture::quiet();
        nothing.arms.clear();
        assert_eq!(advise(&nothing), []);
    }

    #[test]
    fn the_judged_arm_is_the_last_one() {
        let mut summary = fixture::quiet();
        let mut before = summary.arms[0].clone();
        before.server.pool_timeouts = 9;
        summary.arms.insert(0, before);
        assert_eq!(advise(&summary), []);
    }
}
