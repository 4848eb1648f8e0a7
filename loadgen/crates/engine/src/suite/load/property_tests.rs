//! Any text, and any damage to a suite: it is read, or refused in one line with its place, in the
//! words of a suite and never in those of the YAML library.

use proptest::{prelude::*, sample::Index};

use super::*;
use crate::flow::shop;

const SUITES: [&str; 3] = [
    "name: evening
question: 'Does it ?' # yes
load: { model: open, rate: 20/s, warmup: 2s, duration: 10s }
flows:
  - { flow: orders.buy, weight: 20 }
  - { flow: \"*\", think: 1s..3s }
thresholds: [ p95 < 1s, \"orders.buy: p97.5 < 1s\" ]
",
    "name: waves
load:
  model: open
  unit: requests
  phases:
    - { name: warm, duration: 1s, rate: 0/s, to: 5/s }
    - { name: hold, duration: 2s, rate: &most 5/s, to: *most }
  in_flight: { policy: drop, max: 40 }
flows: [ { flow: orders.browse } ]
thresholds:
  - \"phase:hold: p95 < 1s warn 2s\"
",
    "name: users
load:
  model: closed
  phases: [ { duration: 3s, users: 1, to: 5, warmup: true }, { duration: 6s, users: 5 } ]
  think: exp(2s)
  shared_iterations: 100
flows: [ { flow: orders.browse, weight: 0.5 } ]
accounts: 8
timeout: 1m30s
drain: 4s
max_users: 64
seed: 1
",
];

/// Pieces that mean something to YAML or to a suite.
const PIECES: [&str; 56] = [
    "",
    " ",
    "\n",
    "\r",
    "\t",
    "\u{0}",
    "\u{feff}",
    "\u{2028}",
    "\u{85}",
    "ü",
    "🙂",
    ":",
    ": ",
    ",",
    "-",
    "- ",
    "--- ",
    "\n---\n",
    "\n...\n",
    "[",
    "]",
    "{",
    "}",
    "{}",
    "[]",
    "'",
    "\"",
    "\\",
    "\\x",
    "|",
    "|\n",
    ">\n ",
    "#",
    " #",
    "&a ",
    "*a",
    "*most",
    "!x ",
    "!!int ",
    "!!binary ",
    "%YAML 9\n",
    "@",
    "? ",
    "<<: ",
    "~",
    "null",
    "true",
    "010",
    "-1",
    "1e999",
    ".nan",
    "99999999999999999999",
    "0/s",
    "24h1ms",
    "warmup: true",
    "name: x\n",
];

/// A suite with one to four pieces of it replaced.
fn damaged() -> impl Strategy<Value = String> {
    let suite = prop::sample::select(&SUITES[..]);
    let edit = (
        any::<Index>(),
        0..9_usize,
        prop::sample::select(&PIECES[..]),
    );
    (suite, prop::collection::vec(edit, 1..5)).prop_map(|(suite, edits)| {
        let mut text: Vec<char> = suite.chars().collect();
        for (at, gone, piece) in edits {
            let from = at.index(text.len() + 1);
            let to = (from + gone).min(text.len());
            text.splice(from..to, piece.chars());
        }
        text.into_iter().collect()
    })
}

/// Words that only the YAML library and its types use.
const FOREIGN: [&str; 17] = [
    "while ",
    "did not find",
    "simple key",
    "mapping",
    "scalar",
    "sequence",
    "token",
    "serde",
    "variant",
    "untagged",
    "u32",
    "u64",
    "f64",
    "Option",
    "Policy",
    " at line",
    "unexpected",
];

fn read_or_refused(text: &str) -> Result<(), TestCaseError> {
    let Err(error) = parse(text, "suite.yaml", &shop()) else {
        return Ok(());
    };
    let error = error.to_string();
    prop_assert!(!error.contains(|one: char| one.is_control()), "{error:?}");
    let mut parts = error.splitn(4, ':');
    prop_assert_eq!(parts.next(), Some("suite.yaml"), "{}", error);
    for _ in ["line", "column"] {
        let number = parts.next().and_then(|part| part.parse::<u64>().ok());
        prop_assert!(number.is_some_and(|number| number > 0), "{error}");
    }
    let why = parts.next().unwrap_or_default();
    prop_assert!(why.len() > 10, "{error}");
    // What stands between backquotes is the file's.
    let own: String = why.split('`').step_by(2).collect();
    for word in FOREIGN {
        prop_assert!(!own.contains(word), "{word}: {error}");
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10_000))]

    #[test]
    fn a_damaged_suite_is_read_or_refused_in_one_line_with_its_place(text in damaged()) {
        read_or_refused(&text)?;
    }

    #[test]
    fn any_text_is_read_or_refused_in_one_line_with_its_place(text in "[^`]{0,60}") {
        read_or_refused(&text)?;
    }

    #[test]
    fn any_text_is_a_pause_or_refused(
        text in prop_oneof![".{0,20}", "(exp\\()?[0-9]{1,19}m?s([.]{2}[0-9]{1,19}m?s)?\\)?"],
    ) {
        if let Ok(think) = think(&text) {
            prop_assert!(think.min <= think.max, "{think:?}");
        }
    }
}
