//! Bans of clippy: planted violations of their own, and where they are suspended.

use std::collections::BTreeMap;

use guards::bans;

use super::{files, subjects, tree};

const SETTINGS: &str = "
disallowed-methods = [
    { path = 'clock::now', reason = 'the time is an argument' },
    { path = 'chance::rng', reason = 'figures repeat' },
]
";

fn unproven(planted: &str) -> String {
    let files = files(&[(bans::PLANTED, planted)]);
    subjects(&bans::unproven(SETTINGS, &files)).join(" ")
}

#[test]
fn a_ban_needs_a_planted_violation_and_an_expectation_of_its_own() {
    let time =
        "#[expect(clippy::disallowed_methods, reason = \"planted\")]\nfn f() { clock::now(); }";
    let chance =
        "#[expect(\n    clippy::disallowed_methods\n)]\nfn g() { drop(chance::rng::<u8>()); }";
    assert_eq!(unproven(&format!("{time}\n{chance}")), "");
    assert_eq!(unproven(time), "chance::rng disallowed_methods");
    let commented =
        format!("{time}\n#[expect(clippy::disallowed_methods)]\nfn g() {{ /* chance::rng() */ }}");
    assert_eq!(unproven(&commented), "chance::rng");
    let together = "#[expect(clippy::disallowed_methods)]\nfn f() { clock::now(); chance::rng(); }";
    assert_eq!(unproven(together), "disallowed_methods");
    let none = bans::unproven(SETTINGS, &[]);
    assert_eq!(
        subjects(&none),
        ["clock::now", "chance::rng", "disallowed_methods"]
    );
}

#[test]
fn a_ban_of_a_type_is_planted_too_and_each_gives_a_reason() {
    let settings = "disallowed-types = [{ path = 'a::Map', reason = ' ' }]";
    let found = bans::unproven(settings, &[]);
    assert_eq!(subjects(&found), ["a::Map", "a::Map", "disallowed_types"]);
}

#[test]
#[should_panic(expected = "clippy.toml")]
fn a_ban_that_clippy_may_pass_over_is_refused() {
    let settings = "disallowed-types = [{ path = 'a::Map', reason = 'r', allow-invalid = true }]";
    bans::unproven(settings, &[]);
}

/// What is found beside the clock, which may suspend a ban.
fn suspended(rust: &[(&str, &str)], others: &[(&str, &str)]) -> String {
    let listed = BTreeMap::from([("a/src/clock.rs".to_owned(), "owns the time".to_owned())]);
    let found = bans::suspended(&tree(&[rust, others].concat()), &files(rust), &listed);
    subjects(&found).join(" ")
}

const CLOCK: (&str, &str) = (
    "a/src/clock.rs",
    "#[expect(clippy::disallowed_methods, reason = \"the one place\")]\nfn f() {}",
);

#[test]
fn a_ban_is_suspended_only_in_files_that_are_listed() {
    assert_eq!(suspended(&[CLOCK], &[]), "");
    for text in [
        "#[expect(clippy::disallowed_methods, reason = \"why not\")]\nfn f() {}",
        "#![expect(\n    clippy::disallowed_methods,\n    reason = \"why not\"\n)]\nfn f() {}",
        "fn f() { #[allow(clippy::style)] g(); }",
        "#[cfg_attr(test, allow(clippy::all))]\nmod m {}",
        "#[cfg(test)]\nmod tests { #![allow(clippy::disallowed_types)] }",
    ] {
        let found = suspended(&[CLOCK, ("b/src/x.rs", text)], &[]);
        assert_eq!(found, "b/src/x.rs", "{text}");
    }
    let legal = "//! clippy::disallowed_methods\n#[expect(clippy::unwrap_used)]\nfn f() {}\nconst A: &str = \"clippy::disallowed_methods\"; // clippy::all";
    assert_eq!(suspended(&[CLOCK, ("b/src/x.rs", legal)], &[]), "");
}

#[test]
fn an_entry_that_suspends_nothing_is_caught() {
    assert_eq!(suspended(&[], &[]), "a/src/clock.rs");
    assert_eq!(
        suspended(&[("a/src/clock.rs", "fn f() {}")], &[]),
        "a/src/clock.rs"
    );
}

#[test]
fn settings_of_one_crate_that_undo_the_bans_are_caught() {
    for other in [
        ("b/clippy.toml", ""),
        ("b/.clippy.toml", ""),
        (
            "b/Cargo.toml",
            "[lints.clippy]\ndisallowed_methods = \"allow\"",
        ),
    ] {
        assert_eq!(suspended(&[CLOCK], &[other]), other.0);
    }
    assert_eq!(suspended(&[CLOCK], &[("clippy.toml", SETTINGS)]), "");
}
