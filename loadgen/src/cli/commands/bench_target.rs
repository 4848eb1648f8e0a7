//! `loadgen bench --target`: the reference backend on an own stack, beside the bare parts it stands on.

use std::time::Duration;

use shared::dataset::Scale;
use tokio::runtime::Handle;

use super::bench_target_text::render;
use crate::{
    calibration::{TargetBench, TargetComparison, TargetPlan, compare_target},
    cli::{
        failure::Failure,
        flags::BenchArgs,
        output::{print, print_json},
        session::{CleanupSlot, connect, start_stack, with_own_stack},
    },
    exit,
};
use loadgen_codeconnect::LabClient;
use loadgen_engine::driver::{TargetAddresses, TargetUrl};
use loadgen_experiment::events::Publisher;
use loadgen_stack::{StackOptions, target_program};

/// How long each is measured in each round.
const SECONDS: f64 = 1.5;

/// Starts the stack, measures, stops it and prints.
pub(super) fn run(args: &BenchArgs) -> Result<u8, Failure> {
    Failure::unless_files_suffice()?;
    let plan = plan(args);
    let stopping = "stopping the measurement and the services";
    let found = with_own_stack(stopping, async |options, running, events| {
        work(plan, options, running, events).await
    })?;
    if args.json {
        print_json(&found)?;
    } else {
        print(&render(&found))?;
    }
    // A ratio that misses its aim is a result.
    Ok(exit::PASSED)
}

fn plan(args: &BenchArgs) -> TargetPlan {
    if args.quick {
        TargetPlan {
            rounds: 2,
            turn: Duration::from_millis(400),
            bookings: 30,
            quick: true,
        }
    } else {
        TargetPlan {
            rounds: 5,
            turn: Duration::from_secs_f64(args.seconds.unwrap_or(SECONDS)),
            bookings: 150,
            quick: false,
        }
    }
}

async fn work(
    plan: TargetPlan,
    options: StackOptions,
    running: &CleanupSlot,
    events: Publisher,
) -> Result<TargetComparison, Failure> {
    let stop = options.stop.clone();
    let scale = if plan.quick {
        Scale::Tiny
    } else {
        Scale::Small
    };
    let options = StackOptions { scale, ..options };
    let target_program = target_program(options.target_bin.as_deref())?;
    let at = start_stack(options, running).await?;
    let (bare, processes) = {
        let slot = running.lock();
        let stack = slot.as_ref().ok_or(Failure::Interrupted)?;
        let bare = stack.bare_programs();
        let bare = bare.ok_or_else(|| Failure::internal("the stack lacks a service"))?;
        let processes = stack.processes().into_iter();
        (bare, processes.map(|one| (one.name, one.pid)).collect())
    };
    let url = at.load_url.unwrap_or_default();
    let url = TargetUrl::parse(&url).map_err(Failure::internal)?;
    let addresses = TargetAddresses::find_all(&[url], &[]).map_err(Failure::internal)?;
    let endpoint = connect(&addresses)?.first().clone();
    let bench = TargetBench {
        lab: LabClient::new(&endpoint, Some(at.lab_token))?,
        endpoint,
        runtime: Handle::current(),
        database_url: at.database_url,
        bare,
        target_program,
        processes,
        scale,
        stop,
    };
    let measuring = tokio::task::spawn_blocking(move || {
        compare_target(&bench, plan, &mut |what| events.stage(what, None))
    });
    let found = measuring.await.map_err(Failure::internal)?;
    found.ok_or(Failure::Interrupted)
}
