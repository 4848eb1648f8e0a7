//! Applies the flags that replace load, flows, thresholds and profile of a file.

use std::path::Path;

use shared::{text::unknown, time::Millis};

use crate::cli::flags::LoadArgs;
use loadgen_codeconnect::CodeConnect;
use loadgen_engine::{
    flow::Catalog,
    suite::{
        FlowShare, LoadModel, Suite,
        load::{self, BadFile, check_scope},
    },
    threshold::{Scope, Threshold},
    units::Rate,
};
use loadgen_experiment::{
    paired::shorten,
    system::{Application as _, Settings},
};

/// Applies the flags to a suite.
pub(super) fn apply(suite: &mut Suite, args: &LoadArgs) -> Result<(), BadFile> {
    if let Some(factor) = args.time_scale {
        let scaled = |span: Millis| Millis((span.0 as f64 * factor).round() as u64);
        let windows = suite.windows;
        shorten(suite, scaled(windows.warm_up), scaled(windows.measure));
        for fault in &mut suite.faults {
            fault.at = scaled(fault.at);
            fault.lasts = scaled(fault.lasts);
        }
    }
    if args.duration.is_some() || args.warmup.is_some() {
        let windows = suite.windows;
        shorten(
            suite,
            args.warmup.unwrap_or(windows.warm_up),
            args.duration.unwrap_or(windows.measure),
        );
    }
    if suite.windows.measure.0 < 100 {
        return Err(BadFile(format!(
            "a measured window of {} is too short to measure anything: at least 100ms",
            suite.windows.measure
        )));
    }
    if let Some(rate) = args.rate {
        suite.set_rate(rate)?;
    }
    if let Some(users) = args.users {
        suite.set_users(users);
    }
    if let Some(pause) = args.think {
        let LoadModel::Closed { think, .. } = &mut suite.load else {
            return Err(BadFile(
                "--think is the pause of users: make the load closed with --users".to_owned(),
            ));
        };
        *think = Some(pause);
        // It replaces every other pause.
        suite.options.pace = None;
        for share in &mut suite.flows {
            share.think = None;
        }
    }
    if !args.flows.is_empty() {
        only(suite, &args.flows)?;
    }
    add_thresholds(suite, &args.thresholds, CodeConnect.catalog())?;
    suite.seed = args.seed.unwrap_or(suite.seed);
    suite.accounts = args.accounts.unwrap_or(suite.accounts);
    suite.timeout = args.timeout.unwrap_or(suite.timeout);
    if let Some(most) = args.max_users {
        if let LoadModel::Closed { users, .. } = suite.load {
            return Err(BadFile(format!(
                "--max-users limits the users of an open load, and this load is closed, with {users} of them: give their number with --users, or a rate with --rate"
            )));
        }
        suite.max_users = most;
    }
    Ok(())
}

/// Adds the limits of `--threshold`; refuses one about something that the suite does not have.
pub(in crate::cli) fn add_thresholds(
    suite: &mut Suite,
    thresholds: &[Threshold],
    catalog: &Catalog,
) -> Result<(), BadFile> {
    for threshold in thresholds {
        check_scope(threshold, suite, catalog)
            .map_err(|why| BadFile(format!("--threshold `{threshold}`: {why}")))?;
        suite.thresholds.push(threshold.clone());
    }
    Ok(())
}

/// Longest duration of a load that ends after a number of requests.
pub(in crate::cli) const MOST_COUNTED: Millis = Millis(3_600_000);

/// How long a load is waited for at its end that sends each request with this timeout: the last timer may fire
/// a little late, and it is still a timeout.
pub(in crate::cli) const fn drain_of(timeout: Millis) -> Millis {
    Millis(timeout.0 + 250)
}

/// Requests a second for flows that send many at once, unless a rate is given.
const PARALLEL_RATE: u32 = 40;

/// Prepares the core mix for flows that are named by hand. [`apply`] selects them later.
pub(super) fn for_named_flows(suite: &mut Suite, names: &[String]) -> Result<(), BadFile> {
    "adhoc".clone_into(&mut suite.name);
    // The thresholds of the core mix are not about them; --threshold adds some.
    suite.thresholds.clear();
    reduce_rate(suite, names)
}

