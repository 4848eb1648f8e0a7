//! What is recorded of one operation: counts that must add up, and histograms.

use std::collections::BTreeMap;

use enum_map::EnumMap;
use hdrhistogram::Histogram;
use serde::{Deserialize, Serialize};
use shared::timing::{ServerCount, ServerPart, ServerTiming};

use super::{
    bounds::{HIGHEST, response_histogram},
    breakdown::Breakdown,
    encoded,
};
use crate::{
    sample::{Outcome, Sample},
    units::{Nanos, Quantile},
};

/// What the target reported that it spent, summed over the responses that reported it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CostSums {
    /// Responses that carried a `Server-Timing`.
    pub responses: u64,
    /// Microseconds in each part.
    pub us: EnumMap<ServerPart, u64>,
    /// Microseconds in the handler, all parts included.
    pub total_us: u64,
    /// What the target counted.
    pub counts: EnumMap<ServerCount, u64>,
}

impl CostSums {
    fn record(&mut self, cost: &ServerTiming) {
        self.responses += 1;
        for (sum, us) in self.us.values_mut().zip(cost.us.values()) {
            *sum += u64::from(*us);
        }
        self.total_us += u64::from(cost.total_us);
        for (sum, count) in self.counts.values_mut().zip(cost.counts.values()) {
            *sum += u64::from(*count);
        }
    }

    fn merge(&mut self, other: &Self) {
        self.responses += other.responses;
        for (mine, theirs) in self.us.values_mut().zip(other.us.values()) {
            *mine += theirs;
        }
        self.total_us += other.total_us;
        for (mine, theirs) in self.counts.values_mut().zip(other.counts.values()) {
            *mine += theirs;
        }
    }
}

/// What happened to the requests of one operation whose intended start lies in the window.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct OpData {
    /// Requests begun; must equal the sum of `outcomes`.
    pub planned: u64,
    /// How they ended, by [`Outcome::index`].
    pub outcomes: [u64; Outcome::ALL.len()],
    /// Of them the successes whose last byte came after the window.
    pub ok_after: u64,
    /// Successes whose last byte came within the window, and whose intended start lies before it. They
    /// are in no other figure.
    pub ok_from_before: u64,
    /// Responses by HTTP status.
    pub statuses: BTreeMap<u16, u64>,
    /// Response times (intended start to last byte) of the successes, in nanoseconds.
    #[serde(with = "encoded::response")]
    pub ok: Histogram<u64>,
    /// Service times (actual send to last byte) of the successes.
    #[serde(with = "encoded::response")]
    pub service_ok: Histogram<u64>,
    /// From the actual send to the head of the answer, of the successes.
    #[serde(with = "encoded::response")]
    pub first_byte_ok: Histogram<u64>,
    /// Times after which requests failed. Never part of a percentile.
    #[serde(with = "encoded::response")]
    pub failed: Histogram<u64>,
    /// Bytes of bodies received.
    pub bytes_in: u64,
    /// Costs that the target reported.
    pub cost: CostSums,
    /// The parts of the response times.
    pub breakdown: Breakdown,
    /// Times beyond the histograms' highest value: such a request is counted, its time is not.
    pub overflow: u64,
}

impl Default for OpData {
    fn default() -> Self {
        Self {
            planned: 0,
            outcomes: [0; Outcome::ALL.len()],
            ok_after: 0,
            ok_from_before: 0,
            statuses: BTreeMap::new(),
            ok: response_histogram(),
            service_ok: response_histogram(),
            first_byte_ok: response_histogram(),
            failed: response_histogram(),
            bytes_in: 0,
            cost: CostSums::default(),
            breakdown: Breakdown::default(),
            overflow: 0,
        }
    }
}

impl OpData {
    /// Counts one finished request. Allocates only for a status not seen before.
    pub fn record(&mut self, sample: &Sample) {
        self.outcomes[sample.outcome.index()] += 1;
        if sample.status != 0 {
            *self.statuses.entry(sample.status).or_default() += 1;
        }
        self.bytes_in += sample.bytes_in;
        if let Some(cost) = &sample.cost {
            self.cost.record(cost);
        }
        self.breakdown.record(sample);
        let (response, service) = (sample.response(), sample.service());
        let fits = if sample.outcome == Outcome::Ok {
            record(&mut self.ok, response)
                && record(&mut self.service_ok, service)
                && record(&mut self.first_byte_ok, sample.to_first_byte())
        } else {
            record(&mut self.failed, response)
        };
        if !fits {
            self.overflow += 1;
        }
    }

