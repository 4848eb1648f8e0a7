//! From the flags to a search: what is loaded, the SLO, the range and the care.

use shared::time::Millis;

use super::{
    super::http::UrlLoad,
    breakdown::{breakdown, time_for_search},
};
use crate::{
    cli::{
        failure::Failure,
        flags::{CapacityArgs, HttpArgs, SearchOver},
        plan::{plan_suite, resolve_settings},
        session::ServiceSource,
    },
    library::SourceFile,
};
use loadgen_codeconnect::CodeConnect;
use loadgen_engine::{
    flow::Catalog,
    suite::{LoadModel, Suite, load::check_scope},
    threshold::{Level, Threshold},
    units::Rate,
};
use loadgen_experiment::{
    capacity::{CapacityPlan, SearchPlan, SoakPlan, WhatIf},
    schema::LoadUnit,
    system::{Application, Settings, SystemUnderTest as _},
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

/// A search, and what it runs against.
pub(super) struct PlannedSearch {
    pub(super) plan: CapacityPlan,
    /// Switches that are set otherwise in a search beside it.
    pub(super) what_if: Vec<WhatIf>,
    pub(super) services: ServiceSource,
    pub(super) source: SourceFile,
}

/// Plans it; a word with `://` is a URL.
pub(super) fn plan_search(args: &CapacityArgs) -> Result<PlannedSearch, Failure> {
    let url = args.what.as_deref().filter(|word| word.contains("://"));
    match url {
        Some(url) => of_url(args, url),
        None => of_suite(args),
    }
}

fn of_suite(args: &CapacityArgs) -> Result<PlannedSearch, Failure> {
    let request = [
        ("--header", !args.headers.is_empty()),
        ("--method", args.method.is_some()),
        ("--body", args.body.is_some()),
        ("--expect", args.expect.is_some()),
    ];
    if let Some((flag, _)) = request.into_iter().find(|(_, given)| *given) {
        return Err(Failure::Usage(format!(
            "{flag} is of the request of a URL: give one like http://127.0.0.1:8080/ in place of the suite"
        )));
    }
    let (suite, source) = plan_suite(args.what.as_deref(), None, &args.load)?;
    if !suite.faults.is_empty() {
        return Err(Failure::usage(
            "the suite puts faults into its services, and a search needs an undisturbed load: remove its `faults`, or use `loadgen run`",
        ));
    }
    let settings = resolve_settings(&args.profile.profile, &args.profile.set)?;
    let what_if = what_if(args, &settings)?;
    let mut services = ServiceSource::from_flags(&args.target)?;
    services.default_topology(suite.topology)?;
    // An iteration may be many requests: the bound is that of the method, rate x timeout.
    let patience = suite.timeout;
    let plan = planned(args, suite, settings, &CodeConnect, Some(patience))?;
    Ok(PlannedSearch {
        plan,
        what_if,
        services,
        source,
    })
}

/// The changes of --what-if, each on top of the profile.
fn what_if(args: &CapacityArgs, settings: &Settings) -> Result<Vec<WhatIf>, Failure> {
    let alone = [
        ("--resume", args.resume.is_some()),
        ("--levels", args.levels),
        ("--soak", args.soak.is_some()),
        ("--breakdown", args.breakdown),
    ];
    let given = !args.what_if.is_empty();
    if let Some((flag, _)) = alone.into_iter().find(|(_, other)| given && *other) {
        return Err(Failure::Usage(format!(
            "--what-if searches several times and {flag} belongs to one search: omit one of them"
        )));
    }
    let mut changes: Vec<WhatIf> = Vec::new();
    for text in &args.what_if {
        let mut set = args.profile.set.clone();
        set.extend(text.split(',').map(|one| one.trim().to_owned()));
        let changed = resolve_settings(&args.profile.profile, &set)
            .map_err(|error| Failure::Usage(format!("--what-if {text}: {error}")))?;
        if changed == *settings {
            return Err(Failure::Usage(format!(
                "--what-if {text}: that is what is set already; name a switch with another value"
            )));
        }
        if let Some(twin) = changes.iter().find(|one| one.settings == changed) {
            return Err(Failure::Usage(format!(
                "--what-if {text}: that is the same as --what-if {}; omit one of them",
                twin.text
            )));
        }
        changes.push(WhatIf {
            text: text.clone(),
            settings: changed,
        });
    }
    Ok(changes)
}

fn of_url(args: &CapacityArgs, url: &str) -> Result<PlannedSearch, Failure> {
    let unfit = [
        ("--target", !args.target.running.targets.is_empty()),
        ("--set", !args.profile.set.is_empty()),
        ("--what-if", !args.what_if.is_empty()),
        ("--flow", !args.load.flows.is_empty()),
    ];
    if let Some((flag, _)) = unfit.into_iter().find(|(_, given)| *given) {
        return Err(Failure::Usage(format!(
            "{flag} is for suites: omit it with a URL"
        )));
    }
    let load = &args.load;
    let mut http = HttpArgs::of_url(url).map_err(Failure::usage)?;
    http.rate = None;
    http.headers.clone_from(&args.headers);
    http.method.clone_from(&args.method);
    http.body.clone_from(&args.body);
    http.expect.clone_from(&args.expect);
    http.think = load.think;
    http.timeout = load.timeout.unwrap_or(http.timeout);
    http.seed = load.seed.unwrap_or(http.seed);
    http.connections = load.max_users;
    http.thresholds.clone_from(&load.thresholds);
    http.resolve.clone_from(&args.target.running.resolve);
    http.allow_remote_target = args.target.running.allow_remote_target;
    let UrlLoad {
        service,
        suite,
        settings,
        source,
    } = UrlLoad::of(&http)?;
    let plan = planned(args, suite, settings, service.application(), None)?;
    Ok(PlannedSearch {
        plan,
        what_if: Vec::new(),
        services: ServiceSource::Http {
            service,
            trace: None,
        },
        source,
    })
}

/// The search over a suite. `patience` is the mean time after which an open load is overloaded; absent
/// where an iteration is one request.
fn planned(
    args: &CapacityArgs,
    mut suite: Suite,
    settings: Settings,
    application: &dyn Application,
    patience: Option<Millis>,
) -> Result<CapacityPlan, Failure> {
    let unit = unit(args, &suite);
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
        overloaded_after: patience.unwrap_or_else(|| CapacityPlan::patience(&slo, suite.timeout)),
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

fn unit(args: &CapacityArgs, suite: &Suite) -> LoadUnit {
    match (args.search, &suite.load) {
        (Some(SearchOver::Users), _) => LoadUnit::Users,
        (None, _) if args.load.users.is_some() => LoadUnit::Users,
        // A URL has no load of its own.
        (None, LoadModel::Closed { .. })
            if !suite.flows.iter().any(|one| one.flow == "http.request") =>
        {
            LoadUnit::Users
        }
        (Some(SearchOver::Rate) | None, _) => LoadUnit::Rate,
    }
}

/// The limits of `--slo`, else those of the suite that are not mere warnings.
fn slo(args: &CapacityArgs, suite: &Suite, catalog: &Catalog) -> Result<Vec<Threshold>, Failure> {
    let given = if args.slo.is_empty() {
        suite.thresholds.clone()
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
    match idle.into_iter().find(|(_, given)| load.is_some() && *given) {
        Some((flag, _)) => Err(Failure::Usage(format!(
            "{flag} is of a search: --soak with --rate or --users loads that and searches nothing; omit one of them"
        ))),
        None => Ok(Some(SoakPlan { duration, load })),
    }
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

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::cli::flags::{Cli, Command};

    fn search_of(words: &str) -> Result<CapacityPlan, String> {
        let all = format!("loadgen capacity {words}");
        match Cli::try_parse_from(all.split(' '))
            .map_err(|error| error.to_string())?
            .command
        {
            Command::Capacity(args) => of_suite(&args)
                .map(|one| one.plan)
                .map_err(|error| error.to_string()),
            _ => unreachable!(),
        }
    }

    #[test]
    fn a_change_is_another_value_of_a_switch_and_belongs_to_no_other_kind_of_search() {
        let changes = |words: &str| {
            let all = format!("loadgen capacity {words}");
            let parsed = Cli::try_parse_from(all.split(' ')).map_err(|error| error.to_string())?;
            let Command::Capacity(args) = parsed.command else {
                unreachable!()
            };
            plan_search(&args)
                .map(|one| one.what_if)
                .map_err(|error| error.to_string())
        };
        let found = changes(
            "core --set pool.max=20 --what-if cache.mentors=off --what-if pool.max=5,pool.min=1",
        )
        .unwrap();
        assert_eq!(found[1].text, "pool.max=5,pool.min=1");
        let base = resolve_settings("after", &["pool.max=20".to_owned()]).unwrap();
        assert!(found.iter().all(|one| one.settings != base));
        for (words, part) in [
            (
                "core --what-if cache.mentors=redis",
                "is what is set already",
            ),
            (
                "core --what-if cache.mentors=of",
                "--what-if cache.mentors=of: ",
            ),
            (
                "core --what-if pool.max=5 --what-if pool.max=5",
                "is the same as --what-if",
            ),
            (
                "core --what-if pool.max=5 --levels",
                "--levels belongs to one search",
            ),
            (
                "core --what-if pool.max=5 --soak 3m",
                "--soak belongs to one search",
            ),
            (
                "core --what-if pool.max=5 --breakdown",
                "--breakdown belongs to one search",
            ),
            (
                "http://127.0.0.1:1/ --what-if pool.max=5",
                "--what-if is for suites",
            ),
        ] {
            let refused = changes(words).unwrap_err();
            assert!(refused.contains(part), "{words}: {refused}");
        }
    }

    #[test]
    fn the_search_is_over_what_the_suite_is_loaded_with_unless_a_flag_says_otherwise() {
        let plan = search_of("core").unwrap();
        assert_eq!((plan.unit, plan.search.first), (LoadUnit::Rate, 20.0));
        assert!(plan.slo.iter().all(|one| one.level == Level::Fail) && plan.slo.len() > 2);
        let plan = search_of("core --search users --slo p95<1s,errors<1%").unwrap();
        assert_eq!((plan.unit, plan.slo.len()), (LoadUnit::Users, 2));
        assert!(plan.search.whole);
        let plan = search_of("core --rate 50/s --quick --max-load 400 --budget 2m").unwrap();
        assert_eq!((plan.search.first, plan.search.highest), (50.0, 400.0));
        assert_eq!(plan.search.budget_s, Some(120.0));
        assert_eq!(plan.suite.windows.measure, Millis(8_000));
        assert_eq!(
            search_of("core --duration 3s")
                .unwrap()
                .suite
                .windows
                .measure,
            Millis(3_000)
        );
    }

    #[test]
    fn a_soak_follows_the_search_or_takes_its_place_where_the_load_is_named() {
        let soak = |words: &str| search_of(words).unwrap().soak;
        assert_eq!(soak("core"), None);
        let duration = Millis(1_800_000);
        let load = |load| Some(SoakPlan { duration, load });
        assert_eq!(soak("core --soak 30m"), load(None));
        assert_eq!(soak("core --soak 30m --rate 40/s"), load(Some(40.0)));
        assert_eq!(soak("core --soak 30m --users 25"), load(Some(25.0)));
    }

    #[test]
    fn past_the_capacity_each_admission_policy_is_loaded_and_its_time_is_of_the_budget() {
        assert_eq!(search_of("core").unwrap().breakdown, None);
        let names = |words: &str| -> Vec<String> {
            let breakdown = search_of(words).unwrap().breakdown.unwrap();
            breakdown.policies.into_iter().map(|one| one.name).collect()
        };
        assert_eq!(
            names("core --breakdown"),
            ["http.admission=off", "http.admission=limit(8)"]
        );
        assert_eq!(
            names("core --breakdown --set http.admission=adaptive"),
            [
                "http.admission=adaptive",
                "http.admission=off",
                "http.admission=limit(8)"
            ]
        );
        let quick = search_of("core --breakdown --quick --budget 5m").unwrap();
        let past = quick.breakdown.unwrap().planned_s(quick.suite.windows);
        assert_eq!(quick.search.budget_s, Some(300.0 - past));
    }

    #[test]
    fn what_cannot_be_searched_is_refused_in_one_sentence() {
        for (words, part) in [
            (
                "core --soak 30m --rate 40/s --levels",
                "--levels is of a search",
            ),
            (
                "core --soak 30m --rate 40/s --breakdown",
                "--breakdown is of a search",
            ),
            (
                "core --breakdown --budget 5m",
                "--budget 5m: the trials of --breakdown alone take",
            ),
            ("core --soak 0s", "--soak"),
            ("core --slo p95", "compares nothing"),
            ("core --slo nothing.like:p95<1s", "nothing.like"),
            ("core --min-load 50 --max-load 20", "--min-load"),
            ("core --method POST", "URL"),
            ("cor", "core"),
        ] {
            let error = search_of(words).unwrap_err();
            assert!(error.contains(part), "{words}: {error}");
        }
    }
}
