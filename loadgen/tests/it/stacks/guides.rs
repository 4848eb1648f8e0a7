//! Flows that do what a guide's users do only with switches that neither profile has, and those that hardly a suite but
//! `smoke` has: on the own stack, every step of them is sent and answered right.

use serde_json::Value;

use crate::support::{finish, loadgen, start};

/// The flows, and an operation that each must come to.
const FLOWS: [(&str, &str); 12] = [
    ("payments.pay", "payments.settled"),
    ("payments.refund", "payments.refunded"),
    ("notifications.push", "notifications.push"),
    ("bookings.rebook", "bookings.cancel"),
    ("bookings.reschedule", "bookings.reschedule"),
    ("auth.session", "auth.logout"),
    ("calendar.full_month", "calendar.month"),
    ("courses.lesson", "courses.complete_lesson"),
    ("courses.complete", "courses.complete"),
    ("mentors.review", "mentors.create_review"),
    ("mentors.profile", "mentors.update_own"),
    ("mentors.join", "mentors.set_active"),
];

#[test]
fn the_flows_of_the_guides_come_to_their_last_step() {
    let results = tempfile::tempdir().unwrap();
    let names = FLOWS.map(|(flow, _)| flow).join(",");
    let ran = finish(start(loadgen([
        "run",
        "--flow",
        &names,
        "--rate",
        "18/s",
        "--duration",
        "6s",
        "--warmup",
        "2s",
        "--accounts",
        "32",
        "--scale",
        "tiny",
        "--set",
        "bookings.payment=required",
        "--set",
        "notifications.write=on",
        "--quiet",
        "--results",
        results.path().to_str().unwrap(),
    ])));
    let summary = std::fs::read(results.path().join("latest/summary.json"))
        .unwrap_or_else(|error| panic!("{error}: {}", ran.stderr));
    let summary: Value = serde_json::from_slice(&summary).unwrap();
    let arm = &summary["arms"][0];
    let named = |list: &str, name: &str| -> Value {
        let all = arm[list].as_array().unwrap();
        let found = all.iter().find(|one| one["name"] == name);
        let found = found.unwrap_or_else(|| panic!("no {name} in {list}: {}", ran.stderr));
        found.clone()
    };
    for (flow, operation) in FLOWS {
        let last = named("operations", operation);
        assert!(last["planned"].as_u64() > Some(0), "{last}");
        assert_eq!(last["success"], 1.0, "{operation}: {}", ran.stderr);
        let iterations = named("flows", flow);
        assert!(iterations["launched"].as_u64() > Some(0), "{iterations}");
        assert_eq!(iterations["launched"], iterations["completed"], "{flow}");
    }
    assert_ne!(ran.code, Some(98), "{}", ran.stderr);
}
