//! From the flags to a search and what it runs against: a suite and its services, or a URL.

use super::{super::http::UrlLoad, search::planned, what_if::what_if};
use crate::{
    cli::{
        failure::Failure,
        flags::{CapacityArgs, HttpArgs, LoadArgs},
        plan::{plan_suite, resolve_settings},
        session::ServiceSource,
    },
    library::SourceFile,
};
use loadgen_codeconnect::CodeConnect;
use loadgen_experiment::{
    capacity::{CapacityPlan, WhatIf},
    system::SystemUnderTest as _,
};

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
    Failure::unless_given(
        request,
        " is of the request of a URL: give one like http://127.0.0.1:8080/ in place of the suite",
    )?;
    // Users are limited in a search over rates, whatever the load of the suite is.
    let load = LoadArgs {
        max_users: None,
        ..args.load.clone()
    };
    let (suite, source) = plan_suite(args.what.as_deref(), None, &load)?;
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
    let overload_limit = suite.timeout;
    let plan = planned(args, suite, settings, &CodeConnect, Some(overload_limit))?;
    Ok(PlannedSearch {
        plan,
        what_if,
        services,
        source,
    })
}

fn of_url(args: &CapacityArgs, url: &str) -> Result<PlannedSearch, Failure> {
    let unfit = [
        ("--target", !args.target.running.targets.is_empty()),
        ("--scale", args.target.scale.is_some()),
        ("--topology", args.target.topology.is_some()),
        ("--target-bin", args.target.target_bin.is_some()),
        ("--stack-dir", args.target.stack_dir.is_some()),
        ("--crash", args.target.crash.is_some()),
        ("--accounts", args.load.accounts.is_some()),
        ("--set", !args.profile.set.is_empty()),
        ("--what-if", !args.what_if.is_empty()),
        ("--flow", !args.load.flows.is_empty()),
    ];
    Failure::unless_given(unfit, " is for suites: omit it with a URL")?;
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

#[cfg(test)]
mod tests {
    use shared::time::Millis;

    use super::*;
    use crate::cli::flags::one_command::flags_of;
    use loadgen_engine::threshold::Level;
    use loadgen_experiment::{capacity::SoakPlan, schema::LoadUnit};

    fn search_of(words: &str) -> Result<CapacityPlan, String> {
        let all = format!("capacity {words}");
        let args = flags_of(all.split(' ')).map_err(|error| error.to_string())?;
        of_suite(&args)
            .map(|one| one.plan)
            .map_err(|error| error.to_string())
    }

    #[test]
    fn a_change_is_another_value_of_a_switch_and_belongs_to_no_other_kind_of_search() {
        let changes = |words: &str| {
            let all = format!("capacity {words}");
            let args = flags_of(all.split(' ')).map_err(|error| error.to_string())?;
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
            (
                "http://127.0.0.1:1/ --topology scale=4",
                "--topology is for suites",
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
    fn what_a_suite_says_of_its_phases_is_no_limit_of_a_search_which_has_none() {
        for (suite, limits) in [("day", 3), ("codeconnect", 3), ("day --users 5", 3)] {
            let slo = search_of(suite).unwrap().slo;
            assert_eq!(slo.len(), limits, "{suite}: {slo:?}");
            assert!(slo.iter().all(|one| !one.text.contains("phase:")));
        }
        for flag in ["--slo", "--threshold"] {
            let words = format!("day {flag} phase:release:p95<2s");
            let error = search_of(&words).unwrap_err();
            assert!(error.contains("loads evenly"), "{error}");
        }
    }

    #[test]
    fn users_are_limited_in_a_search_over_rates() {
        for words in ["core --max-users 9", "users --search rate --max-users 9"] {
            assert_eq!(search_of(words).unwrap().suite.max_users, 9, "{words}");
        }
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
            (
                "core --search users --rate 50/s",
                "--rate is of a search over rates",
            ),
            (
                "core --soak 30m --search rate --users 50",
                "--users is of a search over users",
            ),
            ("core --search users --max-users 9", "--max-users limits"),
            ("users --max-users 9", "--max-users limits"),
            ("core --users 5 --max-users 9", "--max-users limits"),
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
