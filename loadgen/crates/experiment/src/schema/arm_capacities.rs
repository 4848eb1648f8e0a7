//! What is stored of the capacity of both arms of an experiment, and of the first arm at the load that
//! the second one sustains.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    arm_name::ArmName,
    capacity::{Capacity, LoadTrial, SearchEnding},
};

/// The capacity of an arm.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ArmCapacity {
    /// The arm.
    pub arm: ArmName,
    /// What its search found.
    pub found: Capacity,
}

/// How many times the load of the first arm the second one sustains, from the bounds of both searches.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CapacityFactor {
    /// Lower bound of the second arm / upper bound of the first; absent where one is not known.
    pub at_least: Option<f64>,
    /// Upper bound of the second arm / lower bound of the first; absent where one is not known.
    pub at_most: Option<f64>,
    /// Whether fresh trials confirmed both bounds of `at_least`; older programs did not store it.
    #[serde(default = "not_stored")]
    pub at_least_confirmed: bool,
    /// Whether fresh trials confirmed both bounds of `at_most`; older programs did not store it.
    #[serde(default = "not_stored")]
    pub at_most_confirmed: bool,
}

/// A factor of an older program is shown as it was: its bounds beside it say whether they are confirmed.
const fn not_stored() -> bool {
    true
}

/// The first arm at the load that the second one sustains.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PastCapacity {
    /// The arm that is past its capacity.
    pub arm: ArmName,
    /// Its trial.
    pub trial: LoadTrial,
    /// Violations that the audit at the end of that trial found; absent without an audit.
    pub violations: Option<u64>,
    /// The last trial of the other arm at that load that met the SLO.
    pub other: LoadTrial,
}

/// The capacity of both arms of an experiment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ArmCapacities {
    /// The first arm, then the second.
    pub arms: Vec<ArmCapacity>,
    /// How many times as much the second one sustains.
    pub factor: CapacityFactor,
    /// The load at which the arms are compared with each other, in the unit of the searches; absent where
    /// that load has phases.
    pub compared_at: Option<f64>,
    /// The first arm at the load that the second one sustains; absent where that is not known to be more
    /// than its own.
    pub past: Option<PastCapacity>,
}

impl Capacity {
    /// The upper bound, where a load above it was missed by the target and not by the load generator.
    pub fn upper_of_target(&self) -> Option<f64> {
        self.upper
            .filter(|_| self.ending != SearchEnding::GeneratorLimit)
    }

    /// The bounds in few words, and what limits what they say: `8.50/s to 10/s`, `below 2/s (not confirmed)`.
    pub fn in_short(&self) -> String {
        let show = |load| self.unit.show(load);
        let doubt = self.unconfirmed();
        match (self.lower, self.upper_of_target()) {
            (Some(lower), Some(upper)) => format!("{} to {}{doubt}", show(lower), show(upper)),
            (Some(lower), None) if self.ending == SearchEnding::GeneratorLimit => format!(
                "at least {}, the limit of the load generator{doubt}",
                show(lower)
            ),
            (Some(lower), None) => format!("at least {}{doubt}", show(lower)),
            (None, Some(upper)) => format!("below {}{doubt}", show(upper)),
            (None, None) => "not known".to_owned(),
        }
    }
}

impl CapacityFactor {
    /// From the bounds of the first and of the second arm.
    pub fn of(before: &Capacity, after: &Capacity) -> Self {
        let ratio = |above: Option<f64>, below: Option<f64>| {
            above.zip(below).map(|(above, below)| above / below)
        };
        Self {
            at_least: ratio(after.lower, before.upper_of_target()),
            at_most: ratio(after.upper_of_target(), before.lower),
            at_least_confirmed: after.lower_confirmed && before.upper_confirmed,
            at_most_confirmed: after.upper_confirmed && before.lower_confirmed,
        }
    }

    /// Whether bounds that fresh trials confirmed show that the second arm sustains more.
    pub fn is_more(self) -> bool {
        self.at_least_confirmed && self.at_least.is_some_and(|factor| factor > 1.0)
    }

