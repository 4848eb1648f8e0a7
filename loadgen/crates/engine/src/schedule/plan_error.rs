//! Why a load cannot be planned.

use shared::time::Millis;

/// Most arrivals of a plan: they are drawn once before the load begins, which takes seconds for as many.
pub const MOST_ARRIVALS: u64 = 100_000_000;

/// The load cannot be planned.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// More arrivals than a plan may have.
    #[error(
        "the load has {0} arrivals, at most {MOST_ARRIVALS} can be planned: shorten it or lower the rate"
    )]
    TooMany(u64),
    /// No flow can be picked.
    #[error("no flow has a weight above 0: give at least one flow a weight")]
    NoFlow,
    /// Nothing would be measured.
    #[error(
        "the measured window is empty: the load lasts {total} and the warm-up already takes {warm_up}; lengthen the load or shorten the warm-up"
    )]
    NoWindow {
        /// How long the load lasts.
        total: Millis,
        /// How much of it is warm-up.
        warm_up: Millis,
    },
}
