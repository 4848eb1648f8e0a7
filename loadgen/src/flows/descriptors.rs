//! How the reference backend is described to reports.

use super::OPERATIONS;
use crate::schema::{Application, ApplicationArea};

/// First word of an operation's name, heading of its area, and the operations that a short report
/// shows.
const AREAS: [(&str, &str, &[&str]); 5] = [
    ("auth", "Login", &["auth.login"]),
    ("mentors", "Mentor discovery", &["mentors.list"]),
    ("bookings", "Booking", &["bookings.create", "bookings.race"]),
    ("recordings", "Recordings", &["recordings.play"]),
    ("chat", "Chat", &["chat.send"]),
];
/// Processes that are observed.
const PROCESSES: [&str; 3] = ["target-app", "postgres", "redis"];
/// Kinds of cache.
const CACHE_KINDS: [&str; 3] = ["mentors", "bookings", "users"];
/// What an experiment decides on where its file names nothing.
pub const PRIMARY_METRIC: &str = "mentors.list p97.5";

/// The description of the reference backend.
pub fn application() -> Application {
    let area = |(prefix, label, headline): &(&str, &str, &[&str])| ApplicationArea {
        label: (*label).to_owned(),
        operations: OPERATIONS
            .iter()
            .filter(|name| name.split('.').next() == Some(prefix))
            .map(|name| (*name).to_owned())
            .collect(),
        headline: headline.iter().map(|name| (*name).to_owned()).collect(),
    };
    Application {
        name: "CodeConnect".to_owned(),
        areas: AREAS.iter().map(area).collect(),
        processes: PROCESSES.map(str::to_owned).to_vec(),
        cache_kinds: CACHE_KINDS
            .iter()
            .map(|kind| ((*kind).to_owned(), (*kind).to_owned()))
            .collect(),
        primary_metric: PRIMARY_METRIC.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operation_is_in_one_area_and_every_headline_is_an_operation() {
        let application = application();
        // `loadgen http` sends the ad-hoc operation; it belongs to no application.
        for name in OPERATIONS.iter().filter(|name| **name != "http.request") {
            let areas = application
                .areas
                .iter()
                .filter(|area| area.operations.iter().any(|one| one == name));
            assert_eq!(areas.count(), 1, "{name}");
        }
        for area in &application.areas {
            assert!(
                area.headline
                    .iter()
                    .all(|one| area.operations.contains(one))
            );
        }
    }
}