    /// `11x to 20x`, `at least 11x, not confirmed`; empty where nothing is known.
    pub fn in_short(self) -> String {
        let doubt = self.unconfirmed();
        let doubt = doubt.map_or_else(String::new, |doubt| format!(", {doubt}"));
        format!("{}{doubt}", self.figures())
    }

    /// Which of the ends rests on a bound that fresh trials did not confirm; absent where none does.
    fn unconfirmed(self) -> Option<&'static str> {
        let least = self.at_least.map(|_| self.at_least_confirmed);
        let most = self.at_most.map(|_| self.at_most_confirmed);
        match (least, most) {
            (Some(false), Some(false) | None) | (None, Some(false)) => Some("not confirmed"),
            (Some(false), Some(true)) => Some("lower end not confirmed"),
            (Some(true), Some(false)) => Some("upper end not confirmed"),
            (Some(true) | None, Some(true) | None) => None,
        }
    }

    /// The ends alone.
    fn figures(self) -> String {
        let times = |factor: f64| {
            if factor < 10.0 {
                format!("{factor:.1}x")
            } else {
                format!("{factor:.0}x")
            }
        };
        match (self.at_least, self.at_most) {
            (Some(low), Some(high)) => format!("{} to {}", times(low), times(high)),
            (Some(low), None) => format!("at least {}", times(low)),
            (None, Some(high)) => format!("at most {}", times(high)),
            (None, None) => String::new(),
        }
    }

    /// What the bounds say of the arms, in a sentence.
    pub fn sentence(self, before: &str, after: &str) -> String {
        let known = self.figures();
        let doubt = self.unconfirmed();
        let doubt = doubt.map_or_else(String::new, |doubt| format!(" ({doubt})"));
        match (self.at_least, self.at_most) {
            (None, None) => "the bounds do not tell which arm sustains more".to_owned(),
            (Some(low), _) if low > 1.0 => {
                format!("`{after}` sustains {known} the load of `{before}`{doubt}")
            }
            (_, Some(high)) if high < 1.0 => {
                format!("`{after}` sustains less: {known} the load of `{before}`{doubt}")
            }
            _ => format!(
                "the bounds do not tell which arm sustains more: `{after}` sustains {known} the load of `{before}`{doubt}"
            ),
        }
    }
}

