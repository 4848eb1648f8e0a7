//! A feature as the load generator knows it.

use super::{bound::AppFlow, operation::Op, world::World};

/// One feature: its name, what can be sent to it, what its users do, and what it caches.
pub struct FeatureFlows {
    /// The first part of the names of its operations: `mentors`.
    pub area: &'static str,
    /// The heading of its figures in a report: `Mentor discovery`.
    pub label: &'static str,
    /// Its operations, in the order of a report.
    pub operations: &'static [&'static Op],
    /// Those of them that a short report shows.
    pub headline: &'static [&'static Op],
    /// What its users get done, in the plural (`bookings made`), and the operations each success of
    /// which is one.
    pub completes: &'static [(&'static str, &'static [&'static Op])],
    /// Those of them whose responses are large on purpose.
    pub large: &'static [&'static Op],
    /// Its flows.
    pub flows: &'static [AppFlow],
    /// Its cache kinds.
    pub caches: &'static [CachedReads],
    /// Whether its flows need mentors and administrators who are signed in before the run.
    pub needs_staff: bool,
    /// Whether its flows go straight to the database.
    pub needs_database: bool,
}

impl FeatureFlows {
    /// A feature without operations; a feature sets what it has.
    pub const fn new(area: &'static str, label: &'static str) -> Self {
        Self {
            area,
            label,
            operations: &[],
            headline: &[],
            completes: &[],
            large: &[],
            flows: &[],
            caches: &[],
            needs_staff: false,
            needs_database: false,
        }
    }
}

/// A cache kind of the target whose hit ratio is reported.
pub struct CachedReads {
    /// The switch that turns it on: `cache.` and the kind's name in the target's telemetry.
    pub switch: &'static str,
    /// The operation that reads through it.
    pub operation: &'static Op,
    /// How often each of its values is requested, relative to the others, from which follows the
    /// best hit ratio that it can reach; `None` if that is not known.
    pub weights: Option<fn(&World) -> Vec<f64>>,
}

impl CachedReads {
    /// The kind's name in the target's telemetry.
    pub fn kind(&self) -> &'static str {
        self.switch.trim_start_matches("cache.")
    }
}
