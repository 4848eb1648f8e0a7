//! The one word of a capacity search. The first of these that applies is the word:
//!
//! ```text
//! INTERRUPTED   the command was stopped
//! VIOLATED      an audit found a broken invariant
//! INVALID       the load generator failed before the target did, or in the soak; the search ended early,
//!               or an audit was not made
//! FAILED        fresh trials confirmed that the SLO does not even hold at the lowest load; or it did not
//!               in the soak, or something grew in it
//! INCONCLUSIVE  a bound is not known, for the time was over or there were too few requests, or fresh
//!               trials did not confirm it; or the soak does not tell whether the SLO held, or anything grows
//! MEASURED      both bounds are known and confirmed, and nothing grew in the soak, if there was one
//! ```
//!
//! Where the load of the soak was given there are no bounds, and the soak alone decides. What happens past
//! the capacity is a finding and no verdict; what its audits find is one.

use shared::time::Millis;

use super::{
    endings::{confirmations, ending},
    outcome::CapacityOutcome,
};
use crate::{
    schema::{
        Capacity, GrowthWord, LoadVote, PolicyBreakdown, SaturationSign, SearchEnding, Soak, Trial,
        Verdict, VerdictWord,
    },
    verdict,
};

/// The verdict on a search; `violations` is one sentence for each broken invariant.
pub fn verdict_on(outcome: &CapacityOutcome, violations: Vec<String>) -> Verdict {
    let capacity = &outcome.capacity;
    let trials: Vec<Trial> = outcome.all().map(|one| one.trial.clone()).collect();
    let confidence = verdict::confidence(&trials, &[]);
    let error = outcome.error.as_ref().map(verdict::ended_early);
    let word = if outcome.interrupted {
        VerdictWord::Interrupted
    } else if !violations.is_empty() {
        VerdictWord::Violated
    } else if error.is_some() || confidence.audits.missing() > 0 {
        VerdictWord::Invalid
    } else {
        let soaked = capacity.soak.as_ref().map(of_soak);
        of_search(capacity)
            .into_iter()
            .chain(soaked)
            .max_by_key(|word| severity(*word))
            .unwrap_or(VerdictWord::Inconclusive)
    };
    let mut reasons = Vec::new();
    if outcome.interrupted {
        reasons.push(format!(
            "{}{}",
            verdict::stopped(confidence.trials()),
            if outcome.can_be_resumed() {
                "; --resume goes on from there"
            } else {
                ""
            }
        ));
    }
    reasons.extend(violations);
    reasons.extend(error);
    reasons.extend(ending(capacity));
    reasons.extend(confirmations(capacity));
    reasons.extend(
        capacity
            .soak
            .as_ref()
            .map(|soak| soak_sentence(capacity, soak)),
    );
    let past = capacity.breakdown.iter().flat_map(|past| &past.policies);
    reasons.extend(past.map(PolicyBreakdown::sentence));
    let omitted = verdict::omitted(&trials);
    reasons.push(verdict::audited(confidence.audits, word, omitted));
    Verdict {
        headline: headline(capacity),
        confidence,
        ..Verdict::new(word, reasons)
    }
}

/// What the search alone comes to; absent where nothing was searched.
fn of_search(capacity: &Capacity) -> Option<VerdictWord> {
    Some(match capacity.ending {
        SearchEnding::NotSearched => return None,
        SearchEnding::GeneratorLimit => VerdictWord::Invalid,
        SearchEnding::BelowLowest if capacity.upper_confirmed => VerdictWord::Failed,
        _ if capacity.lower_confirmed && capacity.upper_confirmed => VerdictWord::Measured,
        _ => VerdictWord::Inconclusive,
    })
}

/// What the soak alone comes to.
fn of_soak(soak: &Soak) -> VerdictWord {
    match (soak.vote, soak.word) {
        (LoadVote::Invalid, _) => VerdictWord::Invalid,
        (LoadVote::Missed, _) | (_, GrowthWord::Grows) => VerdictWord::Failed,
        (LoadVote::Undecided, _) | (_, GrowthWord::NotKnown) => VerdictWord::Inconclusive,
        (_, GrowthWord::Flat | GrowthWord::Shrinks) => VerdictWord::Measured,
    }
}

/// The place of a word in the order above, the last one first.
fn severity(word: VerdictWord) -> u8 {
    match word {
        VerdictWord::Invalid => 3,
        VerdictWord::Failed => 2,
        VerdictWord::Inconclusive => 1,
        _ => 0,
    }
}

