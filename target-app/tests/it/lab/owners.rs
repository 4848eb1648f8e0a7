//! Every switch has one owner, which notices what is changed behind the profile's back.

use std::{collections::BTreeMap, fs, mem, path::Path, time::Duration};

use shared::profile::{OnOff, Profile, SWITCHES};
use sqlx::{AssertSqlSafe, PgPool};
use target_app::{
    db,
    engine::{Engine, OwnedValues, SwitchOwner},
};

use crate::support::TestApp;

/// Values to plant; a switch gets the first that it takes and does not have.
const CANDIDATES: [&str; 15] = [
    "off",
    "on",
    "7",
    "30s",
    "29s",
    "gzip",
    "batched",
    "required",
    "pgbouncer",
    "pipelined(3)",
    "replica",
    "redis",
    "limit(9)",
    "bcrypt(5)",
    "5ms",
];

/// The profile with one switch at another value.
fn changed(profile: &Profile, path: &str) -> Profile {
    let switch = SWITCHES.iter().find(|switch| switch.path == path).unwrap();
    let now = profile.get(path).unwrap();
    let candidates = [switch.before, switch.after].into_iter().chain(CANDIDATES);
    for value in candidates {
        let mut other = profile.clone();
        if value != now && other.set(path, value).is_ok() {
            return other;
        }
    }
    panic!("{path} takes none of the candidates: add a value that it takes");
}

/// An engine, and what is needed to break it.
struct Subject<'a> {
    app: &'a TestApp,
    engine: Engine,
    profile: Profile,
}

impl<'a> Subject<'a> {
    async fn new(app: &'a TestApp) -> Self {
        let profile = app.state.engine().asked().clone();
        Self {
            app,
            engine: build(app, &profile).await,
            profile,
        }
    }

    async fn in_force(&self) -> OwnedValues {
        self.engine.in_force(self.app.db.pool()).await.unwrap()
    }

    /// Which owner reports a switch.
    async fn owner(&self, path: &str) -> SwitchOwner {
        let reports = self.engine.owner_reports(self.app.db.pool()).await.unwrap();
        reports
            .into_iter()
            .find(|report| report.readings.iter().any(|reading| reading.path == path))
            .unwrap_or_else(|| panic!("{path} has no owner"))
            .owner
    }

    /// Makes `planted` true of the owner of `path`, looks, and makes it as it was.
    async fn with_planted(&mut self, path: &str, planted: &Profile) -> OwnedValues {
        match self.owner(path).await {
            // The way of a connection is its pool's.
            SwitchOwner::Connections if ["db.via", "db.reads"].contains(&path) => {
                self.with_part(SwitchOwner::Pool, planted).await
            }
            SwitchOwner::Indexes => self.with_indexes(planted).await,
            SwitchOwner::RowSecurity => self.with_policies(planted).await,
            SwitchOwner::Connections => self.with_connection(path, planted).await,
            owner => self.with_part(owner, planted).await,
        }
    }

    /// One of the engine's parts is of another engine.
    async fn with_part(&mut self, owner: SwitchOwner, planted: &Profile) -> OwnedValues {
        let mut other = build(self.app, planted).await;
        // The other profile may have changed the seeded passwords.
        let _ = build(self.app, &self.profile).await;
        self.swap(owner, &mut other);
        let in_force = self.in_force().await;
        self.swap(owner, &mut other);
        in_force
    }

    fn swap(&mut self, owner: SwitchOwner, other: &mut Engine) {
        let engine = &mut self.engine;
        match owner {
            SwitchOwner::Pool => mem::swap(&mut engine.db, &mut other.db),
            SwitchOwner::Caches => mem::swap(&mut engine.caches, &mut other.caches),
            SwitchOwner::Hasher => mem::swap(&mut engine.hasher, &mut other.hasher),
            SwitchOwner::AdmissionLimiter => {
                mem::swap(&mut engine.admission, &mut other.admission);
            }
            SwitchOwner::Policies => mem::swap(&mut engine.policies, &mut other.policies),
            SwitchOwner::Connections | SwitchOwner::Indexes | SwitchOwner::RowSecurity => {
                unreachable!("changed by SQL")
            }
        }
    }

    /// Policies are made or dropped in the database.
    async fn with_policies(&self, planted: &Profile) -> OwnedValues {
        let pool = self.app.db.pool();
        db::row_security::apply(pool, planted).await.unwrap();
        let in_force = self.in_force().await;
        db::row_security::apply(pool, &self.profile).await.unwrap();
        in_force
    }

    /// An index is dropped or created in the database.
    async fn with_indexes(&self, planted: &Profile) -> OwnedValues {
        let pool = self.app.db.pool();
        let before = indexes(pool).await;
        db::optimizations::apply(pool, planted).await.unwrap();
        assert_eq!(indexes(pool).await.abs_diff(before), 1);
        let in_force = self.in_force().await;
        db::optimizations::apply(pool, &self.profile).await.unwrap();
        in_force
    }

