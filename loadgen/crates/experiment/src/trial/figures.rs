//! From what was measured to what is stored.

use std::collections::BTreeMap;

use hdrhistogram::Histogram;
use shared::{invariant::InvariantResult, timing::ServerCount};

use super::{outcome::TrialOutcome, server_total::server_total};
use crate::{
    schema::{
        ApplicationInfo, AuditCount, Band, Cost, FailureSample, FlowIterations, Operation,
        Percentile, Percentiles, Server,
    },
    system::ConsistencyRecord,
};
use loadgen_engine::{
    aggregator::{Breakdown, CostSums, OpData, PartSums, TrialData},
    flow::{Catalog, Operations},
    sample::{OpId, Outcome as Ending},
    units::{Nanos, Quantile},
};

/// Quantiles of the spectrum that charts are drawn from: dense enough for a distribution, and
/// the same in every arm, so that arms can be read against each other.
const SPECTRUM: [f64; 66] = [
    0.01, 0.02, 0.04, 0.05, 0.06, 0.08, 0.1, 0.12, 0.14, 0.16, 0.18, 0.2, 0.22, 0.24, 0.26, 0.28,
    0.3, 0.32, 0.34, 0.36, 0.38, 0.4, 0.42, 0.44, 0.46, 0.48, 0.5, 0.52, 0.54, 0.56, 0.58, 0.6,
    0.62, 0.64, 0.66, 0.68, 0.7, 0.72, 0.74, 0.75, 0.76, 0.78, 0.8, 0.82, 0.84, 0.85, 0.86, 0.88,
    0.9, 0.92, 0.925, 0.94, 0.95, 0.96, 0.97, 0.975, 0.98, 0.985, 0.99, 0.9925, 0.995, 0.9975,
    0.999, 0.9995, 0.9999, 0.99999,
];

/// What several trials of one arm measured, merged exactly.
#[derive(Debug, Clone, Default)]
pub struct Measured {
    /// Every operation that was sent.
    pub ops: BTreeMap<OpId, OpData>,
    /// All of them together.
    pub total: OpData,
    /// Each named phase, all operations together, with its seconds.
    pub phases: BTreeMap<String, (OpData, f64)>,
    /// The iterations of each flow.
    pub flows: BTreeMap<String, OpData>,
    /// Seconds measured.
    pub window_s: f64,
    /// Trials that went in.
    pub trials: u32,
    /// The target's figures, added up.
    pub server: Server,
    /// What the audits found, added up.
    pub audit: Vec<InvariantResult>,
    /// How many audits were to be made, and how many were.
    pub audits: AuditCount,
    /// What clients know of their writes, and how fresh what they read back was.
    pub consistency: ConsistencyRecord,
}

impl Measured {
    /// What thresholds are compared with.
    pub fn figures<'a>(
        &'a self,
        catalog: &'a Catalog,
        info: &'a ApplicationInfo,
    ) -> crate::verdict::ThresholdFigures<'a> {
        crate::verdict::ThresholdFigures {
            catalog,
            target: info.processes.first().map(String::as_str),
            ops: &self.ops,
            phases: &self.phases,
            flows: &self.flows,
            server: &self.server,
            window_s: self.window_s,
        }
    }

    /// Adds one trial.
    pub fn add(&mut self, outcome: &TrialOutcome) {
        let (data, server) = (&outcome.data, &outcome.trial.server);
        for (op, one) in &data.ops {
            self.ops.entry(*op).or_default().merge(one);
        }
        self.total.merge(&data.total);
        for phase in &data.phases {
            let (all, seconds) = self.phases.entry(phase.name.clone()).or_default();
            all.merge(&phase.data);
            *seconds += phase.seconds(data.window);
        }
        for (flow, one) in &data.flows {
            self.flows.entry(flow.clone()).or_default().merge(one);
        }
        self.window_s += data.window_s();
        self.server = if self.trials == 0 {
            server.clone()
        } else {
            server_total(&self.server, server, f64::from(self.trials))
        };
        self.trials += 1;
        self.audits.add(outcome.trial.audits);
        crate::verdict::merge_audits(&mut self.audit, &outcome.audit);
        self.consistency.add(&outcome.consistency);
    }
}

/// Every operation that was sent, in the order of the catalogue.
pub fn arm_operations(
    ops: &BTreeMap<OpId, OpData>,
    operations: Operations,
    window_s: f64,
) -> Vec<Operation> {
    ops.iter()
        .map(|(op, data)| operation(operations.name(*op), data, window_s))
        .collect()
}

