//! A stored summary with damaged bytes or values is read and laid out, or refused; never a panic.

use std::fs;

use proptest::{prelude::*, sample::Index};
use serde_json::{Value, json};

use super::{Format, fixture, one};
use crate::store::{StoreError, load};
use loadgen_experiment::schema::{Summary, Trial};

/// An experiment with two trials of two seconds, so that most values are of another kind.
fn small() -> Summary {
    shortened(fixture::experiment(true))
}

/// A summary with few values of each kind.
fn shortened(mut summary: Summary) -> Summary {
    summary.trials.truncate(2);
    for trial in &mut summary.trials {
        let Trial {
            series, operations, ..
        } = trial;
        series.truncate(2);
        operations.truncate(1);
    }
    for arm in &mut summary.arms {
        arm.operations.truncate(1);
        arm.total.spectrum.truncate(3);
    }
    summary.effects.truncate(2);
    summary
}

/// Values that are of another type, or beyond what was measured.
fn wrong() -> impl Strategy<Value = Value> {
    prop::sample::select(vec![
        Value::Null,
        json!(-1),
        json!(0),
        json!(0.0),
        json!(1e308),
        json!(-1e308),
        json!(1e-320),
        json!(u64::MAX),
        json!(true),
        json!(""),
        json!("\u{1b}[2J<script>\n"),
        json!([]),
        json!([null]),
        json!([0, 0]),
        json!({}),
        json!({ "": 1 }),
    ])
}

/// The values below one, by their paths.
fn paths(value: &Value, at: &str, found: &mut Vec<String>) {
    found.push(at.to_owned());
    match value {
        Value::Object(fields) => {
            for (key, field) in fields {
                let key = key.replace('~', "~0").replace('/', "~1");
                paths(field, &format!("{at}/{key}"), found);
            }
        }
        Value::Array(values) => {
            for (index, value) in values.iter().enumerate() {
                paths(value, &format!("{at}/{index}"), found);
            }
        }
        _ => {}
    }
}

#[test]
fn a_summary_with_wrong_values_is_laid_out_or_refused() {
    let right = serde_json::to_value(small()).unwrap();
    let mut all = Vec::new();
    paths(&right, "", &mut all);
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig::with_cases(1_000));
    let edits = prop::collection::vec((any::<Index>(), wrong()), 1..4);
    let laid_out = std::cell::Cell::new(0);
    let result = runner.run(&edits, |edits| {
        let mut damaged = right.clone();
        for (at, value) in edits {
            let path: &String = at.get(&all[..]);
            if let Some(place) = damaged.pointer_mut(path) {
                *place = value;
            }
        }
        if let Ok(summary) = serde_json::from_value::<Summary>(damaged) {
            laid_out.set(laid_out.get() + 1);
            for format in [Format::Text, Format::Md, Format::Junit, Format::Csv] {
                let text = one(&summary, format)
                    .map_err(|error| TestCaseError::fail(format!("{format:?}: {error}")))?;
                prop_assert!(!text.contains('\u{1b}'), "{format:?}");
            }
        }
        Ok(())
    });
    result.unwrap();
    assert!(
        laid_out.get() > 40,
        "{} summaries were read",
        laid_out.get()
    );
}

/// The paths of one value of each kind: elements of an array are alike, so its first two stand for it.
/// This keeps the tests that try each of them short.
fn kinds(value: &Value) -> Vec<String> {
    let mut all = Vec::new();
    paths(value, "", &mut all);
    all.retain(|path| {
        let mut indices = path
            .split('/')
            .filter_map(|part| part.parse::<usize>().ok());
        indices.all(|index| index < 2)
    });
    all
}

/// What would clear a terminal, run in a browser, and end a line.
const HOSTILE: &str = "\u{1b}[2J<script>\n";

/// A copy of `right` with a hostile text in the place of the value at `path`; none where the value
/// is no text.
fn hostile_value(right: &Value, path: &str) -> Option<Value> {
    let value = right.pointer(path)?;
    // Numbers are not taken for text.
    if !value.is_string() && !value.is_null() {
        return None;
    }
    let mut damaged = right.clone();
    *damaged.pointer_mut(path)? = json!(HOSTILE);
    Some(damaged)
}

/// A copy of `right` with a hostile text as the name of the field at `path`; none where it is no
/// field of an object.
fn hostile_key(right: &Value, path: &str) -> Option<Value> {
    let (object, key) = path.rsplit_once('/')?;
    let key = key.replace("~1", "/").replace("~0", "~");
    if !right.pointer(object)?.is_object() {
        return None;
    }
    let mut damaged = right.clone();
    let fields = damaged.pointer_mut(object)?.as_object_mut()?;
    let value = fields.remove(&key)?;
    fields.insert(HOSTILE.to_owned(), value);
    Some(damaged)
}

/// Each place by itself: a case that a random one meets once in some thousands. What is refused is
/// refused in one line, although the message quotes the file.
#[test]
fn no_place_of_a_summary_puts_control_characters_on_a_terminal() {
    let mut shown = Vec::new();
    let mut refused = 0;
    for right in [
        small(),
        shortened(fixture::run()),
        shortened(fixture::breakdown()),
        shortened(fixture::capacities()),
    ] {
        let right = serde_json::to_value(right).unwrap();
        for path in kinds(&right) {
            let tried = [hostile_value(&right, &path), hostile_key(&right, &path)];
            for damaged in tried.into_iter().flatten() {
                let summary = match serde_json::from_value::<Summary>(damaged) {
                    Ok(summary) => summary,
                    Err(source) => {
                        let path = path.clone().into();
                        let error = StoreError::Json { path, source }.to_string();
                        assert!(!error.contains(char::is_control), "{error:?}");
                        refused += 1;
                        continue;
                    }
                };
                // A field of an unknown name is left out by the reader.
                if !json!(summary).to_string().contains("u001b") {
                    continue;
                }
                for format in [Format::Text, Format::Md, Format::Junit, Format::Csv] {
                    if one(&summary, format).unwrap().contains('\u{1b}') {
                        shown.push(format!("{path} in {format:?}"));
                    }
                }
            }
        }
    }
    assert_eq!(shown, [""; 0]);
    assert!(refused > 100, "{refused} summaries were refused");
}

#[test]
fn a_summary_with_damaged_bytes_is_read_or_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("summary.json");
    let mut summary = small();
    summary.trials.clear();
    summary.arms.truncate(1);
    summary.effects.clear();
    let right = serde_json::to_vec(&summary).unwrap();
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig::with_cases(10_000));
    let edits = prop::collection::vec((any::<Index>(), 0..9_usize, any::<[u8; 2]>()), 1..4);
    let result = runner.run(&edits, |edits| {
        let mut damaged = right.clone();
        for (at, gone, bytes) in edits {
            let from = at.index(damaged.len());
            let to = (from + gone).min(damaged.len());
            damaged.splice(from..to, bytes);
        }
        fs::write(&file, damaged).unwrap();
        if let Err(error) = load(&file) {
            let error = error.to_string();
            prop_assert!(error.contains("summary.json"), "{error}");
            prop_assert_eq!(error.lines().count(), 1);
        }
        Ok(())
    });
    result.unwrap();
}
