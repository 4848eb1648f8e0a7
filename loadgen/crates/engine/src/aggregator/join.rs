//! Parts of one load that several processes generated, as if one had: every count and histogram is
//! added, which is exact, because all histograms have the same bounds and all clocks the same epoch.

use std::{collections::BTreeMap, time::SystemTime};

use super::trial_data::{TrialData, most_frequent_first, seconds};
use crate::{
    recorder::{OpData, Window},
    sample::OpId,
};

/// Why parts are not those of one load.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JoinError {
    /// There is no part.
    #[error("there is nothing to join")]
    Nothing,
    /// They were measured in another way.
    #[error("the parts of the load differ in their {0}: they are not parts of the same load")]
    Differ(&'static str),
}

impl TrialData {
    /// The parts of a load whose epoch is `started_at`.
    ///
    /// The window ends where that of the part that was stopped last does. `changes` and `samples` are
    /// those of the first part: the load of several processes cannot be changed on the way, and keeps
    /// no single requests.
    pub fn join(started_at: SystemTime, parts: Vec<Self>) -> Result<Self, JoinError> {
        let mut parts = parts.into_iter();
        let mut all = parts.next().ok_or(JoinError::Nothing)?;
        let mut examples = counted(std::mem::take(&mut all.examples));
        for mut part in parts {
            for (reason, count) in counted(std::mem::take(&mut part.examples)) {
                *examples.entry(reason).or_default() += count;
            }
            add(&mut all, part)?;
        }
        all.started_at = started_at;
        // A load that its own limit stopped counts as overloaded, not as interrupted.
        all.interrupted &= !all.overloaded;
        all.taken.sort_unstable();
        all.total = OpData::default();
        for data in all.ops.values() {
            all.total.merge(data);
        }
        all.overflow = all.total.overflow;
        let (from, to) = all.window;
        all.seconds = seconds(&all.timeline, Window { from, to });
        all.examples = most_frequent_first(examples);
        Ok(all)
    }
}

fn counted(examples: Vec<(OpId, String, u64)>) -> BTreeMap<(OpId, String), u64> {
    let keyed = examples
        .into_iter()
        .map(|(op, why, count)| ((op, why), count));
    keyed.collect()
}

