//! The arithmetic of a plan, step by step. Formulas: utilization law and Little's law, with the same headroom
//! for capacity, processors and connections.

use super::{
    assumptions::{Assumption, Assumptions},
    figure::{FigureBook, Ranged},
    measured::{MeasuredRun, cpu_ms, database_ms, statements},
};
use crate::schema::{Operation, Server};

/// Hours of a month.
const HOURS: f64 = 730.0;
/// Connections that an instance has at least, so that one slow statement does not stop the others.
const FEWEST_CONNECTIONS: f64 = 2.0;

/// Rates of the plan in requests a second.
pub(super) struct PlannedLoad {
    /// The busiest minute now.
    now: Ranged,
    /// The busiest minute at the end of the plan.
    pub(super) later: Ranged,
}

/// A plan in the making.
pub(super) struct SizingWork<'a> {
    pub(super) book: FigureBook,
    pub(super) assumed: &'a Assumptions,
    pub(super) base: &'a MeasuredRun,
    /// All runs, the base first.
    pub(super) runs: Vec<&'a MeasuredRun>,
    pub(super) unknown: Vec<String>,
    pub(super) doubts: Vec<String>,
}

impl<'a> SizingWork<'a> {
    /// A figure of the first run that has it, with the name of its folder.
    fn per_trial(
        &self,
        figure: impl Fn(&Server, &Operation) -> Option<f64>,
    ) -> Option<(Ranged, &'a str)> {
        let mut runs = self.runs.iter();
        runs.find_map(|run| Some((run.per_trial(&figure)?, run.folder.as_str())))
    }

    pub(super) fn assume(&mut self, key: &str, name: (&str, &str), one: Assumption) -> f64 {
        self.book.assumed(key, name, one.value, one.stated);
        one.value
    }

    pub(super) fn load(&mut self) -> PlannedLoad {
        let assumed = self.assumed;
        let users = self.assume(
            "users",
            ("users active in the busiest hour", ""),
            assumed.users,
        );
        let requests = self.assume(
            "requests_per_user_hour",
            ("requests of a user in that hour", ""),
            assumed.requests_per_user_hour,
        );
        let peak = self.assume(
            "peak_factor",
            ("busiest minute / mean of that hour", ""),
            assumed.peak_factor,
        );
        let growth = self.assume(
            "growth_per_month",
            ("growth a month", ""),
            assumed.growth_per_month,
        );
        let months = self.assume("months", ("months that the plan lasts", ""), assumed.months);
        self.assume(
            "headroom",
            ("share of the measured that is used", ""),
            assumed.headroom,
        );
        let now = self.book.derived(
            "peak_rate",
            ("requests a second in the busiest minute", "/s"),
            Ranged::exact(users * requests / 3_600.0 * peak),
            (
                "users x requests_per_user_hour / 3600 x peak_factor",
                &["users", "requests_per_user_hour", "peak_factor"],
            ),
        );
        let later = self.book.derived(
            "planned_rate",
            (
                "requests a second in the busiest minute at the end of the plan",
                "/s",
            ),
            now.map(|rate| rate * (1.0 + growth).powf(months)),
            (
                "peak_rate x (1 + growth_per_month) ^ months",
                &["peak_rate", "growth_per_month", "months"],
            ),
        );
        PlannedLoad { now, later }
    }

    /// Instances in all, and those that carry load.
    pub(super) fn instances(&mut self, load: &PlannedLoad, capacity: Ranged) -> PlannedInstances {
        let headroom = self.assumed.headroom.value;
        let usable = self.book.derived(
            "usable_capacity",
            ("of which an instance is given at most", "/s"),
            capacity.map(|rate| rate * headroom),
            ("capacity x headroom", &["capacity", "headroom"]),
        );
        let needed = self.book.derived(
            "loaded_instances",
            ("instances that carry the load", ""),
            usable.map_falling(|usable| (load.later.value / usable).ceil()),
            (
                "planned_rate / usable_capacity, rounded up",
                &["planned_rate", "usable_capacity"],
            ),
        );
        let spare = self.assume(
            "spare_instances",
            ("instances beyond those", ""),
            self.assumed.spare_instances,
        );
        let all = self.book.derived(
            "instances",
            ("instances", ""),
            needed.map(|needed| needed + spare),
            (
                "loaded_instances + spare_instances",
                &["loaded_instances", "spare_instances"],
            ),
        );
        if needed.value > 1.0 {
            self.doubts.push(
                "several instances are taken to carry as many times what one carries: their shared database and Redis were not measured with more than one".to_owned(),
            );
        }
        PlannedInstances { needed, all }
    }

