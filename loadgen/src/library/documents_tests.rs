//! The suites that documents describe, and the experiment that has a document's figures, compared with the
//! documents' own words: each number of what follows from a statement has to stand in the statement, and
//! everything that a file says has to follow from one, or to be listed as chosen here. A number that is wrong
//! in a file and in what is expected of it is not in the statement.

mod aspire;
mod codeconnect;
mod music;
mod results;
mod statement;
mod wheels;

use super::{find_experiment, find_suite, suite_names};
use loadgen_engine::suite::{LoadModel, Suite};
use loadgen_experiment::{paired::Experiment, schema::DocumentFigures};
use shared::time::Millis;

use self::statement::DocumentRow;

/// The suites of each document, with the begin of their names.
static DOCUMENTS: [(&str, &[DocumentRow]); 4] = [
    ("codeconnect", codeconnect::SUITES),
    ("music", music::SUITES),
    ("aspire", aspire::SUITES),
    ("wheels", wheels::SUITES),
];

fn seconds(span: Millis) -> String {
    format!("{}s", span.0 as f64 / 1_000.0)
}

/// A phase: its name, what it begins and ends with, and the flows that start in it.
fn phase(name: &str, load: &str, to: Option<String>, span: Millis, flows: &[&str]) -> String {
    let named = match name {
        "" => String::new(),
        name => format!("{name}: "),
    };
    let to = to.map_or_else(String::new, |to| format!(" to {to}"));
    let mut parts = vec![format!("{named}{load}{to} for {}", seconds(span))];
    parts.extend(flows.iter().map(|flow| (*flow).to_owned()));
    parts.join(", ")
}

/// What a suite says of its load.
fn load(suite: &Suite) -> Vec<String> {
    let flows_of = |flows: &[u16]| -> Vec<&str> {
        let names = flows.iter().map(|flow| &suite.flows[usize::from(*flow)]);
        names.map(|share| share.flow.as_str()).collect()
    };
    match &suite.load {
        LoadModel::Open { phases, .. } => phases
            .iter()
            .map(|one| {
                let to = one.to.map(|to| to.to_string());
                let flows = flows_of(&one.flows);
                phase(&one.name, &one.rate.to_string(), to, one.duration, &flows)
            })
            .collect(),
        LoadModel::Closed { users, .. } if suite.options.ramp.is_empty() => {
            let most = suite.options.shared_iterations;
            let most = most.map(|most| format!("at most {most} iterations"));
            let span = format!("for {}", seconds(suite.windows.measure));
            let load = [format!("{users} users"), span];
            load.into_iter().chain(most).collect()
        }
        LoadModel::Closed { .. } => {
            let phases = suite.options.ramp.iter();
            phases
                .map(|one| {
                    let to = one.to.map(|to| to.to_string());
                    let users = format!("{} users", one.users);
                    phase(&one.name, &users, to, one.duration, &flows_of(&one.flows))
                })
                .collect()
        }
    }
}

/// What a suite says of its load, of the shares of its flows where it has several, and of its limits.
fn facts(suite: &Suite) -> Vec<String> {
    let all: f64 = suite.flows.iter().map(|share| share.weight).sum();
    let flow = |name: &str, weight: f64| {
        let share = format!("{:.2}", weight / all * 100.0);
        let share = share.trim_end_matches('0').trim_end_matches('.');
        match suite.flows.len() {
            1 => name.to_owned(),
            _ => format!("{name} {share}%"),
        }
    };
    let flows = suite.flows.iter().map(|one| flow(&one.flow, one.weight));
    let limits = suite.thresholds.iter().map(ToString::to_string);
    load(suite).into_iter().chain(flows).chain(limits).collect()
}

/// The limits of an experiment, and the figures of its document.
fn figures(experiment: &Experiment) -> Vec<String> {
    let of = |operation: &str, when: &str, figures: &DocumentFigures| {
        let stated = [
            ("attempts", &figures.attempts),
            ("successful", &figures.successful),
            ("success", &figures.success),
            ("p97_5", &figures.p97_5),
            ("p50", &figures.p50),
            ("throughput", &figures.throughput),
            ("hit_ratio", &figures.hit_ratio),
        ];
        let stated = stated.into_iter().filter_map(|(name, figure)| {
            let figure = figure.as_ref()?;
            Some(format!("{operation} {when} {name}: {figure}"))
        });
        stated.collect::<Vec<String>>()
    };
    let document = experiment.document.as_ref().expect("a document");
    let stated = document.phases.iter().flat_map(|one| {
        let before = of(&one.operation, "before", &one.before);
        before
            .into_iter()
            .chain(of(&one.operation, "after", &one.after))
    });
    let limits = experiment.suite.thresholds.iter();
    let limits = limits.map(ToString::to_string);
    limits.chain(stated).collect()
}

