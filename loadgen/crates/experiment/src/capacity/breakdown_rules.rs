//! From the trials past the capacity to a word for each admission policy.
//!
//! A round is a trial at the lower bound and the one at twice it that ran after it. Its *share* is the
//! goodput in time of the second over that of the first. PLATEAU: at least [`PLATEAU`] in every round.
//! COLLAPSE: below [`COLLAPSE`] in every round. DECLINE: between them in every round. UNKNOWN: the rounds
//! disagree, one of their trials is INVALID, there are fewer than two of them, or fewer than
//! [`FEWEST_ANSWERS`] answers were in time in a trial at the lower bound. The trials between the two loads
//! are shown and decide nothing.

use super::{breakdown_plan::FEWEST_ROUNDS, outcome::KeptTrial, saturation::same};
use crate::schema::{
    BreakdownFigures, BreakdownLoad, BreakdownTrial, BreakdownWord, Percentile, PolicyBreakdown,
    TrialPurpose, ValidityWord,
};
use loadgen_stats::median;

/// Share of the goodput that a plateau keeps at least.
const PLATEAU: f64 = 0.9;
/// Share below which it has collapsed.
const COLLAPSE: f64 = 0.5;
/// Fewest answers in time at the lower bound: two standard deviations of their number, `2 sqrt(n)`, are
/// then a tenth of it, by which a plateau may fall.
const FEWEST_ANSWERS: u64 = 400;

/// What happens past the capacity with a policy, from all of its trials; `loads` ascend from the lower
/// bound to twice it.
pub(super) fn policy_breakdown(
    policy: &str,
    lower: f64,
    loads: &[f64],
    trials: &[KeptTrial],
) -> PolicyBreakdown {
    let at = |purpose: TrialPurpose, load: f64| -> Vec<BreakdownTrial> {
        let mine = trials.iter().filter(|one| one.step.purpose == purpose);
        let mine = mine.filter_map(|one| one.breakdown.as_ref());
        let here = mine.filter(|one| one.policy == policy && same(one.load, load));
        here.cloned().collect()
    };
    let loads: Vec<BreakdownLoad> = loads
        .iter()
        .map(|load| of_load(*load, lower, at(TrialPurpose::Breakdown, *load)))
        .collect();
    let none: &[BreakdownTrial] = &[];
    let first = loads.first().map_or(none, |one| &one.trials[..]);
    let last = loads.last().map_or(none, |one| &one.trials[..]);
    let (word, why) = word(first, last);
    let peak = loads.last().map_or(0.0, |one| one.load);
    PolicyBreakdown {
        policy: policy.to_owned(),
        word,
        why,
        spike: at(TrialPurpose::Spike, peak).pop(),
        loads,
    }
}

/// The word on the trials at the lower bound and at twice it, and what decided it.
fn word(lower: &[BreakdownTrial], double: &[BreakdownTrial]) -> (BreakdownWord, String) {
    let unknown = |why: String| (BreakdownWord::Unknown, why);
    let rounds: Vec<(&BreakdownTrial, &BreakdownTrial)> = lower.iter().zip(double).collect();
    if rounds.len() < FEWEST_ROUNDS as usize {
        return unknown(format!("fewer than {FEWEST_ROUNDS} rounds were measured"));
    }
    let trials = || rounds.iter().flat_map(|(at, past)| [*at, *past]);
    let invalid: Vec<&BreakdownTrial> = trials().filter(|one| !counts(one)).collect();
    if let Some(first) = invalid.first() {
        return unknown(format!(
            "{} of {} trials are INVALID, for a reason that is not the target's: {}",
            invalid.len(),
            trials().count(),
            first.doubts.join("; ")
        ));
    }
    let fewest = rounds.iter().map(|(at, _)| at.answered_in_time).min();
    if let Some(few) = fewest.filter(|count| *count < FEWEST_ANSWERS) {
        return unknown(format!(
            "only {few} answers were in time in a trial at the lower bound, and of fewer than {FEWEST_ANSWERS} chance alone moves a tenth; a longer --duration has more"
        ));
    }
    let shares: Vec<f64> = rounds
        .iter()
        .map(|(at, past)| past.figures.goodput_per_s / at.figures.goodput_per_s)
        .collect();
    let words: Vec<BreakdownWord> = shares.iter().copied().map(of_share).collect();
    let shown: Vec<String> = shares
        .iter()
        .map(|share| format!("{:.1} %", share * 100.0))
        .collect();
    let shown = shown.join(", ");
    match words.first() {
        Some(first) if words.iter().all(|word| word == first) => (
            *first,
            format!("at twice the lower bound {shown} of the goodput there"),
        ),
        _ => unknown(format!(
            "the rounds disagree: at twice the lower bound {shown} of the goodput there"
        )),
    }
}

