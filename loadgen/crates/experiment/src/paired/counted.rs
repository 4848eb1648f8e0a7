//! Which trials of a stored experiment count, for what reads it again: the catalogue and baselines.

use std::collections::BTreeMap;

use crate::schema::{Trial, ValidityWord};

/// The pairs that count among the trials of an experiment, given in the order in which they ran: of a block the pair
/// that ran last, where neither of its trials is INVALID or was ended by an overload. An earlier pair of the block
/// was repeated and counts no more, and one that a stop left with a single trial is none.
pub fn counted_pairs(trials: &[Trial]) -> Vec<[&Trial; 2]> {
    let mut blocks: BTreeMap<u32, Vec<&Trial>> = BTreeMap::new();
    for trial in trials {
        blocks.entry(trial.block).or_default().push(trial);
    }
    let counts = |trial: &Trial| {
        trial.validity.word != ValidityWord::Invalid && trial.validity.overload().is_none()
    };
    blocks
        .into_values()
        .filter(|ran| ran.len().is_multiple_of(2))
        .filter_map(|ran| ran.last_chunk::<2>().copied())
        .filter(|&[one, other]| one.arm != other.arm && counts(one) && counts(other))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        paired::decide_fixture,
        schema::{CheckCode, ValidityCheck},
    };

    /// The pairs of one block, of each trial whether it is valid.
    fn block(number: u32, pairs: &[[bool; 2]]) -> Vec<Trial> {
        let of_pair = |pair: &[bool; 2]| {
            ["before", "after"]
                .into_iter()
                .zip(*pair)
                .map(|(arm, valid)| {
                    let mut trial = decide_fixture::trial(Some(1.0), 1.0);
                    (trial.block, trial.arm) = (number, arm.into());
                    trial.validity.word = if valid {
                        ValidityWord::Noisy
                    } else {
                        ValidityWord::Invalid
                    };
                    trial
                })
                .collect::<Vec<_>>()
        };
        pairs.iter().flat_map(of_pair).collect()
    }

    #[test]
    fn of_a_repeated_block_the_last_pair_alone_counts_and_only_as_a_pair() {
        let counted = |pairs: &[[bool; 2]]| counted_pairs(&block(1, pairs)).len();
        assert_eq!(counted(&[[true, true]]), 1);
        assert_eq!(counted(&[[true, false], [true, true]]), 1);
        // Two trials that can be trusted, and no pair of them.
        assert_eq!(counted(&[[true, false], [false, true]]), 0);
        assert_eq!(counted(&[[true, true], [true, false]]), 0);
        let mut stopped = block(1, &[[true, true], [true, true]]);
        stopped.pop();
        assert!(counted_pairs(&stopped).is_empty());
        let mut ended = block(1, &[[true, true]]);
        ended[0].validity.checks = vec![ValidityCheck {
            code: CheckCode::Overload,
            ok: false,
            figure: "64 in flight".to_owned(),
            limit: "fewer".to_owned(),
            advice: String::new(),
        }];
        ended.extend(block(2, &[[true, true]]));
        let found = counted_pairs(&ended);
        assert_eq!((found.len(), found[0][0].block), (1, 2));
    }
}