    /// Cores of each process but the load generator.
    pub(super) fn cores(&mut self, load: &PlannedLoad) {
        let headroom = self.assumed.headroom.value;
        let processes = self.base.summary.application.processes.iter();
        let seen: Vec<_> = processes
            .filter(|name| *name != "loadgen")
            .filter_map(|name| Some((name, self.per_trial(cpu_ms(name))?)))
            .collect();
        if seen.is_empty() {
            self.unknown.push(
                "cores: no processor time of the target was seen; measure with `loadgen capacity` on its own stack".to_owned(),
            );
        }
        for (process, (cost, folder)) in seen {
            let id = format!("cpu_ms_{process}");
            let cost = self.book.measured(
                &id,
                (&format!("processor time of {process} for a request"), "ms"),
                cost,
                (folder, "its mean; the interval is the range of the trials"),
            );
            let cores = self.book.derived(
                &format!("cores_{process}"),
                (&format!("cores for {process}"), ""),
                cost.times(load.later)
                    .map(|ms| (ms / 1_000.0 / headroom).max(0.1)),
                (
                    &format!("planned_rate x {id} / headroom"),
                    &["planned_rate", &id, "headroom"],
                ),
            );
            if process == "postgres" {
                let largest = self.assume(
                    "largest_database_cores",
                    ("cores of the largest database", ""),
                    self.assumed.largest_database_cores,
                );
                if cores.value > largest {
                    self.doubts.push(format!(
                        "one database does not suffice: it would need {:.0} cores and the largest has {largest:.0}; the load must be divided (read replicas, shards) or made cheaper, and this plan says nothing of that",
                        cores.value
                    ));
                }
            }
        }
    }

    /// Connections by Little's law.
    pub(super) fn connections(&mut self, load: &PlannedLoad, instances: PlannedInstances) {
        let headroom = self.assumed.headroom.value;
        let Some((held, folder)) = self.per_trial(database_ms) else {
            self.unknown.push(
                "connections: the target did not report its time in PostgreSQL; measure one that sends Server-Timing".to_owned(),
            );
            return;
        };
        let held = self.book.measured(
            "database_ms",
            ("time in PostgreSQL statements for a request", "ms"),
            held,
            (
                folder,
                "its mean; the interval is the range of the trials; a connection is held at least that long",
            ),
        );
        let busy = self.book.derived(
            "busy_connections",
            ("connections that run a statement at once", ""),
            held.times(load.later).map(|ms| ms / 1_000.0),
            (
                "planned_rate x database_ms (Little's law)",
                &["planned_rate", "database_ms"],
            ),
        );
        let pooler = self.book.derived(
            "pooler_connections",
            ("connections of a pooler to PostgreSQL", ""),
            busy.map(|busy| (busy / headroom).ceil().max(FEWEST_CONNECTIONS)),
            (
                "busy_connections / headroom, rounded up, 2 at least",
                &["busy_connections", "headroom"],
            ),
        );
        let pool = self.book.derived(
            "pool_size",
            ("pool of an instance", ""),
            Ranged {
                value: (busy.value / headroom / instances.needed.value)
                    .ceil()
                    .max(FEWEST_CONNECTIONS),
                low: ends(busy.low, instances.needed.high)
                    .map(|(busy, n)| (busy / headroom / n).ceil().max(FEWEST_CONNECTIONS)),
                high: ends(busy.high, instances.needed.low)
                    .map(|(busy, n)| (busy / headroom / n).ceil().max(FEWEST_CONNECTIONS)),
            },
            (
                "busy_connections / headroom / loaded_instances, rounded up, 2 at least",
                &["busy_connections", "headroom", "loaded_instances"],
            ),
        );
        let reserved = self.assume(
            "reserved_connections",
            ("connections that the application does not get", ""),
            self.assumed.reserved_connections,
        );
        self.book.derived(
            "max_connections",
            ("max_connections without a pooler", ""),
            pool.times(instances.all).map(|all| all + reserved),
            (
                "pool_size x instances + reserved_connections",
                &["pool_size", "instances", "reserved_connections"],
            ),
        );
        self.book.derived(
            "max_connections_pooler",
            ("max_connections behind a pooler", ""),
            pooler.map(|pooler| pooler + reserved),
            (
                "pooler_connections + reserved_connections",
                &["pooler_connections", "reserved_connections"],
            ),
        );
    }

    /// Statements a second.
    pub(super) fn statement_rate(&mut self, load: &PlannedLoad) {
        let Some((per_request, folder)) = self.per_trial(statements) else {
            return;
        };
        let per_request = self.book.measured(
            "statements",
            ("PostgreSQL statements for a request", ""),
            per_request,
            (folder, "its mean; the interval is the range of the trials"),
        );
        self.book.derived(
            "statement_rate",
            ("PostgreSQL statements a second", "/s"),
            per_request.times(load.later),
            ("planned_rate x statements", &["planned_rate", "statements"]),
        );
    }