fn of_share(share: f64) -> BreakdownWord {
    if share >= PLATEAU {
        BreakdownWord::Plateau
    } else if share >= COLLAPSE {
        BreakdownWord::Decline
    } else {
        BreakdownWord::Collapse
    }
}

/// Whether a trial says anything of the target.
fn counts(trial: &BreakdownTrial) -> bool {
    trial.validity != ValidityWord::Invalid
}

/// The trials of a load with their medians.
fn of_load(load: f64, lower: f64, trials: Vec<BreakdownTrial>) -> BreakdownLoad {
    let counted: Vec<BreakdownFigures> = trials
        .iter()
        .filter(|one| counts(one))
        .map(|one| one.figures)
        .collect();
    let goodput = || counted.iter().map(|one| one.goodput_per_s);
    BreakdownLoad {
        load,
        times: load / lower,
        median: medians(&counted),
        goodput_range: goodput().reduce(f64::min).zip(goodput().reduce(f64::max)),
        trials,
    }
}

/// The median of each figure; absent without a trial.
fn medians(all: &[BreakdownFigures]) -> Option<BreakdownFigures> {
    let of = |figure: fn(&BreakdownFigures) -> f64| {
        let values: Vec<f64> = all.iter().map(figure).collect();
        median(&values)
    };
    Some(BreakdownFigures {
        offered_per_s: of(|one| one.offered_per_s)?,
        goodput_per_s: of(|one| one.goodput_per_s)?,
        in_time: of(|one| one.in_time)?,
        late: of(|one| one.late)?,
        refused: of(|one| one.refused)?,
        failed: of(|one| one.failed)?,
        p95_ms: median_percentile(all.iter().map(|one| one.p95_ms)),
        answered_p95_ms: median_percentile(all.iter().map(|one| one.answered_p95_ms)),
    })
}

