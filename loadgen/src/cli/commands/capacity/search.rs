//! How a load is searched: over what, within which limits and range, with which care, and what follows.

use shared::time::Millis;

use super::breakdown::{breakdown, time_for_search};
use crate::cli::{
    failure::Failure,
    flags::{CapacityArgs, SearchOver},
};
use loadgen_engine::{
    flow::Catalog,
    suite::{LoadModel, Suite, load::check_scope},
    threshold::{Level, Scope, Threshold},
    units::Rate,
};
use loadgen_experiment::{
    capacity::{CapacityPlan, SearchPlan, SoakPlan},
    schema::LoadUnit,
    system::{Application, Settings},
};

/// The limit of a URL that is given none.
const USUAL_SLO: &str = "p95 < 1000ms";
/// Warm-up and measured window of a trial, and of a quick one.
const CAREFUL: (Millis, Millis) = (Millis(5_000), Millis(20_000));
const QUICK: (Millis, Millis) = (Millis(2_000), Millis(8_000));
/// Loads that are tried first where nothing names one.
const FIRST_RATE: f64 = 20.0;
const FIRST_USERS: f64 = 4.0;
/// The range where the flags name none.
const LOWEST: f64 = 1.0;
const HIGHEST_RATE: f64 = 100_000.0;
const HIGHEST_USERS: f64 = 20_000.0;
/// Trials of each scaling level, and of a quick one.
const LEVEL_TRIALS: u32 = 3;
const QUICK_LEVEL_TRIALS: u32 = 1;

/// The search over a suite. `overload_limit` is the mean time after which an open load is overloaded;
/// absent where an iteration is one request.
pub(super) fn planned(
    args: &CapacityArgs,
    mut suite: Suite,
    settings: Settings,
    application: &dyn Application,
    overload_limit: Option<Millis>,
) -> Result<CapacityPlan, Failure> {
    let unit = unit(args, &suite)?;
    if let Some(most) = args.load.max_users {
        if unit == LoadUnit::Users {
            return Err(Failure::usage(
                "--max-users limits the users of a search over rates, and this one is over users: limit these with --max-load, or write --search rate",
            ));
        }
        suite.max_users = most;
    }
    let slo = slo(args, &suite, application.catalog())?;
    let (warm_up, measure) = if args.quick { QUICK } else { CAREFUL };
    if args.load.time_scale.is_none() {
        suite.windows.warm_up = args.load.warmup.unwrap_or(warm_up);
        suite.windows.measure = args.load.duration.unwrap_or(measure);
    }
    let think = match suite.load {
        LoadModel::Closed { think, .. } => think,
        LoadModel::Open { .. } => None,
    };
    let mut search = search(args, &suite, unit)?;
    let soak = soak(args, unit)?;
    let breakdown = breakdown(args, application, &settings)?;
    search.budget_s = time_for_search(args.budget, breakdown.as_ref(), suite.windows)?;
    let quick = if args.quick {
        QUICK_LEVEL_TRIALS
    } else {
        LEVEL_TRIALS
    };
    Ok(CapacityPlan {
        overloaded_after: overload_limit
            .unwrap_or_else(|| CapacityPlan::overload_limit(&slo, suite.timeout)),
        suite,
        slo,
        unit,
        think,
        search,
        settings,
        level_trials: if args.levels { quick } else { 0 },
        soak,
        breakdown,
        // An iteration may be one request.
        requests_per_iteration: 1.0,
    })
}

/// What loads are counted in; refuses a first load that is counted in the other unit.
fn unit(args: &CapacityArgs, suite: &Suite) -> Result<LoadUnit, Failure> {
    let other = match args.search {
        Some(SearchOver::Users) if args.load.rate.is_some() => {
            Some("--rate is of a search over rates: write --users, or omit --search users")
        }
        Some(SearchOver::Rate) if args.load.users.is_some() => {
            Some("--users is of a search over users: write --rate, or omit --search rate")
        }
        _ => None,
    };
    if let Some(why) = other {
        return Err(Failure::usage(why));
    }
    Ok(match (args.search, &suite.load) {
        (Some(SearchOver::Users), _) => LoadUnit::Users,
        (None, _) if args.load.users.is_some() => LoadUnit::Users,
        // A URL has no load of its own.
        (None, LoadModel::Closed { .. })
            if !suite.flows.iter().any(|one| one.flow == "http.request") =>
        {
            LoadUnit::Users
        }
        (Some(SearchOver::Rate) | None, _) => LoadUnit::Rate,
    })
}

