//! Layers, circles, and what features may import of each other.

use std::collections::BTreeMap;

use guards::{circles, config::CrateRules, layers, modules::Crate, roles};

use super::{files, subjects};

fn rules(layers: &[&[&str]], sideways: &[&str]) -> CrateRules {
    CrateRules {
        uses: Vec::new(),
        only: BTreeMap::new(),
        layers: layers
            .iter()
            .map(|layer| layer.iter().map(|name| (*name).to_owned()).collect())
            .collect(),
        sideways: sideways.iter().map(|arrow| (*arrow).to_owned()).collect(),
        inside: BTreeMap::new(),
    }
}

/// Arrows that the rule refuses in a crate whose module `low` has this text, below `high`.
fn refused(low: &str) -> Vec<String> {
    let files = files(&[
        ("app/src/lib.rs", "mod low; mod high;"),
        ("app/src/low.rs", low),
        (
            "app/src/high.rs",
            "pub struct Thing; pub mod deep { pub fn f() {} }",
        ),
    ]);
    let found = Crate::of("app", "app", &files);
    let violations = layers::upward_imports(&found, &rules(&[&["low"], &["high"]], &[]));
    subjects(&violations)
        .into_iter()
        .map(str::to_owned)
        .collect()
}

#[test]
fn an_upward_import_is_caught_in_every_way_it_can_be_written() {
    for text in [
        "use crate::high::Thing;",
        "use crate::{\n    high::{\n        Thing,\n    },\n};",
        "use super::high::Thing as Other;",
        "pub use crate::high::*;",
        "use app::high::Thing;",
        "use crate::high;",
        "fn f() { crate::high::deep::f(); }",
        "fn f(_: &super::high::Thing) {}",
        "fn f() { use crate::high::Thing; }",
        "fn f() { println!(\"{}\", crate::high::deep::f()); }",
        "mod inner { use super::super::high::Thing; }",
        "#[derive(Debug)] struct S { #[serde(with = \"crate::high::deep\")] a: u8 }",
        "impl crate::high::Trait for u8 {}",
        "#[cfg(not(test))] use crate::high::Thing;",
        "#[cfg(test)] mod tests {} use crate::high::Thing;",
    ] {
        assert_eq!(refused(text), ["low -> high"], "{text}");
    }
}

#[test]
fn tests_texts_and_comments_may_name_a_higher_layer() {
    for text in [
        "#[cfg(test)] mod tests { use crate::high::Thing; }",
        "#[cfg(test)] use crate::high::Thing;",
        "#[cfg(all(test, unix))] mod tests { use crate::high::Thing; }",
        "/// See [`crate::high::Thing`].\nfn f() {} // crate::high",
        "pub(in crate::low) struct S;",
        "use other::high::Thing;",
        "const TEXT: &str = \"crate::high::Thing\";",
    ] {
        assert_eq!(refused(text), [""; 0], "{text}");
    }
}

#[test]
fn files_of_test_modules_are_no_part_of_the_product() {
    let files = files(&[
        ("app/src/lib.rs", "mod low; mod high;"),
        (
            "app/src/low.rs",
            "#[cfg(test)] #[path = \"low_tests.rs\"] mod tests;",
        ),
        ("app/src/low_tests.rs", "use crate::high::Thing;"),
        ("app/src/high.rs", "pub struct Thing;"),
    ]);
    let found = Crate::of("app", "app", &files);
    let violations = layers::upward_imports(&found, &rules(&[&["low"], &["high"]], &[]));
    assert_eq!(subjects(&violations), [""; 0]);
}

#[test]
fn an_import_inside_a_layer_needs_an_entry_and_an_entry_needs_an_import() {
    let files = files(&[
        ("app/src/lib.rs", "mod a; mod b;"),
        ("app/src/a.rs", "use crate::b::Thing;"),
        ("app/src/b.rs", "pub struct Thing;"),
    ]);
    let found = Crate::of("app", "app", &files);
    let check = |sideways: &[&str]| {
        let violations = layers::upward_imports(&found, &rules(&[&["a", "b"]], sideways));
        subjects(&violations).len()
    };
    assert_eq!(check(&[]), 1, "not listed");
    assert_eq!(check(&["a -> b"]), 0, "listed");
    assert_eq!(check(&["a -> b", "b -> a"]), 1, "one entry too many");
}

#[test]
fn listed_imports_inside_a_layer_must_not_form_a_circle() {
    let files = files(&[
        ("app/src/lib.rs", "mod a; mod b;"),
        ("app/src/a.rs", "use crate::b::Thing; pub struct A;"),
        ("app/src/b.rs", "use crate::a::A; pub struct Thing;"),
    ]);
    let found = Crate::of("app", "app", &files);
    let table = rules(&[&["a", "b"]], &["a -> b", "b -> a"]);
    assert_eq!(
        subjects(&layers::upward_imports(&found, &table)),
        ["a", "b"]
    );
}

