//! `loadgen demo`: the before/after experiment, without any required argument.

use std::net::SocketAddr;

use super::{experiment, serve};
use crate::{
    cli::{
        failure::Failure,
        flags::{DemoArgs, ExperimentArgs},
        session::{announce_page, job_template, signalled},
    },
    exit,
    web::{WebConfig, WebServer},
};

/// Runs it. With `--serve` the page is open from the beginning, and stays open when the run has
/// ended, unless it was interrupted, or a signal came while its reports were written.
pub(in crate::cli) fn run(args: DemoArgs) -> Result<u8, Failure> {
    let page = match args.serve {
        Some(address) => Some(open(&args, address)?),
        None => None,
    };
    let code = experiment::run(&as_experiment(args), page.as_ref())?;
    match page {
        Some(page) if code == exit::INTERRUPTED || signalled() => page.close(),
        Some(page) => serve::until_stopped(&page)?,
        None => {}
    }
    Ok(code)
}

/// The experiment that it is.
fn as_experiment(args: DemoArgs) -> ExperimentArgs {
    ExperimentArgs {
        file: Some("before_after".to_owned()),
        target: args.target,
        load: args.load,
        result: args.result,
        quick: args.quick,
        capacity: true,
        ..ExperimentArgs::default()
    }
}

fn open(args: &DemoArgs, address: SocketAddr) -> Result<WebServer, Failure> {
    let page = WebServer::start(WebConfig {
        results: args.result.folder.results.clone(),
        address,
        secret: args.result.page.page_secret.clone(),
        jobs: Some(job_template(&args.target, &args.result.folder.results)?),
    })
    .map_err(Failure::usage)?;
    announce_page(&page);
    Ok(page)
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;
    use shared::time::Millis;

    use super::*;
    use crate::cli::{
        flags::{Cli, Command},
        plan::plan_experiment,
    };
    use loadgen_engine::schedule::{self, Schedule};
    use loadgen_experiment::paired::{Experiment, design};
    use loadgen_stats::seed::sub_seed;

    fn planned(words: &[&str]) -> Experiment {
        let words = ["loadgen", "demo"].iter().chain(words);
        let Command::Demo(args) = Cli::try_parse_from(words).unwrap().command else {
            unreachable!("it is the demo")
        };
        plan_experiment(&as_experiment(*args)).unwrap().0
    }

    #[test]
    fn all_trials_of_the_demo_take_five_minutes_at_most_and_of_the_quick_one_less_than_one() {
        let (whole, quick) = (planned(&[]), planned(&["--quick"]));
        assert!(
            whole.longest_time() <= Millis(300_000),
            "{}",
            whole.longest_time()
        );
        assert!(
            quick.longest_time() <= Millis(45_000),
            "{}",
            quick.longest_time()
        );
    }

    #[test]
    fn each_block_of_the_demo_plans_the_lists_that_a_median_needs() {
        let experiment = planned(&[]);
        let suite = &experiment.suite;
        let weights: Vec<f64> = suite.flows.iter().map(|share| share.weight).collect();
        let browsing = suite
            .flows
            .iter()
            .position(|share| share.flow == "mentors.browse");
        for slot in design(experiment.blocks, suite.seed) {
            let seed = sub_seed(slot.seed, "plan");
            let plan = schedule::plan(&suite.load, &weights, &suite.windows, seed).unwrap();
            let Schedule::Open(plan) = plan else {
                panic!("it has a rate")
            };
            let measured = plan.measure_from..plan.measure_to;
            // Each of them lists at least once.
            let lists = plan
                .arrivals()
                .filter(|one| {
                    measured.contains(&one.intended) && Some(usize::from(one.flow)) == browsing
                })
                .count();
            assert!(lists >= 20, "block {} plans {lists}", slot.block);
        }
    }
}
