//! What an experiment can be expected to show, before it runs: whether its percentiles have data,
//! and how many blocks, or what load, would tell a difference that matters.

use std::fmt::Write as _;

use shared::time::Millis;

use super::{file::Experiment, sentence::spread_of};
use crate::{
    metric::MetricId,
    schema::{Effect, Percentile},
};
use loadgen_engine::{
    flow::{Catalog, FlowDescriptor},
    suite::{LoadModel, Phase, Suite},
    threshold::{Scope, Threshold, ThresholdMetric},
};
use loadgen_stats::{detectable_effect, fewest_pairs, pairs_needed};

/// A flow may send an operation somewhat more often than once; only what clearly lacks data is
/// refused.
const TOLERANCE: f64 = 1.5;
/// How much more the percentiles of a server at 70 % load scatter than independent times do: of p95
/// of 10,000 requests to an M/M/1 queue, whose logarithm has a standard deviation of 0.069, not 0.015.
const INFLATION: f64 = 4.6;
/// Longest measured window that is proposed.
const LONGEST: Millis = Millis(600_000);

impl Experiment {
    /// The fewest blocks with which its claims can be decided (Holm).
    pub fn fewest_blocks(&self) -> u32 {
        fewest_pairs(self.primary.len()) as u32
    }
}

/// Refuses a claim on a percentile that no trial will have the data for, with the rate or the
/// duration that would do.
pub fn check_claims(experiment: &Experiment, catalog: &Catalog) -> Result<(), String> {
    for claim in &experiment.primary {
        let Some(planned) = PlannedPercentile::of(claim, &experiment.suite, catalog) else {
            continue;
        };
        let share = planned.needed() / planned.requests;
        if share > TOLERANCE {
            let measure = experiment.suite.windows.measure;
            let longer = Millis((measure.0 as f64 * share / 1_000.0).ceil() as u64 * 1_000);
            return Err(format!(
                "a claim on `{claim}` needs {:.0} requests in each trial, {} of them beyond the percentile, and there will be about {:.0}: measure for {longer}, multiply the rate by {share:.1}, or claim a lower percentile",
                planned.needed(),
                Percentile::FEWEST_BEYOND,
                planned.requests
            ));
        }
    }
    Ok(())
}

/// A threshold on a percentile, and the data that one trial is planned to have for it.
#[derive(Debug, Clone, PartialEq)]
pub struct PlannedThreshold {
    /// As written.
    pub text: String,
    /// Requests in the measured window, about.
    pub requests: f64,
    /// Requests of which enough lie beyond the percentile.
    pub needed: u64,
}

impl PlannedThreshold {
    /// A sentence where its data will clearly be too few.
    pub fn shortage(&self) -> Option<String> {
        let short = self.needed as f64 / self.requests.max(f64::MIN_POSITIVE) > TOLERANCE;
        short.then(|| {
            format!(
                "`{}` needs {} requests, {} of them beyond the percentile, and there will be about {:.0}: it may not be decided; measure for longer, raise the rate, or limit a lower percentile",
                self.text,
                self.needed,
                Percentile::FEWEST_BEYOND,
                self.requests
            )
        })
    }
}

/// The data of each threshold on a percentile; without those of a phase, a method, the iterations of a flow or a closed load,
/// of which no number of requests is planned.
pub fn planned_thresholds(suite: &Suite, catalog: &Catalog) -> Vec<PlannedThreshold> {
    let planned = |threshold: &Threshold| {
        let ThresholdMetric::Quantile(quantile) = threshold.metric else {
            return None;
        };
        let by_arrival = match &threshold.scope {
            Scope::All => by_arrival(suite, catalog, None),
            Scope::Subject(name) => match catalog.flow(name) {
                Some(flow) if catalog.operations.by_name(name).is_none() => {
                    let names = catalog.operation_names(flow);
                    names
                        .into_iter()
                        .map(|one| by_arrival(suite, catalog, Some(one)))
                        .sum()
                }
                _ => by_arrival(suite, catalog, Some(name)),
            },
            Scope::Flow(_) | Scope::Phase(_) | Scope::Method(_) | Scope::Status(_) => return None,
        };
        let share = quantile.share();
        Some(PlannedThreshold {
            text: threshold.text.clone(),
            requests: arrivals(suite)? * by_arrival,
            // A maximum is what it is, however few there are.
            needed: if share < 1.0 {
                Percentile::fewest_samples(share)
            } else {
                1
            },
        })
    };
    suite.thresholds.iter().filter_map(planned).collect()
}

