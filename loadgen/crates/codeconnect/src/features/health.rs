//! Health: a monitor asks whether the process is up, and whether it can serve.

use shared::{api::lab::Readiness, paths};

use crate::flows::{AppFlow, AppIteration, FeatureFlows, FlowFuture, Op};
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
        help: "a monitor asks whether the process is up and can serve",
        operations: &[&LIVE, &READY],
        needs_sessions: false,
        at_once: 1,
        run: |it| FlowFuture::new(ask(it)),
    }],
    ..FeatureFlows::new("health", "Health")
};

async fn ask(mut it: AppIteration<'_>) {
    let live = Request::get(paths::HEALTH_LIVE);
    let is_live = |reply: &Reply| check_health(reply, "live");
    if it.call(&LIVE, live, is_live).await.is_some() {
        let ready = Request::get(paths::HEALTH_READY);
        it.call(&READY, ready, |reply| check_health(reply, "ready"))
            .await;
    }
}

/// A health check that passes. A part that the target can do without, such as a cache, may be away.
fn check_health(reply: &Reply, status: &str) -> Result<(), Mismatch> {
    let health: Readiness = check::json(reply, 200)?;
    if health.status == status {
        Ok(())
    } else {
        Err(Mismatch(format!(
            "the health check does not say `{status}`"
        )))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::features::scripted;

    fn answer(http: u16, status: &str, redis: &str) -> Reply {
        let body = Readiness {
            status: status.to_owned(),
            parts: BTreeMap::from([
                ("postgres".to_owned(), "ok".to_owned()),
                ("redis".to_owned(), redis.to_owned()),
            ]),
        };
        scripted::reply(http, &body)
    }

    #[test]
    fn a_target_without_its_cache_is_ready_and_one_that_says_otherwise_is_not() {
        for redis in ["ok", "does not answer"] {
            assert_eq!(check_health(&answer(200, "ready", redis), "ready"), Ok(()));
        }
        for wrong in [answer(200, "not_ready", "ok"), answer(503, "ready", "ok")] {
            assert!(check_health(&wrong, "ready").is_err());
        }
        assert!(check_health(&answer(200, "ready", "ok"), "live").is_err());
    }
}
