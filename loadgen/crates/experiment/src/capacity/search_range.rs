//! What a search knows so far: its bounds, and the loads between or below them that it could not decide.

use super::{search_plan::SearchPlan, search_votes::LoadSide};

/// The bounds, as far as they are known.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct SearchBounds {
    /// The highest load that met the SLO.
    pub lower: Option<f64>,
    /// Whether fresh trials confirmed it.
    pub lower_confirmed: bool,
    /// The lowest load above it that missed the SLO.
    pub upper: Option<f64>,
    /// Whether fresh trials confirmed it.
    pub upper_confirmed: bool,
}

/// The bounds with what is undecided.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct SearchRange {
    pub(super) bounds: SearchBounds,
    /// The lowest and the highest load with too few requests to tell, of those that the bounds leave open.
    pub(super) undecided: Option<(f64, f64)>,
}

impl SearchRange {
    /// Whether both bounds are known.
    pub(super) fn is_known(&self) -> bool {
        self.bounds.lower.is_some() && self.bounds.upper.is_some()
    }

    /// Whether the bounds are no further apart than the width; where one is not known nothing is to be
    /// brought closer.
    pub(super) fn is_narrow(&self, width: f64) -> bool {
        let bounds = self.bounds.lower.zip(self.bounds.upper);
        bounds.is_none_or(|between| is_close(between, width))
    }

    /// Takes in the side of a load. What was undecided no longer matters below a load that meets the SLO,
    /// and above one that misses it.
    pub(super) fn place(&mut self, load: f64, side: LoadSide) {
        match side {
            LoadSide::Below => {
                self.bounds.lower = Some(load);
                self.undecided = self.undecided.filter(|(_, high)| *high > load);
            }
            LoadSide::Above => {
                self.bounds.upper = Some(load);
                self.undecided = self.undecided.filter(|(low, _)| *low < load);
            }
            LoadSide::Undecided => {
                let (low, high) = self.undecided.unwrap_or((load, load));
                self.undecided = Some((low.min(load), high.max(load)));
            }
        }
    }

    /// The load in the middle of what is open, by its logarithm; absent where nothing is open that is wider
    /// than the width. Above undecided loads comes first: a higher load has more requests.
    pub(super) fn middle(&self, plan: &SearchPlan, width: f64) -> Option<f64> {
        let (lower, upper) = (self.bounds.lower, self.bounds.upper);
        let open = match self.undecided {
            None => [lower.zip(upper), None],
            Some((low, high)) => [Some(high).zip(upper), lower.zip(Some(low))],
        };
        let wide = open.into_iter().flatten();
        wide.filter(|between| !is_close(*between, width))
            .find_map(|(low, high)| {
                let middle = plan.rounded((low * high).sqrt());
                (middle > low && middle < high).then_some(middle)
            })
    }
}

fn is_close((low, high): (f64, f64), width: f64) -> bool {
    high / low <= 1.0 + width + 1e-9
}
