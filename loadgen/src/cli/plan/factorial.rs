//! The design of `loadgen factorial`.

use shared::time::Millis;

use super::overrides;
use crate::{
    cli::{failure::Failure, flags::FactorialArgs},
    library::{self, SourceFile},
};
use loadgen_codeconnect::CodeConnect;
use loadgen_experiment::{factorial::FactorialPlan, paired::shorten, system::Application as _};

/// The flows of `--flow`, or the core mix, under every combination of the switches.
pub(in crate::cli) fn plan_factorial(
    args: &FactorialArgs,
) -> Result<(FactorialPlan, SourceFile), Failure> {
    let (mut suite, source) = library::find_suite("core")?;
    overrides::for_named_flows(&mut suite, &args.load.flows)?;
    let switches: Vec<&str> = args.factors.iter().map(|one| one.switch.as_str()).collect();
    suite.question = format!(
        "Which of {} matter, and which of them interact?",
        switches.join(", ")
    );
    shorten(&mut suite, Millis(2_000), Millis(8_000));
    overrides::apply(&mut suite, &args.load)?;
    let metric = args.metric.clone().unwrap_or_else(|| {
        let catalog = CodeConnect.catalog();
        let flow = args.load.flows.first().and_then(|name| catalog.flow(name));
        let first = flow.and_then(|flow| flow.operations.first());
        first.map_or_else(
            || "total p97.5".to_owned(),
            |op| format!("{} p97.5", catalog.operations.name(*op)),
        )
    });
    let base = overrides::resolve_settings(&args.profile.profile, &args.profile.set)?;
    let plan = FactorialPlan::new(
        suite,
        &base,
        &CodeConnect,
        args.factors.clone(),
        args.fraction,
        args.replicates,
        &metric,
    )?;
    Ok((plan, source))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::flags::one_command::flags_of;

    fn resolved(words: &[&str]) -> Result<FactorialPlan, String> {
        let args =
            flags_of(["factorial"].iter().chain(words)).map_err(|error| error.to_string())?;
        plan_factorial(&args)
            .map(|(plan, _)| plan)
            .map_err(|error| error.to_string())
    }

    #[test]
    fn flags_make_a_plan_whose_metric_is_the_tail_of_the_first_flow() {
        let plan = resolved(&[
            "--factor",
            "pool.max=5,200",
            "--factor",
            "cache.mentors=off,redis",
            "--flow",
            "mentors.browse",
            "--replicates",
            "2",
        ])
        .unwrap();
        assert_eq!(
            (plan.metric.to_string(), plan.trials()),
            ("mentors.list p97.5".to_owned(), 8)
        );
    }

    #[test]
    fn one_factor_and_a_mistyped_one_are_refused() {
        assert!(
            resolved(&["--factor", "pool.max=5,200"])
                .unwrap_err()
                .contains("2 to 5")
        );
        assert!(
            resolved(&["--factor", "pool.max"])
                .unwrap_err()
                .contains("SWITCH=LOW,HIGH")
        );
        assert!(
            resolved(&[
                "--factor",
                "pool.maks=5,6",
                "--factor",
                "cache.mentors=off,redis"
            ])
            .unwrap_err()
            .contains("pool.max")
        );
        assert!(resolved(&[]).unwrap_err().contains("--factor"));
    }
}
