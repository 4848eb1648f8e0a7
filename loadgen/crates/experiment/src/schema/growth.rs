//! Whether what a target holds, and how fast it answers, stays the same while it is under load.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The process that makes the load: what it holds is no figure of the target.
const GENERATOR: &str = "loadgen";

/// What may grow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Resource {
    /// Resident memory of a process, in bytes.
    Memory,
    /// Open file descriptors of a process.
    Descriptors,
    /// Connections to the database that the target's pool holds, in use or idle.
    Connections,
    /// 95th percentile of the response time of the successes, in milliseconds.
    ResponseTime,
}

impl Resource {
    /// In words.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Memory => "memory",
            Self::Descriptors => "descriptors",
            Self::Connections => "connections",
            Self::ResponseTime => "response time",
        }
    }
}

/// What is known of a growth.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum GrowthWord {
    /// The whole interval lies within the limit.
    Flat,
    /// The whole interval lies above zero, and the slope above the limit, in the second half too.
    Grows,
    /// The whole interval lies below zero, and the slope below the negative limit, in the second half
    /// too.
    Shrinks,
    /// None of these is known.
    NotKnown,
}

impl GrowthWord {
    /// The verdict in capitals: `FLAT`, `GROWS`, `SHRINKS`, `UNKNOWN`.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Flat => "FLAT",
            Self::Grows => "GROWS",
            Self::Shrinks => "SHRINKS",
            Self::NotKnown => "UNKNOWN",
        }
    }
}

/// How something changed over the measured window.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Growth {
    /// Whose: an instance of the target, `postgres`, `redis`, `loadgen`; `requests` of the response time.
    pub process: String,
    /// Which resource.
    pub resource: Resource,
    /// Mean over the window, in the resource's own unit.
    pub mean: f64,
    /// Theil-Sen slope an hour; absent with fewer than two blocks.
    pub per_hour: Option<f64>,
    /// Its 95 % interval; absent with too few blocks.
    pub interval: Option<(f64, f64)>,
    /// The slope as a share of the mean; absent where either is absent or zero.
    pub share_per_hour: Option<f64>,
    /// Slope an hour up to which it counts as flat.
    pub limit_per_hour: f64,
    /// Blocks of the window that the slope was taken from: of each the mean of its seconds, or the
    /// percentile of its answers.
    pub blocks: u32,
    /// Length of the window, in seconds.
    pub window_s: f64,
    /// What is known.
    pub word: GrowthWord,
}

impl Growth {
    /// One word for a whole window, of the target alone: GROWS if anything does, UNKNOWN if anything is
    /// not known or the response time is missing, else FLAT: what is given back does not grow.
    pub fn together(all: &[Self]) -> GrowthWord {
        let of_target = || all.iter().filter(|one| one.is_of_target());
        let any = |word| of_target().any(|one| one.word == word);
        let timed = of_target().any(|one| one.resource == Resource::ResponseTime);
        if any(GrowthWord::Grows) {
            GrowthWord::Grows
        } else if any(GrowthWord::NotKnown) || !timed {
            GrowthWord::NotKnown
        } else {
            GrowthWord::Flat
        }
    }

    /// The same with what decided it: `GROWS: postgres memory (+86 % an hour)`.
    pub fn verdict(all: &[Self]) -> String {
        let word = Self::together(all);
        let of = |word| {
            let of_target = all.iter().filter(|one| one.is_of_target());
            let kept = of_target.filter(move |one| one.word == word);
            kept.map(Self::subject)
        };
        let named: Vec<String> = match word {
            GrowthWord::Grows => of(GrowthWord::Grows).collect(),
            GrowthWord::Flat | GrowthWord::Shrinks => {
                let mut flat: Vec<String> = Vec::new();
                for one in all.iter().filter(|one| one.is_of_target()) {
                    let name = one.resource.words().to_owned();
                    if !flat.contains(&name) {
                        flat.push(name);
                    }
                }
                flat
            }
            GrowthWord::NotKnown if all.is_empty() => {
                vec![
                    "the measured window is shorter than two minutes, or its load changed"
                        .to_owned(),
                ]
            }
            GrowthWord::NotKnown => {
                let timed = all.iter().any(|one| one.resource == Resource::ResponseTime);
                let none = (!timed).then(|| "response time, of too few requests".to_owned());
                of(GrowthWord::NotKnown).chain(none).collect()
            }
        };
        format!("{}: {}", word.label(), named.join(", "))
    }

    /// Whether it is of the target and its services, and not of the load generator.
    pub fn is_of_target(&self) -> bool {
        self.process != GENERATOR
    }

    /// Whose and what, with its slope where that is what decides.
    fn subject(&self) -> String {
        let name = match self.resource {
            Resource::ResponseTime => self.resource.words().to_owned(),
            other => format!("{} {}", self.process, other.words()),
        };
        let share = self
            .share_per_hour
            .filter(|_| self.word == GrowthWord::Grows);
        share.map_or(name.clone(), |share| {
            format!("{name} ({:+.0} % an hour)", share * 100.0)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn growth(process: &str, resource: Resource, word: GrowthWord) -> Growth {
        Growth {
            process: process.to_owned(),
            resource,
            mean: 100.0,
            per_hour: Some(12.0),
            interval: Some((10.0, 14.0)),
            share_per_hour: Some(0.12),
            limit_per_hour: 5.0,
            blocks: 30,
            window_s: 600.0,
            word,
        }
    }

    #[test]
    fn one_word_stands_for_all_and_says_what_decided_it() {
        use GrowthWord::{Flat, Grows, NotKnown, Shrinks};
        use Resource::{Memory, ResponseTime};
        let time = |word| growth("requests", ResponseTime, word);
        let memory = |word| growth("postgres", Memory, word);
        for (all, word, said) in [
            (
                vec![memory(Flat), time(Flat)],
                Flat,
                "FLAT: memory, response time",
            ),
            (
                vec![memory(Shrinks), time(Flat)],
                Flat,
                "FLAT: memory, response time",
            ),
            (
                vec![memory(Grows), time(NotKnown)],
                Grows,
                "GROWS: postgres memory (+12 % an hour)",
            ),
            (
                vec![memory(Flat), time(NotKnown)],
                NotKnown,
                "UNKNOWN: response time",
            ),
            (
                vec![memory(NotKnown)],
                NotKnown,
                "UNKNOWN: postgres memory, response time, of too few requests",
            ),
            (
                vec![],
                NotKnown,
                "UNKNOWN: the measured window is shorter than two minutes, or its load changed",
            ),
        ] {
            assert_eq!(Growth::together(&all), word, "{said}");
            assert_eq!(Growth::verdict(&all), said);
        }
    }

    #[test]
    fn what_the_load_generator_holds_is_no_figure_of_the_target() {
        let own = growth("loadgen", Resource::Memory, GrowthWord::Grows);
        let time = growth("requests", Resource::ResponseTime, GrowthWord::Flat);
        let all = [own, time];
        assert_eq!(Growth::together(&all), GrowthWord::Flat);
        assert_eq!(Growth::verdict(&all), "FLAT: response time");
    }
}
