//! The self-checks of each trial, and over all trials those that do not hold.

use std::cmp::Reverse;

use serde::Serialize;

use crate::render::{figures, tone::Tone};
use loadgen_experiment::{
    schema::{CheckCode, ValidityCheck, ValidityWord},
    verdict::consequence,
};

/// The self-checks of one trial.
#[derive(Debug, Clone, Serialize)]
pub struct TrialChecks {
    /// Its folder.
    pub trial: String,
    /// Its arm.
    pub arm: String,
    /// Whether its figures can be trusted.
    pub word: ValidityWord,
    /// The colour of that.
    pub tone: Tone,
    /// Every check.
    pub checks: Vec<ValidityCheck>,
}

/// A self-check that does not hold, over all trials in which it does not.
#[derive(Debug, Clone, Serialize)]
pub struct Doubt {
    /// Which check.
    pub code: CheckCode,
    /// What it makes of these trials: the worst word of them, or `WARNING` where it leaves them VALID.
    pub word: String,
    /// The colour of that.
    pub tone: Tone,
    /// In how many trials it does not hold: `3 of 12 trials`.
    pub trials: String,
    /// The first of them.
    pub first: String,
    /// What was found there, with its unit.
    pub figure: String,
    /// What would be right.
    pub limit: String,
    /// What to do.
    pub advice: String,
}

impl Doubt {
    /// In one line.
    pub fn line(&self) -> String {
        let advice = if self.advice.is_empty() {
            String::new()
        } else {
            format!(". {}", self.advice)
        };
        format!(
            "{} {} in {}: {} in {}, limit {}{advice}",
            self.word, self.code, self.trials, self.figure, self.first, self.limit
        )
    }
}

/// The self-checks that do not hold, one a code, the most severe first.
pub(in crate::render) fn doubts(trials: &[TrialChecks]) -> Vec<Doubt> {
    let mut found: Vec<BrokenCheck<'_>> = Vec::new();
    for trial in trials {
        for check in trial.checks.iter().filter(|check| !check.ok) {
            let word = consequence(check.code, trial.word);
            match found.iter_mut().find(|one| one.check.code == check.code) {
                Some(one) => {
                    one.trials += 1;
                    one.word = one.word.max(word);
                }
                None => found.push(BrokenCheck {
                    check,
                    first: &trial.trial,
                    word,
                    trials: 1,
                }),
            }
        }
    }
    found.sort_by_key(|one| Reverse((one.word, one.trials)));
    found.iter().map(|one| one.doubt(trials.len())).collect()
}

/// A self-check that does not hold, while its trials are counted.
struct BrokenCheck<'a> {
    check: &'a ValidityCheck,
    first: &'a str,
    word: Option<ValidityWord>,
    trials: usize,
}

impl BrokenCheck<'_> {
    fn doubt(&self, of: usize) -> Doubt {
        let all = figures::plural(of as u64, "trial");
        Doubt {
            code: self.check.code,
            word: match self.word {
                Some(word) => word.to_string(),
                None => "WARNING".to_owned(),
            },
            tone: self.word.map_or(Tone::Plain, Tone::from),
            trials: match self.trials {
                1 if of == 1 => "the trial".to_owned(),
                trials if trials == of => format!("all {all}"),
                trials => format!("{trials} of {all}"),
            },
            first: self.first.to_owned(),
            figure: self.check.figure.clone(),
            limit: self.check.limit.clone(),
            advice: self.check.advice.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trial(word: ValidityWord, codes: &[CheckCode]) -> TrialChecks {
        let checks = codes.iter().map(|&code| ValidityCheck {
            code,
            ok: false,
            figure: "3".to_owned(),
            limit: "2".to_owned(),
            advice: String::new(),
        });
        TrialChecks {
            trial: "b01".to_owned(),
            arm: "after".to_owned(),
            word,
            tone: word.into(),
            checks: checks.collect(),
        }
    }

    #[test]
    fn a_check_that_leaves_its_trial_valid_is_not_called_what_another_one_made_of_it() {
        use CheckCode::{Count, Errors, Hiccup, Lag, Steal};
        let trials = [
            trial(ValidityWord::Valid, &[Count]),
            trial(ValidityWord::Noisy, &[Count, Steal, Lag]),
            trial(ValidityWord::Invalid, &[Count, Hiccup, Lag, Errors]),
        ];
        let found: Vec<(String, CheckCode)> = doubts(&trials)
            .into_iter()
            .map(|one| (one.word, one.code))
            .collect();
        let expected = [
            ("INVALID", Lag),
            ("NOISY", Steal),
            ("NOISY", Hiccup),
            ("WARNING", Count),
            ("WARNING", Errors),
        ];
        assert_eq!(found, expected.map(|(word, code)| (word.to_owned(), code)));
        assert_eq!(doubts(&trials)[3].trials, "all 3 trials");
        assert_eq!(doubts(&trials[2..])[0].trials, "the trial");
    }
}
