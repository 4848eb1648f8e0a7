//! `loadgen capacity` from the flags to the exit code.

use super::{
    plan::{PlannedSearch, plan_search},
    resume::{PLAN_FILE, Resumed, resumed},
};
use crate::{
    cli::{
        failure::Failure,
        flags::CapacityArgs,
        session::{MeasuredSession, ServiceSource},
    },
    live::TerminalCapabilities,
};
use loadgen_experiment::{
    capacity::{self, CapacityPlan, WhatIf},
    schema::Summary,
    summary,
};
use loadgen_report::render;

/// Runs it; returns the exit code of the verdict.
pub(in crate::cli) fn run(args: &CapacityArgs) -> Result<u8, Failure> {
    let PlannedSearch {
        plan,
        what_if,
        services,
        source,
    } = plan_search(args)?;
    let description = described(&plan, &services);
    let Resumed { folder, trials } = resumed(args, &description)?;
    let session = MeasuredSession::begin(&args.result, "capacity", &plan.suite.name, &source)
        .resuming(folder);
    session.work_and_print(
        &services,
        async |bench, own_stack| {
            session.announce(bench, &plan.suite);
            bench.events.note(begun(&plan, &what_if, trials.len()));
            if let Some(folder) = session.folder()
                && let Err(error) = folder.input(PLAN_FILE, description.as_bytes())
            {
                session.not_stored(error);
            }
            let workers = usize::from(args.load.workers);
            let mut keep = |outcome: &_, all: &[capacity::KeptTrial]| {
                session.store_trial(bench, outcome);
                let stored = session.folder().zip(all.last());
                if let Some(Err(error)) = stored.map(|(folder, one)| folder.search_trial(one)) {
                    session.not_stored(error);
                }
            };
            let (outcome, changed) = if what_if.is_empty() {
                let searched =
                    capacity::run_with_breakdown(bench, &plan, workers, trials, &mut keep);
                (Box::pin(searched).await, Vec::new())
            } else {
                let searched =
                    capacity::run_with_what_if(bench, &plan, &what_if, workers, &mut keep);
                Box::pin(searched).await
            };
            if outcome.trials.is_empty() {
                return Err(outcome.error.map_or(Failure::Interrupted, Failure::from));
            }
            let context = session.context(bench, own_stack, services.warnings());
            Ok(summary::of_capacity(context, &plan, &outcome, changed))
        },
        |summary, folder| {
            if args.json {
                return json(summary);
            }
            let look = TerminalCapabilities::of_stdout();
            render::console(summary, folder, look.width, look.colour)
        },
    )
}

/// The search as one JSON object, with its verdict.
fn json(summary: &Summary) -> String {
    let object = serde_json::json!({
        "name": summary.name,
        "load": summary.load,
        "verdict": summary.verdict,
        "capacity": summary.capacity,
        "what_if": summary.what_if,
        "recommendations": summary.recommendations,
        "warnings": summary.warnings,
    });
    format!("{object:#}\n")
}

/// What is searched and how long that takes, in one line.
fn begun(plan: &CapacityPlan, what_if: &[WhatIf], earlier: usize) -> String {
    let slo: Vec<&str> = plan.slo.iter().map(|one| one.text.as_str()).collect();
    if let Some((soak, load)) = plan.soak.and_then(|soak| Some((soak, soak.load?))) {
        let (load, duration) = (plan.unit.show(load), soak.duration);
        return format!("a soak of {duration} at {load}; SLO {}", slo.join(", "));
    }
    let again = match earlier {
        0 => String::new(),
        trials => format!("; goes on after {trials} trial(s)"),
    };
    let beside: Vec<&str> = what_if.iter().map(|one| one.text.as_str()).collect();
    let beside = match beside.len() {
        0 => String::new(),
        _ => format!("; in turn with {}", beside.join(" and ")),
    };
    let past = plan.breakdown.as_ref().map_or_else(String::new, |past| {
        let policies = past.policies.iter().map(|one| one.name.as_str());
        let policies: Vec<&str> = policies.collect();
        format!("; then past it with {}", policies.join(" and "))
    });
    format!(
        "searching the highest load that meets {}, to {:.0} %; trials of {} load{again}{beside}{past}",
        slo.join(", "),
        plan.search.width * 100.0,
        plan.suite.windows.planned(),
    )
}

/// Everything that a search depends on but its time, and what it loads: a soak after it may be added or made longer,
/// and what happens past the capacity may be added.
fn described(plan: &CapacityPlan, services: &ServiceSource) -> String {
    let mut plan = plan.clone();
    plan.search.budget_s = None;
    plan.soak = plan.soak.filter(|soak| soak.load.is_some());
    plan.breakdown = None;
    format!("{plan:#?}\n{}\n", services.identity())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::flags::one_command::flags_of;

    #[test]
    fn a_search_of_other_services_is_another_search_and_one_with_more_time_is_not() {
        let described = |words: &str| {
            let all = format!("capacity core {words}");
            let args = flags_of(all.split_whitespace()).unwrap();
            let planned = plan_search(&args).unwrap_or_else(|error| panic!("{error}"));
            described(&planned.plan, &planned.services)
        };
        let own = described("");
        assert_eq!(own, described("--budget 20m --scale small"));
        let running = described("--target http://127.0.0.1:8080 --lab-token hush");
        assert!(!running.contains("hush"), "{running}");
        let all = [
            own,
            running,
            described("--scale medium"),
            described("--topology scale=2"),
            described("--target-bin /builds/older"),
            described("--target http://127.0.0.1:8080"),
            described("--target http://127.0.0.1:8081 --lab-token hush"),
        ];
        for (place, one) in all.iter().enumerate() {
            assert!(!all[..place].contains(one), "{place}");
        }
    }
}