    /// Counts one thing that ended after a time of which nothing more is known.
    pub fn record_time(&mut self, outcome: Outcome, time: Nanos) {
        self.outcomes[outcome.index()] += 1;
        let times = if outcome == Outcome::Ok {
            &mut self.ok
        } else {
            &mut self.failed
        };
        if !record(times, time) {
            self.overflow += 1;
        }
    }

    /// Adds what another shard or trial holds. Exact: every histogram has the same bounds.
    pub fn merge(&mut self, other: &Self) {
        self.planned += other.planned;
        for (mine, theirs) in self.outcomes.iter_mut().zip(other.outcomes) {
            *mine += theirs;
        }
        self.ok_after += other.ok_after;
        self.ok_from_before += other.ok_from_before;
        for (status, count) in &other.statuses {
            *self.statuses.entry(*status).or_default() += count;
        }
        for (mine, theirs) in [
            (&mut self.ok, &other.ok),
            (&mut self.service_ok, &other.service_ok),
            (&mut self.first_byte_ok, &other.first_byte_ok),
            (&mut self.failed, &other.failed),
        ] {
            mine.add(theirs)
                .expect("all histograms are made by response_histogram, with equal bounds");
        }
        self.bytes_in += other.bytes_in;
        self.overflow += other.overflow;
        self.breakdown.merge(&other.breakdown);
        self.cost.merge(&other.cost);
    }

    /// Requests with this outcome.
    pub fn count(&self, outcome: Outcome) -> u64 {
        self.outcomes[outcome.index()]
    }

    /// Successes whose last byte came within the window, whenever they were planned: what a rate is made
    /// of. The successes of the window's requests would be the offered load again where a target falls
    /// behind and answers after the window.
    pub fn ok_within(&self) -> u64 {
        (self.count(Outcome::Ok) + self.ok_from_before).saturating_sub(self.ok_after)
    }

    /// Counts a success that was planned on one side of the window's edge and ended on the other.
    pub(super) fn ok_crossed(&mut self, planned_within: bool) {
        if planned_within {
            self.ok_after += 1;
        } else {
            self.ok_from_before += 1;
        }
    }

    /// Requests that failed.
    pub fn failures(&self) -> u64 {
        self.outcomes.iter().sum::<u64>() - self.count(Outcome::Ok)
    }

    /// Whether every request that was begun ended in exactly one outcome.
    pub fn conserved(&self) -> bool {
        self.planned == self.outcomes.iter().sum::<u64>()
    }

    /// The response time within which the share `q` of *all* planned requests was answered as
    /// it should. Failures count as infinitely slow: `None` where they reach into the share.
    pub fn response_slo(&self, q: Quantile) -> Option<Nanos> {
        if self.planned == 0 {
            return None;
        }
        at_rank(&self.ok, q.rank(self.planned))
    }

    /// How many of all planned requests have a response time, in nanoseconds, of which `is_beyond`
    /// is true; that of a failure is infinite.
    pub fn beyond(&self, is_beyond: impl Fn(f64) -> bool) -> u64 {
        let longest = self.ok.max();
        let beyond = |ns: u64| is_beyond(ns.min(longest) as f64);
        let recorded = self.ok.iter_recorded();
        let ok: u64 = recorded
            .filter(|step| beyond(step.value_iterated_to()))
            .map(|step| step.count_at_value())
            .sum();
        if is_beyond(f64::INFINITY) {
            ok + self.planned.saturating_sub(self.ok.len())
        } else {
            ok
        }
    }

    /// The service time within which the share `q` of the successes was answered.
    pub fn service(&self, q: Quantile) -> Option<Nanos> {
        at_rank(&self.service_ok, q.rank(self.service_ok.len()))
    }
}

