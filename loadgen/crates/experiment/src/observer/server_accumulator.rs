//! The target's figures over a window, from one observation after the other: those of a day would not fit into memory
//! at once.

use std::collections::BTreeMap;

use shared::snapshot::Snapshot;

use super::{
    pooler::PoolerAccumulator,
    replica::ReplicaAccumulator,
    server_figures::{DatabaseAccumulator, SampleAccumulator, differences},
    timeline::{Observation, apart},
};
use crate::schema::Server;

/// What the observations so far say. All figures come from the same two observations: the first and the last that saw
/// as much as any.
#[derive(Debug, Default)]
pub(super) struct ServerAccumulator {
    /// Largest resident memory by process, of every observation.
    rss_bytes: BTreeMap<String, u64>,
    /// The most that any of them saw: whether the target, and whether its database.
    seen: Option<(bool, bool)>,
    /// The first and the last of those that saw as much.
    ends: Option<(Observation, Observation)>,
    /// What their snapshots say.
    snapshots: SnapshotAccumulator,
}

/// What the snapshots of some observations say together.
#[derive(Debug, Default)]
struct SnapshotAccumulator {
    count: usize,
    /// Of the newest.
    uptime_ms: u64,
    restarted: bool,
    database: DatabaseAccumulator,
    pooler: PoolerAccumulator,
    replica: ReplicaAccumulator,
    samples: SampleAccumulator,
}

impl ServerAccumulator {
    /// Adds the next observation.
    pub(super) fn add(&mut self, one: &Observation) {
        for (name, usage) in &one.host {
            let most = self.rss_bytes.entry(name.clone()).or_default();
            *most = usage.rss_bytes.max(*most);
        }
        let snapshot = one.snapshot.as_ref();
        let postgres = snapshot.is_some_and(|snapshot| snapshot.postgres.is_some());
        let seen = Some((snapshot.is_some(), postgres));
        if seen < self.seen {
            return;
        }
        if seen > self.seen {
            self.seen = seen;
            self.ends = None;
            self.snapshots = SnapshotAccumulator::default();
        }
        if let Some(snapshot) = snapshot {
            self.snapshots.add(snapshot);
        }
        match &mut self.ends {
            Some((_, last)) => last.clone_from(one),
            None => self.ends = Some((one.clone(), one.clone())),
        }
    }

    /// The figures; none without an observation.
    pub(super) fn figures(self) -> Server {
        let mut server = Server {
            rss_bytes: self.rss_bytes,
            ..Server::default()
        };
        let Some((first, last)) = &self.ends else {
            return server;
        };
        server.window_s = apart(first.at, last.at).as_secs_f64();
        for (name, after) in &last.host {
            if let Some(before) = first.host.get(name) {
                server.set_cpu(name, after.cpu_since(before));
            }
        }
        if let (Some(first), Some(last)) = (&first.snapshot, &last.snapshot) {
            let all = self.snapshots;
            // A restart sets the counters back: their differences would mean nothing.
            if !all.restarted {
                differences(&mut server, first, last);
            }
            server.database = all.database.figures(first, last);
            server.pooler = all.pooler.figures(all.count);
            server.replica = all.replica.figures(first, last);
            all.samples.put_into(&mut server);
        }
        server
    }
}

impl SnapshotAccumulator {
    fn add(&mut self, one: &Snapshot) {
        self.restarted |= self.count > 0 && one.uptime_ms < self.uptime_ms;
        self.count += 1;
        self.uptime_ms = one.uptime_ms;
        if let Some(postgres) = &one.postgres {
            self.database.add(postgres);
        }
        if let Some(pooler) = &one.pooler {
            self.pooler.add(pooler);
        }
        if let Some(replica) = &one.replica {
            self.replica.add(replica);
        }
        self.samples.add(one);
    }
}
