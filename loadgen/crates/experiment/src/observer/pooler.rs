//! What the pooler before the database did over a span of looks.

use shared::snapshot::PoolerSnapshot;

use crate::schema::PoolerFigures;

/// What the looks so far saw of the pooler.
#[derive(Debug, Default)]
pub(super) struct PoolerAccumulator {
    /// The first and the newest that saw it.
    ends: Option<(PoolerSnapshot, PoolerSnapshot)>,
    seen: usize,
    clients_waiting_max: u32,
    servers_max: u32,
}

impl PoolerAccumulator {
    /// Adds what the next look saw of it.
    pub(super) fn add(&mut self, one: &PoolerSnapshot) {
        self.seen += 1;
        self.clients_waiting_max = self.clients_waiting_max.max(one.clients_waiting);
        self.servers_max = self.servers_max.max(one.servers);
        match &mut self.ends {
            Some((_, last)) => last.clone_from(one),
            None => self.ends = Some((one.clone(), one.clone())),
        }
    }

    /// What the pooler did between the first and the last of so many looks that saw it; absent where fewer
    /// than half of them did, or where it was restarted between. Where everything is overloaded its console
    /// answers late, and that is when its figures are needed: they are compared with each other alone, so a
    /// shorter span does not make them wrong.
    pub(super) fn figures(&self, looks: usize) -> Option<PoolerFigures> {
        let (before, after) = self.ends.as_ref()?;
        if self.seen < 2 || 2 * self.seen < looks {
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

    fn look(transactions: u64, waiting: u32) -> Snapshot {
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
        let looks = [look(10, 0), look(30, 7), look(60, 2)];
        let all: Vec<&Snapshot> = looks.iter().collect();
        let found = figures(&all).unwrap();
        assert_eq!((found.transactions, found.clients_waiting_max), (50, 7));
        assert_eq!(found.servers_max, 8);
        assert_eq!(found.wait_ms(), Some(2.0));
        // Restarted between, or not seen twice.
        assert_eq!(figures(&[&looks[2], &looks[0]]), None);
        assert_eq!(figures(&[&Snapshot::default(), &looks[0]]), None);
    }

    #[test]
    fn a_console_that_answers_late_now_and_then_is_no_reason_to_know_nothing() {
        let looks = [look(10, 0), look(30, 7), look(60, 2)];
        let late = Snapshot::default();
        let all = [&late, &looks[0], &looks[1], &looks[2], &late, &late];
        let found = figures(&all).unwrap();
        assert_eq!((found.transactions, found.servers_max), (50, 8));
        // Of two looks of five it cannot be said how the pooler was.
        let few = [&late, &looks[0], &late, &looks[2], &late];
        assert_eq!(figures(&few), None);
    }
}
