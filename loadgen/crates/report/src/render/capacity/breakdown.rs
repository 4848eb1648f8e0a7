//! What a report says of what happens past the capacity, in words. Nothing is computed here.

use serde::Serialize;

use crate::render::figures::{self, ABSENT};
use crate::render::tone::Tone;
use loadgen_experiment::events::printable;
use loadgen_experiment::schema::{
    BreakdownFigures, BreakdownLoad, BreakdownWord, Capacity, LoadUnit, PolicyBreakdown,
    ValidityWord,
};

/// The section of what happens past the capacity.
#[derive(Debug, Clone, Serialize)]
pub struct BreakdownPage {
    /// What the loads and the goodput are.
    pub basis: String,
    /// One entry an admission policy, that of the search first.
    pub policies: Vec<PolicyPart>,
}

/// What happens with one admission policy.
#[derive(Debug, Clone, Serialize)]
pub struct PolicyPart {
    /// The switch with its value.
    pub policy: String,
    /// PLATEAU, DECLINE, COLLAPSE or UNKNOWN.
    pub word: &'static str,
    /// Its colour.
    pub tone: Tone,
    /// What decided it.
    pub why: String,
    /// How the target recovered from the spike.
    pub recovery: String,
    /// One row a load, ascending.
    pub loads: Vec<BreakdownRow>,
}

/// One load with one policy.
#[derive(Debug, Clone, Serialize)]
pub struct BreakdownRow {
    /// The load with its unit, and how many times the lower bound it is.
    pub load: String,
    /// Trials that count, of all: `2 of 2`.
    pub trials: String,
    /// Goodput in time, median of the trials.
    pub goodput: String,
    /// The smallest and the largest of them.
    pub range: String,
    /// Share of the requests that were answered in time.
    pub in_time: String,
    /// Share that was answered later.
    pub late: String,
    /// Share that was refused.
    pub refused: String,
    /// Share that failed in another way.
    pub failed: String,
    /// p95 of all requests.
    pub p95: String,
    /// p95 of the right answers.
    pub answered_p95: String,
}

impl BreakdownPage {
    /// The section; absent where that was not measured.
    pub(super) fn of(found: &Capacity) -> Option<Self> {
        let past = found.breakdown.as_ref()?;
        let basis = past.basis(&found.unit.show(past.lower));
        Some(Self {
            basis: printable(&format!(
                "{basis}; medians of the trials, failures and refusals (503) count as infinitely slow in p95 and not in that of the right answers"
            )),
            policies: past
                .policies
                .iter()
                .map(|one| part(one, found.unit))
                .collect(),
        })
    }
}

fn part(one: &PolicyBreakdown, unit: LoadUnit) -> PolicyPart {
    PolicyPart {
        policy: printable(&one.policy),
        word: one.word.label(),
        tone: match one.word {
            BreakdownWord::Plateau => Tone::Good,
            BreakdownWord::Decline => Tone::Plain,
            BreakdownWord::Collapse => Tone::Bad,
            BreakdownWord::Unknown => Tone::Warn,
        },
        why: printable(&one.why),
        recovery: printable(&one.recovery()),
        loads: one.loads.iter().map(|load| row(load, unit)).collect(),
    }
}

fn row(one: &BreakdownLoad, unit: LoadUnit) -> BreakdownRow {
    let all = one.trials.len();
    let counted = one.trials.iter();
    let counted = counted.filter(|trial| trial.validity != ValidityWord::Invalid);
    let figure = |of: fn(&BreakdownFigures) -> String| {
        one.median.as_ref().map_or_else(|| ABSENT.to_owned(), of)
    };
    BreakdownRow {
        load: format!("{} ({}x)", unit.show(one.load), figures::number(one.times)),
        trials: format!("{} of {all}", counted.count()),
        goodput: figure(|one| figures::rate(one.goodput_per_s)),
        range: one.goodput_range.map_or_else(
            || ABSENT.to_owned(),
            |(low, high)| format!("{} to {}", figures::rate(low), figures::rate(high)),
        ),
        in_time: figure(|one| figures::percent(one.in_time)),
        late: figure(|one| figures::percent(one.late)),
        refused: figure(|one| figures::percent(one.refused)),
        failed: figure(|one| figures::percent(one.failed)),
        p95: figure(|one| figures::percentile(one.p95_ms)),
        answered_p95: figure(|one| figures::percentile(one.answered_p95_ms)),
    }
}

#[cfg(test)]
mod tests {
    use crate::render::{fixture, html};

    #[test]
    fn every_report_says_what_happens_past_the_capacity_with_each_policy() {
        let summary = fixture::breakdown();
        fixture::assert_said(
            &summary,
            &[
                "http.admission=off",
                "COLLAPSE",
                "at twice the lower bound 10.0 %, 10.0 % of the goodput there",
                "after the spike goodput NOT RECOVERED, p95 recovery not known: fewer than 200 requests before it",
                "http.admission=limit(8)",
                "PLATEAU",
                "goodput recovered in 1.5 s, p95 recovered in 2.0 s",
                "392/s (2.00x)",
                "goodput is right answers within the limit of p95",
                "19.5/s",
            ],
        );
        let page = html(&summary).unwrap();
        assert!(page.contains("id=\"chart-capacity-breakdown\""));
        assert!(
            !html(&fixture::capacity())
                .unwrap()
                .contains("capacity-breakdown")
        );
    }
}
