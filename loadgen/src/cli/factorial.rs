//! `loadgen factorial`: two to five switches, each at two values, in every combination.

use std::fmt::Write as _;

use chrono::Utc;
use clap::Args;
use shared::{dataset::Scale, time::Millis};

use super::{
    args::{LoadArgs, ResultArgs, TargetArgs},
    audience::output_is_taken,
    bench::Session,
    outcome::{Failure, print},
    overrides,
    run::failure,
    services::Services,
    shipped::{self, Source},
    summary::{self, About, load_line},
};
use crate::{
    experiment::{budget::BESIDE, file, metrics_of},
    factorial::{self, Factor, Finished, Plan},
    flows,
    live::Look,
    report::{self, Factorial},
    schema::{SCHEMA_VERSION, Summary},
    store::folder::write_atomically,
    trial::Bench,
};

/// `loadgen factorial`.
#[derive(Debug, Clone, Args)]
pub struct FactorialArgs {
    /// A switch and the two values that it takes, like pool.max=5,200 (two to five times)
    #[arg(
        long = "factor",
        env = "LOADGEN_FACTOR",
        value_name = "SWITCH=LOW,HIGH",
        value_delimiter = ';',
        required = true
    )]
    pub factors: Vec<Factor>,
    /// Trials of each combination; 2 or more for intervals
    #[arg(
        long,
        env = "LOADGEN_REPLICATES",
        value_name = "N",
        default_value_t = 3
    )]
    pub replicates: u32,
    /// Run half of the combinations of four or five switches
    #[arg(long, env = "LOADGEN_FRACTION")]
    pub fraction: bool,
    /// What is compared; p97.5 of the first flow's first operation without it
    #[arg(long, env = "LOADGEN_METRIC", value_name = "METRIC")]
    pub metric: Option<String>,
    /// Where the other switches stand: before, after, or a JSON file of switch to value
    #[arg(
        long,
        env = "LOADGEN_PROFILE",
        value_name = "PROFILE",
        default_value = "after"
    )]
    pub profile: String,
    /// Set one more switch of it, in every combination (repeatable)
    #[arg(
        long = "set",
        env = "LOADGEN_SET",
        value_name = "SWITCH=VALUE",
        value_delimiter = ';'
    )]
    pub set: Vec<String>,
    /// Where the load goes.
    #[command(flatten)]
    pub target: TargetArgs,
    /// What is changed in the core mix.
    #[command(flatten)]
    pub load: LoadArgs,
    /// Where results go.
    #[command(flatten)]
    pub result: ResultArgs,
}

/// Runs it; the exit code is the verdict's.
pub(super) fn run(args: &FactorialArgs) -> Result<u8, Failure> {
    let started_at = Utc::now();
    let (plan, source) = resolve(args)?;
    let mut services = Services::of(&args.target)?;
    services.needs_lab()?;
    services.scale_unless_told(Scale::Small);
    let session = Session::begin(&args.result, "factorial", &plan.suite.name, &source);
    let work = async |bench: &Bench, own_stack: bool| {
        session.announce(bench, &plan.suite);
        bench.events.note(announced(&plan));
        let workers = usize::from(args.load.workers);
        let finished = factorial::run(bench, &plan, workers, &mut |outcome| {
            session.keep(outcome);
        })
        .await;
        if finished.trials.is_empty() {
            return Err(finished.error.map_or(Failure::Interrupted, failure));
        }
        let about = About {
            started_at,
            own_stack,
            warnings: services.warnings(),
        };
        let load = format!(
            "{}; {} combinations, {} replicates, in an order drawn by lot",
            load_line(&plan.suite),
            plan.arms.len(),
            plan.replicates
        );
        let summary = summary::of_factorial(about, &plan.suite, load, &finished);
        Ok((found(&plan, &finished, &summary), summary))
    };
    let ((mut found, mut summary), worries) = session.hold(&services, work)?;
    summary.warnings.extend(worries.iter().cloned());
    found.warnings.extend(worries);
    close(&session, &args.result, &found, &summary)
}