#[test]
fn a_module_without_a_layer_is_named_with_the_file_to_edit() {
    let files = files(&[
        ("app/src/lib.rs", "mod low; mod new;"),
        ("app/src/low.rs", ""),
        ("app/src/new.rs", ""),
    ]);
    let found = Crate::of("app", "app", &files);
    let violations = layers::upward_imports(&found, &rules(&[&["low", "gone"]], &[]));
    assert_eq!(subjects(&violations), ["new", "gone"]);
    assert!(violations[0].message.contains("guards/layers.toml"));
}

/// What the rule finds among the modules of `cli`, where `flags` has a file with this text.
fn inside_cli(text: &str, layers: &[&[&str]]) -> String {
    let files = files(&[
        ("app/src/lib.rs", "mod cli; mod other;"),
        (
            "app/src/cli/mod.rs",
            "mod flags; mod session; pub use session::Open;",
        ),
        ("app/src/cli/flags/mod.rs", "mod values;"),
        ("app/src/cli/flags/values.rs", text),
        (
            "app/src/cli/session.rs",
            "use super::flags; pub struct Open; fn f() { flags::read() }",
        ),
        (
            "app/src/other.rs",
            "pub struct Thing; use crate::cli::Open;",
        ),
    ]);
    let table = CrateRules {
        inside: BTreeMap::from([("cli".to_owned(), rules(layers, &[]).layers)]),
        ..CrateRules::default()
    };
    let found = Crate::of("app", "app", &files);
    subjects(&layers::upward_imports_inside(&found, &table)).join(", ")
}

#[test]
fn an_upward_import_among_the_modules_of_a_module_is_caught() {
    let layers: &[&[&str]] = &[&["flags"], &["session"]];
    for text in [
        "use super::super::session::Open;",
        "use crate::cli::{\n    session::Open,\n};",
        "use crate::cli::Open;",
        "use crate::cli::session;",
        "fn f() { crate::cli::session::open() }",
    ] {
        assert_eq!(
            inside_cli(text, layers),
            "cli::flags -> cli::session",
            "{text}"
        );
    }
    for text in [
        "use crate::other::Thing;",
        "use crate::cli::flags::Flag;",
        "#[cfg(test)] mod tests { use crate::cli::session::Open; }",
    ] {
        assert_eq!(inside_cli(text, layers), "", "{text}");
    }
}

#[test]
fn modules_of_one_layer_inside_a_module_are_apart_and_each_has_a_layer() {
    assert_eq!(
        inside_cli("", &[&["flags", "session"]]),
        "cli::session -> cli::flags"
    );
    assert_eq!(
        inside_cli("", &[&["flags", "gone"]]),
        "cli::session, cli::gone"
    );
}

#[test]
fn a_crate_without_a_table_is_told_layers_that_fit() {
    let files = files(&[
        ("app/src/lib.rs", "mod low; mod high;"),
        ("app/src/low.rs", "pub struct Thing;"),
        ("app/src/high.rs", "use crate::low::Thing;"),
    ]);
    let found = Crate::of("app", "app", &files);
    let violations = layers::upward_imports(&found, &rules(&[], &[]));
    assert!(
        violations[0]
            .message
            .contains("[\"low\"],\n    [\"high\"],")
    );
}

#[test]
fn a_circle_is_found_through_a_mod_rs_that_only_re_exports() {
    let files = files(&[
        ("app/src/lib.rs", "mod a;"),
        (
            "app/src/a/mod.rs",
            "mod one; mod two; pub use one::One; pub use two::{Two, three};",
        ),
        ("app/src/a/one.rs", "use super::Two; pub struct One;"),
        (
            "app/src/a/two.rs",
            "use crate::a; pub struct Two; pub fn three() -> a::One { todo() }",
        ),
    ]);
    let found = circles::circles(&Crate::of("app", "app", &files));
    assert_eq!(subjects(&found), ["app/src/a"]);
    assert_eq!(found[0].size, 2);
    assert!(
        found[0].message.contains("one.rs:1 -> two.rs:1 -> one.rs"),
        "{}",
        found[0].message
    );
}

#[test]
fn a_circle_of_three_files_in_two_modules_is_found() {
    let files = files(&[
        ("app/src/lib.rs", "mod a; mod b; mod c;"),
        ("app/src/a.rs", "pub struct A; fn f() { crate::b::b(); }"),
        ("app/src/b.rs", "pub fn b() { super::c::C::new(); }"),
        ("app/src/c.rs", "use super::a::*; pub struct C(A);"),
    ]);
    let found = circles::circles(&Crate::of("app", "app", &files));
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].size, 3);
}

