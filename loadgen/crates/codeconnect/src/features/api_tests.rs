//! Every change that the API offers is sent by a flow, and operations have the names that the API has for them.
//! The API is what the backend's route lists say, which its own tests compare with the application.

use std::{collections::BTreeMap, fs, path::Path};

use super::catalog;

/// Changes that no flow sends, and why.
const NOT_BY_USERS: [(&str, &str); 4] = [
    ("lab.audit", "asked for after a load"),
    ("lab.put_profile", "an operator sets a profile"),
    ("lab.reset", "asked for before a load"),
    ("payments.webhook", "the payment provider sends it"),
];

/// Operations that have another name than their requests have in the API, with that name and the reason.
const OWN_NAMES: [(&str, &str, &str); 13] = [
    (
        "attendance.lessons",
        "bookings.list_mine",
        "a mentor's lessons that took place: another query than a student's bookings",
    ),
    (
        "bookings.mine",
        "bookings.list_mine",
        "experiments name it, and what is published",
    ),
    (
        "bookings.race",
        "bookings.create",
        "one of many who want the same place",
    ),
    (
        "bookings.repeat",
        "bookings.create",
        "makes no booking: the key was used before",
    ),
    (
        "calendar.month",
        "calendar.range",
        "suites of a guide name it",
    ),
    (
        "calendar.refresh",
        "calendar.week",
        "reads a change of one's own back",
    ),
    (
        "courses.quiz",
        "courses.attempt_quiz",
        "suites of a guide name it",
    ),
    (
        "mentors.lessons",
        "bookings.list_mine",
        "the lessons that took place, of all bookings",
    ),
    (
        "payments.refunded",
        "bookings.get",
        "whether the refund came to its end, once for each",
    ),
    (
        "payments.settled",
        "bookings.get",
        "whether the webhooks came, once for each payment",
    ),
    (
        "recordings.link",
        "recordings.playback",
        "a suite of a guide names it",
    ),
    (
        "recordings.play",
        "recordings.stream",
        "an experiment names it, and a suite of a guide",
    ),
    (
        "sessions.recording",
        "recordings.get",
        "whether a class that has just ended was recorded",
    ),
];

/// The method of each operation of the API.
fn api() -> BTreeMap<String, String> {
    let target = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../target-app");
    let folders = fs::read_dir(target.join("src/features")).unwrap();
    let lists = folders
        .map(|entry| entry.unwrap().path().join("routes.txt"))
        .filter(|path| path.is_file());
    let mut methods = BTreeMap::new();
    for list in lists.chain([target.join("routes.txt")]) {
        for line in fs::read_to_string(&list).unwrap().lines() {
            let words: Vec<&str> = line.split_whitespace().collect();
            let [method, _path, _access, operation] = words[..] else {
                panic!("{}: {line}", list.display());
            };
            methods.insert(operation.to_owned(), method.to_owned());
        }
    }
    methods
}

/// The name that the API has for what an operation sends.
fn api_name(operation: &'static str) -> &'static str {
    let own = OWN_NAMES.iter().find(|(own, ..)| *own == operation);
    own.map_or(operation, |(_, name, _)| *name)
}

#[test]
fn every_change_that_the_api_offers_is_sent_by_a_flow_or_is_none_of_a_users() {
    let (api, catalog) = (api(), catalog());
    for (name, why) in NOT_BY_USERS {
        let method = api.get(name).map(String::as_str);
        assert!(
            method.is_some_and(|method| method != "GET"),
            "{name}: {why}"
        );
    }
    let changes = api.iter().filter(|(_, method)| *method != "GET");
    let mut sent = 0;
    for (name, method) in changes {
        let by_flow = catalog.operations.iter().any(|(id, one)| {
            api_name(one.name) == name
                && one.method == Some(method.as_str())
                && catalog
                    .flows
                    .iter()
                    .any(|flow| flow.operations.contains(&id))
        });
        let by_others = NOT_BY_USERS.iter().any(|(other, _)| other == name);
        assert!(
            by_flow != by_others,
            "{method} {name}: write a flow that sends it, or say why none does in `NOT_BY_USERS`"
        );
        sent += u32::from(by_flow);
    }
    assert!(sent >= 26, "only {sent} changes were found");
}

#[test]
fn an_operation_has_the_name_of_the_api_or_a_reason_for_another_one() {
    let (api, catalog) = (api(), catalog());
    // Messages over a socket, and its opening, are no requests of the API.
    for (_, one) in catalog.operations.iter() {
        let Some(method) = one.method else { continue };
        let name = api_name(one.name);
        assert_eq!(
            api.get(name).map(String::as_str),
            Some(method),
            "{}: name it as the API does, or give the reason in `OWN_NAMES`",
            one.name
        );
    }
    for (own, name, why) in OWN_NAMES {
        assert!(catalog.operations.by_name(own).is_some(), "{own} is gone");
        assert!(!api.contains_key(own), "{own} is another request there");
        assert!(own != name && !why.is_empty(), "{own}");
    }
}
