//! The range, the stages and the care of a search.

/// Votes and width of one stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SearchStage {
    /// Trials of which the majority decides a load.
    pub votes: u32,
    /// Ends the stage where the bounds are so many widths apart.
    pub widths: u32,
}

/// What is searched, and how carefully.
#[derive(Debug, Clone, PartialEq)]
pub struct SearchPlan {
    /// The first load.
    pub first: f64,
    /// The lowest load that may be tried.
    pub lowest: f64,
    /// The highest one.
    pub highest: f64,
    /// Factor between loads while no range is known.
    pub growth: f64,
    /// upper / lower - 1 that is asked for.
    pub width: f64,
    /// The stages of narrowing.
    pub stages: Vec<SearchStage>,
    /// Fresh trials of each bound.
    pub fresh: u32,
    /// How many of them must agree.
    pub agreeing: u32,
    /// Whether loads are whole numbers.
    pub whole: bool,
    /// Seconds that all trials may take; no trial begins that would not fit.
    pub budget_s: Option<f64>,
}

impl SearchPlan {
    /// A careful search: seven votes, and four of five fresh trials at each bound.
    pub fn careful(first: f64, lowest: f64, highest: f64, whole: bool) -> Self {
        let stage = |votes, widths| SearchStage { votes, widths };
        Self {
            first,
            lowest,
            highest,
            growth: 2.0,
            width: 0.03,
            stages: vec![stage(1, 4), stage(3, 2), stage(7, 1)],
            fresh: 5,
            agreeing: 4,
            whole,
            budget_s: None,
        }
    }

    /// A quick search: one trial a load, wider, two of three fresh trials at each bound.
    pub fn quick(first: f64, lowest: f64, highest: f64, whole: bool) -> Self {
        Self {
            width: 0.08,
            stages: vec![SearchStage {
                votes: 1,
                widths: 1,
            }],
            fresh: 3,
            agreeing: 2,
            ..Self::careful(first, lowest, highest, whole)
        }
    }

    /// A coarse search for a command that does more than search: one trial a load, bounds half apart,
    /// one fresh trial at each.
    pub fn coarse(first: f64, lowest: f64, highest: f64, whole: bool) -> Self {
        Self {
            growth: 1.5,
            width: 0.5,
            fresh: 1,
            agreeing: 1,
            ..Self::quick(first, lowest, highest, whole)
        }
    }

    /// The nearest load that may be tried: three significant digits, or a whole number.
    pub(super) fn rounded(&self, load: f64) -> f64 {
        let near = if self.whole {
            load.round().max(1.0)
        } else {
            let scale = 10_f64.powf((2.0 - load.log10().floor()).min(3.0));
            (load * scale).round() / scale
        };
        near.clamp(self.lowest, self.highest)
    }

    /// A load lower by a factor, or the next one that may be tried.
    pub(super) fn lower_than(&self, load: f64, factor: f64) -> f64 {
        let next = self.rounded(load / factor);
        if next < load {
            next
        } else if self.whole {
            (load - 1.0).max(self.lowest)
        } else {
            self.lowest
        }
    }

    /// A load higher by a factor, or the next one that may be tried.
    pub(super) fn higher_than(&self, load: f64, factor: f64) -> f64 {
        let next = self.rounded(load * factor);
        if next > load {
            next
        } else if self.whole {
            (load + 1.0).min(self.highest)
        } else {
            self.highest
        }
    }
}