/// Shortest measured window with which the percentiles of all claims have data.
pub(super) fn shortest_window(experiment: &Experiment, catalog: &Catalog) -> Millis {
    let measure = experiment.suite.windows.measure.0 as f64;
    let shortest = experiment
        .primary
        .iter()
        .filter_map(|claim| PlannedPercentile::of(claim, &experiment.suite, catalog))
        .map(|planned| measure * planned.needed() / TOLERANCE / planned.requests)
        .fold(0.0, f64::max);
    Millis(shortest.ceil() as u64)
}

/// What the planned blocks can be expected to tell about the first claim, in words; empty where it is
/// no percentile, or the load has no rate.
pub fn feasibility(experiment: &Experiment, catalog: &Catalog) -> String {
    let fewest = experiment.fewest_blocks();
    let claims = experiment.primary.len();
    if experiment.blocks < fewest {
        return format!(
            "{} block(s) decide nothing: {claims} claim(s) need at least {fewest}",
            experiment.blocks
        );
    }
    let Some(claim) = experiment.primary.first() else {
        return String::new();
    };
    let Some((planned, effect)) = PlannedPercentile::of(claim, &experiment.suite, catalog)
        .zip(detectable_effect(experiment.blocks as usize, claims))
    else {
        return String::new();
    };
    let scatter = planned.scatter();
    let percent = |difference: f64| difference.exp_m1() * 100.0;
    let mut text = format!(
        "smallest detectable difference in {claim}: about {:.0} %",
        percent(effect * scatter)
    );
    if planned.may_lack_data() {
        // Writing to a String cannot fail.
        let _infallible = write!(
            text,
            "; some trials may have fewer than the {:.0} requests that it needs, and their blocks do not count: plan {:.0}, not about {:.0}",
            planned.needed(),
            planned.safely_needed().ceil(),
            planned.requests
        );
    }
    let margin = planned.margin.ln_1p();
    if effect * scatter <= margin {
        return text;
    }
    // Writing to a String cannot fail.
    let _infallible = write!(text, "; to tell {:.0} %", planned.margin * 100.0);
    let _infallible = match pairs_needed(scatter, margin, claims) {
        Some(blocks) => write!(text, ", about {blocks} blocks are needed"),
        None => write!(text, ", no number of blocks is enough"),
    };
    // The spread falls with the square root of the requests.
    let more = (effect * scatter / margin).powi(2);
    let measure = experiment.suite.windows.measure.0 as f64 * more;
    let _infallible = if measure <= LONGEST.0 as f64 {
        let longer = Millis((measure / 1_000.0).ceil() as u64 * 1_000);
        write!(
            text,
            "; with these {} blocks, trials of {longer} or {more:.0} times the rate",
            experiment.blocks
        )
    } else {
        write!(
            text,
            "; with these {} blocks, {more:.0} times the rate, as far as both arms sustain it",
            experiment.blocks
        )
    };
    text
}

/// Blocks that the spread of the first ones asks for, so that a difference of the margin is found in
/// each claim; absent where the spread is not known, or no number would do.
///
/// It looks at the spread alone and not at the difference, so that the test at the end keeps its
/// level.
pub(super) fn blocks_wanted(claims: &[(&Effect, f64)]) -> Option<usize> {
    claims
        .iter()
        .map(|(effect, margin)| {
            pairs_needed(
                spread_of(&effect.block_ratios)?,
                margin.ln_1p(),
                claims.len(),
            )
        })
        .try_fold(0, |most, one| Some(most.max(one?)))
        .filter(|wanted| *wanted > 0)
}

/// A percentile of the requests of a trial that is planned.
#[derive(Debug, Clone, Copy)]
struct PlannedPercentile {
    /// 0 to 1.
    quantile: f64,
    /// Requests in the measured window.
    requests: f64,
    /// Relative difference that matters.
    margin: f64,
}

impl PlannedPercentile {
    /// Absent for a metric that is no percentile, and for a load without a rate.
    fn of(metric: &MetricId, suite: &Suite, catalog: &Catalog) -> Option<Self> {
        let (operation, figure) = match metric {
            MetricId::Operation(name, figure) => (Some(name.as_str()), figure),
            MetricId::Total(figure) => (None, figure),
            _ => return None,
        };
        let quantile = figure.quantile()?;
        let margin = metric.description().margin.share();
        let requests = arrivals(suite)? * by_arrival(suite, catalog, operation);
        (requests > 0.0).then_some(Self {
            quantile,
            requests,
            margin,
        })
    }

