//! Manifests, licences, and the list of exceptions.

use std::collections::BTreeMap;

use guards::{
    Violation,
    config::{self, Exception, Layers, Supply},
    crate_graph, licences, manifests,
    modules::Crate,
    violation::judge,
};

use super::{files, subjects, tree};

const LAYERS: &str = "
[low]
uses = []
[high]
uses = ['low']
";

fn arrows(low: &str, high: &str) -> Vec<String> {
    let tree = tree(&[
        (
            "Cargo.toml",
            "[workspace.dependencies]\nlow = { path = \"low\" }\n",
        ),
        (
            "low/Cargo.toml",
            &format!("[package]\nname = \"low\"\n{low}"),
        ),
        (
            "high/Cargo.toml",
            &format!("[package]\nname = \"high\"\n{high}"),
        ),
    ]);
    let layers: Layers = config::parse("layers.toml", LAYERS);
    let violations = crate_graph::forbidden_arrows(&manifests::packages(&tree), &layers);
    subjects(&violations)
        .into_iter()
        .map(str::to_owned)
        .collect()
}

#[test]
fn a_crate_that_depends_upwards_is_caught_in_every_section() {
    let arrow = ["low -> high"];
    assert_eq!(
        arrows("[dependencies]\nhigh = { path = \"../high\" }", ""),
        arrow
    );
    assert_eq!(
        arrows("[dev-dependencies]\nhigh.path = \"../high\"", ""),
        arrow
    );
    let target = "[target.'cfg(unix)'.build-dependencies]\nhigh = { path = \"../high\" }";
    assert_eq!(arrows(target, ""), arrow);
}

#[test]
fn a_module_of_another_crate_that_is_not_listed_is_caught() {
    let layers: Layers = config::parse(
        "layers.toml",
        "[high]\nuses = ['low']\nonly = { low = ['time'] }",
    );
    let arrows = |text: &str| {
        let files = files(&[("high/src/lib.rs", text)]);
        let found = Crate::of("high", "high", &files);
        subjects(&crate_graph::modules_not_listed(&found, &layers)).join(" ")
    };
    assert_eq!(
        arrows("use low::{\n    time::Millis,\n    ids,\n};"),
        "high -> low::ids"
    );
    assert_eq!(arrows("fn f() -> low::ids::Id { g() }"), "high -> low::ids");
    assert_eq!(arrows("use low::time::Millis; use other::ids;"), "");
    assert_eq!(
        arrows("#[cfg(test)]\nmod tests {\n    use low::ids;\n}"),
        ""
    );
}

#[test]
fn a_crate_that_depends_downwards_passes() {
    assert_eq!(
        arrows(
            "[dependencies]\nserde = \"1\"",
            "[dependencies]\nlow.workspace = true"
        ),
        [""; 0]
    );
}

#[test]
fn an_unknown_crate_is_named_with_the_file_to_edit() {
    let tree = tree(&[("new/Cargo.toml", "[package]\nname = \"new\"")]);
    let layers: Layers = config::parse("layers.toml", LAYERS);
    let violations = crate_graph::forbidden_arrows(&manifests::packages(&tree), &layers);
    assert_eq!(subjects(&violations), ["new"]);
    assert!(violations[0].message.contains("guards/layers.toml"));
}

#[test]
fn a_circle_in_the_table_itself_is_caught() {
    let circle: Layers = config::parse("layers.toml", "[a]\nuses = ['b']\n[b]\nuses = ['a']\n");
    assert_eq!(subjects(&crate_graph::circular_table(&circle)), ["a", "b"]);
    let line: Layers = config::parse("layers.toml", LAYERS);
    assert!(crate_graph::circular_table(&line).is_empty());
}

#[test]
fn a_refused_dependency_is_caught() {
    let refused = BTreeMap::from([("shared".to_owned(), vec!["axum".to_owned()])]);
    let check = |section: &str| {
        let tree = tree(&[(
            "shared/Cargo.toml",
            &format!("[package]\nname = \"shared\"\n{section}"),
        )]);
        crate_graph::refused_dependencies(&manifests::packages(&tree), &refused).len()
    };
    assert_eq!(
        check("[dependencies]\naxum = { workspace = true, optional = true }"),
        1
    );
    assert_eq!(check("[dependencies]\naxum-core = \"1\""), 0);
}

fn unused(text: &str, unnamed: &[&str]) -> Vec<String> {
    let tree = tree(&[(
        "a/Cargo.toml",
        "[package]\nname = \"a\"\n[dependencies]\nsome-crate = \"1\"",
    )]);
    let files = files(&[
        ("a/src/lib.rs", text),
        ("b/src/lib.rs", "use some_crate::A;"),
    ]);
    let unnamed = unnamed
        .iter()
        .map(|at| ((*at).to_owned(), "for its features".to_owned()))
        .collect();
    let packages = manifests::packages(&tree);
    let violations = crate_graph::unused_dependencies(&packages, &files, &unnamed);
    subjects(&violations)
        .into_iter()
        .map(str::to_owned)
        .collect()
}