/// The iterations of each flow that sent anything.
pub fn flow_iterations(flows: &BTreeMap<String, OpData>) -> Vec<FlowIterations> {
    let of_flow = |(name, data): (&String, &OpData)| {
        let figures = operation(name, data, 1.0);
        FlowIterations {
            name: name.clone(),
            launched: data.planned,
            completed: data.count(Ending::Ok),
            response: figures.response,
        }
    };
    let sent = flows.iter().filter(|(_, data)| data.planned > 0);
    sent.map(of_flow).collect()
}

/// One operation over `window_s` seconds.
pub fn operation(name: &str, data: &OpData, window_s: f64) -> Operation {
    let ok = data.count(Ending::Ok);
    let ms_at = |share: f64, at: &dyn Fn(Quantile) -> Option<Nanos>| {
        Quantile::of(share).ok().and_then(at).map(Nanos::as_ms)
    };
    let slo = |share: f64| ms_at(share, &|quantile| data.response_slo(quantile));
    let service = |share: f64| ms_at(share, &|quantile| data.service(quantile));
    Operation {
        name: name.to_owned(),
        planned: data.planned,
        outcomes: Ending::ALL
            .iter()
            .map(|outcome| (outcome.as_str().to_owned(), data.count(*outcome)))
            .filter(|(word, count)| *count > 0 || word == Ending::Ok.as_str())
            .collect(),
        statuses: data.statuses.clone(),
        rate_per_s: data.ok_within() as f64 / window_s.max(1e-9),
        success: if data.planned == 0 {
            0.0
        } else {
            ok as f64 / data.planned as f64
        },
        response: percentiles(data.planned, slo, &data.ok),
        service: percentiles(data.service_ok.len(), service, &data.service_ok),
        bytes_in: data.bytes_in,
        cost: cost(&data.cost),
        spectrum: SPECTRUM
            .into_iter()
            .filter(|share| Percentile::is_supported(*share, data.planned))
            .filter_map(|share| Some((share, slo(share)?)))
            .collect(),
        anatomy: bands(&data.breakdown),
    }
}

/// Where the successes are divided, from the fastest to the slowest.
const DIVISIONS: [(f64, &str); 3] = [(0.5, "p50"), (0.9, "p90"), (0.99, "p99")];

/// What the response time consists of, band by band; the failures last. The slowest band begins
/// at the last percentile that has enough requests beyond it.
fn bands(breakdown: &Breakdown) -> Vec<Band> {
    // Shares of responses add up with rounding errors.
    let fewest = Percentile::FEWEST_BEYOND as f64 - 1e-6;
    let is_supported = |share: f64| breakdown.between(share, 1.0).count >= fewest;
    let divisions = DIVISIONS
        .into_iter()
        .filter(|(share, _)| is_supported(*share))
        .map(Some);
    let mut bands = Vec::new();
    let mut from: Option<(f64, &str)> = None;
    for to in divisions.chain([None]) {
        let name = match (from, to) {
            (None, None) => "all requests".to_owned(),
            (None, Some((_, to))) => format!("below {to}"),
            (Some((_, from)), Some((_, to))) => format!("{from} to {to}"),
            (Some((_, from)), None) => format!("above {from}"),
        };
        let share = |limit: Option<(f64, &str)>, end| limit.map_or(end, |(share, _)| share);
        bands.push((name, breakdown.between(share(from, 0.0), share(to, 1.0))));
        from = to;
    }
    bands.push(("failed".to_owned(), breakdown.failed()));
    bands
        .into_iter()
        .filter(|(_, sums)| sums.count > 0.0)
        .map(|(name, sums)| band(&name, &sums))
        .collect()
}

fn band(name: &str, sums: &PartSums) -> Band {
    let mean_ms = |sum: f64| sum / sums.count / 1_000.0;
    Band {
        name: name.to_owned(),
        requests: sums.count,
        mean_ms: mean_ms(sums.response()),
        parts_ms: sums.us.map(|_, us| mean_ms(us)),
    }
}

fn percentiles(
    samples: u64,
    at: impl Fn(f64) -> Option<f64>,
    successes: &Histogram<u64>,
) -> Percentiles {
    let measured = |value: f64| (!successes.is_empty()).then_some(value / 1e6);
    let percentile = |share: f64| Percentile::of(share, samples, at(share));
    Percentiles {
        p50: percentile(0.5),
        p90: percentile(0.9),
        p95: percentile(0.95),
        p97_5: percentile(0.975),
        p99: percentile(0.99),
        p99_9: percentile(0.999),
        min: measured(successes.min() as f64),
        max: at(1.0),
        mean: measured(successes.mean()),
        stdev: measured(successes.stdev()),
    }
}