/// The median of the percentiles that are known; where none is, that of the fewest samples.
fn median_percentile(all: impl Iterator<Item = Percentile> + Clone) -> Percentile {
    let known: Vec<f64> = all.clone().filter_map(Percentile::in_order).collect();
    match median(&known) {
        Some(ms) if ms.is_finite() => Percentile::Known(ms),
        Some(_) => Percentile::BeyondTimeout,
        None => {
            let samples = all.filter_map(|one| match one {
                Percentile::TooFew { n } => Some(n),
                _ => None,
            });
            Percentile::TooFew {
                n: samples.min().unwrap_or(0),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{capacity::fixture::kept, schema::LoadVote};

    const LOADS: [f64; 3] = [100.0, 150.0, 200.0];

    /// A trial at a load with so much goodput of 1,000 requests a second.
    fn trial(load: f64, goodput_per_s: f64) -> KeptTrial {
        let mut one = kept(load, LoadVote::Missed);
        one.step.purpose = TrialPurpose::Breakdown;
        one.breakdown = Some(BreakdownTrial {
            folder: one.step.folder.clone(),
            policy: "admission=off".into(),
            load,
            answered_in_time: (goodput_per_s * 10.0) as u64,
            figures: BreakdownFigures {
                offered_per_s: 1_000.0,
                goodput_per_s,
                in_time: goodput_per_s / 1_000.0,
                late: 1.0 - goodput_per_s / 1_000.0,
                refused: 0.0,
                failed: 0.0,
                p95_ms: Percentile::Known(goodput_per_s),
                answered_p95_ms: Percentile::BeyondTimeout,
            },
            validity: ValidityWord::Valid,
            doubts: Vec::new(),
            spike: None,
        });
        one
    }

    /// What is said of rounds with these goodputs at the lower bound and at twice it.
    fn said(rounds: &[(f64, f64)], change: impl Fn(&mut Vec<KeptTrial>)) -> PolicyBreakdown {
        let mut trials = Vec::new();
        for (at, past) in rounds {
            trials.extend([trial(100.0, *at), trial(150.0, 1.0), trial(200.0, *past)]);
        }
        change(&mut trials);
        policy_breakdown("admission=off", 100.0, &LOADS, &trials)
    }

    fn word_of(rounds: &[(f64, f64)]) -> BreakdownWord {
        said(rounds, |_| ()).word
    }

    #[test]
    fn each_word_holds_up_to_its_limit_and_in_every_round() {
        use BreakdownWord::{Collapse, Decline, Plateau, Unknown};
        for (rounds, word) in [
            ([(100.0, 90.0), (80.0, 100.0)], Plateau),
            ([(100.0, 89.9), (100.0, 50.0)], Decline),
            ([(100.0, 49.9), (100.0, 0.0)], Collapse),
            ([(100.0, 90.0), (100.0, 89.0)], Unknown),
            ([(100.0, 51.0), (100.0, 49.0)], Unknown),
        ] {
            assert_eq!(word_of(&rounds), word, "{rounds:?}");
        }
        let found = said(&[(100.0, 96.0), (100.0, 98.0)], |_| ());
        assert_eq!(
            found.why,
            "at twice the lower bound 96.0 %, 98.0 % of the goodput there"
        );
        let found = said(&[(100.0, 90.0), (100.0, 10.0)], |_| ());
        assert!(
            found.why.starts_with("the rounds disagree"),
            "{}",
            found.why
        );
    }

    #[test]
    fn there_is_no_word_without_the_data_that_carries_it() {
        let unknown = |rounds: &[(f64, f64)], change: fn(&mut Vec<KeptTrial>), part: &str| {
            let found = said(rounds, change);
            assert_eq!(found.word, BreakdownWord::Unknown, "{part}");
            assert!(found.why.contains(part), "{}", found.why);
        };
        let plateau = [(100.0, 99.0), (100.0, 99.0)];
        unknown(&plateau[..1], |_| (), "fewer than 2 rounds");
        unknown(&[(39.9, 39.0); 2], |_| (), "only 399 answers");
        unknown(
            &plateau,
            |all| {
                let one = all[5].breakdown.as_mut().unwrap();
                one.validity = ValidityWord::Invalid;
                one.doubts = vec!["LAG: 12 ms".into()];
            },
            "1 of 4 trials are INVALID, for a reason that is not the target's: LAG: 12 ms",
        );
        // One between the two loads decides nothing.
        let between = said(&plateau, |all| {
            all[1].breakdown.as_mut().unwrap().validity = ValidityWord::Invalid;
        });
        assert_eq!(between.word, BreakdownWord::Plateau);
        let goodput = between.loads[1].median.map(|one| one.goodput_per_s);
        assert_eq!(goodput, Some(1.0));
        let other = said(&plateau, |all| {
            all[0].breakdown.as_mut().unwrap().policy = "admission=limit(4)".into();
        });
        assert_eq!(other.loads[0].trials.len(), 1);
    }

    #[test]
    fn a_load_has_the_medians_and_the_range_of_its_trials() {
        let found = said(&[(100.0, 40.0), (104.0, 20.0), (90.0, 30.0)], |_| ());
        let times: Vec<f64> = found.loads.iter().map(|one| one.times).collect();
        assert_eq!(times, [1.0, 1.5, 2.0]);
        let double = &found.loads[2];
        let median = double.median.unwrap();
        assert_eq!(Some(median.goodput_per_s), Some(30.0));
        assert_eq!(median.p95_ms, Percentile::Known(30.0));
        assert_eq!(median.answered_p95_ms, Percentile::BeyondTimeout);
        assert_eq!(double.goodput_range, Some((20.0, 40.0)));
        assert!(found.spike.is_none());
    }
}
