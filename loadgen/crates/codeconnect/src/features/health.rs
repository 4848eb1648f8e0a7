//! Health: a monitor asks whether the process is up, and whether its services answer.

use shared::{api::lab::Readiness, paths};

use crate::flows::{AppFlow, AppIteration, FeatureFlows, Op};
use loadgen_engine::{
    check::{self, Mismatch, Reply},
    request::Request,
};

static LIVE: Op = Op::get("health.live");
static READY: Op = Op::get("health.ready");

/// What the load generator knows of this feature.
pub(super) const FEATURE: FeatureFlows = FeatureFlows {
    operations: &[&LIVE, &READY],
    headline: &[&READY],
    flows: &[AppFlow {
        name: "health.check",
        help: "a monitor asks whether the process is up and its services answer",
        operations: &[&LIVE, &READY],
        needs_sessions: false,
        at_once: 1,
        run: |it| Box::pin(ask(it)),
    }],
    ..FeatureFlows::new("health", "Health")
};

async fn ask(mut it: AppIteration<'_>) {
    let live = Request::get(paths::HEALTH_LIVE);
    if it.call(&LIVE, live, check_health).await.is_some() {
        let ready = Request::get(paths::HEALTH_READY);
        it.call(&READY, ready, check_health).await;
    }
}

/// A health check that passes, with each part of the target.
fn check_health(reply: &Reply) -> Result<(), Mismatch> {
    let health: Readiness = check::json(reply, 200)?;
    if health.parts.values().all(|part| part == "ok") {
        Ok(())
    } else {
        Err(Mismatch::new("a part of the target is not in order"))
    }
}
