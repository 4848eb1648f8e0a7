//! Documents lead to headings that exist, and say a thing once.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    Violation,
    manifests::clean,
    tree::{self, SourceText, Tree},
};

/// Characters from which on a sentence that two documents have is a repetition and no common phrase.
const LONG: usize = 80;

/// Links to a heading that the document does not have. `at` is the document with the link.
pub fn broken_anchors(tree: &Tree) -> Vec<Violation> {
    let headings: BTreeMap<&str, BTreeSet<String>> = documents(tree)
        .map(|source| (source.path.as_str(), anchors(&source.text)))
        .collect();
    let mut violations = Vec::new();
    for source in documents(tree) {
        for (path, anchor) in links(&source.text) {
            let target = if path.is_empty() {
                source.path.clone()
            } else {
                clean(tree::folder(&source.path), path)
            };
            // A document that is not there is found by another rule.
            let known = headings.get(target.as_str());
            if known.is_some_and(|known| !known.contains(anchor)) {
                violations.push(Violation::new(
                    &source.path,
                    format!("{}: {target} has no heading `#{anchor}`", source.path),
                ));
            }
        }
    }
    violations
}

/// Sentences that several documents have. `at` is each document but the first.
pub fn repeated_sentences(tree: &Tree) -> Vec<Violation> {
    let mut first: BTreeMap<String, &str> = BTreeMap::new();
    let mut violations = Vec::new();
    for source in documents(tree) {
        for sentence in sentences(&source.text) {
            if sentence.chars().count() < LONG {
                continue;
            }
            let known = *first.entry(sentence.clone()).or_insert(&source.path);
            if known != source.path {
                violations.push(Violation::new(
                    &source.path,
                    format!("{} repeats {known}: {sentence}", source.path),
                ));
            }
        }
    }
    violations
}

/// What people write and read; reports are generated, and changelogs tell of what was.
fn documents(tree: &Tree) -> impl Iterator<Item = &SourceText> {
    tree.ending("md").filter(|source| {
        !tree::is_in(&source.path, "results/published") && source.name() != "CHANGELOG.md"
    })
}

/// Lines outside of fenced blocks.
fn prose(text: &str) -> impl Iterator<Item = &str> {
    let mut fenced = false;
    text.lines().filter(move |line| {
        let fence = line.trim_start().starts_with("```");
        fenced ^= fence;
        !fence && !fenced
    })
}

/// The anchors that a Markdown renderer gives to headings: words in lower case with `-` between them.
fn anchors(text: &str) -> BTreeSet<String> {
    prose(text)
        .filter(|line| line.starts_with('#'))
        .map(|line| {
            let heading = line.trim_start_matches('#').trim().to_lowercase();
            heading
                .chars()
                .filter(|c| c.is_alphanumeric() || [' ', '-', '_'].contains(c))
                .map(|c| if c == ' ' { '-' } else { c })
                .collect()
        })
        .collect()
}

/// The path and the anchor of each link that has an anchor and stays in the repository.
fn links(text: &str) -> impl Iterator<Item = (&str, &str)> {
    text.split("](").skip(1).filter_map(|rest| {
        let target = rest.split([')', ' ', '\n']).next()?;
        let (path, anchor) = target.split_once('#')?;
        (!path.contains("://")).then_some((path, anchor))
    })
}

/// Sentences, parts of sentences and cells of tables, without the line breaks in them.
fn sentences(text: &str) -> Vec<String> {
    let mut sentences = Vec::new();
    let mut sentence = String::new();
    for word in prose(text).flat_map(str::split_whitespace) {
        if !sentence.is_empty() {
            sentence.push(' ');
        }
        sentence.push_str(word);
        if word.ends_with(['.', '!', '?', ':', ';', '|']) {
            sentences.push(std::mem::take(&mut sentence));
        }
    }
    sentences.push(sentence);
    let bare = |sentence: String| sentence.trim_matches([' ', '|', '*']).to_owned();
    sentences.into_iter().map(bare).collect()
}