    /// Requests of which enough lie beyond it.
    fn needed(self) -> f64 {
        Percentile::fewest_samples(self.quantile) as f64
    }

    /// Requests to plan so that random arrivals leave enough of them in each trial: their number
    /// scatters by its root, and three times that is left out once in a thousand trials.
    fn safely_needed(self) -> f64 {
        f64::midpoint(3.0, (9.0 + 4.0 * self.needed()).sqrt()).powi(2)
    }

    /// Whether a trial may by chance have too few.
    fn may_lack_data(self) -> bool {
        self.requests < self.safely_needed()
    }

    /// Expected standard deviation of ln(after / before) of a block.
    fn scatter(self) -> f64 {
        let independent = (self.quantile / (self.requests * (1.0 - self.quantile))).sqrt()
            / -(1.0 - self.quantile).ln();
        independent * INFLATION * std::f64::consts::SQRT_2
    }
}

/// Planned arrivals in the measured window; absent for a closed load.
fn arrivals(suite: &Suite) -> Option<f64> {
    let LoadModel::Open { phases, .. } = &suite.load else {
        return None;
    };
    let warm_up = suite.windows.warm_up.0;
    let mut begins = 0;
    let mut sum = 0.0;
    for phase in phases {
        let ends = begins + phase.duration.0;
        let measured = ends.saturating_sub(begins.max(warm_up));
        sum += mean_rate(phase) * measured as f64 / 1_000.0;
        begins = ends;
    }
    Some(sum)
}

fn mean_rate(phase: &Phase) -> f64 {
    let rate = phase.rate.as_per_second();
    phase
        .to
        .map_or(rate, |to| f64::midpoint(rate, to.as_per_second()))
}

/// Requests of an operation by arrival, or of all together: a flow sends each of its operations about
/// once, or as many as it sends at once.
fn by_arrival(suite: &Suite, catalog: &Catalog, operation: Option<&str>) -> f64 {
    let weights: f64 = suite.flows.iter().map(|share| share.weight).sum();
    let of_flow = |flow: &FlowDescriptor| {
        let names = catalog.operation_names(flow);
        let operations = match operation {
            None => names.len(),
            Some(one) => usize::from(names.contains(&one)),
        };
        (operations * flow.at_once.max(1)) as f64
    };
    suite
        .flows
        .iter()
        .filter_map(|share| Some(share.weight * of_flow(catalog.flow(&share.flow)?)))
        .sum::<f64>()
        / weights
}

#[cfg(test)]
mod tests {
    use rand::RngExt as _;

    use super::*;
    use crate::{paired::decide_fixture, paired::file::parse, schema::Trial, system::Shop};
    use loadgen_engine::flow::shop;
    use loadgen_stats::{seed, two_sided_p};

    fn experiment(primary: &str, load: &str) -> Experiment {
        let text = format!(
            "name: x\nbefore: {{ set: {{ cache.orders: off }} }}\nafter: {{}}\nprimary: [ {primary} ]\nload: {{ model: open, {load}, warmup: 2s }}\nflows: [ {{ flow: orders.browse }} ]\n"
        );
        parse(&text, "x.yaml", &Shop).unwrap()
    }

    #[test]
    fn a_threshold_without_data_is_named_before_the_run() {
        let shortages = |thresholds: &str| -> Vec<String> {
            let mut suite = experiment("total p50", "rate: 10/s, duration: 8s").suite;
            suite.thresholds = thresholds
                .split(';')
                .map(|one| one.trim().parse().unwrap())
                .collect();
            let planned = planned_thresholds(&suite, &shop());
            planned
                .iter()
                .filter_map(PlannedThreshold::shortage)
                .collect()
        };
        let found =
            shortages("orders.list: p97.5 < 1s; orders.list: p50 < 1s; p100 < 1s; errors < 1%");
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(
            found[0].starts_with("`orders.list: p97.5 < 1s` needs 400 requests")
                && found[0].contains("about 80"),
            "{found:?}"
        );
    }

    #[test]
    fn a_percentile_without_data_is_refused_with_the_load_that_would_do() {
        let check = |primary, load| check_claims(&experiment(primary, load), &shop());
        let why = check("orders.list p97.5", "rate: 10/s, duration: 8s").unwrap_err();
        assert!(
            why.contains("needs 400 requests") && why.contains("about 80"),
            "{why}"
        );
        assert!(
            why.contains("measure for 40s") && why.contains("rate by 5.0"),
            "{why}"
        );
        assert_eq!(
            check("orders.list p97.5", "rate: 10/s, duration: 40s"),
            Ok(())
        );
        assert_eq!(
            check("orders.list p97.5", "rate: 50/s, duration: 8s"),
            Ok(())
        );
        assert_eq!(check("orders.list p50", "rate: 10/s, duration: 8s"), Ok(()));
        assert_eq!(
            check("queries per request", "rate: 1/s, duration: 2s"),
            Ok(())
        );
        assert!(check("total p50", "rate: 1/s, duration: 8s").is_err());
    }

