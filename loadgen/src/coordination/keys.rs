//! The keys of coordination: one that names the run that is open, and those of a run.

use std::time::Duration;

/// Names the run that workers join. It lives as long as its coordinator refreshes it.
pub(super) const OPEN: &str = "loadgen:coordinate:open";
/// How long it lives after the last refresh: a coordinator that is gone for so long has given up.
pub(super) const OPEN_LIFE: Duration = Duration::from_secs(15);
/// How long the keys of a run live at most: longer than the longest load of a day, so that only a run
/// that was abandoned leaves any to expire.
pub(super) const RUN_LIFE: Duration = Duration::from_hours(26);

/// The keys of one run.
#[derive(Debug, Clone)]
pub(super) struct RunKeys {
    /// A stream with the plan as its only entry.
    pub(super) plan: String,
    /// A hash from the number of a worker to who has it.
    pub(super) numbers: String,
    /// A stream from the coordinator to all workers.
    pub(super) control: String,
    /// A stream from the workers to the coordinator.
    pub(super) reports: String,
}

impl RunKeys {
    /// The keys of a run.
    pub(super) fn of(run: &str) -> Self {
        let key = |part: &str| format!("loadgen:coordinate:{run}:{part}");
        Self {
            plan: key("plan"),
            numbers: key("numbers"),
            control: key("control"),
            reports: key("reports"),
        }
    }

    /// All of them.
    pub(super) fn all(&self) -> [&str; 4] {
        [&self.plan, &self.numbers, &self.control, &self.reports]
    }
}
