//! Many times the users of the plan: instances, cores, and where one database is no longer enough.

use super::{instance_rows::MOST_INSTANCES, projected::ProjectedSystem, section::ScaleProjection};
use crate::sizing::{arithmetic::SizingWork, figure::Ranged};

/// How many times the users.
const TIMES: [u32; 4] = [1, 10, 100, 1_000];

/// The rows; none where the load of one instance was not simulated.
pub(super) fn scale_rows(
    work: &mut SizingWork<'_>,
    system: &ProjectedSystem<'_>,
) -> Vec<ScaleProjection> {
    let (Some(planned), Some(one)) = (
        work.book.ranged("planned_rate"),
        work.book.ranged("sim_1_rate"),
    ) else {
        return Vec::new();
    };
    TIMES
        .map(|times| row(work, system, times, (planned, one)))
        .into()
}

/// A part of the load with a database of its own.
struct LoadPart {
    instances: f64,
    rate: f64,
    databases: f64,
    /// Whether the database alone needs more than one; Redis does otherwise.
    by_database: bool,
}

fn row(
    work: &mut SizingWork<'_>,
    system: &ProjectedSystem<'_>,
    times: u32,
    (planned, one): (Ranged, Ranged),
) -> ScaleProjection {
    let id = |what: &str| format!("scale_{times}_{what}");
    let factor = f64::from(times);
    let users = id("users");
    let has_users = work.book.ranged("planned_users").map(|planned| {
        work.book.derived(
            &users,
            (&format!("users, {times} times those of the plan"), ""),
            planned.map(|users| users * factor),
            (&format!("planned_users x {times}"), &["planned_users"]),
        )
    });
    let rate_id = id("rate");
    let rate = work.book.derived(
        &rate_id,
        (
            &format!("requests a second in their busiest minute, {times} times those of the plan"),
            "/s",
        ),
        planned.map(|rate| rate * factor),
        (&format!("planned_rate x {times}"), &["planned_rate"]),
    );
    let headroom = work.assumed.headroom.value;
    let spare = work.assumed.spare_instances.value;
    let loaded = |one: f64| (rate.value / (one * headroom)).ceil();
    let instances_id = id("instances");
    let instances = work.book.derived(
        &instances_id,
        (&format!("instances for {times} times the users"), ""),
        one.map_falling(|one| loaded(one) + spare),
        (
            &format!("{rate_id} / (sim_1_rate x headroom), rounded up, + spare_instances"),
            &[&rate_id, "sim_1_rate", "headroom", "spare_instances"],
        ),
    );
    let cores_id = id("database_cores");
    let database_ms = work
        .book
        .ranged("sim_database_ms")
        .unwrap_or(Ranged::exact(0.0));
    let cores = work.book.derived(
        &cores_id,
        (&format!("database cores for {times} times the users"), ""),
        rate.times(database_ms).map(|ms| ms / 1_000.0 / headroom),
        (
            &format!("{rate_id} x sim_database_ms / headroom"),
            &[&rate_id, "sim_database_ms", "headroom"],
        ),
    );
    let databases_id = id("databases");
    let databases = databases(
        work,
        system,
        (&databases_id, times),
        (&rate_id, rate),
        (&cores_id, cores),
    );
    let part = LoadPart {
        instances: ((instances.value - spare) / databases).ceil().max(1.0),
        rate: rate.value / databases,
        databases,
        by_database: cores.value > f64::from(system.database_cores),
    };
    let response_id = id("response");
    let from: [&str; 3] = [&rate_id, &instances_id, &databases_id];
    let response_ms = response(work, system, (&response_id, times), &part, &from);
    ScaleProjection {
        times: times.to_string(),
        users: has_users.map(|_| users),
        rate: rate_id,
        instances: instances_id,
        database_cores: cores_id,
        databases: databases_id,
        response: response_ms.map(|_| response_id),
        said: said(system, &part, response_ms),
    }
}

/// Databases that the load must be divided among: for their processors, and for the one processor of Redis.
fn databases(
    work: &mut SizingWork<'_>,
    system: &ProjectedSystem<'_>,
    (id, times): (&str, u32),
    (rate_id, rate): (&str, Ranged),
    (cores_id, cores): (&str, Ranged),
) -> f64 {
    let headroom = work.assumed.headroom.value;
    let by_cores = cores.value / f64::from(system.database_cores);
    let name = format!("databases that the load of {times} times the users must be divided among");
    let cache_ms = work.book.ranged("sim_redis_ms");
    let by_cache = cache_ms.map_or(0.0, |ms| rate.value * ms.value / 1_000.0 / headroom);
    let value = Ranged {
        value: by_cores.max(by_cache).ceil().max(1.0),
        low: None,
        high: None,
    };
    let found = if cache_ms.is_some() {
        let formula = format!(
            "the larger of {cores_id} / largest_database_cores and {rate_id} x sim_redis_ms / headroom, rounded up"
        );
        let from = [
            cores_id,
            "largest_database_cores",
            rate_id,
            "sim_redis_ms",
            "headroom",
        ];
        work.book.derived(id, (&name, ""), value, (&formula, &from))
    } else {
        let formula = format!("{cores_id} / largest_database_cores, rounded up");
        let from = [cores_id, "largest_database_cores"];
        work.book.derived(id, (&name, ""), value, (&formula, &from))
    };
    found.value
}

/// The response time of one part of the load with its database; absent where it was not simulated.
fn response(
    work: &mut SizingWork<'_>,
    system: &ProjectedSystem<'_>,
    (id, times): (&str, u32),
    part: &LoadPart,
    from: &[&str],
) -> Option<f64> {
    if part.instances > f64::from(MOST_INSTANCES) {
        work.unknown.push(format!(
            "response time at {times} times the users: {:.0} instances before one database are more than the {MOST_INSTANCES} that are simulated",
            part.instances
        ));
        return None;
    }
    let network = system.network(part.instances as u32);
    let Some(found) = system.at(&network, part.rate, id) else {
        let why = if (system.bounds.expired)() {
            "the time of the simulation was over; --replications takes fewer runs of each"
        } else {
            "the simulated system does not carry it"
        };
        work.unknown
            .push(format!("response time at {times} times the users: {why}"));
        return None;
    };
    let name = format!("response time at {times} times the users, at the percentile of the SLO");
    let put = work.book.simulated(
        id,
        (&name, "ms"),
        found.response_ms.into(),
        "one database with its part of the instances and of the load",
        &system.ids_and(from),
    );
    Some(put.value)
}

/// What a row means.
fn said(system: &ProjectedSystem<'_>, part: &LoadPart, response_ms: Option<f64>) -> String {
    let mut said = if part.databases > 1.0 {
        let which = if part.by_database {
            "One database cannot serve it"
        } else {
            "One database can serve it, but the one processor that Redis uses cannot"
        };
        format!(
            "{which}: the load must be divided among {:.0}, each with {:.0} instances, or made cheaper; how it is divided, and what crosses the parts, is not simulated.",
            part.databases, part.instances
        )
    } else {
        "One database can serve it.".to_owned()
    };
    if response_ms.is_some_and(|ms| ms > system.slo.limit_s * 1_000.0) {
        said.push_str(" The simulated response time misses the SLO.");
    }
    said
}
