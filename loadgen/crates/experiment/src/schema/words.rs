//! The words that the kind of a command, a verdict, a decision, a trial's validity, a control and a self-check
//! can have. They are stored as these words and never parsed back from text elsewhere.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

macro_rules! words {
    (
        $(#[$meta:meta])*
        $name:ident { $($(#[$doc:meta])* $variant:ident = $word:literal,)+ }
    ) => {
        $(#[$meta])*
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
            JsonSchema,
        )]
        pub enum $name {
            $($(#[$doc])* #[serde(rename = $word)] $variant,)+
        }

        impl $name {
            /// Every value, in order.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The stored word.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)+
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.as_str())
            }
        }
    };
}

words! {
    /// What kind of command made the folder.
    #[derive(Default)]
    RunKind {
        /// One suite, one profile.
        #[default]
        Run = "run",
        /// Two profiles, paired trials.
        Experiment = "experiment",
        /// One suite, one profile, at many loads.
        Capacity = "capacity",
    }
}

words! {
    /// The outcome of a command; docs/METHOD.md says what each word means for each command.
    #[derive(Default)]
    VerdictWord {
        /// Every threshold that was given holds, in a valid trial.
        Passed = "PASSED",
        /// No threshold was given, and nothing failed.
        Measured = "MEASURED",
        /// The claims of an experiment: better.
        Improved = "IMPROVED",
        /// The claims of an experiment: no difference larger than the margin.
        NoChange = "NO_CHANGE",
        /// The claims of an experiment: worse.
        Regressed = "REGRESSED",
        /// A threshold was missed.
        Failed = "FAILED",
        /// An audit found a broken invariant.
        Violated = "VIOLATED",
        /// The generator, the audit or a control failed, not the target: no figure can be trusted.
        Invalid = "INVALID",
        /// The data allows no answer.
        #[default]
        Inconclusive = "INCONCLUSIVE",
        /// Stopped by a signal.
        Interrupted = "INTERRUPTED",
    }
}

impl VerdictWord {
    /// The exit code of the process: the only place where a word becomes a number.
    pub const fn exit_code(self) -> u8 {
        match self {
            Self::Passed | Self::Measured | Self::Improved | Self::NoChange => 0,
            Self::Inconclusive => 96,
            Self::Invalid => 97,
            Self::Violated => 98,
            Self::Failed | Self::Regressed => 99,
            Self::Interrupted => 130,
        }
    }

    /// The same of an experiment: a regression that its file expects is no failure.
    pub const fn exit_code_where(self, as_expected: Option<bool>) -> u8 {
        match (self, as_expected) {
            (Self::Regressed, Some(true)) => Self::Passed.exit_code(),
            (word, _) => word.exit_code(),
        }
    }

    /// Whether what was decided of an experiment's claims stands beside this word: not where the data was wrong,
    /// the trials cannot be trusted or none was VALID, and not where the command was stopped before its end.
    pub const fn lets_claims_stand(self) -> bool {
        matches!(
            self,
            Self::Improved | Self::NoChange | Self::Regressed | Self::Failed
        )
    }

    /// The word for people: `NO CHANGE`.
    pub const fn label(self) -> &'static str {
        match self {
            Self::NoChange => Decision::NoChange.label(),
            other => other.as_str(),
        }
    }
}

impl From<Decision> for VerdictWord {
    fn from(decision: Decision) -> Self {
        match decision {
            Decision::Improved => Self::Improved,
            Decision::Regressed => Self::Regressed,
            Decision::NoChange => Self::NoChange,
            Decision::Inconclusive => Self::Inconclusive,
            Decision::Invalid => Self::Invalid,
        }
    }
}

words! {
    /// What the paired trials decide about a metric.
    Decision {
        /// Better beyond chance.
        Improved = "IMPROVED",
        /// Worse beyond chance.
        Regressed = "REGRESSED",
        /// No difference larger than the margin.
        NoChange = "NO_CHANGE",
        /// The data allows no decision.
        Inconclusive = "INCONCLUSIVE",
        /// A control of the experiment failed: no decision is made.
        Invalid = "INVALID",
    }
}

impl Decision {
    /// The order in which one decision stands for several.
    const ORDER: [Self; 5] = [
        Self::Invalid,
        Self::Regressed,
        Self::Inconclusive,
        Self::Improved,
        Self::NoChange,
    ];

    /// The decision that stands for several: the first of INVALID, REGRESSED, INCONCLUSIVE,
    /// IMPROVED, NO_CHANGE that any of them is. So an improvement elsewhere never hides a
    /// regression, and what is open keeps the whole open. Without any there is nothing decided.
    pub fn of_all(all: impl IntoIterator<Item = Self>) -> Self {
        let rank = |one: &Self| Self::ORDER.iter().position(|word| word == one);
        all.into_iter()
            .min_by_key(rank)
            .unwrap_or(Self::Inconclusive)
    }

    /// Whether it is one of the three that say something about the application.
    pub const fn is_decided(self) -> bool {
        matches!(self, Self::Improved | Self::Regressed | Self::NoChange)
    }

    /// The word for people: `NO CHANGE`.
    pub const fn label(self) -> &'static str {
        match self {
            Self::NoChange => "NO CHANGE",
            other => other.as_str(),
        }
    }
}

words! {
    /// Whether a control of an experiment came out as it must.
    ControlWord {
        /// It did.
        Passed = "PASSED",
        /// It did not: nothing that the experiment finds can be trusted.
        Failed = "FAILED",
        /// Its blocks could not have shown that it fails.
        NotChecked = "NOT_CHECKED",
    }
}

words! {
    /// Whether the figures of a trial can be trusted.
    #[derive(Default)]
    ValidityWord {
        /// No check failed or warned.
        #[default]
        Valid = "VALID",
        /// The machine was disturbed: worth a repetition.
        Noisy = "NOISY",
        /// No: the generator failed.
        Invalid = "INVALID",
    }
}

words! {
    /// A self-check of a trial.
    CheckCode {
        /// Every planned request ended in exactly one outcome.
        HarnessBug = "HARNESS_BUG",
        /// Every time fitted its histogram.
        HistOverflow = "HIST_OVERFLOW",
        /// The generator sent what was planned.
        Offered = "OFFERED",
        /// The generator sent in time.
        Lag = "LAG",
        /// Arrivals were spaced as planned.
        Arrivals = "ARRIVALS",
        /// The generator had CPU to spare.
        GenCpu = "GEN_CPU",
        /// The generator had files, ports and memory for its connections.
        GenLimit = "GEN_LIMIT",
        /// The generator did not wait for a processor.
        GenWait = "GEN_WAIT",
        /// The hypervisor took no processor time.
        Steal = "STEAL",
        /// The machine never stood still.
        Hiccup = "HICCUP",
        /// The warm-up left no queue.
        NotWarm = "NOT_WARM",
        /// Little's law holds.
        Little = "LITTLE",
        /// No more CPU time was spent than there is.
        Util = "UTIL",
        /// The trial was not ended by its limit of outstanding requests.
        Overload = "OVERLOAD",
        /// No queue grew.
        Backlog = "BACKLOG",
        /// Response times did not drift.
        Stationary = "STATIONARY",
        /// Enough requests for the percentiles that are reported.
        Count = "COUNT",
        /// The target failed no more requests than allowed.
        Errors = "ERRORS",
        /// The target's responses were right.
        Correct = "CORRECT",
        /// The requested configuration was in force in every instance to the end.
        Profile = "PROFILE",
        /// Every process that generates a part of the load did so to the end.
        Workers = "WORKERS",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_words_that_say_that_nothing_failed_have_exit_code_0() {
        let codes: Vec<u8> = VerdictWord::ALL.iter().map(|one| one.exit_code()).collect();
        assert_eq!(codes, [0, 0, 0, 0, 99, 99, 98, 97, 96, 130]);
    }

    #[test]
    fn words_are_stored_as_they_are_shown() {
        assert_eq!(
            serde_json::to_value(Decision::NoChange).unwrap(),
            "NO_CHANGE"
        );
        for code in CheckCode::ALL {
            assert_eq!(serde_json::to_value(code).unwrap(), code.as_str());
        }
        assert!(serde_json::from_str::<ValidityWord>("\"valid\"").is_err());
    }
}
