//! Reads the plans that PostgreSQL writes (`explain (analyze, buffers, format json)`).

use serde_json::Value;
use shared::api::lab::{Explained, Explanation};

use crate::schema::{PlanNode, StatementPlan};

/// Most nodes of a plan that are kept: further ones tell nothing that these do not.
const MAX_NODES: usize = 60;

/// The plans of an operation in the form in which they are stored.
pub fn read_plans(explanation: &Explanation) -> Vec<StatementPlan> {
    let operation = &explanation.operation;
    explanation
        .statements
        .iter()
        .map(|statement| plan(operation, statement))
        .collect()
}

fn plan(operation: &str, explained: &Explained) -> StatementPlan {
    let whole = &explained.plan[0];
    let root = &whole["Plan"];
    let mut nodes = Vec::new();
    collect(root, 0, &mut nodes);
    let scans = nodes.iter().filter(|node| node.kind.contains("Scan"));
    StatementPlan {
        operation: operation.to_owned(),
        statement: explained.what.clone(),
        times: explained.times,
        rows_read: scans.map(|node| node.rows + node.rows_removed).sum(),
        rows_returned: number(root, "Actual Rows"),
        buffers_hit: number(root, "Shared Hit Blocks") as u64,
        buffers_read: number(root, "Shared Read Blocks") as u64,
        took_ms: number(whole, "Planning Time") + number(whole, "Execution Time"),
        nodes,
    }
}

fn collect(node: &Value, depth: u32, nodes: &mut Vec<PlanNode>) {
    if nodes.len() == MAX_NODES || !node.is_object() {
        return;
    }
    let text = |name: &str| node[name].as_str().map(str::to_owned);
    // Rows are means over the loops of a node.
    let loops = number(node, "Actual Loops");
    nodes.push(PlanNode {
        depth,
        kind: text("Node Type").unwrap_or_default(),
        relation: text("Relation Name"),
        index: text("Index Name"),
        rows: number(node, "Actual Rows") * loops,
        rows_removed: (number(node, "Rows Removed by Filter")
            + number(node, "Rows Removed by Index Recheck"))
            * loops,
    });
    for child in node["Plans"].as_array().into_iter().flatten() {
        collect(child, depth + 1, nodes);
    }
}

fn number(node: &Value, name: &str) -> f64 {
    node[name].as_f64().unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_plan_is_read_with_the_rows_of_all_loops() {
        let explanation = Explanation {
            operation: "orders.list".into(),
            profile: "0".into(),
            statements: vec![Explained {
                what: "page".into(),
                times: 1,
                sql: "select".into(),
                plan: json!([{
                    "Plan": {
                        "Node Type": "Limit", "Actual Rows": 21, "Actual Loops": 1,
                        "Shared Hit Blocks": 90, "Shared Read Blocks": 4,
                        "Plans": [{
                            "Node Type": "Seq Scan", "Relation Name": "orders",
                            "Actual Rows": 300, "Actual Loops": 2, "Rows Removed by Filter": 700
                        }]
                    },
                    "Planning Time": 0.5, "Execution Time": 2.0
                }]),
            }],
        };
        let plan = &read_plans(&explanation)[0];
        assert_eq!(plan.shape(), "Limit > Seq Scan on orders");
        assert!((plan.rows_read - 2_000.0).abs() < 1e-9);
        assert!((plan.rows_returned - 21.0).abs() < 1e-9);
        assert_eq!((plan.buffers_hit, plan.buffers_read), (90, 4));
        assert!((plan.took_ms - 2.5).abs() < 1e-9);
    }

    #[test]
    fn an_answer_that_is_no_plan_reads_as_nothing() {
        let mut nodes = Vec::new();
        collect(&Value::Null, 0, &mut nodes);
        assert!(nodes.is_empty());
    }
}
