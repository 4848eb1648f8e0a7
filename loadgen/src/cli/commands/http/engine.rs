//! Runs the load of `loadgen http` as one trial.

use std::sync::Arc;

use tokio::runtime::Builder;
use tokio_util::sync::CancellationToken;

use super::target::HttpTarget;
use crate::cli::{
    failure::Failure,
    flags::{HttpArgs, TRACED_EXCHANGES},
    session::{CleanupSlot, EventSinks, listen},
};
use loadgen_engine::clock::time_of_day;
use loadgen_engine::{
    driver::HttpTrace,
    flow::SingleRequest,
    request::Request,
    suite::{LoadModel, Suite},
};
use loadgen_experiment::{
    events::{Begun, Event, LoadControl},
    system::{Endpoint, Endpoints, HttpService, Settings, SystemUnderTest as _},
    trial::{self, ArmConfig, TestEnv, TrialOutcome, TrialSpec},
};
use loadgen_report::store::MOST_SAMPLES;

/// Message of the first Ctrl-C.
const STOPPING: &str =
    "stopping: the figures of what was measured follow; once more to stop at once";

/// Sends the load that `suite` describes; `description` names it for the event sinks.
pub(super) fn run(
    args: &HttpArgs,
    target: HttpTarget,
    request: Request,
    suite: &Suite,
    description: &str,
) -> Result<TrialOutcome, Failure> {
    let flow = SingleRequest::new(request, args.expect);
    let endpoint = Endpoint {
        address: target.address,
        host: target.host,
    };
    let service = HttpService::new(Endpoints::one(endpoint), target.client, flow);
    let runtime = Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::of_error(&error, Failure::Internal))?;
    let stop = CancellationToken::new();
    let steering = LoadControl::new(stop.clone());
    // Traced exchanges are printed at once, which the full-screen view would overwrite.
    let sinks = EventSinks::attach_terminal(args.quiet, args.plain || args.http_debug, &steering);
    let events = sinks.events();
    let arm = ArmConfig::new("http", Settings::default(), service.application());
    let spec = TrialSpec {
        suite,
        arm: &arm,
        block: 0,
        blocks: 0,
        folder: "http".to_owned(),
        seed: args.seed,
        workers: usize::from(args.workers),
        generator_judged: matches!(suite.load, LoadModel::Open { .. }),
        explained: false,
        elapsed: std::time::Duration::ZERO,
        total: suite.windows.planned().duration(),
    };
    let env = TestEnv {
        system: Arc::new(service),
        service_control: None,
        crash: None,
        events: events.clone(),
        stop: stop.clone(),
        samples: args.samples.then_some(MOST_SAMPLES),
        trace: args.http_debug.then(|| HttpTrace::first(TRACED_EXCHANGES)),
        steering,
    };
    let measured = runtime.block_on(async {
        let services = CleanupSlot::<()>::empty();
        listen(STOPPING, stop, services, events.clone()).map_err(Failure::internal)?;
        events.send(Event::Begun(begun(args, description)));
        Box::pin(trial::run(&env, &spec))
            .await
            .map_err(Failure::from)
    });
    drop(env);
    drop(events);
    sinks.flush(None);
    let outcome = measured?;
    if outcome.data.total.planned == 0 && outcome.data.interrupted {
        return Err(Failure::Interrupted);
    }
    Ok(outcome)
}

/// The start of the command for the event sinks. There is no result folder.
fn begun(args: &HttpArgs, load: &str) -> Begun {
    Begun {
        command: "http".to_owned(),
        name: args.url.clone(),
        question: String::new(),
        load: load.to_owned(),
        at: time_of_day().into(),
        folder: String::new(),
    }
}
