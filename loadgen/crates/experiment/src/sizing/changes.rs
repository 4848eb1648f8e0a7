//! What another value of a switch makes of a plan, where the capacity with it was measured.

use super::{
    arithmetic::{PlannedLoad, SizingWork},
    measured::{FoundBy, MeasuredCapacity},
};

impl SizingWork<'_> {
    /// The instances that carry the load with each change whose capacity was searched beside that of the
    /// plan.
    pub(super) fn changes(&mut self, load: &PlannedLoad) {
        let base = self.base;
        for one in &base.summary.what_if {
            let with = &one.settings;
            let Some(found) = MeasuredCapacity::of(&one.found) else {
                self.unknown.push(format!(
                    "instances with {with}: no load is known to meet the SLO with it"
                ));
                continue;
            };
            if found.found == FoundBy::Unconfirmed {
                self.doubts.push(format!(
                    "the bounds of the search with {with} were not both confirmed by fresh trials"
                ));
            }
            let id = format!("capacity_with_{with}");
            let capacity = self.book.measured(
                &id,
                (&format!("capacity of one instance with {with}"), "/s"),
                found.rate,
                (
                    &base.folder,
                    "correct answers a second at the lower bound of its own search, in turn with that of the plan",
                ),
            );
            let headroom = self.assumed.headroom.value;
            self.book.derived(
                &format!("loaded_instances_with_{with}"),
                (&format!("instances that carry the load with {with}"), ""),
                capacity.map_falling(|rate| (load.later.value / (rate * headroom)).ceil()),
                (
                    &format!("planned_rate / ({id} x headroom), rounded up"),
                    &["planned_rate", &id, "headroom"],
                ),
            );
        }
    }
}
