//! What the pooler before the database did over a span of observations.

use shared::snapshot::PoolerSnapshot;

use crate::schema::PoolerFigures;

/// What the observations so far saw of the pooler.
#[derive(Debug, Default)]
pub(super) struct PoolerAccumulator {
    /// The first and the newest that saw it.
    ends: Option<(PoolerSnapshot, PoolerSnapshot)>,
    seen: usize,
    clients_waiting_max: u32,
    servers_max: u32,
}

impl PoolerAccumulator {
    /// Adds what the next observation saw of it.
    pub(super) fn add(&mut self, one: &PoolerSnapshot) {
        self.seen += 1;
        self.clients_waiting_max = self.clients_waiting_max.max(one.clients_waiting);
        self.servers_max = self.servers_max.max(one.servers);
        match &mut self.ends {
            Some((_, last)) => last.clone_from(one),
            None => self.ends = Some((one.clone(), one.clone())),
        }
    }

    /// What the pooler did between the first and the last of so many observations that saw it; absent where fewer
    /// than half of them did, or where it was restarted between. Where everything is overloaded its console
    /// answers late, and that is when its figures are needed: they are compared with each other alone, so a
    /// shorter span does not make them wrong.
    pub(super) fn figures(&self, observations: usize) -> Option<PoolerFigures> {
        let (before, after) = self.ends.as_ref()?;
        if self.seen < 2 || 2 * self.seen < observations {
            return None;
        }
        Some(PoolerFigures {
            clients_waiting_max: self.clients_waiting_max,
            servers_max: self.servers_max,
            transactions: after.transactions.checked_sub(before.transactions)?,
            wait_s: after.wait_us.checked_sub(before.wait_us)? as f64 / 1e6,
        })
    }
}

#[cfg(test)]
mod tests {
    use shared::snapshot::Snapshot;

    use super::*;

    fn figures(snapshots: &[&Snapshot]) -> Option<PoolerFigures> {
        let mut accumulator = PoolerAccumulator::default();
        let seen = snapshots.iter().filter_map(|one| one.pooler.as_ref());
        seen.for_each(|one| accumulator.add(one));
        accumulator.figures(snapshots.len())
    }

    fn snapshot(transactions: u64, waiting: u32) -> Snapshot {
        Snapshot {
            pooler: Some(PoolerSnapshot {
                transactions,
                wait_us: transactions * 2_000,
                clients_waiting: waiting,
                servers: waiting + 1,
                ..PoolerSnapshot::default()
            }),
            ..Snapshot::default()
        }
    }

    #[test]
    fn counters_are_differences_and_queues_their_peak() {
        let snapshots = [snapshot(10, 0), snapshot(30, 7), snapshot(60, 2)];
        let all: Vec<&Snapshot> = snapshots.iter().collect();
        let found = figures(&all).unwrap();
        assert_eq!((found.transactions, found.clients_waiting_max), (50, 7));
        assert_eq!(found.servers_max, 8);
        assert_eq!(found.wait_ms(), Some(2.0));
        // Restarted between, or not seen twice.
        assert_eq!(figures(&[&snapshots[2], &snapshots[0]]), None);
        assert_eq!(figures(&[&Snapshot::default(), &snapshots[0]]), None);
    }

    #[test]
    fn a_console_that_answers_late_now_and_then_is_no_reason_to_know_nothing() {
        let snapshots = [snapshot(10, 0), snapshot(30, 7), snapshot(60, 2)];
        let late = Snapshot::default();
        let all = [
            &late,
            &snapshots[0],
            &snapshots[1],
            &snapshots[2],
            &late,
            &late,
        ];
        let found = figures(&all).unwrap();
        assert_eq!((found.transactions, found.servers_max), (50, 8));
        // Of two observations of five it cannot be said how the pooler was.
        let few = [&late, &snapshots[0], &late, &snapshots[2], &late];
        assert_eq!(figures(&few), None);
    }
}