#[test]
fn children_that_their_parent_re_exports_and_a_test_that_looks_back_are_no_circle() {
    let files = files(&[
        ("app/src/lib.rs", "mod a;"),
        (
            "app/src/a.rs",
            "mod one; mod two; pub use one::One; pub struct Shown(two::Two);",
        ),
        (
            "app/src/a/one.rs",
            "use super::two::Two; pub struct One(Two);",
        ),
        (
            "app/src/a/two.rs",
            "pub struct Two; #[cfg(test)] mod tests { use super::super::One; }",
        ),
    ]);
    assert!(circles::circles(&Crate::of("app", "app", &files)).is_empty());
}

fn features(lessons: &str) -> Vec<String> {
    features_in("target-app/src/features/lessons/service.rs", lessons)
}

fn features_in(lessons_file: &str, lessons: &str) -> Vec<String> {
    let files = files(&[
        ("target-app/src/lib.rs", "mod features;"),
        (
            "target-app/src/features/mod.rs",
            "pub mod lessons; pub mod rooms;",
        ),
        (
            "target-app/src/features/lessons/mod.rs",
            "mod handlers; mod service;",
        ),
        (lessons_file, lessons),
        (
            "target-app/src/features/rooms/mod.rs",
            "mod extractor; mod service; mod repository; pub use extractor::Guest; pub use service::open; pub use repository::Row;",
        ),
        (
            "target-app/src/features/rooms/service.rs",
            "pub fn open() {}",
        ),
        (
            "target-app/src/features/rooms/extractor.rs",
            "pub struct Guest;",
        ),
        (
            "target-app/src/features/rooms/repository.rs",
            "pub struct Row;",
        ),
    ]);
    let violations = roles::feature_imports(&Crate::of("target-app", "target-app", &files));
    subjects(&violations)
        .into_iter()
        .map(str::to_owned)
        .collect()
}

#[test]
fn a_feature_must_not_import_the_repository_of_another_even_re_exported() {
    let arrow = ["lessons -> rooms"];
    assert_eq!(
        features("use crate::features::rooms::repository::Row;"),
        arrow
    );
    assert_eq!(features("use crate::features::rooms::Row;"), arrow);
    assert_eq!(features("use super::super::rooms::{\n    Row,\n};"), arrow);
}

#[test]
fn a_feature_may_import_the_service_of_another() {
    assert_eq!(features("use crate::features::rooms::open;"), [""; 0]);
    assert_eq!(
        features("fn f() { crate::features::rooms::service::open() }"),
        [""; 0]
    );
}

#[test]
fn only_handlers_may_import_the_extractor_of_another_feature() {
    let import = "use crate::features::rooms::Guest;";
    let handlers = "target-app/src/features/lessons/handlers.rs";
    assert_eq!(features_in(handlers, import), [""; 0]);
    assert_eq!(features(import), ["lessons -> rooms"]);
}

#[test]
fn the_application_must_not_import_from_a_feature_by_name() {
    let arrows = |app: &str| {
        let files = files(&[
            ("target-app/src/lib.rs", "mod app; mod features;"),
            ("target-app/src/app.rs", app),
            (
                "target-app/src/features/mod.rs",
                "mod all; pub mod rooms; pub use all::every;",
            ),
            (
                "target-app/src/features/all.rs",
                "pub fn every() { super::rooms::feature(); }",
            ),
            (
                "target-app/src/features/rooms/mod.rs",
                "mod feature; mod service; pub use feature::feature; pub use service::Rooms;",
            ),
            (
                "target-app/src/features/rooms/feature.rs",
                "pub fn feature() {}",
            ),
            (
                "target-app/src/features/rooms/service.rs",
                "pub struct Rooms;",
            ),
        ]);
        let found = Crate::of("target-app", "target-app", &files);
        subjects(&roles::feature_imports(&found)).join(" ")
    };
    let arrow = "target-app/src/app.rs -> rooms";
    assert_eq!(arrows("use crate::features::rooms::Rooms;"), arrow);
    assert_eq!(
        arrows("use super::features; fn f() { features::rooms::Rooms::open() }"),
        arrow
    );
    assert_eq!(
        arrows("use crate::features; fn f() { features::every() }"),
        ""
    );
}

#[test]
fn suggested_layers_keep_a_circle_apart_from_what_stands_above_it() {
    let files = files(&[
        ("app/src/lib.rs", "mod a; mod b; mod top;"),
        ("app/src/a.rs", "use crate::b::B; pub struct A;"),
        ("app/src/b.rs", "use crate::a::A; pub struct B;"),
        ("app/src/top.rs", "use crate::a::A;"),
    ]);
    let found = Crate::of("app", "app", &files);
    let message = &layers::upward_imports(&found, &rules(&[], &[]))[0].message;
    assert!(
        message.contains("[\"a\", \"b\"],\n    [\"top\"],"),
        "{message}"
    );
}