/// Records a time; false where it is beyond the highest. The crate would take a little more,
/// as far as its last bucket reaches.
fn record(histogram: &mut Histogram<u64>, time: Nanos) -> bool {
    time <= HIGHEST && histogram.record(time.0).is_ok()
}

/// The `rank`-th smallest value, from 1; the upper edge of its bucket. `None` beyond the last.
///
/// The crate's own look-up goes through a floating-point share of its own total, which is not
/// the total that counts here.
fn at_rank(histogram: &Histogram<u64>, rank: u64) -> Option<Nanos> {
    let mut seen = 0;
    for step in histogram.iter_recorded() {
        seen += step.count_at_value();
        if seen >= rank {
            return Some(Nanos(step.value_iterated_to().min(histogram.max())));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn sample(response_ms: u64, outcome: Outcome) -> Sample {
        Sample {
            outcome,
            bytes_in: 1,
            ..Sample::answered(Nanos(0), Nanos::from_millis(response_ms))
        }
    }

    fn data(samples: &[Sample]) -> OpData {
        let mut data = OpData::default();
        for sample in samples {
            data.planned += 1;
            data.record(sample);
        }
        data
    }

    fn q(share: f64) -> Quantile {
        Quantile::of(share).unwrap()
    }

    #[test]
    fn a_percentile_reaches_into_the_failures_and_is_then_beyond_the_timeout() {
        let mut samples: Vec<_> = (1..=95).map(|ms| sample(ms, Outcome::Ok)).collect();
        samples.extend((0..5).map(|_| sample(1, Outcome::HttpError)));
        let data = data(&samples);
        let whole_ms = |time: Option<Nanos>| (time.unwrap().0 + 500_000) / 1_000_000;
        assert_eq!(whole_ms(data.response_slo(q(0.95))), 95);
        assert_eq!(data.response_slo(q(0.96)), None);
        assert!(data.conserved());
        assert_eq!(data.failures(), 5);
    }

    #[test]
    fn nothing_planned_has_no_percentile() {
        assert_eq!(OpData::default().response_slo(q(0.5)), None);
        assert!(OpData::default().conserved());
    }

    #[test]
    fn a_time_beyond_the_histogram_is_counted_and_not_hidden() {
        let data = data(&[sample(1_321_000, Outcome::Ok)]);
        assert_eq!((data.overflow, data.ok.len()), (1, 0));
        assert!(data.conserved());
    }

    #[test]
    fn a_request_begun_and_never_finished_breaks_conservation() {
        let mut data = data(&[sample(1, Outcome::Ok)]);
        data.planned += 1;
        assert!(!data.conserved());
    }

    proptest! {
        #[test]
        fn a_failure_never_improves_a_percentile(
            times in prop::collection::vec(1_u64..100_000, 1..60),
            turned in 0_usize..60,
            share in 0.01_f64..1.0,
        ) {
            let mut samples: Vec<_> = times.iter().map(|ms| sample(*ms, Outcome::Ok)).collect();
            let before = data(&samples).response_slo(q(share));
            let turned = turned % samples.len();
            samples[turned].outcome = Outcome::Reset;
            samples[turned].done = Nanos(1);
            let after = data(&samples).response_slo(q(share));
            let slow = |time: Option<Nanos>| time.map_or(u64::MAX, |time| time.0);
            prop_assert!(slow(after) >= slow(before));
        }

        #[test]
        fn merging_shards_equals_recording_all_in_one(
            times in prop::collection::vec((1_u64..100_000, 0_usize..8), 0..80),
            cut in 0_usize..80,
        ) {
            let samples: Vec<_> = times
                .iter()
                .map(|(ms, outcome)| sample(*ms, Outcome::ALL[*outcome]))
                .collect();
            let cut = cut.min(samples.len());
            let mut left = data(&samples[..cut]);
            left.merge(&data(&samples[cut..]));
            let whole = data(&samples);
            prop_assert_eq!(left.planned, whole.planned);
            prop_assert_eq!(left.outcomes, whole.outcomes);
            prop_assert_eq!(&left.ok, &whole.ok);
            prop_assert_eq!(&left.failed, &whole.failed);
            prop_assert_eq!(left.statuses, whole.statuses);
        }
    }
}
