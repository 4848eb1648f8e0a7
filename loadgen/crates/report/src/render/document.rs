//! The figures of a document beside those that were measured, phase by phase.

use serde::Serialize;

use crate::render::figures;
use loadgen_experiment::{
    events::printable,
    schema::{Arm, Document, DocumentFigures, DocumentPhase, Summary},
};

/// The columns after the phase and the source.
const COLUMNS: [&str; 8] = [
    "attempts",
    "successful",
    "success",
    "p97.5",
    "p50",
    "throughput",
    "cache hits",
    "status against target",
];
/// A figure that is not stated, or not known.
const NONE: &str = "–";

/// A document's figures beside the measured ones.
#[derive(Debug, Clone, Serialize)]
pub struct DocumentTable {
    /// The document.
    pub title: String,
    /// How its machine and load differ.
    pub differs: String,
    /// Headings of the figures.
    pub columns: [&'static str; 8],
    /// Two rows for each arm of each phase: the document's, then the measured one.
    pub rows: Vec<DocumentTableRow>,
}

/// One row.
#[derive(Debug, Clone, Serialize, PartialEq, Eq)]
pub struct DocumentTableRow {
    /// The phase with its target; empty where the row above names it.
    pub phase: String,
    /// `document, before` or `here, after`.
    pub source: String,
    /// The figures, in the order of the columns.
    pub figures: [String; 8],
}

impl DocumentTable {
    /// The table of a summary; `None` without a document.
    pub fn of(summary: &Summary) -> Option<Self> {
        let document = summary.document.as_ref()?;
        Some(Self {
            title: printable(&document.title),
            differs: printable(&document.differs),
            columns: COLUMNS,
            rows: rows(summary, document),
        })
    }
}

fn rows(summary: &Summary, document: &Document) -> Vec<DocumentTableRow> {
    let mut rows = Vec::new();
    for phase in &document.phases {
        let mut heading = printable(&format!("{} (target {})", phase.name, phase.target));
        for arm in &summary.arms {
            let name = arm.name.to_string();
            let stated = if arm.name.is_before() {
                &phase.before
            } else {
                &phase.after
            };
            rows.push(DocumentTableRow {
                phase: std::mem::take(&mut heading),
                source: format!("document, {name}"),
                figures: of_document(stated),
            });
            rows.push(DocumentTableRow {
                phase: String::new(),
                source: format!("here, {name}"),
                figures: measured(summary, arm, phase),
            });
        }
    }
    rows
}

fn of_document(stated: &DocumentFigures) -> [String; 8] {
    [
        &stated.attempts,
        &stated.successful,
        &stated.success,
        &stated.p97_5,
        &stated.p50,
        &stated.throughput,
        &stated.hit_ratio,
        &stated.status,
    ]
    .map(|figure| figure.as_deref().map_or_else(|| NONE.to_owned(), printable))
}

fn measured(summary: &Summary, arm: &Arm, phase: &DocumentPhase) -> [String; 8] {
    let found = arm
        .operations
        .iter()
        .find(|one| one.name == phase.operation);
    let Some(one) = found else {
        return std::array::from_fn(|_| NONE.to_owned());
    };
    let hits = phase
        .cache
        .as_ref()
        .and_then(|kind| arm.server.cache_hit_ratio(kind));
    [
        figures::count(one.planned),
        figures::count((one.success * one.planned as f64).round() as u64),
        figures::percent(one.success),
        figures::percentile(one.response.p97_5),
        figures::percentile(one.response.p50),
        figures::rate(one.rate_per_s),
        hits.map_or_else(|| NONE.to_owned(), figures::percent),
        status(summary, arm, &phase.operation),
    ]
}

/// The thresholds of the operation, judged for this arm: thresholds are of the second arm alone.
fn status(summary: &Summary, arm: &Arm, operation: &str) -> String {
    let of_it = format!("{operation}: ");
    let words: Vec<String> = summary
        .thresholds
        .iter()
        .filter(|one| one.arm == arm.name)
        .filter_map(|one| Some(format!("{} {}", one.word, one.text.strip_prefix(&of_it)?)))
        .collect();
    if words.is_empty() {
        return NONE.to_owned();
    }
    printable(&words.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::{fixture, markdown};

    #[test]
    fn each_arm_has_the_documents_row_and_the_measured_one_below_it() {
        let mut summary = fixture::experiment(false);
        let operation = summary.arms[0].operations[0].name.clone();
        let phase = |name: &str, operation: &str| DocumentPhase {
            name: name.to_owned(),
            operation: operation.to_owned(),
            cache: None,
            target: "> 99 % success".to_owned(),
            before: DocumentFigures {
                success: Some("89.83 %".to_owned()),
                ..DocumentFigures::default()
            },
            after: DocumentFigures::default(),
        };
        summary.document = Some(Document {
            title: "the results".to_owned(),
            differs: "Another machine.".to_owned(),
            phases: vec![phase("Phase 1", &operation), phase("Phase 9", "no.such")],
        });
        let table = DocumentTable::of(&summary).unwrap();
        let sources: Vec<&str> = table.rows.iter().map(|row| row.source.as_str()).collect();
        let four = [
            "document, before",
            "here, before",
            "document, after",
            "here, after",
        ];
        assert_eq!(sources, [four, four].concat());
        assert_eq!(table.rows[0].figures[2], "89.83 %");
        let attempts = figures::count(summary.arms[0].operations[0].planned);
        assert_eq!(table.rows[1].figures[0], attempts);
        assert!(table.rows[2].figures.iter().all(|figure| figure == NONE));
        assert!(table.rows[5].figures.iter().all(|figure| figure == NONE));
        let text = markdown(&summary).unwrap();
        assert!(text.contains(" | document, before |"), "{text}");
        let bars = |line: &str| line.matches('|').count();
        let begin = text.find("| Phase | Source |").unwrap();
        let lines: Vec<&str> = text[begin..].lines().take(10).collect();
        assert!(
            lines.iter().all(|line| bars(line) == bars(lines[0])),
            "{lines:?}"
        );
    }
}