/// The numbers of a text; of minutes as many seconds.
fn numbers(text: &str) -> Vec<f64> {
    let plain = text.replace(',', "");
    let (mut rest, mut found) = (plain.as_str(), Vec::new());
    while let Some(begin) = rest.find(|letter: char| letter.is_ascii_digit()) {
        rest = &rest[begin..];
        let end = rest.find(|letter: char| !letter.is_ascii_digit() && letter != '.');
        let (digits, after) = rest.split_at(end.unwrap_or(rest.len()));
        let number: f64 = digits.trim_end_matches('.').parse().unwrap();
        let unit = if after.starts_with(" minute") {
            60.0
        } else {
            1.0
        };
        found.push(number * unit);
        rest = after;
    }
    found
}

/// Why a file does not say what its document does; nothing where it does.
fn differences((name, statements): &DocumentRow, found: &[String]) -> Vec<String> {
    let said = || statements.iter().copied().flatten();
    let mut wrong = Vec::new();
    for (statement, facts) in said() {
        let stated = numbers(statement);
        for fact in *facts {
            if !found.iter().any(|one| one == fact) {
                wrong.push(format!("{name}: `{fact}` is not among {found:?}"));
            }
            // What stands before the colon is a name.
            let (_, figures) = fact.rsplit_once(": ").unwrap_or(("", *fact));
            let unknown = numbers(figures)
                .into_iter()
                .find(|number| !stated.contains(number));
            if let Some(number) = unknown.filter(|_| !statement.is_empty()) {
                wrong.push(format!(
                    "{name}: {number} of `{fact}` is not in `{statement}`"
                ));
            }
        }
    }
    for one in found {
        if !said().any(|(_, facts)| facts.iter().any(|fact| one == fact)) {
            wrong.push(format!("{name}: `{one}` follows from no statement"));
        }
    }
    wrong
}

#[test]
fn suites_have_the_numbers_of_their_documents_and_no_others() {
    for row in DOCUMENTS.iter().copied().flat_map(|(_, rows)| rows) {
        let suite = find_suite(row.0).unwrap().0;
        assert_eq!(differences(row, &facts(&suite)), Vec::<String>::new());
    }
}

#[test]
fn every_suite_of_a_document_is_compared_with_it() {
    for name in suite_names() {
        let document = DOCUMENTS.iter().find(|(begin, _)| name.starts_with(*begin));
        if let Some((_, rows)) = document {
            assert!(rows.iter().any(|(row, _)| *row == name), "{name}");
        }
    }
}

#[test]
fn the_experiment_on_published_results_has_their_targets_and_figures() {
    for row in results::EXPERIMENTS {
        let experiment = find_experiment(row.0).unwrap().0;
        assert_eq!(
            differences(row, &figures(&experiment)),
            Vec::<String>::new()
        );
    }
}

#[test]
fn a_number_that_no_statement_has_is_noticed_in_either_place() {
    let row: DocumentRow = (
        "x",
        &[&[("- p95 response time: < 1000ms", &["p95 < 1000ms"])]],
    );
    let found = |text: &str| differences(&row, &[text.to_owned()]);
    assert_eq!(found("p95 < 1000ms"), Vec::<String>::new());
    // Not as expected, and not stated.
    assert_eq!(found("p95 < 900ms").len(), 2);
    let both: DocumentRow = (
        "x",
        &[&[("- p95 response time: < 1000ms", &["p95 < 900ms"])]],
    );
    let wrong = differences(&both, &["p95 < 900ms".to_owned()]);
    assert!(wrong[0].contains("900 of"), "{wrong:?}");
    assert_eq!(
        numbers("10 minutes at 1,000.5/s, p97.5"),
        [600.0, 1_000.5, 97.5]
    );
}
