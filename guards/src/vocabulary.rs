//! Generic crates hold no word of the reference backend: not as a name, not in a text, not in a
//! comment. What such a crate needs to know of an application comes through descriptors.

use std::collections::BTreeSet;

use crate::{Violation, config::Vocabulary, facts::RustFile, tree};

/// Words of the application in product code below the folders; `paths` are those of the repository. `at` is the
/// file.
pub fn application_words(
    files: &[RustFile],
    rules: &Vocabulary,
    paths: &BTreeSet<String>,
) -> Vec<Violation> {
    let mut words = feature_words(rules, paths);
    words.retain(|word| !rules.general.contains(word));
    words.extend(rules.words.iter().cloned());
    let words = words.as_slice();
    files
        .iter()
        .filter(|file| rules.folders.iter().any(|f| tree::is_in(&file.path, f)))
        .filter(|file| !is_test_file(&file.path))
        .flat_map(|file| {
            file.product_lines().flat_map(move |(number, line)| {
                occurrences(line, words)
                    .into_iter()
                    .filter(|word| !has_other_meaning(&file.path, word, rules))
                    .map(move |word| {
                        Violation::new(
                            &file.path,
                            format!(
                                "{}:{number}: `{word}` is a word of the application",
                                file.path
                            ),
                        )
                    })
            })
        })
        .collect()
}

/// Words of the two lists that say nothing: a feature's among the further ones, and one that is no feature's
/// among those with another meaning. `at` is the word.
pub fn needless_words(rules: &Vocabulary, paths: &BTreeSet<String>) -> Vec<Violation> {
    let of_features = feature_words(rules, paths);
    let listed = rules.words.iter().filter(|word| of_features.contains(word));
    let listed = listed.map(|word| {
        let why = "is the word of a feature, which needs no entry in `words`";
        Violation::new(word, format!("guards/rules.toml: `{word}` {why}"))
    });
    let general = rules.general.iter();
    let general = general.filter(|word| !of_features.contains(word));
    let general = general.map(|word| {
        let why = "is in `general` and no feature's word";
        Violation::new(word, format!("guards/rules.toml: `{word}` {why}"))
    });
    listed.chain(general).collect()
}

/// The names of the features, with a hyphen for `_`, and their singulars.
fn feature_words(rules: &Vocabulary, paths: &BTreeSet<String>) -> Vec<String> {
    let below = format!("{}/", rules.features);
    let names: BTreeSet<String> = paths
        .iter()
        .filter_map(|path| path.strip_prefix(&below)?.split_once('/'))
        .map(|(name, _)| name.replace('_', "-"))
        .collect();
    let mut words: Vec<String> = names.iter().filter_map(|name| singular(name)).collect();
    words.extend(names);
    words
}

/// The singular of a plural: of `bookings`, `enquiries`, `classes`; none of `chat` and `access`.
fn singular(word: &str) -> Option<String> {
    if let Some(stem) = word.strip_suffix("ies") {
        return Some(format!("{stem}y"));
    }
    let is_longer = ["sses", "shes", "ches", "xes"]
        .iter()
        .any(|ending| word.ends_with(ending));
    if is_longer {
        return word.strip_suffix("es").map(str::to_owned);
    }
    let stem = word.strip_suffix('s')?;
    (!stem.ends_with('s')).then(|| stem.to_owned())
}

/// Whether a word is not the application's in the folder of the file.
fn has_other_meaning(path: &str, word: &String, rules: &Vocabulary) -> bool {
    rules
        .other_meaning
        .iter()
        .any(|(folder, words)| tree::is_in(path, folder) && words.contains(word))
}

/// Files that are compiled for tests only: `tests/`, `tests.rs`, `x_tests.rs`.
pub fn is_test_file(path: &str) -> bool {
    let name = tree::file_name(path);
    path.split('/').any(|part| part == "tests") || name == "tests.rs" || name.ends_with("_tests.rs")
}

/// Each of the words as often as it is in the line.
fn occurrences<'a>(line: &str, words: &'a [String]) -> Vec<&'a String> {
    let parts = parts(line);
    let starts = (0..parts.len()).map(|at| &parts[at..]);
    starts
        .flat_map(|rest| words.iter().filter(move |word| is_at(rest, word)))
        .collect()
}

/// Whether the parts begin with those of the word: `target_app` begins with `target-app`.
fn is_at(parts: &[String], word: &str) -> bool {
    let mut parts = parts.iter();
    word.split('-')
        .all(|wanted| parts.next().is_some_and(|part| part == wanted))
}

/// The words of a line in lower case: `StudentId`, `student_id` and `student id` are all two.
fn parts(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut previous = ' ';
    for c in line.chars().chain([' ']) {
        let begins = c.is_uppercase() && previous.is_lowercase();
        if (!c.is_alphabetic() || begins) && !word.is_empty() {
            words.push(std::mem::take(&mut word).to_lowercase());
        }
        if c.is_alphabetic() {
            word.push(c);
        }
        previous = c;
    }
    words
}
