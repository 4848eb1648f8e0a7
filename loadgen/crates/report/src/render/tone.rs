//! Which colour a result has.

use serde::{Serialize, Serializer};

use loadgen_experiment::schema::{Decision, ThresholdWord, ValidityWord, VerdictWord};

/// Whether a result is good; the name is also the class in style sheets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// As it should be, or better than before.
    Good,
    /// Not as it should be, or worse than before.
    Bad,
    /// To be looked at.
    Warn,
    /// Neither good nor bad, or not known.
    Plain,
}

impl Tone {
    /// Its name in class attributes.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Bad => "bad",
            Self::Warn => "warn",
            Self::Plain => "plain",
        }
    }
}

impl Serialize for Tone {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl From<VerdictWord> for Tone {
    fn from(word: VerdictWord) -> Self {
        match word {
            VerdictWord::Passed | VerdictWord::Improved => Self::Good,
            VerdictWord::Measured | VerdictWord::NoChange => Self::Plain,
            VerdictWord::Failed | VerdictWord::Regressed | VerdictWord::Violated => Self::Bad,
            VerdictWord::Invalid | VerdictWord::Inconclusive | VerdictWord::Interrupted => {
                Self::Warn
            }
        }
    }
}

impl From<Decision> for Tone {
    fn from(decision: Decision) -> Self {
        match decision {
            Decision::Improved => Self::Good,
            Decision::Regressed => Self::Bad,
            Decision::NoChange | Decision::Inconclusive => Self::Plain,
            Decision::Invalid => Self::Warn,
        }
    }
}

impl From<ValidityWord> for Tone {
    fn from(word: ValidityWord) -> Self {
        match word {
            ValidityWord::Valid => Self::Good,
            ValidityWord::Noisy | ValidityWord::Invalid => Self::Warn,
        }
    }
}

impl From<ThresholdWord> for Tone {
    fn from(word: ThresholdWord) -> Self {
        match word {
            ThresholdWord::Pass => Self::Good,
            ThresholdWord::Warn | ThresholdWord::Unknown => Self::Warn,
            ThresholdWord::Fail => Self::Bad,
        }
    }
}