/// The limits of `--slo`, else those of the suite that are not mere warnings. A search loads evenly: what
/// the suite says of its phases has no request there, and would be missed at every load.
fn slo(args: &CapacityArgs, suite: &Suite, catalog: &Catalog) -> Result<Vec<Threshold>, Failure> {
    let is_of_phase = |one: &Threshold| matches!(one.scope, Scope::Phase(_));
    let mut by_hand = args.slo.iter().chain(&args.load.thresholds);
    if let Some(one) = by_hand.find(|one| is_of_phase(one)) {
        return Err(Failure::Usage(format!(
            "`{one}`: a search loads evenly, without the phases of the suite: limit all requests, an operation or a flow"
        )));
    }
    let given = if args.slo.is_empty() {
        let of_suite = suite.thresholds.iter();
        of_suite.filter(|one| !is_of_phase(one)).cloned().collect()
    } else {
        // A threshold that was added by a flag is one more limit.
        [args.slo.as_slice(), args.load.thresholds.as_slice()].concat()
    };
    let mut slo: Vec<Threshold> = given
        .into_iter()
        .filter(|one| one.level == Level::Fail)
        .collect();
    if slo.is_empty() {
        slo.extend(USUAL_SLO.parse::<Threshold>().ok());
    }
    for one in &mut slo {
        check_scope(one, suite, catalog)
            .map_err(|why| Failure::Usage(format!("--slo `{one}`: {why}")))?;
        // A trial is judged at its end.
        one.abort_after = None;
    }
    Ok(slo)
}

/// A load in the unit of the search.
fn named_load(args: &CapacityArgs, unit: LoadUnit) -> Option<f64> {
    match unit {
        LoadUnit::Rate => args.load.rate.map(Rate::as_per_second),
        LoadUnit::Users => args.load.users.map(f64::from),
    }
}

/// The soak of `--soak`. Where its load is named there is no search, and nothing for flags of one to do.
fn soak(args: &CapacityArgs, unit: LoadUnit) -> Result<Option<SoakPlan>, Failure> {
    let Some(duration) = args.soak else {
        return Ok(None);
    };
    let load = named_load(args, unit);
    let idle = [
        ("--levels", args.levels),
        ("--budget", args.budget.is_some()),
        ("--min-load", args.min_load.is_some()),
        ("--max-load", args.max_load.is_some()),
        ("--breakdown", args.breakdown),
    ];
    if load.is_some() {
        Failure::unless_given(
            idle,
            " is of a search: --soak with --rate or --users loads that and searches nothing; omit one of them",
        )?;
    }
    Ok(Some(SoakPlan { duration, load }))
}

fn search(args: &CapacityArgs, suite: &Suite, unit: LoadUnit) -> Result<SearchPlan, Failure> {
    let (usual, most) = match unit {
        LoadUnit::Rate => (rate_of(suite).unwrap_or(FIRST_RATE), HIGHEST_RATE),
        LoadUnit::Users => (FIRST_USERS, HIGHEST_USERS),
    };
    let named = named_load(args, unit);
    let lowest = args.min_load.map_or(LOWEST, Rate::as_per_second);
    let highest = args.max_load.map_or(most, Rate::as_per_second).min(most);
    let whole = unit == LoadUnit::Users;
    if lowest >= highest || whole && lowest < 1.0 {
        return Err(Failure::Usage(format!(
            "nothing lies between --min-load {} and --max-load {}: give a wider range",
            unit.show(lowest),
            unit.show(highest)
        )));
    }
    let first = named.unwrap_or(usual).clamp(lowest, highest);
    Ok(if args.quick {
        SearchPlan::quick(first, lowest, highest, whole)
    } else {
        SearchPlan::careful(first, lowest, highest, whole)
    })
}

/// The highest rate of an open load.
fn rate_of(suite: &Suite) -> Option<f64> {
    let LoadModel::Open { phases, .. } = &suite.load else {
        return None;
    };
    let rates = phases.iter().flat_map(|phase| [Some(phase.rate), phase.to]);
    rates.flatten().map(Rate::as_per_second).reduce(f64::max)
}
