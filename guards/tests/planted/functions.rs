//! The length of functions.

use guards::{functions::long_functions, modules::Crate};

use super::{files, subjects};

/// What the rule refuses in a crate of these files.
fn refused(texts: &[(&str, &str)]) -> Vec<String> {
    let files = files(texts);
    let found = Crate::of("app", "app", &files);
    let violations = long_functions(&found);
    subjects(&violations)
        .into_iter()
        .map(str::to_owned)
        .collect()
}

/// A function of so many lines, with what stands before and behind it.
fn function(head: &str, lines: usize, behind: &str) -> String {
    format!("{head} {{\n{}}}{behind}\n", "step();\n".repeat(lines - 2))
}

#[test]
fn a_function_of_101_lines_is_caught_wherever_it_stands() {
    for (head, behind) in [
        ("fn long()", ""),
        (
            "/// Its doc comment does not count.\npub async fn long()",
            "",
        ),
        ("impl Thing { fn long()", "}"),
        ("trait Thing { fn short(); fn long()", "}"),
        ("mod inner { fn long()", "}"),
        ("fn short() { (); }\nconst fn long()", ""),
    ] {
        let of_lines = |lines| {
            let text = function(head, lines, behind);
            refused(&[("app/src/lib.rs", text.as_str())])
        };
        assert_eq!(of_lines(101), ["app/src/lib.rs::long"], "{head}");
        assert!(of_lines(100).is_empty(), "{head}");
    }
}

#[test]
fn a_function_of_tests_may_be_long() {
    for (head, behind) in [
        ("#[cfg(test)] fn long()", ""),
        ("#[cfg(test)] mod tests { #[test] fn long()", "}"),
        ("impl Thing { #[cfg(test)] fn long()", "}"),
    ] {
        let text = function(head, 101, behind);
        let found = refused(&[("app/src/lib.rs", text.as_str())]);
        assert!(found.is_empty(), "{head}");
    }
    let long = function("fn long()", 101, "");
    let in_fixture = |root: &str| {
        refused(&[
            ("app/src/lib.rs", root),
            ("app/src/fixture.rs", long.as_str()),
        ])
    };
    assert!(in_fixture("#[cfg(test)] mod fixture;").is_empty());
    assert_eq!(in_fixture("mod fixture;"), ["app/src/fixture.rs::long"]);
}