    #[test]
    fn a_load_with_which_some_trials_lack_data_by_chance_is_named_before_the_run() {
        let say = |load| feasibility(&experiment("orders.list p50", load), &shop());
        // 20 requests have a median; of 24 on average, one trial in six has fewer.
        assert!(say("rate: 3/s, duration: 8s").contains("plan 39, not about 24"));
        assert!(!say("rate: 5/s, duration: 8s").contains("plan"));
    }

    #[test]
    fn the_sentence_names_blocks_and_a_load_that_needs_fewer() {
        let text = feasibility(
            &experiment("orders.list p50", "rate: 40/s, duration: 8s"),
            &shop(),
        );
        // 320 requests: ln ratios of a block scatter by about 0.52 times 0.98.
        assert!(text.contains("smallest detectable difference"), "{text}");
        assert!(
            text.contains("to tell 5 %, about") && text.contains("blocks are needed"),
            "{text}"
        );
        assert!(text.contains("times the rate"), "{text}");
        let long = feasibility(
            &experiment("orders.list p50", "rate: 4000/s, duration: 600s"),
            &shop(),
        );
        assert!(!long.contains("to tell"), "{long}");
        let mut one = experiment("orders.list p50, pool wait", "rate: 40/s, duration: 8s");
        one.blocks = 6;
        assert!(feasibility(&one, &shop()).contains("2 claim(s) need at least 7"));
    }

    #[test]
    fn more_blocks_and_longer_trials_detect_smaller_effects() {
        let percent = |experiment: &Experiment| -> f64 {
            let text = feasibility(experiment, &shop());
            let from = text.find("about ").unwrap() + 6;
            text[from..].split(' ').next().unwrap().parse().unwrap()
        };
        let mut one = experiment("orders.list p50", "rate: 40/s, duration: 8s");
        let few = percent(&one);
        one.blocks = 24;
        assert!(percent(&one) < few);
        assert!(percent(&experiment("orders.list p50", "rate: 40/s, duration: 80s")) < few);
    }

    /// The claim of an experiment of these differences.
    fn claim(logs: &[f64]) -> Effect {
        let trials: Vec<(Trial, Trial)> = logs
            .iter()
            .map(|log| {
                let after = 100.0 * log.exp();
                (
                    decide_fixture::trial(Some(100.0), 1.0),
                    decide_fixture::trial(Some(after), 1.0),
                )
            })
            .collect();
        decide_fixture::effect_of("orders.list p50", &trials).unwrap()
    }

    #[test]
    fn the_spread_of_the_first_blocks_says_how_many_are_wanted() {
        let quiet = claim(&[0.001, -0.001, 0.002, 0.0, -0.002, 0.001]);
        assert_eq!(blocks_wanted(&[(&quiet, 0.05)]), Some(6));
        let noisy = claim(&[0.05, -0.04, 0.06, 0.0, -0.05, 0.03]);
        let wanted = blocks_wanted(&[(&noisy, 0.05)]).unwrap();
        assert!((10..30).contains(&wanted), "{wanted}");
        assert!(blocks_wanted(&[(&noisy, 0.05), (&quiet, 0.05)]).unwrap() > wanted);
        assert_eq!(blocks_wanted(&[]), None);
    }

    #[test]
    fn an_extension_by_the_spread_keeps_the_level() {
        let mut chance = seed::rng(21);
        let mut normal = || (0..12).map(|_| chance.random::<f64>()).sum::<f64>() - 6.0;
        let experiments = 400;
        let mut wrong = 0;
        for _ in 0..experiments {
            let all: Vec<f64> = (0..12).map(|_| 0.035 * normal()).collect();
            let wanted = blocks_wanted(&[(&claim(&all[..6]), 0.05)]).unwrap_or(99);
            let blocks = if (7..=12).contains(&wanted) {
                wanted
            } else {
                6
            };
            wrong += u32::from(two_sided_p(&all[..blocks]).unwrap() <= 0.05);
        }
        // P(more than 34 of 400 at 5 %) is below 0.5 %.
        assert!(wrong <= 34, "{wrong} of {experiments}");
    }
}
