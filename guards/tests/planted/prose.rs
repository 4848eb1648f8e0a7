//! Headings that links lead to, and sentences that are said twice.

use guards::prose;

use super::{subjects, tree};

#[test]
fn a_link_to_a_heading_that_is_not_there_is_caught() {
    let method = "# What is measured\n```\n# not a heading\n```\n## `one` trial, and *more*\n";
    let broken_in = |text: &str| {
        let tree = tree(&[("docs/METHOD.md", method), ("README.md", text)]);
        let violations = prose::broken_anchors(&tree);
        assert!(subjects(&violations).iter().all(|at| *at == "README.md"));
        violations.len()
    };
    for text in [
        "[more](docs/METHOD.md#two-trials)",
        "# Other\n[below](#rest)",
        "[code](docs/METHOD.md#not-a-heading)",
    ] {
        assert_eq!(broken_in(text), 1, "{text}");
    }
    for text in [
        "[more](docs/METHOD.md#one-trial-and-more) and [all](docs/METHOD.md)",
        "# The rest\n[below](#the-rest), [a page](https://example.org/#part)",
        "[gone](docs/GONE.md#part), which the rule about paths finds",
    ] {
        assert_eq!(broken_in(text), 0, "{text}");
    }
}

#[test]
fn a_sentence_that_two_documents_have_is_caught() {
    let long = "Before each trial the database is replaced by its seeded snapshot\nand every cache is emptied.";
    let wrapped = format!("Text. {}", long.replace('\n', " "));
    let repeated = |other: &str| {
        let tree = tree(&[("ARCHITECTURE.md", long), ("README.md", other)]);
        subjects(&prose::repeated_sentences(&tree))
            .iter()
            .map(|at| (*at).to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(repeated(&wrapped), ["README.md"]);
    for other in [
        "Before each trial the database is replaced.".to_owned(),
        format!("```\n{long}\n```\n"),
    ] {
        assert!(repeated(&other).is_empty(), "{other}");
    }
    // What was said then stays in the changelog.
    let changelog = tree(&[("ARCHITECTURE.md", long), ("CHANGELOG.md", long)]);
    assert!(prose::repeated_sentences(&changelog).is_empty());
}
