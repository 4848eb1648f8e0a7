//! `loadgen worker`: generates a part of the load of a run that `loadgen run --coordinate` plans.

use std::{path::Path, sync::Arc};

use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;

use crate::{
    cli::{
        failure::Failure,
        flags::WorkerArgs,
        output::print,
        session::{
            check_file, connect, find_targets, listen, nothing_left_to_stop, signalled,
            task_runtime,
        },
    },
    coordination::{JoinedWorker, PartLoad, PartResult, RedisAddress},
    exit,
};
use loadgen_codeconnect::{CodeConnect, CodeConnectSystem};
use loadgen_engine::aggregator::{TrialData, write_hlog};
use loadgen_experiment::{
    events::{LoadControl, Publisher},
    system::{Application as _, Endpoints},
    trial::{self, ArmConfig, CommandProgress, TestEnv, TrialOutcome, TrialSpec},
};
use loadgen_report::store::write_atomically;

/// Message of the first signal.
const STOPPING: &str = "stopping: the run gets no part from this worker; once more to stop at once";

/// Runs it; the exit code is that of a command that did what it was asked, whatever the run comes to.
pub(in crate::cli) fn run(args: &WorkerArgs) -> Result<u8, Failure> {
    Failure::unless_files_suffice()?;
    let address = args
        .coordinate
        .parse::<RedisAddress>()
        .map_err(|why| Failure::Usage(format!("--coordinate: {why}")))?;
    if let Some(log) = &args.log {
        check_file("--log", log)?;
    }
    let runtime = task_runtime()?;
    let stop = CancellationToken::new();
    listen(STOPPING, stop.clone())?;
    let done = runtime.block_on(work(args, &address, stop));
    runtime.shutdown_background();
    done
}

async fn work(
    args: &WorkerArgs,
    address: &RedisAddress,
    stop: CancellationToken,
) -> Result<u8, Failure> {
    let wait = args.wait.duration();
    let worker = JoinedWorker::join(address, args.index, wait, stop.clone()).await?;
    let worker = Arc::new(worker);
    let share = worker.share();
    print(&format!(
        "joined run {} as worker {} of {}\n",
        worker.plan.run,
        share.index(),
        share.of(),
    ))?;
    let measured = Box::pin(measure(args, &worker, stop)).await;
    nothing_left_to_stop();
    let measured = if signalled() {
        Err(Failure::Interrupted)
    } else if worker.is_given_up() {
        Err(worker.why_stopped().into())
    } else {
        measured
    };
    match measured {
        Ok(outcome) => finish(args, &worker, outcome).await,
        Err(failure) => {
            let why = match &failure {
                Failure::Interrupted => "it was stopped by a signal".to_owned(),
                failure => failure.to_string(),
            };
            worker.send_gone(&why).await;
            Err(failure)
        }
    }
}

/// The trial of this worker's part.
async fn measure(
    args: &WorkerArgs,
    worker: &Arc<JoinedWorker>,
    stop: CancellationToken,
) -> Result<TrialOutcome, Failure> {
    let plan = &worker.plan;
    let endpoints = endpoints(&plan.targets, args.allow_remote_target).await?;
    // Without a token: the control plane is the coordinator's.
    let system = CodeConnectSystem::behind(endpoints.clone(), &endpoints, None)?
        .in_part(worker.share(), &plan.facts)
        .map_err(Failure::usage)?;
    let env = TestEnv {
        load: Arc::new(PartLoad::new(Arc::clone(worker), Handle::current())),
        ..TestEnv::of(
            Arc::new(system),
            Publisher::silent(),
            LoadControl::new(stop),
        )
    };
    let arm = ArmConfig::new("run", plan.settings.clone(), &CodeConnect);
    let spec = TrialSpec {
        suite: &worker.suite,
        arm: &arm,
        block: 0,
        blocks: 0,
        folder: format!("worker_{}", worker.share().index()),
        seed: plan.seed,
        workers: 1,
        explained: false,
        course: CommandProgress::single(worker.suite.windows.planned().duration()),
    };
    Ok(trial::run(&env, &spec).await?)
}

/// Where this worker sends: the coordinator's names, looked up here.
async fn endpoints(targets: &[String], allow_remote: bool) -> Result<Endpoints, Failure> {
    let targets: Vec<&String> = targets.iter().collect();
    let found = find_targets(&targets, &[], allow_remote)?;
    let connecting = tokio::task::spawn_blocking(move || connect(&found));
    connecting.await.map_err(Failure::internal)?
}

/// Sends the result, and says what it was.
async fn finish(
    args: &WorkerArgs,
    worker: &JoinedWorker,
    outcome: TrialOutcome,
) -> Result<u8, Failure> {
    // One that cannot be written is no reason to lose a part of the load: it is told when the run has that.
    let logged = args
        .log
        .as_deref()
        .map_or(Ok(()), |path| write_log(path, &outcome.data));
    let total = &outcome.data.total;
    let line = format!(
        "{} of {} planned request(s) of the window ended, {} failed; begun within {:.2} ms of the common instant; {}\n",
        total.outcomes.iter().sum::<u64>(),
        total.planned,
        total.failures(),
        worker.uncertainty().as_secs_f64() * 1e3,
        outcome.trial.validity.word
    );
    let result = PartResult {
        data: outcome.data,
        validity: outcome.trial.validity,
        record: outcome.record,
        uncertainty_us: worker.uncertainty().as_micros() as u64,
        warnings: outcome.warnings,
    };
    worker.send_result(result).await?;
    print(&line)?;
    logged.map(|()| exit::PASSED)
}

fn write_log(path: &Path, data: &TrialData) -> Result<(), Failure> {
    let failed =
        |why: &dyn std::fmt::Display| Failure::Internal(format!("--log {}: {why}", path.display()));
    let operations = CodeConnect.catalog().operations;
    let mut log = Vec::new();
    write_hlog(data, operations, &mut log).map_err(|error| failed(&error))?;
    write_atomically(path, &log).map_err(|error| failed(&error))
}
