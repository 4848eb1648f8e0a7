//! What each arm carried, as facts beside its figures: bytes received, and iterations.

use crate::render::figures;
use loadgen_experiment::{
    events::printable,
    schema::{Arm, FlowIterations, Summary},
};

/// Bytes of bodies received a second, arm by arm.
pub(in crate::render) fn received(summary: &Summary) -> Option<(String, String)> {
    by_arm("Received", summary, |arm| {
        let bytes = arm.bytes_per_s?;
        Some(format!("{}/s", figures::bytes(bytes)))
    })
}

/// Iterations that were launched and those that were completed, all requests of which were right; of a run
/// with the share of each flow.
pub(in crate::render) fn iterations(summary: &Summary) -> Option<(String, String)> {
    by_arm("Iterations", summary, |arm| {
        let sum =
            |of: fn(&FlowIterations) -> u64| arm.flows.iter().map(of).fold(0, u64::saturating_add);
        let (launched, completed) = (sum(|flow| flow.launched), sum(|flow| flow.completed));
        let share = |flow: &FlowIterations| {
            let part = flow.launched as f64 / launched as f64;
            format!("{} {}", flow.name, figures::percent(part))
        };
        let text = format!(
            "{} launched, {} completed",
            figures::count(launched),
            figures::count(completed)
        );
        let shares: Vec<String> = arm.flows.iter().map(share).collect();
        (launched > 0).then(|| match (summary.arms.len(), shares.len()) {
            (1, 2..) => format!("{text} ({})", shares.join(", ")),
            _ => text,
        })
    })
}

/// A fact of each arm that has it, with the arm's name where there are several.
fn by_arm(
    label: &str,
    summary: &Summary,
    of: impl Fn(&Arm) -> Option<String>,
) -> Option<(String, String)> {
    let text = |arm: &Arm| {
        let text = of(arm)?;
        Some(match summary.arms.len() {
            1 => text,
            _ => format!("{}: {text}", arm.name),
        })
    };
    let arms: Vec<String> = summary.arms.iter().filter_map(text).collect();
    (!arms.is_empty()).then(|| (label.to_owned(), printable(&arms.join("; "))))
}
