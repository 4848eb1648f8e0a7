//! Faults for the tests of the rules: each spoils a summary in which nothing is wrong.

use enum_map::enum_map;
use loadgen_engine::sample::ResponsePart;
use loadgen_engine::sample::ResponseParts;
use serde_json::json;
use shared::{
    invariant::InvariantResult,
    timing::{ServerCount, ServerPart},
};

use super::fixture::{band, set};
use crate::schema::{
    CacheLookUps, Database, Percentile, PlanNode, PoolerFigures, StatementPlan, Summary,
    ValidityCheck,
};

fn database(summary: &mut Summary) -> &mut Database {
    summary.arms[0].server.database.get_or_insert_default()
}

pub(super) fn tail(summary: &mut Summary, parts: ResponseParts) {
    summary.arms[0].total.anatomy = vec![band(parts)];
}

pub(super) fn pool(summary: &mut Summary) {
    set(summary, "pool.size", "5");
    let arm = &mut summary.arms[0];
    arm.server.pool_max = 5;
    arm.server.pool_waiters_max = 38;
    arm.total.cost.parts_ms[ServerPart::Db] = 77.0;
    let parts = enum_map! {
        ResponsePart::Server(ServerPart::Pool) => 71.0,
        ResponsePart::Server(ServerPart::Db) => 29.0,
        _ => 0.0,
    };
    tail(summary, parts);
}

/// A pool with room, whose connections wait in a pooler.
pub(super) fn pooler(summary: &mut Summary) {
    pool(summary);
    let server = &mut summary.arms[0].server;
    server.pool_max = 800;
    server.pooler = Some(PoolerFigures {
        clients_waiting_max: 310,
        servers_max: 20,
        transactions: 5_000,
        wait_s: 200.0,
    });
}

pub(super) fn limit(summary: &mut Summary) {
    summary.arms[0].server.pool_max = 200;
}

pub(super) fn hash(summary: &mut Summary) {
    set(summary, "hash.threads", "shared");
    let arm = &mut summary.arms[0];
    arm.operations[0].cost.parts_ms[ServerPart::Hash] = 50.0;
    arm.operations[0].cost.total_ms = 60.0;
    arm.operations[1].response.p99 = Percentile::Known(210.0);
}

pub(super) fn redis_down(summary: &mut Summary) {
    summary.arms[0].server.cache_errors = 12;
}

pub(super) fn pings(summary: &mut Summary) {
    let arm = &mut summary.arms[0];
    arm.server.redis_commands = 3_000;
    arm.server.redis_pings = 3_000;
}

pub(super) fn uncached(summary: &mut Summary) {
    set(summary, "cache.items", "off");
    let arm = &mut summary.arms[0];
    arm.operations[1].anatomy = vec![band(enum_map! {
        ResponsePart::Server(ServerPart::Db) => 40.0,
        ResponsePart::Rest => 2.0,
        _ => 0.0,
    })];
}

pub(super) fn misses(summary: &mut Summary) {
    let arm = &mut summary.arms[0];
    let look_ups = CacheLookUps {
        hits: 600,
        all: 6_000,
    };
    arm.server.cache_lookups = [("items".to_owned(), look_ups)].into();
    let parts = enum_map! {
        ResponsePart::Server(ServerPart::Db) => 3.0,
        ResponsePart::Rest => 2.0,
        _ => 0.0,
    };
    tail(summary, parts);
}

pub(super) fn busy(summary: &mut Summary) {
    summary.arms[0].server.cpu_s = [("shop".to_owned(), 58.0)].into();
}

pub(super) fn busy_database(summary: &mut Summary) {
    summary.arms[0].server.cpu_s = [("postgres".to_owned(), 58.0)].into();
}

pub(super) fn late_generator(summary: &mut Summary) {
    summary.trials[0].validity.checks = vec![ValidityCheck {
        code: crate::schema::CheckCode::Lag,
        ok: false,
        figure: "p99 9 ms".into(),
        limit: "<= 1 ms".into(),
        advice: String::new(),
    }];
}

pub(super) fn leak(summary: &mut Summary) {
    for (index, trial) in (1_u64..).zip(&mut summary.trials) {
        trial.server.rss_bytes = [("shop".to_owned(), index * 90_000_000)].into();
    }
}

pub(super) fn unexplained(summary: &mut Summary) {
    let parts = enum_map! {
        ResponsePart::Rest => 90.0,
        ResponsePart::Server(ServerPart::Db) => 2.0,
        _ => 0.0,
    };
    tail(summary, parts);
}