/// Keeps and prints the report. The folder holds `factorial.json` and `factorial.md` in place of a
/// summary, which speaks of two arms.
fn close(
    session: &Session<'_>,
    result: &ResultArgs,
    found: &Factorial,
    summary: &Summary,
) -> Result<u8, Failure> {
    let look = Look::of_stdout();
    let mut told = report::factorial(found, look.width, look.colour);
    if let Some(folder) = session.folder() {
        let page = report::factorial_markdown(found);
        folder
            .write_json("factorial.json", found)
            .and_then(|()| folder.close(summary, &[("factorial.md", page)]))
            .map_err(Failure::internal)?;
        let path = folder.path().join("factorial.md");
        // Writing to a String cannot fail.
        let _infallible = write!(told, "\nReport: {}\n", path.display());
    }
    if let Some(path) = &result.junit {
        let xml = report::junit(summary).map_err(Failure::internal)?;
        write_atomically(path, xml.as_bytes()).map_err(Failure::usage)?;
    }
    if !output_is_taken(result) {
        print(&told)?;
    }
    session.all_kept()?;
    Ok(summary.verdict.exit_code())
}

/// The report, from what was measured.
fn found(plan: &Plan, finished: &Finished, summary: &Summary) -> Factorial {
    Factorial {
        schema_version: SCHEMA_VERSION,
        started_at: summary.started_at,
        took_s: summary.took_s,
        load: summary.load.clone(),
        metric: plan.metric.clone(),
        unit: unit(&plan.metric, &finished.trials[0]),
        factors: plan.factors.clone(),
        fraction: plan.fraction(),
        replicates: plan.replicates,
        whole_replicates: finished.values.first().map_or(0, Vec::len),
        reading: factorial::read(plan, &finished.values),
        verdict: summary.verdict.clone(),
        warnings: summary.warnings.clone(),
    }
}

/// The unit of a metric.
fn unit(metric: &str, trial: &crate::schema::Trial) -> String {
    metrics_of(trial, f64::INFINITY)
        .iter()
        .find(|one| one.name == metric)
        .map_or_else(String::new, |one| one.unit.to_string())
}

/// How long it will take, said before it starts.
fn announced(plan: &Plan) -> String {
    let windows = plan.suite.windows;
    let seconds = u64::from(plan.trials()) * (windows.planned().0 + BESIDE.0) / 1_000;
    format!(
        "{} combinations of {} switches, {} time(s) each: {} trials, about {} minute(s)",
        plan.arms.len(),
        plan.factors.len(),
        plan.replicates,
        plan.trials(),
        seconds.div_ceil(60)
    )
}

/// The flows of `--flow`, or the core mix, under every combination.
fn resolve(args: &FactorialArgs) -> Result<(Plan, Source), Failure> {
    let (mut suite, source) = shipped::suite("core")?;
    overrides::picked_by_hand(&mut suite, &args.load.flows)?;
    let switches: Vec<&str> = args.factors.iter().map(|one| one.switch.as_str()).collect();
    suite.question = format!(
        "Which of {} matter, and which depend on others?",
        switches.join(", ")
    );
    file::shorten(&mut suite, Millis(2_000), Millis(8_000));
    overrides::apply(&mut suite, &args.load)?;
    let metric = args.metric.clone().unwrap_or_else(|| {
        let flow = args.load.flows.first().and_then(|name| flows::flow(name));
        let first = flow.and_then(|flow| flow.operations().first());
        first.map_or_else(
            || "total p97.5".to_owned(),
            |op| format!("{} p97.5", flows::operation_name(*op)),
        )
    });
    let base = overrides::profile(&args.profile, &args.set)?;
    let plan = Plan::new(
        suite,
        &base,
        args.factors.clone(),
        args.fraction,
        args.replicates,
        metric,
    )?;
    Ok((plan, source))
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::cli::args::{Cli, Command};

    fn resolved(words: &[&str]) -> Result<Plan, String> {
        let all = ["loadgen", "factorial"].iter().chain(words);
        let cli = Cli::try_parse_from(all).map_err(|error| error.to_string())?;
        match cli.command {
            Command::Factorial(args) => resolve(&args)
                .map(|(plan, _)| plan)
                .map_err(|error| error.to_string()),
            _ => unreachable!(),
        }
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
            (plan.metric.as_str(), plan.trials()),
            ("mentors.list p97.5", 8)
        );
        assert!(
            announced(&plan).contains("8 trials, about 2 minute(s)"),
            "{}",
            announced(&plan)
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
                .contains("pool.max=5,200")
        );
        assert!(resolved(&[]).unwrap_err().contains("--factor"));
    }
}
