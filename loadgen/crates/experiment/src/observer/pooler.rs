//! What the pooler before the database did over a span of looks.

use shared::snapshot::Snapshot;

use crate::schema::PoolerFigures;

/// What the pooler did between the first and the last snapshot; absent where either lacks it, or where
/// it was restarted between.
pub(super) fn figures(snapshots: &[&Snapshot]) -> Option<PoolerFigures> {
    let (first, last) = (snapshots.first()?, snapshots.last()?);
    let (before, after) = (first.pooler.as_ref()?, last.pooler.as_ref()?);
    let seen = || snapshots.iter().filter_map(|one| one.pooler.as_ref());
    Some(PoolerFigures {
        clients_waiting_max: seen().map(|one| one.clients_waiting).max()?,
        servers_max: seen().map(|one| one.servers).max()?,
        transactions: after.transactions.checked_sub(before.transactions)?,
        wait_s: after.wait_us.checked_sub(before.wait_us)? as f64 / 1e6,
    })
}

#[cfg(test)]
mod tests {
    use shared::snapshot::PoolerSnapshot;

    use super::*;

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
        // Restarted between, or not seen.
        assert_eq!(figures(&[&looks[2], &looks[0]]), None);
        assert_eq!(figures(&[&Snapshot::default(), &looks[0]]), None);
    }
}