/// What the soak says, and what would say more.
fn soak_sentence(capacity: &Capacity, soak: &Soak) -> String {
    let what = soak.words(capacity.unit);
    let why = soak.why.join("; ");
    match (soak.vote, soak.word) {
        (LoadVote::Invalid, _) => format!("the {what} does not count: {why}"),
        (LoadVote::Missed, _) => format!("the {what} missed the SLO: {why}; {}", soak.growth),
        (LoadVote::Undecided, _) => format!(
            "the {what} does not tell whether it met the SLO: {why}; {}",
            soak.growth
        ),
        (LoadVote::Met, GrowthWord::NotKnown) => format!(
            "the {what} met the SLO; whether anything grows is not known, a longer one says more: {}",
            soak.growth
        ),
        (LoadVote::Met, _) => format!("the {what} met the SLO; {}", soak.growth),
    }
}

/// The bounds, the SLO, what saturated first, and the soak.
fn headline(capacity: &Capacity) -> String {
    let slo = capacity.slo.join(", ");
    let soak = capacity.soak.as_ref().map(|soak| {
        let length = Millis((soak.window_s * 1_000.0) as u64);
        format!("{length} {}: {}", soak.words(capacity.unit), soak.growth)
    });
    if capacity.ending == SearchEnding::NotSearched {
        return soak.unwrap_or_else(|| "there was no soak".to_owned());
    }
    let soak = soak.map_or_else(String::new, |soak| format!("; {soak}"));
    let known = match capacity.ending {
        SearchEnding::GeneratorLimit => "no capacity: the load generator failed first".to_owned(),
        SearchEnding::BelowLowest => format!(
            "no capacity: {} already misses it{}",
            capacity
                .upper
                .map_or_else(String::new, |load| capacity.unit.show(load)),
            if capacity.upper_confirmed {
                ""
            } else {
                " (not confirmed)"
            }
        ),
        _ => format!("capacity {}", capacity.bounds()),
    };
    let first = capacity.saturated.first();
    let first = first.map_or_else(String::new, |sign| at_its_limit(capacity, sign));
    let past = capacity.breakdown.as_ref();
    let past = past.map_or_else(String::new, |past| format!("; {}", past.in_short()));
    format!("{known} at {slo}{first}{soak}{past}")
}

