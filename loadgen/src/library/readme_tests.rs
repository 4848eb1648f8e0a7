//! The tables of `suites/README.md` and `experiments/README.md` are generated from the files.
//! `UPDATE_READMES=1 cargo test -p loadgen --lib -- library::` writes them anew.

use std::{env, fmt::Write as _, fs, path::PathBuf};

use loadgen_experiment::paired::Experiment;

use super::{experiment_names, find_experiment, find_suite, suite_names};

/// Lines around a generated table.
const BEGIN: &str = "<!-- generated table: begin -->\n";
const END: &str = "<!-- generated table: end -->";

/// Replaces what lies between the marks; the tests compare with it, or write it.
fn with_table(readme: &str, table: &str) -> String {
    let (head, rest) = readme.split_once(BEGIN).expect("a begin mark");
    let (_, tail) = rest.split_once(END).expect("an end mark");
    format!("{head}{BEGIN}\n{table}\n{END}{tail}")
}

fn check(folder: &str, table: &str) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("{folder}/README.md"));
    let readme = fs::read_to_string(&path).unwrap();
    let expected = with_table(&readme, table);
    if env::var_os("UPDATE_READMES").is_some() {
        fs::write(&path, expected).unwrap();
        return;
    }
    assert!(
        readme == expected,
        "{} is stale: run UPDATE_READMES=1 cargo test -p loadgen --lib -- library::",
        path.display()
    );
}

/// What differs between the arms. Many switches are not counted, so that a new switch does not change
/// the rows of other experiments.
fn differences(experiment: &Experiment) -> String {
    let text = experiment.describe_differences();
    if text.ends_with("switches differ") {
        return "many switches differ".to_owned();
    }
    cell(&text)
}

/// A text for a cell of a table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

#[test]
fn the_table_of_suites_is_that_of_the_files() {
    let mut table = "| suite | question |\n|---|---|\n".to_owned();
    for name in suite_names() {
        let (suite, _) = find_suite(name).unwrap();
        let _infallible = writeln!(table, "| `{name}` | {} |", cell(&suite.question));
    }
    check("suites", &table);
}

#[test]
fn the_table_of_experiments_is_that_of_the_files() {
    let mut table =
        "| experiment | question | before -> after | primary metric, expected |\n|---|---|---|---|\n"
            .to_owned();
    for name in experiment_names() {
        let (experiment, _) = find_experiment(name).unwrap();
        let expected = experiment
            .expected
            .map_or_else(String::new, |direction| format!(", {direction}"));
        let _infallible = writeln!(
            table,
            "| `{name}` | {} | {} | {}{expected} |",
            cell(&experiment.suite.question),
            differences(&experiment),
            experiment
                .primary
                .first()
                .map_or_else(|| "-".to_owned(), ToString::to_string),
        );
    }
    check("experiments", &table);
}

#[test]
fn a_stale_table_is_noticed() {
    let readme = format!("# Title\n\n{BEGIN}\n| old |\n\n{END}\nrest\n");
    let fresh = with_table(&readme, "| new |\n");
    assert_ne!(fresh, readme);
    assert_eq!(with_table(&fresh, "| new |\n"), fresh);
    assert!(fresh.ends_with("\nrest\n"), "{fresh}");
}