    pub(super) fn redis(&mut self) {
        let mut runs = self.runs.iter();
        let held = runs.find_map(|run| {
            let bytes = run.arm()?.server.rss_bytes.get("redis")?;
            Some((*bytes, run.folder.as_str()))
        });
        let Some((bytes, folder)) = held else {
            self.unknown
                .push("Redis memory: no Redis was seen in the measurement".to_owned());
            return;
        };
        let measured = self.book.measured(
            "redis_resident",
            ("memory of Redis in the measurement", "MB"),
            Ranged {
                value: bytes as f64 / 1e6,
                low: None,
                high: None,
            },
            (
                folder,
                "the largest resident memory; one value, so without an interval",
            ),
        );
        let Some(factor) = self.assumed.redis_keys_factor else {
            self.unknown.push(
                "Redis memory: give redis_keys_factor, how many times the keys of the measurement production has".to_owned(),
            );
            return;
        };
        let headroom = self.assumed.headroom.value;
        let factor = self.assume(
            "redis_keys_factor",
            ("keys in production / in the measurement", ""),
            factor,
        );
        self.book.derived(
            "redis_memory",
            ("memory of Redis", "MB"),
            measured.map(|mb| mb * factor / headroom),
            (
                "redis_resident x redis_keys_factor / headroom",
                &["redis_resident", "redis_keys_factor", "headroom"],
            ),
        );
    }

    /// Months until what is there is no longer enough.
    pub(super) fn exhaustion(
        &mut self,
        load: &PlannedLoad,
        capacity: Ranged,
        instances: PlannedInstances,
    ) {
        let growth = self.assumed.growth_per_month.value;
        if growth <= 0.0 {
            self.unknown
                .push("months until exhaustion: no growth is assumed".to_owned());
            return;
        }
        let headroom = self.assumed.headroom.value;
        let now = load.now.value;
        let months = |rate: f64| ((rate * headroom / now).ln() / growth.ln_1p()).max(0.0);
        self.book.derived(
            "months_of_one",
            ("months until one instance is exhausted", "months"),
            capacity.map(months),
            (
                "ln(usable_capacity / peak_rate) / ln(1 + growth_per_month), 0 at least",
                &["usable_capacity", "peak_rate", "growth_per_month"],
            ),
        );
        let planned = instances.needed.value;
        self.book.derived(
            "months_of_plan",
            ("months until the planned instances are exhausted", "months"),
            capacity.map(|rate| months(rate * planned)),
            (
                "ln(usable_capacity x loaded_instances / peak_rate) / ln(1 + growth_per_month)",
                &[
                    "usable_capacity",
                    "loaded_instances",
                    "peak_rate",
                    "growth_per_month",
                ],
            ),
        );
    }

    pub(super) fn cost(&mut self, instances: PlannedInstances) {
        let Some(prices) = &self.assumed.prices else {
            self.unknown
                .push("cost: give prices, each of an hour".to_owned());
            return;
        };
        let unit = format!("{}/h", prices.currency);
        for (key, name, price) in [
            ("instance_hour", "price of an instance", prices.instance),
            ("database_hour", "price of the database", prices.database),
            ("redis_hour", "price of Redis", prices.redis),
        ] {
            self.book.assumed(key, (name, &unit), price, true);
        }
        let fixed = prices.database + prices.redis;
        let month = self.book.derived(
            "cost_month",
            ("cost a month", &prices.currency),
            instances
                .all
                .map(|all| (all * prices.instance + fixed) * HOURS),
            (
                "(instances x instance_hour + database_hour + redis_hour) x 730 h",
                &["instances", "instance_hour", "database_hour", "redis_hour"],
            ),
        );
        let users = self.assumed.users.value;
        let growth = self.assumed.growth_per_month.value;
        let later = users * (1.0 + growth).powf(self.assumed.months.value);
        self.book.derived(
            "cost_1000_users",
            (
                "cost a month for 1 000 users at the end of the plan",
                &prices.currency,
            ),
            month.map(|cost| cost / (later / 1_000.0)),
            (
                "cost_month / (users x (1 + growth_per_month) ^ months / 1000)",
                &["cost_month", "users", "growth_per_month", "months"],
            ),
        );
    }
}

/// Instances of a plan.
#[derive(Debug, Clone, Copy)]
pub(super) struct PlannedInstances {
    needed: Ranged,
    all: Ranged,
}

fn ends(one: Option<f64>, other: Option<f64>) -> Option<(f64, f64)> {
    one.zip(other)
}
