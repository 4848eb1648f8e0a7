//! What a report says of the capacity of both arms of an experiment, in words. Nothing is computed here.

use serde::Serialize;

use crate::render::figures;
use loadgen_experiment::events::printable;
use loadgen_experiment::schema::{
    ArmCapacities, ArmCapacity, LoadTrial, LoadUnit, PastCapacity, Summary,
};

/// The section of the capacity of both arms.
#[derive(Debug, Clone, Serialize)]
pub struct ArmCapacitiesPage {
    /// The limits that a load has to meet.
    pub slo: String,
    /// The percentile of the response times.
    pub percentile: String,
    /// One row an arm.
    pub arms: Vec<ArmCapacityRow>,
    /// How they compare, at which load they are compared, what the first does at the load of the second.
    pub lines: Vec<String>,
}

/// One arm.
#[derive(Debug, Clone, Serialize)]
pub struct ArmCapacityRow {
    /// Its name.
    pub arm: String,
    /// Its bounds.
    pub capacity: String,
    /// Correct answers a second at the lower bound.
    pub goodput: String,
    /// Response time at the percentile there.
    pub response: String,
    /// Trials of its search.
    pub trials: String,
}

impl ArmCapacitiesPage {
    /// The section; absent where the capacity of the arms was not searched.
    pub(in crate::render) fn of(summary: &Summary) -> Option<Self> {
        let found = summary.arm_capacities.as_ref()?;
        let first = found.arms.first()?;
        let unit = first.found.unit;
        let percentile = percentile(first);
        let mut lines = vec![factor(found)];
        lines.extend(compared(found));
        lines.push(match &found.past {
            Some(past) => past_capacity(past, unit, &percentile),
            None => "What the first arm does past its capacity was not measured: no confirmed bounds show that the second one sustains more, or the reason is among the warnings.".to_owned(),
        });
        for one in &found.arms {
            lines.push(format!(
                "`{}`: {}",
                one.arm,
                printable(&one.found.saturation)
            ));
        }
        Some(Self {
            slo: printable(&first.found.slo.join(", ")),
            percentile,
            arms: found.arms.iter().map(row).collect(),
            lines: lines.iter().map(|line| printable(line)).collect(),
        })
    }
}

fn percentile(one: &ArmCapacity) -> String {
    format!("p{}", (one.found.percentile * 1_000.0).round() / 10.0)
}

fn factor(found: &ArmCapacities) -> String {
    match &found.arms[..] {
        [before, after, ..] => found.factor.sentence(&before.arm, &after.arm),
        _ => String::new(),
    }
}

/// The load of the comparison beside what each arm sustains.
fn compared(found: &ArmCapacities) -> Option<String> {
    let at = found.compared_at?;
    let shares: Vec<String> = found
        .arms
        .iter()
        .filter_map(|one| {
            let share = at / one.found.lower?;
            let doubt = if one.found.lower_confirmed {
                ""
            } else {
                " (not confirmed)"
            };
            Some(format!(
                "{} of what `{}` is known to sustain{doubt}",
                figures::percent(share),
                one.arm
            ))
        })
        .collect();
    let unit = found.arms.first()?.found.unit;
    let shares = if shares.is_empty() {
        "whether an arm sustains that is not known".to_owned()
    } else {
        shares.join(", ")
    };
    Some(format!(
        "The times below are compared at {}: {shares}.",
        unit.show(at)
    ))
}

fn past_capacity(past: &PastCapacity, unit: LoadUnit, percentile: &str) -> String {
    let (trial, other) = (&past.trial, &past.other);
    let audit = match past.violations {
        Some(0) => "no invariant is broken after it".to_owned(),
        Some(broken) => format!("its audit found {broken} violations"),
        None => "not audited".to_owned(),
    };
    format!(
        "`{}` at {}, which the other arm sustains: {}; the other arm there: {}. One trial each, so without an interval; {audit}.",
        past.arm,
        unit.show(trial.load),
        seen(trial, percentile),
        seen(other, percentile),
    )
}

/// Goodput, failures and response time of a trial.
fn seen(trial: &LoadTrial, percentile: &str) -> String {
    format!(
        "{} answered correctly, {} of the requests failed, {percentile} {}",
        figures::rate(trial.goodput_per_s),
        figures::percent(1.0 - trial.success),
        figures::percentile(trial.response_ms),
    )
}

fn row(one: &ArmCapacity) -> ArmCapacityRow {
    let found = &one.found;
    let at_lower = found.loads.iter().find(|load| {
        found
            .lower
            .is_some_and(|lower| (load.load - lower).abs() <= 1e-9 * lower)
    });
    ArmCapacityRow {
        arm: printable(&one.arm),
        capacity: found.in_short(),
        goodput: found
            .goodput_per_s
            .map_or_else(|| figures::ABSENT.to_owned(), figures::rate),
        response: at_lower
            .and_then(|load| load.response_ms)
            .map_or_else(|| figures::ABSENT.to_owned(), |ms| figures::ms(Some(ms))),
        trials: found.trials.len().to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::{fixture, terminal};
    use loadgen_experiment::schema::{CapacityFactor, SearchEnding};

    #[test]
    fn every_report_says_both_capacities_and_what_happens_past_the_first() {
        fixture::assert_said(
            &fixture::capacities(),
            &[
                "Capacity at p95 < 1000ms",
                "8.50/s to 10/s",
                "196/s to 202/s",
                "`after` sustains 20x to 24x the load of `before`",
                "compared at 6/s: 70.59% of what `before` is known to sustain",
                "`before` at 196/s, which the other arm sustains: 9.0/s answered correctly, 95.00% of the requests failed, p95 > timeout",
                "no invariant is broken after it",
            ],
        );
        assert!(ArmCapacitiesPage::of(&fixture::experiment(false)).is_none());
    }

    #[test]
    fn what_is_not_known_is_said() {
        let mut summary = fixture::capacities();
        let found = summary.arm_capacities.as_mut().unwrap();
        let after = &mut found.arms[1].found;
        after.ending = SearchEnding::GeneratorLimit;
        found.factor = CapacityFactor::of(&found.arms[0].found.clone(), &found.arms[1].found);
        found.past = None;
        found.arms[0].found.lower_confirmed = false;
        let text = terminal(&summary, 120, false);
        for part in [
            "at least 196/s, the limit of the load generator",
            "sustains at least 20x the load",
            "8.50/s to 10/s (lower bound not confirmed)",
            "of what `before` is known to sustain (not confirmed)",
            "past its capacity was not measured",
        ] {
            assert!(text.contains(part), "{part}: {text}");
        }
    }
}