impl ArmCapacities {
    /// Capacity before and after in one line, with the factor.
    pub fn headline(&self) -> String {
        let arms: Vec<String> = self
            .arms
            .iter()
            .map(|one| format!("{} {}", one.arm, one.found.in_short()))
            .collect();
        let factor = self.factor.in_short();
        let factor = if factor.is_empty() {
            factor
        } else {
            format!(" ({factor})")
        };
        format!("capacity {}{factor}", arms.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn factor(at_least: Option<f64>, at_most: Option<f64>) -> CapacityFactor {
        CapacityFactor {
            at_least,
            at_most,
            at_least_confirmed: true,
            at_most_confirmed: true,
        }
    }

    #[test]
    fn only_bounds_that_do_not_overlap_tell_which_arm_sustains_more() {
        let sentence = |low, high| factor(low, high).sentence("before", "after");
        assert_eq!(
            sentence(Some(11.0), Some(20.4)),
            "`after` sustains 11x to 20x the load of `before`"
        );
        assert_eq!(
            sentence(Some(11.0), None),
            "`after` sustains at least 11x the load of `before`"
        );
        assert!(sentence(Some(0.9), Some(1.2)).starts_with("the bounds do not tell"));
        assert!(sentence(None, Some(1.2)).starts_with("the bounds do not tell"));
        assert!(sentence(None, None).starts_with("the bounds do not tell"));
        assert!(sentence(Some(0.5), Some(0.7)).starts_with("`after` sustains less: 0.5x to 0.7x"));
        assert!(factor(Some(1.1), None).is_more() && !factor(Some(1.0), None).is_more());
    }

    /// What a search found; a bound is its load and whether it is confirmed.
    fn found(lower: Option<(f64, bool)>, upper: Option<(f64, bool)>) -> Capacity {
        let load = |bound: Option<(f64, bool)>| bound.map(|(load, _)| load);
        let is_confirmed = |bound: Option<(f64, bool)>| bound.is_some_and(|(_, is)| is);
        serde_json::from_value(serde_json::json!({
            "unit": "rate", "slo": ["p95 < 1s"], "percentile": 0.95,
            "lower": load(lower), "lower_confirmed": is_confirmed(lower),
            "upper": load(upper), "upper_confirmed": is_confirmed(upper),
            "width": null, "asked_width": 0.5, "ending": "out_of_time", "goodput_per_s": null,
            "loads": [], "trials": [], "saturated": [], "saturation": "", "knees": [],
        }))
        .unwrap()
    }

    #[test]
    fn each_bound_that_is_not_confirmed_is_said_to_be() {
        let (sure, unsure) = (Some((20.0, true)), Some((20.0, false)));
        let (top, unsure_top) = (Some((30.0, true)), Some((30.0, false)));
        for (lower, upper, short, long) in [
            (sure, top, "20/s to 30/s", "between 20/s and 30/s"),
            (
                unsure,
                top,
                "20/s to 30/s (lower bound not confirmed)",
                "between 20/s and 30/s (lower bound not confirmed)",
            ),
            (
                sure,
                unsure_top,
                "20/s to 30/s (upper bound not confirmed)",
                "between 20/s and 30/s (upper bound not confirmed)",
            ),
            (
                unsure,
                unsure_top,
                "20/s to 30/s (not confirmed)",
                "between 20/s and 30/s (not confirmed)",
            ),
            (sure, None, "at least 20/s", "at least 20/s"),
            (
                unsure,
                None,
                "at least 20/s (not confirmed)",
                "at least 20/s (not confirmed)",
            ),
            (
                None,
                unsure_top,
                "below 30/s (not confirmed)",
                "below 30/s (not confirmed)",
            ),
            (None, None, "not known", "not known"),
        ] {
            let found = found(lower, upper);
            assert_eq!(
                (found.in_short(), found.bounds()),
                (short.to_owned(), long.to_owned())
            );
        }
        let limited = Capacity {
            ending: SearchEnding::GeneratorLimit,
            ..found(unsure, unsure_top)
        };
        let said = "at least 20/s, the limit of the load generator (not confirmed)";
        assert_eq!(
            (limited.in_short(), limited.bounds()),
            (said.to_owned(), said.to_owned())
        );
    }

    #[test]
    fn a_factor_is_as_sure_as_the_bounds_that_it_comes_from() {
        let before = |confirmed| found(Some((8.0, true)), Some((10.0, confirmed)));
        let after = |confirmed| found(Some((90.0, true)), Some((120.0, confirmed)));
        for (one, other, is_more, short) in [
            (true, true, true, "9.0x to 15x"),
            (false, true, false, "9.0x to 15x, lower end not confirmed"),
            (true, false, true, "9.0x to 15x, upper end not confirmed"),
            (false, false, false, "9.0x to 15x, not confirmed"),
        ] {
            let factor = CapacityFactor::of(&before(one), &after(other));
            assert_eq!(factor.in_short(), short);
            assert_eq!(factor.is_more(), is_more, "{short}");
        }
        let nothing_above = found(Some((90.0, true)), None);
        let factor = CapacityFactor::of(&before(false), &nothing_above);
        let said = "`after` sustains at least 9.0x the load of `before` (not confirmed)";
        assert_eq!(factor.sentence("before", "after"), said);
        let arms = [("before", before(false)), ("after", nothing_above)];
        let capacities = ArmCapacities {
            arms: arms
                .map(|(arm, found)| ArmCapacity {
                    arm: arm.into(),
                    found,
                })
                .into(),
            factor,
            compared_at: None,
            past: None,
        };
        assert_eq!(
            capacities.headline(),
            "capacity before 8/s to 10/s (upper bound not confirmed), after at least 90/s (at least 9.0x, not confirmed)"
        );
    }

    #[test]
    fn a_factor_that_an_older_program_stored_is_read_as_it_was_shown() {
        let old = serde_json::json!({ "at_least": 2.0, "at_most": null });
        let factor: CapacityFactor = serde_json::from_value(old).unwrap();
        assert_eq!(factor.in_short(), "at least 2.0x");
        assert!(factor.is_more());
    }
}