    /// The pool's only connection has another setting.
    async fn with_connection(&self, path: &str, planted: &Profile) -> OwnedValues {
        let pool = self.engine.db.pool();
        if path == "db.statement_cache" {
            let capacity = if planted.db_statement_cache == OnOff::On {
                100
            } else {
                0
            };
            let options = pool.connect_options();
            let other = (*options).clone().statement_cache_capacity(capacity);
            pool.set_connect_options(other);
            pool.acquire().await.unwrap().close().await.unwrap();
            let in_force = self.in_force().await;
            pool.set_connect_options((*options).clone());
            pool.acquire().await.unwrap().close().await.unwrap();
            return in_force;
        }
        let name = path.strip_prefix("db.").unwrap();
        let value = match planted.get(path).unwrap().as_str() {
            "off" if name == "statement_timeout" => "0".to_owned(),
            other => other.to_owned(),
        };
        execute(pool, format!("set {name} = '{value}'")).await;
        let in_force = self.in_force().await;
        execute(pool, format!("reset {name}")).await;
        in_force
    }
}

async fn build(app: &TestApp, profile: &Profile) -> Engine {
    let parts = app.state.engines().parts();
    Engine::build(parts, profile.clone(), 2).await.unwrap()
}

/// Runs a statement on the pool's only connection, and waits until it is back in the pool.
async fn execute(pool: &PgPool, sql: String) {
    sqlx::raw_sql(AssertSqlSafe(sql))
        .execute(pool)
        .await
        .unwrap();
    while pool.num_idle() == 0 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

async fn indexes(pool: &PgPool) -> i64 {
    sqlx::query_scalar("select count(*) from pg_indexes where schemaname = current_schema()")
        .fetch_one(pool)
        .await
        .unwrap()
}

#[tokio::test]
async fn every_switch_is_reported_by_exactly_one_owner_and_no_owner_reports_anything_else() {
    let app = TestApp::start().await;
    let engine = app.state.engine();
    let mut owners: BTreeMap<String, Vec<SwitchOwner>> = SWITCHES
        .iter()
        .map(|switch| (switch.path.to_owned(), Vec::new()))
        .collect();
    for report in engine.owner_reports(app.db.pool()).await.unwrap() {
        for reading in report.readings {
            owners.entry(reading.path).or_default().push(report.owner);
        }
    }
    assert_eq!(owners.len(), SWITCHES.len(), "{owners:?}");
    for (path, owners) in owners {
        assert_eq!(owners.len(), 1, "{path} is reported by {owners:?}");
    }
    drop(engine);
    app.finish().await;
}

#[tokio::test]
async fn a_mismatch_planted_in_the_owner_of_each_switch_shows_as_exactly_that_difference() {
    // One connection, so that it is known which one is looked at; no statement cache, which a
    // PgBouncer may not take.
    let app = TestApp::with(&["pool.max=1", "db.statement_cache=off"])
        .with_pooler()
        .with_replica()
        .start()
        .await;
    let mut subject = Subject::new(&app).await;
    for switch in SWITCHES {
        let sound = subject.in_force().await;
        assert_eq!(sound.differences, Vec::<String>::new(), "{}", switch.path);
        let planted = changed(&subject.profile, switch.path);
        let broken = subject.with_planted(switch.path, &planted).await;
        assert_eq!(broken.differences, [switch.path]);
        assert_eq!(
            broken.values[switch.path],
            planted.get(switch.path).unwrap()
        );
    }
    drop(subject);
    app.finish().await;
}

#[tokio::test]
async fn what_is_broken_in_the_database_shows_in_the_profile_view() {
    let app = TestApp::with(&["pool.max=1"]).start().await;
    for (broken, repaired, difference) in [
        (
            "alter index slot_open_idx rename to other_idx",
            "alter index other_idx rename to slot_open_idx",
            "index.slots_open",
        ),
        (
            "alter index booking_slot_id_seat_active_key rename to other_key",
            "alter index other_key rename to booking_slot_id_seat_active_key",
            "guard.booking_slot_seat",
        ),
        (
            "update credential set hash = '$2b$05' || substr(hash, 7)",
            "update credential set hash = '$2b$04' || substr(hash, 7)",
            "data.seeded_passwords",
        ),
    ] {
        app.db.execute(broken).await;
        assert_eq!(app.lab().profile().await.differences, [difference]);
        app.db.execute(repaired).await;
        assert_eq!(app.lab().profile().await.differences, Vec::<String>::new());
    }
    let engine = app.state.engine();
    execute(engine.db.pool(), "set statement_timeout = 7".to_owned()).await;
    let view = app.lab().profile().await;
    assert_eq!(view.in_force["db.statement_timeout"], "7ms");
    assert_eq!(view.differences, ["db.statement_timeout"]);
    drop(engine);
    app.finish().await;
}

#[tokio::test]
async fn a_redis_connection_is_reported_also_where_no_cache_uses_it() {
    let app = TestApp::with(&[]).with_every_cache("memory").start().await;
    let view = app.lab().profile().await;
    assert_eq!(view.in_force["cache.connection"], "multiplexed");
    assert_eq!(view.differences, Vec::<String>::new());
    app.finish().await;
}

#[test]
fn only_the_engine_and_the_control_plane_read_the_profile_that_was_asked_for() {
    let mut readers = Vec::new();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if fs::read_to_string(&path).unwrap().contains(".asked()") {
                readers.push(path.parent().unwrap().file_name().unwrap().to_owned());
            }
        }
    }
    readers.sort();
    readers.dedup();
    assert_eq!(readers, ["engine", "lab"]);
}