/// What saturated first; where that is only beyond the load that missed the SLO, queues alone missed it there.
fn at_its_limit(capacity: &Capacity, first: &SaturationSign) -> String {
    let unit = capacity.unit;
    let missed = || {
        let mut loads = capacity.loads.iter();
        loads.find(|one| one.missed > one.met).map(|one| one.load)
    };
    match capacity.upper.or_else(missed) {
        Some(failing) if first.load > failing * (1.0 + 1e-9) => format!(
            "; at {} nothing is at its limit, from {} on {}",
            unit.show(failing),
            unit.show(first.load),
            first.resource
        ),
        _ => format!("; saturated first: {}", first.resource),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        capacity::{fixture::kept, plan, run::nothing_yet},
        schema::{
            AuditCount, BreakdownWord, CapacityBreakdown, LoadUnit, Percentile, TrialPurpose,
        },
    };

    fn outcome(
        ending: SearchEnding,
        lower: Option<f64>,
        upper: Option<f64>,
        confirmed: bool,
    ) -> CapacityOutcome {
        let mut trials = Vec::new();
        for (load, vote, purpose) in [
            (lower, LoadVote::Met, TrialPurpose::ConfirmLower),
            (upper, LoadVote::Missed, TrialPurpose::ConfirmUpper),
            (Some(900.0), LoadVote::Invalid, TrialPurpose::Bracket),
        ] {
            trials.extend(load.map(|load| {
                let mut one = kept(load, vote);
                one.step.purpose = purpose;
                one.step.why = vec!["p95 < 100ms: 140 ms".to_owned()];
                one
            }));
        }
        let capacity = Capacity {
            lower,
            lower_confirmed: confirmed,
            upper,
            upper_confirmed: confirmed,
            width: Some(0.03),
            ending,
            trials: trials.iter().map(|one| one.step.clone()).collect(),
            ..nothing_yet(&plan::tests::plan(LoadUnit::Rate))
        };
        CapacityOutcome::of(capacity, trials)
    }

    #[test]
    fn each_ending_has_its_word_and_one_sentence() {
        use SearchEnding::{AboveHighest, BelowLowest, Found, GeneratorLimit, OutOfTime};
        let (low, high) = (Some(196.0), Some(202.0));
        for (found, word, sentence) in [
            (
                outcome(Found, low, high, true),
                VerdictWord::Measured,
                "the bounds are 3.0 % apart",
            ),
            (
                outcome(OutOfTime, low, high, true),
                VerdictWord::Measured,
                "--budget",
            ),
            (
                outcome(OutOfTime, low, None, false),
                VerdictWord::Inconclusive,
                "the time was over",
            ),
            (
                outcome(AboveHighest, low, None, false),
                VerdictWord::Inconclusive,
                "--max-load",
            ),
            (
                outcome(BelowLowest, None, Some(1.0), true),
                VerdictWord::Failed,
                "lowest load, 1/s: p95 < 100ms: 140 ms",
            ),
            (
                outcome(GeneratorLimit, low, Some(900.0), false),
                VerdictWord::Invalid,
                "no capacity of the target",
            ),
        ] {
            let verdict = verdict_on(&found, Vec::new());
            assert_eq!(verdict.word, word, "{verdict:?}");
            assert!(verdict.reasons[0].contains(sentence), "{verdict:?}");
        }
    }

    #[test]
    fn too_few_requests_are_no_failure_and_what_would_be_enough_is_said() {
        // Fresh trials did not confirm that the lowest load misses the SLO.
        let doubtful = outcome(SearchEnding::BelowLowest, None, Some(1.0), false);
        let verdict = verdict_on(&doubtful, Vec::new());
        assert_eq!(verdict.word, VerdictWord::Inconclusive);
        let said = "in the search, and fresh trials do not confirm that";
        assert!(verdict.reasons[0].contains(said), "{verdict:?}");
        let said = "no capacity: 1/s already misses it (not confirmed) at ";
        assert!(verdict.headline.starts_with(said), "{verdict:?}");

        let mut unknown = outcome(SearchEnding::Undecided, None, None, false);
        let mut one = kept(4.0, LoadVote::Undecided).step;
        one.response_ms = Percentile::TooFew { n: 50 };
        one.why = vec!["p95 < 100ms: too few requests to tell".to_owned()];
        unknown.capacity.trials.push(one);
        let verdict = verdict_on(&unknown, Vec::new());
        assert_eq!(verdict.word, VerdictWord::Inconclusive);
        assert_eq!(
            verdict.reasons[0],
            "whether the SLO holds at 4/s is not decided: p95 < 100ms: too few requests to tell; a trial 4.0 times as long (--duration), or one of 16/s, has the 200 requests that always tell"
        );

        // A gap between the bounds is explained by it, too.
        let mut wide = outcome(SearchEnding::Found, Some(3.0), Some(9.0), true);
        wide.capacity.width = Some(2.0);
        wide.capacity.trials = unknown.capacity.trials;
        let verdict = verdict_on(&wide, Vec::new());
        let said = "not 8 %: whether the SLO holds at 4/s";
        assert!(verdict.reasons[0].contains(said), "{verdict:?}");
    }

    fn soaked(vote: LoadVote, word: GrowthWord) -> Soak {
        Soak {
            folder: "t99".to_owned(),
            load: 156.8,
            share: Some(0.8),
            window_s: 1_800.0,
            vote,
            why: match vote {
                LoadVote::Met => Vec::new(),
                _ => vec!["p95 < 100ms: 140 ms".to_owned()],
            },
            word,
            growth: format!("{}: response time", word.label()),
        }
    }

    #[test]
    fn the_soak_decides_with_the_search_and_alone_where_nothing_was_searched() {
        use GrowthWord::{Flat, Grows, NotKnown, Shrinks};
        use LoadVote::{Invalid, Met, Missed, Undecided};
        let (low, high) = (Some(196.0), Some(202.0));
        for (vote, growth, word) in [
            (Met, Flat, VerdictWord::Measured),
            (Met, Shrinks, VerdictWord::Measured),
            (Met, NotKnown, VerdictWord::Inconclusive),
            (Met, Grows, VerdictWord::Failed),
            (Missed, Flat, VerdictWord::Failed),
            (Undecided, Flat, VerdictWord::Inconclusive),
            (Undecided, Grows, VerdictWord::Failed),
            (Invalid, Flat, VerdictWord::Invalid),
        ] {
            let mut found = outcome(SearchEnding::Found, low, high, true);
            found.capacity.soak = Some(soaked(vote, growth));
            let verdict = verdict_on(&found, Vec::new());
            assert_eq!(verdict.word, word, "{verdict:?}");
            let said = format!(
                "; 30m soak at 157/s (80 % of the lower bound): {}",
                growth.label()
            );
            assert!(verdict.headline.contains(&said), "{}", verdict.headline);
            assert!(
                verdict
                    .reasons
                    .iter()
                    .any(|one| one.starts_with("the soak at 157/s"))
            );

            let mut alone = outcome(SearchEnding::NotSearched, None, None, false);
            alone.capacity.soak = Some(Soak {
                share: None,
                ..soaked(vote, growth)
            });
            let verdict = verdict_on(&alone, Vec::new());
            assert_eq!(verdict.word, word, "{verdict:?}");
            let said = format!("30m soak at 157/s: {}", growth.label());
            assert!(verdict.headline.starts_with(&said), "{}", verdict.headline);
        }
        // What the search comes to is not mended by a good soak.
        let mut open = outcome(SearchEnding::OutOfTime, low, None, false);
        open.capacity.soak = Some(soaked(Met, Flat));
        assert_eq!(
            verdict_on(&open, Vec::new()).word,
            VerdictWord::Inconclusive
        );
        let none = outcome(SearchEnding::NotSearched, None, None, false);
        assert_eq!(
            verdict_on(&none, Vec::new()).word,
            VerdictWord::Inconclusive
        );
    }

    #[test]
    fn what_is_at_its_limit_only_beyond_the_upper_bound_did_not_saturate_first() {
        let mut found = outcome(SearchEnding::Found, Some(8.0), Some(9.0), true);
        let headline = |found: &CapacityOutcome| verdict_on(found, Vec::new()).headline;
        let sign = |load: f64| SaturationSign {
            resource: "processors of the machine".to_owned(),
            load,
            evidence: "1.9 of 2 busy".to_owned(),
        };
        found.capacity.saturated = vec![sign(9.0)];
        let said = headline(&found);
        assert!(
            said.ends_with("; saturated first: processors of the machine"),
            "{said}"
        );
        found.capacity.saturated = vec![sign(20.0)];
        let said = headline(&found);
        assert!(
            said.ends_with(
                "; at 9/s nothing is at its limit, from 20/s on processors of the machine"
            ),
            "{said}"
        );
    }

    #[test]
    fn what_happens_past_the_capacity_is_said_and_decides_nothing() {
        let mut found = outcome(SearchEnding::Found, Some(196.0), Some(202.0), true);
        found.capacity.breakdown = Some(CapacityBreakdown {
            lower: 196.0,
            time_limits: Vec::new(),
            policies: vec![PolicyBreakdown {
                policy: "admission=off".to_owned(),
                word: BreakdownWord::Collapse,
                why: "at twice the lower bound 3.0 %, 4.0 % of the goodput there".to_owned(),
                loads: Vec::new(),
                spike: None,
            }],
        });
        let verdict = verdict_on(&found, Vec::new());
        assert_eq!(verdict.word, VerdictWord::Measured);
        let end = "; past it: admission=off COLLAPSE";
        assert!(verdict.headline.ends_with(end), "{}", verdict.headline);
        let said = "admission=off: COLLAPSE, at twice the lower bound 3.0 %, 4.0 % of the goodput there; the spike was not measured";
        assert!(verdict.reasons.iter().any(|one| one == said), "{verdict:?}");
    }

    #[test]
    fn wrong_data_a_missing_audit_and_a_stop_come_first() {
        let mut found = outcome(SearchEnding::Found, Some(196.0), Some(202.0), true);
        assert_eq!(
            verdict_on(&found, Vec::new()).headline,
            "capacity between 196/s and 202/s at p95 < 100ms, errors < 1%"
        );
        let broken = vec!["arm `x`: invariant 03 is broken".to_owned()];
        assert_eq!(verdict_on(&found, broken).word, VerdictWord::Violated);
        found.trials[0].trial.audits = AuditCount {
            expected: 1,
            made: 0,
        };
        assert_eq!(verdict_on(&found, Vec::new()).word, VerdictWord::Invalid);
        found.interrupted = true;
        let verdict = verdict_on(&found, Vec::new());
        assert_eq!(verdict.word, VerdictWord::Interrupted);
        assert!(verdict.reasons[0].contains("--resume"), "{verdict:?}");
    }
}
