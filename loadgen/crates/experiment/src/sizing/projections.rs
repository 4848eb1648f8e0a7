//! What one instance does today, and what the plan is to do.

use serde::Serialize;

use super::{
    figure::{FigureBook, Ranged},
    measured::MeasuredRun,
    planned::Instances,
};

/// A row of the table of current and projected capacity.
#[derive(Debug, Clone, PartialEq, Serialize)]
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
pub(super) fn projections(
    book: &mut FigureBook,
    base: &MeasuredRun,
    instances: Instances,
) -> Vec<CapacityProjection> {
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
    book_capacity(book, instances);
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
            let Some(rate) = done.map(|one| one.rate_per_s).filter(|rate| *rate > 0.0) else {
                continue;
            };
            let id = format!("rate_{name}");
            let planned = format!("planned_{name}");
            let rate = book.measured(
                &id,
                (&format!("{name}, answered correctly"), "/s"),
                Ranged {
                    value: rate,
                    low: None,
                    high: None,
                },
                (
                    &base.folder,
                    "its share of the load at which the other figures were measured; no capacity of its own",
                ),
            );
            book.derived(
                &planned,
                (&format!("{name} with the planned instances"), "/s"),
                Ranged {
                    value: rate.value * instances.needed.value,
                    low: None,
                    high: None,
                },
                (
                    &format!("{id} x loaded_instances"),
                    &[&id, "loaded_instances"],
                ),
            );
            rows.push(row(
                &format!("{}: {name} a second", area.label),
                &id,
                &planned,
                "the mix of the measurement, in proportion to the instances",
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

fn book_capacity(book: &mut FigureBook, instances: Instances) {
    if let Some(capacity) = book.ranged("capacity") {
        let needed = instances.needed.value;
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