/// Reduces the rate for flows that send many requests in one iteration: sixteen concurrent requests
/// twenty times a second would measure a queue, not the contention that the flow is about.
fn reduce_rate(suite: &mut Suite, names: &[String]) -> Result<(), BadFile> {
    let at_once = names
        .iter()
        .filter_map(|name| CodeConnect.catalog().flow(name))
        .map(|flow| flow.at_once)
        .max()
        .unwrap_or(1);
    if at_once <= 1 {
        return Ok(());
    }
    let rate = Rate::per_second(f64::from(PARALLEL_RATE) / at_once as f64)
        .map_err(|error| BadFile(error.to_string()))?;
    suite.set_rate(rate)
}

/// Keeps only these flows and the thresholds about them. A flow that the suite lacks is added.
fn only(suite: &mut Suite, names: &[String]) -> Result<(), BadFile> {
    let mut shares = Vec::new();
    for name in names {
        if CodeConnect.catalog().flow(name).is_none() {
            let known = CodeConnect.catalog().flow_names();
            return Err(BadFile(unknown("flow", name, known.into_iter())));
        }
        let share = suite.flows.iter().find(|share| share.flow == *name);
        shares.push(share.cloned().unwrap_or_else(|| FlowShare {
            flow: name.clone(),
            weight: 1.0,
            think: None,
        }));
    }
    suite.set_flows(shares);
    let catalog = CodeConnect.catalog();
    let mut subjects: Vec<&str> = suite.operation_names(catalog);
    subjects.extend(suite.flows.iter().map(|share| share.flow.as_str()));
    let is_sent = |threshold: &&Threshold| match &threshold.scope {
        Scope::Subject(name) => subjects.contains(&name.as_str()),
        Scope::Flow(_) | Scope::Method(_) => check_scope(threshold, suite, catalog).is_ok(),
        Scope::All | Scope::Phase(_) | Scope::Status(_) => true,
    };
    let kept = suite.thresholds.iter().filter(is_sent).cloned().collect();
    suite.thresholds = kept;
    Ok(())
}

/// Refuses a threshold about a phase that a flag has replaced: without a request it would be missed.
pub(in crate::cli) fn refuse_lost_phases(suite: &Suite) -> Result<(), BadFile> {
    for threshold in &suite.thresholds {
        if matches!(threshold.scope, Scope::Phase(_)) {
            check_scope(threshold, suite, CodeConnect.catalog()).map_err(|why| {
                BadFile(format!(
                    "threshold `{threshold}`: {why}; --rate and --users replace the phases of a load of the other kind: omit them, or copy the file without this threshold"
                ))
            })?;
        }
    }
    Ok(())
}

/// A profile by name or file, with some switches set.
pub(in crate::cli) fn resolve_settings(name: &str, set: &[String]) -> Result<Settings, BadFile> {
    let mut settings = match CodeConnect.profile(name) {
        Ok(settings) => settings,
        Err(error) => {
            let path = Path::new(name);
            if !path.is_file() {
                return Err(BadFile(format!(
                    "{error}, or a JSON file of switch to value"
                )));
            }
            let text = load::read_text(path)?;
            CodeConnect
                .settings_from_json(&text)
                .map_err(|error| BadFile(format!("{name}: {error}")))?
        }
    };
    for one in set {
        apply_setting(&mut settings, one)?;
    }
    Ok(settings)
}