fn cost(sums: &CostSums) -> Cost {
    let mean = |sum: u64| {
        if sums.responses == 0 {
            0.0
        } else {
            sum as f64 / sums.responses as f64
        }
    };
    let hits = sums.counts[ServerCount::Hits];
    let lookups = hits + sums.counts[ServerCount::Misses];
    Cost {
        parts_ms: sums.us.map(|_, us| mean(us) / 1_000.0),
        total_ms: mean(sums.total_us) / 1_000.0,
        counts: sums.counts.map(|_, count| mean(count)),
        cache_hit_ratio: (lookups > 0).then(|| hits as f64 / lookups as f64),
    }
}

/// Most reasons of failures that a trial keeps.
const MOST_REASONS: usize = 20;

/// Why requests failed, the most frequent reason first.
pub(super) fn failures(data: &TrialData, operations: Operations) -> Vec<FailureSample> {
    data.examples
        .iter()
        .take(MOST_REASONS)
        .map(|(op, reason, count)| FailureSample {
            operation: operations.name(*op).to_owned(),
            reason: reason.clone(),
            count: *count,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use loadgen_engine::sample::Sample;

    use super::*;

    #[test]
    fn outcomes_of_an_operation_sum_to_what_was_planned_and_failures_reach_the_percentiles() {
        let mut data = OpData {
            planned: 200,
            ..OpData::default()
        };
        for ms in 1..=180 {
            data.ok.record(ms * 1_000_000).unwrap();
            data.service_ok.record(500_000).unwrap();
        }
        data.outcomes[Ending::Ok.index()] = 180;
        data.outcomes[Ending::Reset.index()] = 20;
        let one = operation("auth.login", &data, 2.0);
        assert_eq!(one.outcomes.values().sum::<u64>(), one.planned);
        assert!((one.rate_per_s - 90.0).abs() < 1e-9);
        assert!((one.response.p50.ms().unwrap() - 100.0).abs() < 0.1);
        assert_eq!(one.response.p95, Percentile::BeyondTimeout);
        assert_eq!(one.response.p99, Percentile::TooFew { n: 200 });
        assert_eq!(one.response.max, None);
        assert!((one.service.max.unwrap() - 0.5).abs() < 0.001);
        assert!(one.spectrum.iter().all(|(share, _)| *share <= 0.9));
    }

    #[test]
    fn a_percentile_of_a_few_requests_is_absent_with_their_number_and_so_is_its_part_of_the_spectrum()
     {
        let mut data = OpData {
            planned: 24,
            ..OpData::default()
        };
        for ms in 1..=24 {
            data.ok.record(ms * 1_000_000).unwrap();
        }
        data.outcomes[Ending::Ok.index()] = 24;
        let one = operation("auth.login", &data, 2.0);
        assert!(one.response.p50.ms().is_some());
        assert_eq!(one.response.p97_5, Percentile::TooFew { n: 24 });
        assert_eq!(one.service.p50, Percentile::TooFew { n: 0 });
        let (last, _) = one.spectrum.last().unwrap();
        assert!((0.5..=1.0 - 10.0 / 24.0).contains(last), "{last}");
    }

    #[test]
    fn the_slowest_band_begins_where_enough_requests_lie_beyond() {
        let bands_of = |requests: u64| -> Vec<String> {
            let mut breakdown = Breakdown::default();
            for number in 1..=requests {
                let done = Nanos::from_millis(number);
                breakdown.record(&Sample::answered(Nanos(0), done));
            }
            bands(&breakdown)
                .into_iter()
                .map(|band| band.name)
                .collect()
        };
        assert_eq!(bands_of(13), ["all requests"]);
        assert_eq!(bands_of(30), ["below p50", "above p50"]);
        assert_eq!(bands_of(752), ["below p50", "p50 to p90", "above p90"]);
        let all = ["below p50", "p50 to p90", "p90 to p99", "above p99"];
        assert_eq!(bands_of(1_000), all);
    }

    #[test]
    fn a_flow_that_sent_something_has_its_iterations_and_their_fastest() {
        let mut data = OpData {
            planned: 3,
            ..OpData::default()
        };
        data.record_time(Ending::Ok, Nanos::from_millis(20));
        data.record_time(Ending::Ok, Nanos::from_millis(30));
        data.record_time(Ending::Timeout, Nanos::from_millis(5));
        let idle = ("orders.rush".to_owned(), OpData::default());
        let flows = BTreeMap::from([("orders.buy".to_owned(), data), idle]);
        let all = flow_iterations(&flows);
        let found = &all[0];
        assert_eq!((all.len(), found.launched, found.completed), (1, 3, 2));
        let min = found.response.min.unwrap();
        assert!((19.0..21.0).contains(&min), "{min}");
    }
}
