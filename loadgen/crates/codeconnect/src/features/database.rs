//! The database under direct load: short transactions of many people, four of five only reading.

use std::time::Instant;

use rand::RngExt as _;
use shared::{
    dataset::{self, RowKind},
    ids::UserId,
    timing::{ServerPart, ServerTiming},
};

use crate::{
    database::{DatabaseConnection, DirectQuery, READS},
    flows::{AppFlow, AppIteration, FeatureFlows, Op, until_failure},
};
use loadgen_engine::flow::Access;
use loadgen_stats::seed::Chance;

/// Share of the queries that write.
const WRITES: f64 = 0.2;
/// Share of the writes that change an own earlier row, where there is one.
const UPDATES: f64 = 0.5;

static CONNECT: Op = Op::message("database.connect", Access::Read);
static READ: Op = Op::message("database.read", Access::Read);
static WRITE: Op = Op::message("database.write", Access::Write);

/// What the load generator knows of this feature.
pub(super) const FEATURE: FeatureFlows = FeatureFlows {
    operations: &[&CONNECT, &READ, &WRITE],
    headline: &[&READ, &WRITE],
    flows: &[AppFlow {
        name: "database.query",
        help: "a query straight at PostgreSQL under row-level security: 80 % reads, 20 % writes",
        operations: &[&CONNECT, &READ, &WRITE],
        needs_sessions: false,
        at_once: 1,
        run: |it| until_failure(query(it)),
    }],
    needs_database: true,
    ..FeatureFlows::new("database", "Database")
};

async fn query(mut it: AppIteration<'_>) -> Option<()> {
    let target = it.world.database.as_ref()?;
    let query = next(&mut it);
    let mut connection = connected(&mut it).await?;
    let op = match query {
        DirectQuery::Read { .. } => &READ,
        DirectQuery::Insert { .. } | DirectQuery::Update(_) => &WRITE,
    };
    let mut written = None;
    let request = Box::pin(async {
        let begun = Instant::now();
        written = query.run(&mut connection, target).await?;
        Ok(Some(spent(ServerPart::Db, begun)))
    });
    let done = it.transport.perform(op.id(), request).await;
    if let Some(row) = written {
        it.memory.database.written = Some(row);
    }
    match connection {
        own @ DatabaseConnection::Own(_) if done => it.memory.database.connection = Some(own),
        lent if done => drop(lent),
        broken => {
            it.memory.database.written = None;
            broken.discard();
        }
    }
    Some(())
}

/// What is asked next, and for whom.
fn next(it: &mut AppIteration<'_>) -> DirectQuery {
    let counts = it.world.counts;
    let chance: &mut Chance = it.rng;
    let student = chance.random_range(0..counts.students);
    let student = UserId(dataset::id(RowKind::Student, student));
    let read = READS[chance.random_range(0..READS.len())];
    let slot = dataset::id(RowKind::Slot, chance.random_range(0..counts.slots));
    let (writes, updates) = (chance.random_bool(WRITES), chance.random_bool(UPDATES));
    match it.memory.database.written {
        Some(row) if writes && updates => DirectQuery::Update(row),
        _ if writes => DirectQuery::Insert { student, slot },
        _ => DirectQuery::Read { read, student },
    }
}

/// The user's connection: the one it has, or a new one, or one that the pool lends. Opening it, or
/// waiting for it, is a request of its own.
async fn connected(it: &mut AppIteration<'_>) -> Option<DatabaseConnection> {
    if let Some(connection) = it.memory.database.connection.take() {
        return Some(connection);
    }
    let target = it.world.database.as_ref()?;
    let mut opened = None;
    let request = Box::pin(async {
        let begun = Instant::now();
        opened = Some(DatabaseConnection::get(target).await?);
        Ok(Some(spent(ServerPart::Pool, begun)))
    });
    let done = it.transport.perform(CONNECT.id(), request).await;
    opened.filter(|_| done)
}

/// All of the time since then in one part: nothing stands between the client and the database.
fn spent(part: ServerPart, begun: Instant) -> ServerTiming {
    let us = u32::try_from(begun.elapsed().as_micros()).unwrap_or(u32::MAX);
    let mut cost = ServerTiming {
        total_us: us,
        ..ServerTiming::default()
    };
    cost.us[part] = us;
    cost
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn four_of_five_queries_read() {
        let mut chance = Chance::nth(1, 0);
        let writes = (0..10_000).filter(|_| chance.random_bool(WRITES)).count();
        assert!((1_900..2_100).contains(&writes), "{writes}");
    }
}
