//! `operations.csv`: one line an operation and arm, raw figures for a spreadsheet.

use std::fmt::Write as _;

use shared::timing::{ServerCount, ServerPart};

use loadgen_experiment::events::printable;
use loadgen_experiment::schema::{Operation, Percentile, Percentiles, Summary};

/// One line an operation and arm, the arm's total last. Milliseconds; `inf` is a percentile beyond
/// the timeout, an empty field one of too few requests.
pub fn csv(summary: &Summary) -> String {
    let mut text = String::from("arm,operation,planned,success,rate_per_s");
    for kind in ["response", "service"] {
        for name in ["p50", "p90", "p95", "p97_5", "p99", "p99_9", "max", "mean"] {
            let _infallible = write!(text, ",{kind}_{name}_ms");
        }
    }
    text.push_str(",bytes_in");
    for part in ServerPart::ALL {
        let _infallible = write!(text, ",{}_ms", part.name());
    }
    text.push_str(",handler_ms");
    for count in ServerCount::ALL {
        let _infallible = write!(text, ",{}", count.name());
    }
    text.push_str(",cache_hit_ratio\n");
    for arm in &summary.arms {
        for operation in arm.operations.iter().chain([&arm.total]) {
            line(&mut text, &arm.name, operation);
        }
    }
    text
}

/// One line.
fn line(text: &mut String, arm: &str, operation: &Operation) {
    let _infallible = write!(
        text,
        "{},{},{},{},{}",
        cell(arm),
        cell(&operation.name),
        operation.planned,
        operation.success,
        operation.rate_per_s
    );
    for percentiles in [&operation.response, &operation.service] {
        for value in columns(percentiles) {
            text.push(',');
            if let Some(value) = value {
                let _infallible = write!(text, "{value}");
            }
        }
    }
    let cost = &operation.cost;
    let _infallible = write!(text, ",{}", operation.bytes_in);
    let figures = cost.parts_ms.values().chain([&cost.total_ms]);
    for value in figures.chain(cost.counts.values()) {
        let _infallible = write!(text, ",{value}");
    }
    let ratio = cost.cache_hit_ratio;
    let ratio = ratio.map_or_else(String::new, |share| share.to_string());
    let _infallible = writeln!(text, ",{ratio}");
}

/// The percentiles in the order of the head.
fn columns(of: &Percentiles) -> [Option<f64>; 8] {
    let percentile = |value: Percentile| match value {
        Percentile::Known(ms) => Some(ms),
        Percentile::BeyondTimeout => Some(f64::INFINITY),
        Percentile::TooFew { .. } => None,
    };
    [
        percentile(of.p50),
        percentile(of.p90),
        percentile(of.p95),
        percentile(of.p97_5),
        percentile(of.p99),
        percentile(of.p99_9),
        of.max,
        of.mean,
    ]
}

/// A text that a spreadsheet takes as text: quoted where it must be, never a formula.
pub(super) fn cell(text: &str) -> String {
    let mut text = printable(text);
    if text.starts_with(['=', '+', '-', '@']) {
        text.insert(0, '\'');
    }
    if text.contains([',', '"', ' ']) {
        return format!("\"{}\"", text.replace('"', "\"\""));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::fixture;

    #[test]
    fn every_line_has_as_many_fields_as_the_head() {
        let text = csv(&fixture::experiment(false));
        let fields: Vec<usize> = text.lines().map(|line| line.split(',').count()).collect();
        assert_eq!(fields.len(), 1 + 2 * 8);
        assert!(fields.iter().all(|count| *count == fields[0]), "{fields:?}");
    }

    #[test]
    fn a_name_cannot_become_a_formula() {
        assert_eq!(cell("=1+1"), "'=1+1");
        assert_eq!(cell("a,\"b\""), "\"a,\"\"b\"\"\"");
    }
}
