//! A trial as it is stored: the figures of its load, and what was seen beside it.

use std::{
    path::{Path, PathBuf},
    time::SystemTime,
};

use super::{
    figures, growth,
    job::{TestEnv, TrialSpec},
    series,
};
use crate::{
    observer::{WakeupLog, WindowFigures, cores},
    schema::{AuditCount, Consistency, LoadedEndpoint, Second, Trial},
    system::PreparedSystem,
    verdict::{self, TrialEvidence},
};
use loadgen_engine::{aggregator::TrialData, suite::Windows};

/// What was seen beside the load.
pub(super) struct TrialObservations<'a> {
    /// The target and the machine over the window.
    pub(super) window_figures: WindowFigures,
    /// The seconds of the trial with the target's part.
    pub(super) series: Vec<Second>,
    pub(super) hiccups: &'a WakeupLog,
    /// Most requests that an iteration of any flow sends at once.
    pub(super) at_once: usize,
    /// The Unix socket that took the place of the endpoint's address.
    pub(super) unix: Option<PathBuf>,
    /// Why the requested configuration was not in force to the end.
    pub(super) changed: Option<String>,
}

/// Begin and end of the measured window.
pub(super) fn window(data: &TrialData) -> (SystemTime, SystemTime) {
    let (from, to) = data.window;
    let begin = data.started_at;
    (begin + from.duration(), begin + to.duration())
}

/// The trial as it is stored. What is not of the load itself, like the audit, is the caller's.
pub(super) fn stored(
    env: &TestEnv,
    spec: &TrialSpec<'_>,
    data: &TrialData,
    observations: TrialObservations<'_>,
) -> Trial {
    let TrialObservations {
        window_figures,
        series,
        ..
    } = observations;
    let server = window_figures.server;
    let operations = env.system.application().catalog().operations;
    let (from, to) = window(data);
    let window_s = data.window_s();
    let suite = spec.suite;
    let validity = verdict::validity(&TrialEvidence {
        generator: window_figures.generator.filter(|_| !suite.is_unpaced()),
        steal: window_figures.steal,
        cpu_pressure: window_figures.cpu_pressure,
        hiccups: observations.hiccups.between(from, to),
        cpu: (server.window_s > 0.5).then(|| {
            let spent = server.cpu_s.values().sum();
            (spent, server.window_s, cores())
        }),
        at_once: observations.at_once,
        // A load that a person changed on the way is neither.
        even: suite.load.is_even() && data.changes.is_empty(),
        level: suite.load.is_level(suite.windows)
            && suite.options.ramp.is_empty()
            && data.changes.is_empty(),
        overloaded: data.overloaded,
        error_limit: verdict::error_limit(&suite.thresholds),
        changed: observations.changed.clone(),
        ..TrialEvidence::of(data)
    });
    let growth = if env.crash.is_none() && growth::can_be_told(suite, data) {
        growth::of(&series, window_s, &growth::response(data))
    } else {
        Vec::new()
    };
    Trial {
        folder: spec.folder.clone(),
        arm: spec.arm.name.clone(),
        block: spec.block,
        seed: spec.seed,
        validity,
        total: figures::operation("total", &data.total, window_s),
        operations: figures::arm_operations(&data.ops, operations, window_s),
        series,
        pooled: series::pooled(data),
        growth,
        server,
        violations: None,
        generator_threads: data.precedence,
        audits: AuditCount::default(),
        consistency: Consistency::default(),
        endpoints: loaded_endpoints(env, data, observations.unix.as_deref()),
        resent: data.resent,
        reconnects: data.reconnects,
        failures: figures::failures(data, operations),
        faults: Vec::new(),
    }
}

/// Where the load went, and over how many connections.
fn loaded_endpoints(env: &TestEnv, data: &TrialData, unix: Option<&Path>) -> Vec<LoadedEndpoint> {
    let endpoints = env.system.endpoints().iter().zip(&data.opened);
    let loaded = endpoints.map(|(endpoint, connections)| LoadedEndpoint {
        host: endpoint.host.clone(),
        address: unix.map_or_else(
            || endpoint.address.to_string(),
            |path| path.display().to_string(),
        ),
        connections: *connections,
    });
    loaded.collect()
}

/// What a cache that forgets nothing could have reached, for the kinds that were looked up.
pub(super) fn attainable(trial: &mut Trial, system: &dyn PreparedSystem, windows: &Windows) {
    let requests = |name: &str| {
        let found = trial.operations.iter().find(|one| one.name == name);
        found.map_or(0, |one| one.planned)
    };
    let warm_up = windows.warm_up.0 as f64 / windows.measure.0.max(1) as f64;
    for (kind, ratio) in system.attainable_hit_ratios(&requests, warm_up) {
        let looked_up = trial.server.cache_hit_ratio(&kind);
        if looked_up.is_some() {
            trial.server.cache_attainable.insert(kind, ratio);
        }
    }
}