fn add(all: &mut TrialData, part: TrialData) -> Result<(), JoinError> {
    if all.window.0 != part.window.0 {
        return Err(JoinError::Differ("window"));
    }
    let named = |data: &TrialData| -> Vec<_> {
        let phases = data.phases.iter();
        phases.map(|one| (one.name.clone(), one.span)).collect()
    };
    if named(all) != named(&part) {
        return Err(JoinError::Differ("phases"));
    }
    if !all.timeline.fits(&part.timeline) {
        return Err(JoinError::Differ("seconds"));
    }
    if !all.intervals.join(&part.intervals) {
        return Err(JoinError::Differ("intervals"));
    }
    if all.opened.len() != part.opened.len() {
        return Err(JoinError::Differ("endpoints"));
    }
    all.window.1 = all.window.1.max(part.window.1);
    all.interrupted |= part.interrupted;
    all.overloaded |= part.overloaded;
    all.precedence = all.precedence.max(part.precedence);
    for (op, theirs) in &part.ops {
        all.ops.entry(*op).or_default().merge(theirs);
    }
    for (mine, theirs) in all.phases.iter_mut().zip(&part.phases) {
        mine.data.merge(&theirs.data);
    }
    for (flow, theirs) in &part.flows {
        all.flows.entry(flow.clone()).or_default().merge(theirs);
    }
    all.timeline.merge(&part.timeline);
    for (mine, theirs) in [
        (&mut all.lag, &part.lag),
        (&mut all.connect, &part.connect),
        (&mut all.tls, &part.tls),
    ] {
        mine.add(theirs)
            .map_err(|_| JoinError::Differ("histograms"))?;
    }
    all.taken.extend(part.taken);
    for (mine, theirs) in all.opened.iter_mut().zip(&part.opened) {
        *mine += theirs;
    }
    all.emitted += part.emitted;
    all.planned_arrivals += part.planned_arrivals;
    all.max_outstanding += part.max_outstanding;
    all.outstanding_at_window_start += part.outstanding_at_window_start;
    all.outstanding_at_window_end += part.outstanding_at_window_end;
    all.outstanding_area += part.outstanding_area;
    all.response_sum += part.response_sum;
    all.socket_overflow += part.socket_overflow;
    all.resent += part.resent;
    all.reconnects += part.reconnects;
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{
        aggregator::write_hlog,
        flow::shop,
        recorder::Shard,
        sample::{Outcome, Sample},
        units::Nanos,
    };

    const WINDOW: Window = Window {
        from: Nanos::from_secs(1),
        to: Nanos::from_secs(5),
    };

    /// The only process.
    const WHOLE: (usize, usize) = (0, 1);

    /// A made-up request.
    #[derive(Debug, Clone)]
    struct Planned {
        intended_ms: u64,
        took_us: u64,
        outcome: Outcome,
        op: u16,
    }

    fn requests() -> impl Strategy<Value = Vec<Planned>> {
        let one = (
            0_u64..6_000,
            1_u64..3_000_000,
            0_usize..Outcome::ALL.len(),
            0_u16..3,
        );
        let one = one.prop_map(|(intended_ms, took_us, outcome, op)| Planned {
            intended_ms,
            took_us,
            outcome: Outcome::ALL[outcome],
            op,
        });
        prop::collection::vec(one, 1..80).prop_map(|mut all| {
            // A process records requests as they end.
            all.sort_by_key(|one| one.intended_ms * 1_000 + one.took_us);
            all
        })
    }

    /// What process `index` of `of` records of them.
    fn recorded(all: &[Planned], (index, of): (usize, usize)) -> TrialData {
        let mut shard = Shard::new(WINDOW, &[OpId(0)], Nanos::from_secs(12));
        shard.keep_phases([(WINDOW.from, Nanos::from_secs(3))]);
        for one in all.iter().skip(index).step_by(of) {
            let intended = Nanos::from_millis(one.intended_ms);
            let done = Nanos(intended.0 + one.took_us * 1_000);
            let sample = Sample {
                op: OpId(one.op),
                outcome: one.outcome,
                bytes_in: 7,
                ..Sample::answered(intended, done)
            };
            shard.begin(sample.op, intended);
            shard.settle(&sample, None);
        }
        let phases: Vec<OpData> = shard.phases().cloned().collect();
        let mut data = TrialData::from_shards(SystemTime::UNIX_EPOCH, WINDOW, vec![shard]);
        let named = [("first".to_owned(), WINDOW.from, Nanos::from_secs(3))];
        data.name_phases(&named, &[phases]);
        data
    }

    /// As another process receives it.
    fn sent(data: &TrialData) -> TrialData {
        serde_json::from_slice(&serde_json::to_vec(data).unwrap()).unwrap()
    }

    fn log(data: &TrialData) -> String {
        let mut text = Vec::new();
        write_hlog(data, shop().operations, &mut text).unwrap();
        String::from_utf8(text).unwrap()
    }

    proptest! {
        // Each case makes many histograms of 190 KB.
        #![proptest_config(ProptestConfig::with_cases(12))]

        #[test]
        fn the_parts_that_processes_send_are_together_what_one_would_have_recorded(
            requests in requests(),
            of in 1_usize..6,
        ) {
            let whole = recorded(&requests, WHOLE);
            let parts = (0..of)
                .map(|index| sent(&recorded(&requests, (index, of))))
                .collect();
            let joined = TrialData::join(SystemTime::UNIX_EPOCH, parts).unwrap();
            prop_assert_eq!(log(&joined), log(&whole), "the interval log, byte for byte");
            prop_assert_eq!(joined.ops.keys().collect::<Vec<_>>(), whole.ops.keys().collect::<Vec<_>>());
            for (mine, theirs) in joined.ops.values().zip(whole.ops.values()) {
                prop_assert_eq!(mine.planned, theirs.planned);
                prop_assert_eq!(mine.outcomes, theirs.outcomes);
                prop_assert_eq!(&mine.statuses, &theirs.statuses);
                prop_assert_eq!(&mine.ok, &theirs.ok);
                prop_assert_eq!(&mine.service_ok, &theirs.service_ok);
                prop_assert_eq!(&mine.first_byte_ok, &theirs.first_byte_ok);
                prop_assert_eq!(&mine.failed, &theirs.failed);
            }
            prop_assert_eq!(&joined.total.ok, &whole.total.ok);
            prop_assert_eq!(&joined.phases[0].data.ok, &whole.phases[0].data.ok);
            prop_assert_eq!(&joined.seconds, &whole.seconds);
            prop_assert_eq!(&joined.examples, &whole.examples);
            prop_assert_eq!(joined.response_sum, whole.response_sum);
            prop_assert!(joined.conserved() && whole.conserved());
        }
    }

    #[test]
    fn parts_of_different_loads_are_refused() {
        let one = recorded(&[], WHOLE);
        let join = |other: TrialData| {
            TrialData::join(SystemTime::UNIX_EPOCH, vec![one.clone(), other]).unwrap_err()
        };
        let mut other = one.clone();
        other.window.0 = Nanos::from_secs(2);
        assert_eq!(join(other), JoinError::Differ("window"));
        let mut other = one.clone();
        other.phases.clear();
        assert_eq!(join(other), JoinError::Differ("phases"));
        let mut other = one.clone();
        other.opened.push(1);
        assert_eq!(join(other), JoinError::Differ("endpoints"));
        let longer = Shard::new(WINDOW, &[], Nanos::from_secs(60));
        let mut other = TrialData::from_shards(SystemTime::UNIX_EPOCH, WINDOW, vec![longer]);
        other.phases = one.phases.clone();
        assert_eq!(join(other), JoinError::Differ("seconds"));
        let nothing = TrialData::join(SystemTime::UNIX_EPOCH, Vec::new());
        assert_eq!(nothing.unwrap_err(), JoinError::Nothing);
    }

    #[test]
    fn one_part_that_was_stopped_stops_all_unless_it_was_overloaded() {
        let whole = recorded(&[], WHOLE);
        let mut stopped = whole.clone();
        stopped.interrupted = true;
        stopped.window.1 = Nanos::from_secs(3);
        let join = |parts| TrialData::join(SystemTime::UNIX_EPOCH, parts).unwrap();
        let joined = join(vec![stopped.clone(), whole.clone()]);
        assert!(joined.interrupted);
        assert_eq!(joined.window.1, WINDOW.to);
        let mut overloaded = stopped.clone();
        overloaded.interrupted = false;
        overloaded.overloaded = true;
        let joined = join(vec![stopped, overloaded]);
        assert!(joined.overloaded && !joined.interrupted);
        assert_eq!(joined.window.1, Nanos::from_secs(3));
    }
}
