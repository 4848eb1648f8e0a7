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

    /// The bounds in few words, and what limits what they say: `8.50/s to 10/s`.
    pub fn in_short(&self) -> String {
        let show = |load| self.unit.show(load);
        let confirmed = match (self.lower_confirmed, self.upper_confirmed) {
            (true, true) => "",
            _ => " (not confirmed)",
        };
        match (self.lower, self.upper_of_target()) {
            (Some(lower), Some(upper)) => {
                format!("{} to {}{confirmed}", show(lower), show(upper))
            }
            (Some(lower), None) if self.ending == SearchEnding::GeneratorLimit => {
                format!("at least {}, the limit of the load generator", show(lower))
            }
            (Some(lower), None) => format!("at least {}", show(lower)),
            (None, Some(upper)) => format!("below {}", show(upper)),
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
        }
    }

    /// Whether the bounds show that the second arm sustains more.
    pub fn is_more(self) -> bool {
        self.at_least.is_some_and(|factor| factor > 1.0)
    }

    /// `x11 to x20`; empty where nothing is known.
    pub fn in_short(self) -> String {
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
        let known = self.in_short();
        match (self.at_least, self.at_most) {
            (None, None) => "the bounds do not tell which arm sustains more".to_owned(),
            (Some(low), _) if low > 1.0 => {
                format!("`{after}` sustains {known} the load of `{before}`")
            }
            (_, Some(high)) if high < 1.0 => {
                format!("`{after}` sustains less: {known} the load of `{before}`")
            }
            _ => format!(
                "the bounds do not tell which arm sustains more: `{after}` sustains {known} the load of `{before}`"
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
        CapacityFactor { at_least, at_most }
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
}
