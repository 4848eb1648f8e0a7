//! What one instance does today, and what the plan is to do.

use schemars::JsonSchema;
use serde::Serialize;

use super::{
    figure::{FigureBook, Ranged},
    measured::MeasuredRun,
};

/// A row of the table of current and projected capacity.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct CapacityProjection {
    /// What is done.
    pub what: String,
    /// Id of the figure today.
    pub current: String,
    /// Id of the projected one.
    pub projected: String,
    /// What the projection rests on.
    pub rests_on: String,
}

/// The rows: users, requests, and what each area of the application is known by.
pub(super) fn projections(book: &mut FigureBook, base: &MeasuredRun) -> Vec<CapacityProjection> {
    let row = |what: &str, current: &str, projected: &str, rests_on: &str| CapacityProjection {
        what: what.to_owned(),
        current: current.to_owned(),
        projected: projected.to_owned(),
        rests_on: rests_on.to_owned(),
    };
    let mut rows = Vec::new();
    users(book);
    rows.push(row(
        "users active in the busiest hour",
        "users_of_one",
        "planned_users",
        "the assumed requests of a user and the assumed peak; a user who behaves otherwise is another load",
    ));
    planned_capacity(book);
    rows.push(row(
        "correct answers a second within the SLO",
        "capacity",
        "planned_capacity",
        "each instance carries what one does, which was not measured with more than one: they share PostgreSQL and Redis",
    ));
    let Some(arm) = base.arm() else { return rows };
    for area in &base.summary.application.areas {
        for name in &area.headline {
            let done = arm.operations.iter().find(|one| one.name == *name);
            let Some(done) = done.filter(|one| one.rate_per_s > 0.0) else {
                continue;
            };
            let (share, current, planned) = (
                format!("share_{name}"),
                format!("capacity_{name}"),
                format!("planned_{name}"),
            );
            let part = book.measured(
                &share,
                (&format!("share of {name} in the correct answers"), ""),
                Ranged {
                    value: done.rate_per_s / arm.total.rate_per_s,
                    low: None,
                    high: None,
                },
                (&base.folder, "the mix of its suite"),
            );
            for (id, of, words) in [
                (&current, "capacity", "within the capacity of one instance"),
                (
                    &planned,
                    "planned_capacity",
                    "within that of the planned instances",
                ),
            ] {
                let Some(all) = book.ranged(of) else { continue };
                book.derived(
                    id,
                    (&format!("{name} {words}"), "/s"),
                    all.map(|rate| rate * part.value),
                    (&format!("{of} x {share}"), &[of, &share]),
                );
            }
            rows.push(row(
                &format!("{}: {name}", area.label),
                &current,
                &planned,
                "the mix of the measurement, in proportion to the instances; alone an operation may reach more or less",
            ));
        }
    }
    rows
}

fn users(book: &mut FigureBook) {
    let (Some(usable), Some(users), Some(peak), Some(later)) = (
        book.ranged("usable_capacity"),
        book.ranged("users"),
        book.ranged("peak_rate"),
        book.ranged("planned_rate"),
    ) else {
        return;
    };
    let of_a_user = peak.value / users.value;
    book.derived(
        "users_of_one",
        ("users that one instance carries", ""),
        usable.map(|rate| (rate / of_a_user).floor()),
        (
            "usable_capacity / (peak_rate / users), rounded down",
            &["usable_capacity", "peak_rate", "users"],
        ),
    );
    book.derived(
        "planned_users",
        ("users at the end of the plan", ""),
        later.map(|rate| (rate / of_a_user).round()),
        (
            "planned_rate / (peak_rate / users)",
            &["planned_rate", "peak_rate", "users"],
        ),
    );
}

fn planned_capacity(book: &mut FigureBook) {
    if let (Some(capacity), Some(instances)) =
        (book.ranged("capacity"), book.ranged("loaded_instances"))
    {
        let needed = instances.value;
        book.derived(
            "planned_capacity",
            ("capacity of the planned instances", "/s"),
            capacity.map(|rate| rate * needed),
            (
                "capacity x loaded_instances",
                &["capacity", "loaded_instances"],
            ),
        );
    }
}