/// Sets one switch from `switch=value`.
pub(super) fn apply_setting(settings: &mut Settings, setting: &str) -> Result<(), BadFile> {
    CodeConnect.apply(settings, setting).map_err(BadFile)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn suite() -> Suite {
        load::parse(
            "name: x\nload: { model: open, phases: [ {name: warm up, duration: 10s, rate: 10/s, to: 40/s}, {duration: 20s, rate: 40/s} ] }\nflows: [ { flow: auth.login }, { flow: chat.room } ]\nthresholds: [ p95 < 1s, \"chat.send: p95 < 1s\" ]\n",
            "x.yaml",
            CodeConnect.catalog(),
        )
        .unwrap()
    }

    fn rates(suite: &Suite) -> Vec<f64> {
        let LoadModel::Open { phases, .. } = &suite.load else {
            panic!("open")
        };
        phases
            .iter()
            .map(|phase| phase.rate.as_per_second())
            .collect()
    }

    #[test]
    fn a_rate_scales_the_phases_to_a_new_highest() {
        let mut suite = suite();
        let args = LoadArgs {
            rate: Some("20/s".parse().unwrap()),
            ..LoadArgs::default()
        };
        apply(&mut suite, &args).unwrap();
        assert_eq!(rates(&suite), [5.0, 20.0]);
    }

    #[test]
    fn faults_keep_their_place_in_a_load_of_another_length() {
        let text = "name: x\nload: { model: open, rate: 9/s, duration: 20s }\nflows: [ { flow: auth.login } ]\nfaults: [ { fault: redis.down, at: 8s, for: 4s } ]\n";
        let mut suite = load::parse(text, "x.yaml", CodeConnect.catalog()).unwrap();
        let args = LoadArgs {
            time_scale: Some(0.5),
            ..LoadArgs::default()
        };
        apply(&mut suite, &args).unwrap();
        assert_eq!(suite.faults[0].to_string(), "redis.down@4s+2s");
    }

    #[test]
    fn users_make_the_load_closed_and_a_rate_makes_it_open_again() {
        let mut suite = suite();
        let users = LoadArgs {
            users: Some(50),
            ..LoadArgs::default()
        };
        apply(&mut suite, &users).unwrap();
        assert!(matches!(
            suite.load,
            LoadModel::Closed {
                users: 50,
                duration: Millis(30_000),
                ..
            }
        ));
        let rate = LoadArgs {
            rate: Some("7/s".parse().unwrap()),
            ..LoadArgs::default()
        };
        apply(&mut suite, &rate).unwrap();
        assert_eq!(rates(&suite), [7.0, 7.0]);
    }

    #[test]
    fn a_pause_replaces_every_other_one_and_more_users_keep_it() {
        let mut users = load::parse(
            "name: x\nload: { model: closed, users: 5, duration: 20s, think: 1s }\nflows: [ { flow: auth.login, think: 2s }, { flow: chat.room } ]\n",
            "x.yaml",
            CodeConnect.catalog(),
        )
        .unwrap();
        let pause = load::think("5s..15s").unwrap();
        let args = LoadArgs {
            think: Some(pause),
            ..LoadArgs::default()
        };
        apply(&mut users, &args).unwrap();
        assert!(users.flows.iter().all(|share| share.think.is_none()));
        let more = LoadArgs {
            users: Some(50),
            ..LoadArgs::default()
        };
        apply(&mut users, &more).unwrap();
        let LoadModel::Closed { users, think, .. } = users.load else {
            panic!("closed")
        };
        assert_eq!((users, think), (50, Some(pause)));
        let error = apply(&mut suite(), &args).unwrap_err().to_string();
        assert!(error.contains("--users"), "{error}");
    }

    #[test]
    fn a_limit_of_users_is_refused_where_the_load_is_closed_and_has_its_users() {
        let limited = |rate: Option<&str>, users| {
            let mut chosen = suite();
            let args = LoadArgs {
                rate: rate.map(|rate| rate.parse().unwrap()),
                users,
                max_users: Some(9),
                ..LoadArgs::default()
            };
            apply(&mut chosen, &args).map(|()| chosen.max_users)
        };
        assert_eq!(limited(None, None).unwrap(), 9);
        let error = limited(None, Some(50)).unwrap_err().to_string();
        assert!(
            error.starts_with("--max-users") && error.contains("with 50 of them"),
            "{error}"
        );
        // A rate makes a closed load open.
        let text = "name: x\nload: { model: closed, users: 5, duration: 20s }\nflows: [ { flow: auth.login } ]\n";
        let mut closed = load::parse(text, "x.yaml", CodeConnect.catalog()).unwrap();
        let args = LoadArgs {
            rate: Some("7/s".parse().unwrap()),
            max_users: Some(9),
            ..LoadArgs::default()
        };
        apply(&mut closed, &args).unwrap();
        assert_eq!(closed.max_users, 9);
    }

    #[test]
    fn only_the_named_flows_and_the_thresholds_about_them_stay() {
        let mut chosen = suite();
        let args = LoadArgs {
            flows: vec!["auth.login".into(), "bookings.race".into()],
            ..LoadArgs::default()
        };
        apply(&mut chosen, &args).unwrap();
        assert_eq!(chosen.flows.len(), 2);
        assert_eq!(chosen.thresholds.len(), 1);
        let wrong = LoadArgs {
            flows: vec!["bookings.rase".into()],
            ..LoadArgs::default()
        };
        let error = apply(&mut suite(), &wrong).unwrap_err().to_string();
        assert!(error.contains("did you mean `bookings.race`"), "{error}");
    }

    #[test]
    fn a_threshold_about_something_else_is_refused_with_its_flag() {
        let args = LoadArgs {
            thresholds: vec!["auth.logni: p95 < 1s".parse().unwrap()],
            ..LoadArgs::default()
        };
        let error = apply(&mut suite(), &args).unwrap_err().to_string();
        let named = error.starts_with("--threshold `auth.logni: p95 < 1s`: ");
        assert!(
            named && error.contains("did you mean `auth.login`"),
            "{error}"
        );
    }

    #[test]
    fn thresholds_of_a_flow_or_a_method_that_is_not_sent_any_more_go_with_the_others() {
        let text = "name: x\nload: { model: open, rate: 9/s, duration: 20s }\nflows: [ { flow: auth.login }, { flow: mentors.browse } ]\nthresholds: [ \"method:POST: p95 < 1s\", \"method:GET: p95 < 1s\", \"flow:auth.login: p95 < 2s\", \"flow:mentors.browse: p95 < 2s\" ]\n";
        let mut chosen = load::parse(text, "x.yaml", CodeConnect.catalog()).unwrap();
        let args = LoadArgs {
            flows: vec!["mentors.browse".into()],
            ..LoadArgs::default()
        };
        apply(&mut chosen, &args).unwrap();
        let texts: Vec<&str> = chosen
            .thresholds
            .iter()
            .map(|one| one.text.as_str())
            .collect();
        assert_eq!(
            texts,
            ["method:GET: p95 < 1s", "flow:mentors.browse: p95 < 2s"]
        );
    }

    #[test]
    fn a_threshold_of_a_phase_that_a_flag_has_replaced_is_refused() {
        let text = "name: x\nload: { model: open, phases: [ {name: peak, duration: 10s, rate: 5/s} ] }\nflows: [ { flow: auth.login } ]\nthresholds: [ \"phase:peak: p95 < 1s\" ]\n";
        let mut suite = load::parse(text, "x.yaml", CodeConnect.catalog()).unwrap();
        let rate = LoadArgs {
            rate: Some("20/s".parse().unwrap()),
            ..LoadArgs::default()
        };
        apply(&mut suite, &rate).unwrap();
        assert!(refuse_lost_phases(&suite).is_ok());
        let users = LoadArgs {
            users: Some(3),
            ..LoadArgs::default()
        };
        apply(&mut suite, &users).unwrap();
        let error = refuse_lost_phases(&suite).unwrap_err().to_string();
        assert!(
            error.contains("phase:peak") && error.contains("--users"),
            "{error}"
        );
    }

    #[test]
    fn a_profile_is_a_name_and_settings_and_a_wrong_one_says_what_exists() {
        let found = resolve_settings("before", &["pool.max=9".into()]).unwrap();
        assert_eq!(found.get("pool.max"), Some("9"));
        assert!(
            resolve_settings("befor", &[])
                .unwrap_err()
                .to_string()
                .contains("`before` or `after`")
        );
        assert!(resolve_settings("after", &["pool.maks=9".into()]).is_err());
    }
}
