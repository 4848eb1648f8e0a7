//! Why the figures are what they are, and what to try next, in lines that every renderer lists.

use std::fmt::Write as _;

use serde::Serialize;

use crate::render::figures;
use loadgen_engine::sample::ResponsePart;
use loadgen_experiment::events::printable;
use loadgen_experiment::schema::{Arm, Band, Operation, StatementPlan, Summary};

/// Parts below this share of a band are not named.
const WORTH_NAMING: f64 = 0.05;
/// Most wait events that are named.
const MAX_WAITS: usize = 4;

/// The lines.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Why {
    /// What each band of the response time consists of, by arm.
    pub time: Vec<String>,
    /// What PostgreSQL's active backends waited for, by arm.
    pub waits: Vec<String>,
    /// Plans that differ between the arms; of a run, all of them.
    pub plans: Vec<String>,
    /// What to try next: the evidence and the advice, with the switch where there is one.
    pub next: Vec<String>,
}

impl Why {
    /// The lines of a summary.
    pub(super) fn of(summary: &Summary) -> Self {
        Self {
            time: summary.arms.iter().flat_map(time).collect(),
            waits: summary.arms.iter().filter_map(waits).collect(),
            plans: plans(summary),
            next: summary
                .recommendations
                .iter()
                .map(|one| {
                    let mut line = printable(&format!("{}: {}", one.evidence, one.advice));
                    if let Some(switch) = &one.switch {
                        let _infallible = write!(line, ". Try --set {}", printable(switch));
                    }
                    line
                })
                .collect(),
        }
    }
}

/// All operations together, band by band, and the slowest of each operation.
fn time(arm: &Arm) -> Vec<String> {
    let name = printable(&arm.name);
    let bands = arm.total.anatomy.iter();
    let mut lines: Vec<String> = bands
        .filter_map(|band| {
            Some(format!(
                "{name}, {}: {}",
                printable(&band.name),
                parts(band)?
            ))
        })
        .collect();
    if arm.operations.len() > 1 {
        lines.extend(arm.operations.iter().filter_map(|one| {
            let band = slowest(one)?;
            let of = printable(&one.name);
            Some(format!(
                "{name}, {of} {}: {}",
                printable(&band.name),
                parts(band)?
            ))
        }));
    }
    lines
}

/// The slowest answered requests.
fn slowest(operation: &Operation) -> Option<&Band> {
    let mut answered = operation
        .anatomy
        .iter()
        .filter(|band| band.name != "failed");
    answered.next_back()
}

/// `71% pool wait, 20% PostgreSQL (of 812 ms)`; nothing where nothing was measured.
fn parts(band: &Band) -> Option<String> {
    if band.mean_ms <= 0.0 {
        return None;
    }
    let mut parts: Vec<(ResponsePart, f64)> = band.parts_ms.into_iter().collect();
    parts.sort_by(|a, b| b.1.total_cmp(&a.1));
    let named: Vec<String> = parts
        .iter()
        .map(|(part, ms)| (part.label(), ms / band.mean_ms))
        .filter(|(_, share)| *share >= WORTH_NAMING)
        .map(|(label, share)| format!("{:.0}% {label}", share * 100.0))
        .collect();
    let of = figures::ms(Some(band.mean_ms));
    Some(format!("{} (of {of})", named.join(", ")))
}

/// `before: 42% ClientRead, 11% IO:DataFileRead`.
fn waits(arm: &Arm) -> Option<String> {
    let mut events: Vec<(&String, &f64)> = arm.server.waits.iter().collect();
    events.sort_by(|a, b| b.1.total_cmp(a.1));
    let named: Vec<String> = events
        .into_iter()
        .take(MAX_WAITS)
        .map(|(event, share)| format!("{:.0}% {}", share * 100.0, printable(event)))
        .collect();
    (!named.is_empty()).then(|| format!("{}: {}", printable(&arm.name), named.join(", ")))
}

fn plans(summary: &Summary) -> Vec<String> {
    match summary.arms.as_slice() {
        [before, after] => differing(before, after),
        [only] => only
            .plans
            .iter()
            .map(|plan| plan_line(&only.name, plan))
            .collect(),
        _ => Vec::new(),
    }
}

/// Statements whose plan has another shape, or that only one arm sends.
fn differing(before: &Arm, after: &Arm) -> Vec<String> {
    let twin = |arm: &Arm, plan: &StatementPlan| {
        let same = |one: &&StatementPlan| {
            one.operation == plan.operation && one.statement == plan.statement
        };
        arm.plans.iter().find(same).cloned()
    };
    let mut lines = Vec::new();
    for plan in &before.plans {
        match twin(after, plan) {
            Some(other) if other.shape() == plan.shape() => {}
            Some(other) => {
                lines.push(plan_line(&before.name, plan));
                lines.push(plan_line(&after.name, &other));
            }
            None => lines.push(plan_line(&format!("only {}", before.name), plan)),
        }
    }
    for plan in &after.plans {
        if twin(before, plan).is_none() {
            lines.push(plan_line(&format!("only {}", after.name), plan));
        }
    }
    lines
}

fn plan_line(arm: &str, plan: &StatementPlan) -> String {
    let times = match plan.times {
        1 => String::new(),
        times => format!(", up to {times} times a request"),
    };
    printable(&format!(
        "{arm}, {} ({}{times}): {}; {} rows read for {}, {} buffers, {} of them from outside",
        plan.operation,
        plan.statement,
        plan.shape(),
        figures::number(plan.rows_read),
        figures::number(plan.rows_returned),
        figures::count(plan.buffers_hit.saturating_add(plan.buffers_read)),
        figures::count(plan.buffers_read),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::fixture;
    use loadgen_experiment::schema::{PlanNode, Recommendation};

    fn plan(kind: &str, rows: f64) -> StatementPlan {
        StatementPlan {
            operation: "bookings.mine".into(),
            statement: "page".into(),
            times: 1,
            nodes: vec![PlanNode {
                kind: kind.into(),
                relation: Some("booking".into()),
                ..PlanNode::default()
            }],
            rows_read: rows,
            rows_returned: 7.0,
            ..StatementPlan::default()
        }
    }

    #[test]
    fn plans_of_one_shape_are_not_told_and_others_side_by_side() {
        let mut summary = fixture::experiment(false);
        summary.arms[0].plans = vec![plan("Seq Scan", 150_000.0)];
        summary.arms[1].plans = vec![plan("Seq Scan", 150_000.0)];
        assert_eq!(Why::of(&summary).plans, Vec::<String>::new());
        summary.arms[1].plans = vec![plan("Index Scan", 7.0)];
        let lines = Why::of(&summary).plans;
        assert!(lines[0].contains("before, bookings.mine (page): Seq Scan on booking"));
        assert!(lines[1].contains("after, bookings.mine (page): Index Scan on booking"));
    }

    #[test]
    fn a_recommendation_ends_with_the_switch_to_try() {
        let mut summary = fixture::run();
        summary.recommendations = vec![Recommendation {
            code: "POOL_WAIT".into(),
            evidence: "71 % is pool wait".into(),
            advice: "widen it".into(),
            switch: Some("pool.max=22".into()),
        }];
        assert_eq!(
            Why::of(&summary).next,
            ["71 % is pool wait: widen it. Try --set pool.max=22"]
        );
    }
}