pub(super) fn network(summary: &mut Summary) {
    let parts = enum_map! {
        ResponsePart::Outside => 90.0,
        ResponsePart::Server(ServerPart::Db) => 2.0,
        _ => 0.0,
    };
    tail(summary, parts);
}

pub(super) fn backlog(summary: &mut Summary) {
    let parts = enum_map! {
        ResponsePart::BeforeSend => 900.0,
        ResponsePart::Server(ServerPart::Db) => 2.0,
        _ => 0.0,
    };
    tail(summary, parts);
}

pub(super) fn large(summary: &mut Summary) {
    summary.arms[0].operations[1].bytes_in = 2_000 * 200_000;
}

pub(super) fn many_queries(summary: &mut Summary) {
    set(summary, "items.query", "loop");
    let arm = &mut summary.arms[0];
    arm.operations[1].cost.counts[ServerCount::Queries] = 61.0;
}

pub(super) fn query_loop(summary: &mut Summary) {
    many_queries(summary);
    summary.arms[0].plans = vec![StatementPlan {
        operation: "items.list".into(),
        statement: "price".into(),
        times: 60,
        ..StatementPlan::default()
    }];
}

pub(super) fn admission(summary: &mut Summary) {
    let parts = enum_map! {
        ResponsePart::Server(ServerPart::Admission) => 60.0,
        ResponsePart::Server(ServerPart::Hash) => 30.0,
        _ => 0.0,
    };
    tail(summary, parts);
}

pub(super) fn slow_redis(summary: &mut Summary) {
    let parts = enum_map! {
        ResponsePart::Server(ServerPart::Redis) => 8.0,
        ResponsePart::Rest => 2.0,
        _ => 0.0,
    };
    tail(summary, parts);
}

pub(super) fn scan(summary: &mut Summary) {
    set(summary, "index.orders_customer", "off");
    let arm = &mut summary.arms[0];
    arm.plans = vec![StatementPlan {
        operation: "orders.mine".into(),
        statement: "page".into(),
        times: 1,
        nodes: vec![PlanNode {
            kind: "Seq Scan".into(),
            relation: Some("orders".into()),
            rows: 7.0,
            rows_removed: 149_993.0,
            ..PlanNode::default()
        }],
        rows_read: 150_000.0,
        rows_returned: 7.0,
        ..StatementPlan::default()
    }];
}

pub(super) fn slow_query(summary: &mut Summary) {
    let parts = enum_map! {
        ResponsePart::Server(ServerPart::Db) => 90.0,
        ResponsePart::Rest => 2.0,
        _ => 0.0,
    };
    tail(summary, parts);
}

pub(super) fn locks(summary: &mut Summary) {
    set(summary, "orders.guard", "lock");
    summary.arms[0].server.waits = [("Lock:tuple".to_owned(), 0.4)].into();
}

pub(super) fn deadlocks(summary: &mut Summary) {
    database(summary).deadlocks = 3;
}

pub(super) fn retries(summary: &mut Summary) {
    let retries = &mut database(summary).retries;
    retries.insert("40001".into(), 900);
}

pub(super) fn sync(summary: &mut Summary) {
    summary.arms[0].server.waits = [("IO:WALSync".to_owned(), 0.6)].into();
}

pub(super) fn disk(summary: &mut Summary) {
    let database = database(summary);
    (database.blocks_hit, database.blocks_read) = (10_000, 9_000);
}

pub(super) fn idle(summary: &mut Summary) {
    database(summary).idle_in_transaction_mean = 20.0;
}

pub(super) fn corruption(summary: &mut Summary) {
    set(summary, "orders.guard", "none");
    let arm = &mut summary.arms[0];
    arm.audit = vec![InvariantResult {
        number: 1,
        name: "stock_not_negative".into(),
        statement: "No item is sold more often than it is in stock.".into(),
        violations: 7,
        rows: vec![json!({"item": 1})],
    }];
}

pub(super) fn ended(summary: &mut Summary, outcome: &str) {
    summary.arms[0]
        .total
        .outcomes
        .insert(outcome.to_owned(), 40);
}

pub(super) fn answered(summary: &mut Summary, status: u16) {
    summary.arms[0].total.statuses.insert(status, 40);
}

pub(super) fn exhausted(summary: &mut Summary) {
    answered(summary, 503);
    summary.arms[0].server.pool_timeouts = 40;
}

pub(super) fn sockets(summary: &mut Summary) {
    summary.arms[0].operations[3].success = 0.8;
}
