//! Simulated beside measured, for a configuration that the model was not fitted to. Of that run the model is told
//! its load, its mix of operations, its processors, instances, connections and hit ratios, and no time.

use loadgen_stats::{
    seed::sub_seed,
    simulation::{QueueingNetwork, SimulatedRun, mean_interval, replicate},
};

use super::{
    calibration::{FittedModel, SystemModel, cores, instances, offered, pool},
    configuration::MeasuredConfiguration,
    layout::{Layout, Machines, OperationMix, network},
    limits::SimulationBounds,
    section::SimulationCheck,
};
use crate::schema::Arm;
use crate::sizing::figure::{FigureBook, Ranged};

/// Share of the requests that have to be of operations which the model knows.
const KNOWN: f64 = 0.95;
/// Switches that are named; of more their number.
const NAMED: usize = 6;

/// What was simulated for a configuration.
struct SimulatedCheck {
    rate: Ranged,
    /// Absent where the model calls the load too high.
    response_ms: Option<Ranged>,
}

/// Puts the figures of a check with its number from 1; `Err` says why it cannot be made.
pub(super) fn check(
    book: &mut FigureBook,
    fit: &FittedModel<'_>,
    (number, of): (usize, &MeasuredConfiguration<'_>),
    bounds: &SimulationBounds<'_>,
) -> Result<SimulationCheck, String> {
    let lacks = |what: &str| format!("{}: {what}", of.name);
    let cores = cores(of.run)
        .ok_or_else(|| lacks("it does not say how many processors its machine has"))?;
    let mix = mix(&fit.model, of.arm).map_err(|what| lacks(&what))?;
    let layout = Layout {
        machines: Machines::One { cores },
        instances: instances(&of.arm.server),
        pool: pool(&of.arm.server),
    };
    let network = network(&fit.model, &mix, &layout);
    let found = simulated(&network, (number, of), bounds).map_err(|what| lacks(&what))?;
    let differs = differences(fit, of, &layout);
    Ok(figures(book, fit, (number, of), &found, differs))
}

/// Requests and hit ratio of each operation of the model.
fn mix(model: &SystemModel, arm: &Arm) -> Result<OperationMix, String> {
    let find = |name: &str| arm.operations.iter().find(|one| one.name == name);
    let mix: OperationMix = model
        .operations
        .iter()
        .map(|known| {
            let asks = known.database + known.database_wait > 0.0;
            find(&known.name).map_or((0.0, None), |one| {
                let hits = one.cost.cache_hit_ratio.filter(|_| asks);
                (one.planned as f64, hits)
            })
        })
        .collect();
    let all: u64 = arm.operations.iter().map(|one| one.planned).sum();
    let known: f64 = mix.iter().map(|(weight, _)| weight).sum::<f64>() / all.max(1) as f64;
    if known < KNOWN {
        return Err(format!(
            "only {:.0} % of its requests are of operations that the model was fitted to",
            known * 100.0
        ));
    }
    Ok(mix)
}

/// The simulated figures.
fn simulated(
    network: &QueueingNetwork,
    (number, of): (usize, &MeasuredConfiguration<'_>),
    bounds: &SimulationBounds<'_>,
) -> Result<SimulatedCheck, String> {
    let limits = bounds.limits(network.instances);
    let root = sub_seed(bounds.seed, &format!("check {number}"));
    let runs = replicate(network, of.load, &limits, root, bounds.replications)
        .map_err(|error| error.to_string())?;
    if (bounds.expired)() {
        return Err("the time of the simulation was over".to_owned());
    }
    let over_runs = |figures: Vec<f64>| mean_interval(&figures).map(Ranged::from);
    let response = runs
        .iter()
        .map(|run| Some(run.percentile_s(of.share)? * 1_000.0));
    let response: Option<Vec<f64>> = response.collect();
    let carried = runs.iter().all(SimulatedRun::is_carried);
    let rate = over_runs(runs.iter().map(|run| run.throughput).collect());
    Ok(SimulatedCheck {
        rate: rate.ok_or("no run was simulated")?,
        response_ms: response.filter(|_| carried).and_then(over_runs),
    })
}

/// What the run has that the run of the fit has not.
fn differences(
    fit: &FittedModel<'_>,
    of: &MeasuredConfiguration<'_>,
    layout: &Layout,
) -> Vec<String> {
    let (model, fitted) = (&fit.model, fit.arm);
    let mut differs = Vec::new();
    let mut number = |what: &str, here: Option<f64>, there: Option<f64>| {
        let rounded = |one: f64| ((one * 100.0).round() / 100.0).to_string();
        let shown = |one: Option<f64>| one.map_or_else(|| "none".to_owned(), rounded);
        if shown(here) != shown(there) {
            differs.push(format!(
                "{what} {} instead of {}",
                shown(here),
                shown(there)
            ));
        }
    };
    number("requests a second", Some(of.load), offered(fitted));
    number(
        "instances",
        Some(f64::from(layout.instances)),
        Some(f64::from(instances(&fitted.server))),
    );
    number(
        "connections of an instance",
        layout.pool.map(f64::from),
        model.pool.map(f64::from),
    );
    number(
        "hit ratio of the caches",
        of.arm.total.cost.cache_hit_ratio,
        model.hits,
    );
    if let Machines::One { cores } = layout.machines {
        number(
            "processors",
            Some(f64::from(cores)),
            Some(f64::from(model.cores)),
        );
    }
    let profile = &of.arm.profile;
    let other = |name: &&String| fitted.profile.get(*name) != profile.get(*name);
    let mut names: Vec<&String> = profile
        .keys()
        .chain(fitted.profile.keys())
        .filter(other)
        .collect();
    names.sort();
    names.dedup();
    if !names.is_empty() {
        let more = match names.len().saturating_sub(NAMED) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        let named: Vec<&str> = names.iter().take(NAMED).map(|name| name.as_str()).collect();
        differs.push(format!(
            "switches, of which the model knows no more than the figures above say: {}{more}",
            named.join(", ")
        ));
    }
    differs
}

fn figures(
    book: &mut FigureBook,
    fit: &FittedModel<'_>,
    (number, of): (usize, &MeasuredConfiguration<'_>),
    found: &SimulatedCheck,
    differs: Vec<String>,
) -> SimulationCheck {
    let name = &of.name;
    let id = |what: &str| format!("check_{number}_{what}");
    let one_value = |value| Ranged {
        value,
        low: None,
        high: None,
    };
    let folder = of.run.folder.as_str();
    let load = id("load");
    book.measured(
        &load,
        (&format!("requests a second that arrived in {name}"), "/s"),
        one_value(of.load),
        (
            folder,
            "correct answers a second / share of the requests that succeeded; of a load of a search, in proportion to its lower bound",
        ),
    );
    let from = fit.ids_and(&[&load]);
    let mut pair = |what: &str, words: (&str, &str), measured: f64, simulated: Option<Ranged>| {
        let (measured_id, simulated_id, error_id) = (
            id(what),
            id(&format!("simulated_{what}")),
            id(&format!("{what}_error")),
        );
        book.measured(
            &measured_id,
            (&format!("{} in {name}", words.0), words.1),
            one_value(measured),
            (folder, "all its requests together"),
        );
        let simulated = simulated.map(|simulated| {
            book.simulated(
                &simulated_id,
                (&format!("{} in {name}, simulated", words.0), words.1),
                simulated,
                "one machine with the load, mix, instances, connections and hit ratios of that run",
                &from,
            );
            book.derived(
                &error_id,
                (
                    &format!("error of the simulated {} in {name}", words.0),
                    "%",
                ),
                simulated.map(|one| (one / measured - 1.0) * 100.0),
                (
                    &format!("{simulated_id} / {measured_id} - 1"),
                    &[&simulated_id, &measured_id],
                ),
            );
        });
        (measured_id, simulated.map(|()| (simulated_id, error_id)))
    };
    let rates = ("correct answers a second", "/s");
    let (rate, simulated_rate) = pair("rate", rates, of.rate, Some(found.rate));
    let (simulated_rate, rate_error) = simulated_rate.unwrap_or_default();
    let percentile = format!("p{}", (of.share * 1e5).round() / 1e3);
    let times = (percentile.as_str(), "ms");
    let (response, simulated) = pair("response", times, of.response_ms, found.response_ms);
    let (simulated_response, response_error) = simulated.unzip();
    SimulationCheck {
        of: name.clone(),
        differs,
        percentile,
        rate,
        simulated_rate,
        rate_error,
        response,
        simulated_response,
        response_error,
    }
}