#[test]
fn a_dependency_that_no_source_of_its_crate_names_is_caught() {
    let at = ["a -> some-crate"];
    for text in [
        "",
        "// some_crate::A",
        "use own_some_crate::A;",
        "use crate::some_crate::A;",
    ] {
        assert_eq!(unused(text, &[]), at, "{text}");
    }
    for text in [
        "use some_crate::A;",
        "use some_crate;",
        "#[derive(some_crate::A)] struct S;",
    ] {
        assert_eq!(unused(text, &[]), [""; 0], "{text}");
    }
    assert_eq!(unused("", &at), [""; 0], "listed");
    assert_eq!(unused("use some_crate::A;", &at), at, "listed and named");
}

fn tree_of_crates(crates: &[(&str, &str, &str)]) -> licences::Metadata {
    let packages: Vec<_> = crates
        .iter()
        .map(|(name, version, licence)| {
            serde_json::json!({"id": format!("{name} {version}"), "name": name, "version": version, "license": licence})
        })
        .collect();
    let nodes: Vec<_> = crates
        .iter()
        .map(|(name, version, _)| serde_json::json!({"id": format!("{name} {version}")}))
        .collect();
    licences::metadata(
        &serde_json::json!({"packages": packages, "resolve": {"nodes": nodes}, "workspace_members": []})
            .to_string(),
    )
}

fn supply(crates: &[(&str, &str, &str)]) -> Vec<String> {
    let rules = Supply {
        licences: vec!["MIT".to_owned(), "Apache-2.0".to_owned(), "ISC".to_owned()],
        refused: BTreeMap::from([("openssl-sys".to_owned(), "a second TLS stack".to_owned())]),
        single_version: vec!["rustls".to_owned()],
    };
    let violations = licences::supply(&tree_of_crates(crates), &rules);
    subjects(&violations)
        .into_iter()
        .map(str::to_owned)
        .collect()
}

#[test]
fn copyleft_and_missing_licences_are_caught() {
    for licence in [
        "GPL-3.0-only",
        "MIT AND LGPL-3.0",
        "(MIT OR ISC) AND MPL-2.0",
        "",
        "MIT OR",
    ] {
        assert_eq!(supply(&[("a", "1.0.0", licence)]), ["a"], "{licence}");
    }
    for licence in [
        "MIT",
        "MIT/Apache-2.0",
        "GPL-2.0 OR MIT",
        "Apache-2.0 WITH LLVM-exception OR GPL-3.0",
        "(MIT OR GPL-3.0) AND ISC",
    ] {
        assert_eq!(supply(&[("a", "1.0.0", licence)]), [""; 0], "{licence}");
    }
}

#[test]
fn refused_crates_and_a_second_version_are_caught() {
    assert_eq!(supply(&[("openssl-sys", "0.9.0", "MIT")]), ["openssl-sys"]);
    assert_eq!(
        supply(&[("rustls", "0.22.0", "MIT"), ("rustls", "0.23.0", "MIT")]),
        ["rustls"]
    );
    assert_eq!(
        supply(&[
            ("rustls", "0.23.0", "MIT"),
            ("syn", "1.0.0", "MIT"),
            ("syn", "2.0.0", "MIT")
        ]),
        [""; 0]
    );
}

fn exception(at: &str, size: usize) -> Exception {
    Exception {
        rule: "circles".to_owned(),
        at: at.to_owned(),
        size,
        reason: "being dissolved".to_owned(),
    }
}

#[test]
fn an_exception_can_only_shrink() {
    let circle = Violation {
        at: "a/src".to_owned(),
        size: 3,
        message: "three files".to_owned(),
    };
    let check =
        |exceptions: &[Exception]| judge("circles", std::slice::from_ref(&circle), exceptions);
    assert!(check(&[exception("a/src", 3)]).is_ok());
    for (exceptions, why) in [
        (vec![], "three files"),
        (vec![exception("a/src", 2)], "three files"),
        (vec![exception("a/src", 4)], "has shrunk from 4 to 3"),
        (
            vec![exception("a/src", 3), exception("b/src", 2)],
            "`b/src` is no longer needed",
        ),
    ] {
        let text = check(&exceptions).expect_err(why);
        assert!(text.contains(why), "{text}");
    }
}

#[test]
fn an_exception_without_a_reason_is_refused() {
    let mut silent = exception("a/src", 1);
    silent.reason = " ".to_owned();
    let text =
        judge("circles", &[Violation::new("a/src", "one")], &[silent]).expect_err("no reason");
    assert!(text.contains("gives no reason"));
}
