//! A figure of a plan with its interval, and where it comes from.

use loadgen_stats::simulation::MeanInterval;
use schemars::JsonSchema;
use serde::Serialize;

/// Where a figure comes from.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum FigureOrigin {
    /// It was measured.
    Measured {
        /// Name of the result folder.
        folder: String,
        /// What of it, and how the interval was made.
        what: String,
    },
    /// It is assumed.
    Assumed {
        /// Its key in the file of assumptions.
        key: String,
        /// Whether the file states it; it is a default otherwise.
        stated: bool,
    },
    /// It was simulated.
    Simulated {
        /// What, in words.
        of: String,
        /// The figures that the model was given.
        from: Vec<String>,
    },
    /// It follows from others.
    Derived {
        /// How, in words.
        formula: String,
        /// The figures that it follows from.
        from: Vec<String>,
    },
}

impl FigureOrigin {
    /// The figures that it follows from directly.
    pub fn sources(&self) -> &[String] {
        match self {
            Self::Derived { from, .. } | Self::Simulated { from, .. } => from,
            Self::Measured { .. } | Self::Assumed { .. } => &[],
        }
    }
}

/// A figure of a plan.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct PlanFigure {
    /// By which others name it.
    pub id: String,
    /// What it is.
    pub name: String,
    /// Its unit; empty for a number.
    pub unit: String,
    /// The figure, on the safe side where its interval has one.
    pub value: f64,
    /// Lower end of its interval; absent where it is not known.
    pub low: Option<f64>,
    /// Upper end; absent where it is not known.
    pub high: Option<f64>,
    /// Where it comes from.
    pub origin: FigureOrigin,
}

/// A value with what is known of its interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Ranged {
    pub(super) value: f64,
    pub(super) low: Option<f64>,
    pub(super) high: Option<f64>,
}

impl From<MeanInterval> for Ranged {
    /// The mean of simulated runs; without an interval where there was only one.
    fn from(found: MeanInterval) -> Self {
        Self {
            value: found.mean,
            low: found.half.map(|half| (found.mean - half).max(0.0)),
            high: found.half.map(|half| found.mean + half),
        }
    }
}

impl Ranged {
    /// A value that is exact: an assumption, or what follows from assumptions alone.
    pub(super) const fn exact(value: f64) -> Self {
        Self {
            value,
            low: Some(value),
            high: Some(value),
        }
    }

    /// The same after a function that grows with its argument.
    pub(super) fn map(self, grows: impl Fn(f64) -> f64) -> Self {
        Self {
            value: grows(self.value),
            low: self.low.map(&grows),
            high: self.high.map(&grows),
        }
    }

    /// The same after a function that falls with its argument.
    pub(super) fn map_falling(self, falls: impl Fn(f64) -> f64) -> Self {
        Self {
            value: falls(self.value),
            low: self.high.map(&falls),
            high: self.low.map(&falls),
        }
    }

    /// The product of two values that are not negative, end by end.
    pub(super) fn times(self, other: Self) -> Self {
        let product = |one: Option<f64>, other: Option<f64>| Some(one? * other?);
        Self {
            value: self.value * other.value,
            low: product(self.low, other.low),
            high: product(self.high, other.high),
        }
    }
}

/// The figures of a plan as they are made.
#[derive(Debug, Default)]
pub(super) struct FigureBook {
    figures: Vec<PlanFigure>,
}

impl FigureBook {
    fn put(&mut self, id: &str, (name, unit): (&str, &str), ranged: Ranged, origin: FigureOrigin) {
        self.figures.push(PlanFigure {
            id: id.to_owned(),
            name: name.to_owned(),
            unit: unit.to_owned(),
            value: ranged.value,
            low: ranged.low,
            high: ranged.high,
            origin,
        });
    }

    pub(super) fn assumed(
        &mut self,
        key: &str,
        name: (&str, &str),
        value: f64,
        stated: bool,
    ) -> Ranged {
        let origin = FigureOrigin::Assumed {
            key: key.to_owned(),
            stated,
        };
        self.put(key, name, Ranged::exact(value), origin);
        Ranged::exact(value)
    }

    pub(super) fn measured(
        &mut self,
        id: &str,
        name: (&str, &str),
        ranged: Ranged,
        (folder, what): (&str, &str),
    ) -> Ranged {
        let origin = FigureOrigin::Measured {
            folder: folder.to_owned(),
            what: what.to_owned(),
        };
        self.put(id, name, ranged, origin);
        ranged
    }

    pub(super) fn simulated(
        &mut self,
        id: &str,
        name: (&str, &str),
        ranged: Ranged,
        of: &str,
        from: &[&str],
    ) -> Ranged {
        let origin = FigureOrigin::Simulated {
            of: of.to_owned(),
            from: from.iter().map(|one| (*one).to_owned()).collect(),
        };
        self.put(id, name, ranged, origin);
        ranged
    }

    pub(super) fn derived(
        &mut self,
        id: &str,
        name: (&str, &str),
        ranged: Ranged,
        (formula, from): (&str, &[&str]),
    ) -> Ranged {
        let origin = FigureOrigin::Derived {
            formula: formula.to_owned(),
            from: from.iter().map(|one| (*one).to_owned()).collect(),
        };
        self.put(id, name, ranged, origin);
        ranged
    }

    /// A figure that was put before.
    pub(super) fn ranged(&self, id: &str) -> Option<Ranged> {
        let found = self.figures.iter().find(|one| one.id == id)?;
        Some(Ranged {
            value: found.value,
            low: found.low,
            high: found.high,
        })
    }

    pub(super) fn into_figures(self) -> Vec<PlanFigure> {
        self.figures
    }
}
