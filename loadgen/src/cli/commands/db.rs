//! `loadgen db`: short queries straight at PostgreSQL, over a connection for each worker or a pool.

use std::net::SocketAddr;

use super::single_load::SingleLoad;
use crate::{
    cli::{
        failure::Failure,
        flags::DbArgs,
        plan::{MOST_COUNTED, add_thresholds, drain_of, resolve_settings},
        session::{ServiceSource, local_runtime, refuse_remote},
    },
    library::{self, SourceFile},
};
use loadgen_codeconnect::{
    CodeConnect, NOT_TESTED, SeededDatabase,
    database::{DatabaseTarget, SeededDatabaseError},
};
use loadgen_engine::{
    driver::{Endpoint, TargetAddresses, TargetUrl},
    suite::{LoadModel, Suite},
};
use loadgen_experiment::{
    system::{Application as _, Settings},
    trial::ArmConfig,
};

/// Measures, stores and prints; returns the exit code of the verdict.
pub(in crate::cli) fn run(args: &DbArgs) -> Result<u8, Failure> {
    let (suite, source) = plan(args)?;
    Failure::unless_files_suffice()?;
    let (services, settings, target) = match &args.db {
        Some(url) => {
            let database = seeded(url, args)?;
            let settings = database.settings();
            let place = settings.get("database").unwrap_or_default().to_owned();
            (ServiceSource::Database(Box::new(database)), settings, place)
        }
        None => own_stack(args)?,
    };
    let direct = matches!(services, ServiceSource::Database(_));
    let load = SingleLoad {
        command: "db",
        target,
        suite: &suite,
        arm: ArmConfig::new("db", settings, &CodeConnect),
        operations: CodeConnect.catalog().operations,
        source: &source,
        // Connections of a pool are bound to the thread that opened them.
        workers: 1,
        warnings: services.warnings(),
        not_tested: NOT_TESTED
            .iter()
            .filter(|_| direct)
            .map(|&line| line.to_owned())
            .collect(),
        json: args.json,
    };
    load.run(&services, &args.result)
}

/// The suite of the preset with the replacements of the flags.
fn plan(args: &DbArgs) -> Result<(Suite, SourceFile), Failure> {
    let (mut suite, source) = library::find_suite(args.preset.suite())?;
    let LoadModel::Closed { users, .. } = suite.load else {
        return Err(Failure::internal("a load of the database has users"));
    };
    match (args.queries, args.duration) {
        (Some(queries), _) => suite.options.shared_iterations = Some(queries),
        (None, Some(_)) => suite.options.shared_iterations = None,
        (None, None) => {}
    }
    suite.windows.measure = args.duration.unwrap_or(MOST_COUNTED);
    suite.load = LoadModel::Closed {
        users: args.workers.unwrap_or(users),
        duration: suite.windows.planned(),
        think: None,
        iterations: None,
    };
    suite.timeout = args.timeout;
    suite.windows.drain = drain_of(args.timeout);
    suite.seed = args.seed;
    add_thresholds(&mut suite, &args.thresholds, CodeConnect.catalog())?;
    Ok((suite, source))
}

/// An own stack with row-level security as requested.
fn own_stack(args: &DbArgs) -> Result<(ServiceSource, Settings, String), Failure> {
    let set: Vec<String> = args
        .rls
        .settings()
        .iter()
        .map(|&setting| setting.to_owned())
        .collect();
    let services = ServiceSource::OwnStack {
        scale: args.scale,
        topology: None,
        arms: None,
        target_bin: args.target_bin.clone(),
        keep_in: args.stack_dir.clone(),
        crash: None,
        faults: Vec::new(),
        database_pool: args.pool,
    };
    let settings = resolve_settings("after", &set)?;
    Ok((services, settings, "an own stack".to_owned()))
}

/// The database of `--db`, looked at once: only one that target-app has seeded is loaded, and one on
/// another machine only where that is allowed.
fn seeded(url: &str, args: &DbArgs) -> Result<SeededDatabase, Failure> {
    let options = DatabaseTarget::options(url).map_err(Failure::usage)?;
    let endpoint = if let Some(socket) = options.get_socket() {
        Endpoint {
            // Never connected to by its address.
            address: SocketAddr::from(([127, 0, 0, 1], options.get_port())),
            host: socket.display().to_string(),
        }
    } else {
        let place = format!("{}:{}", options.get_host(), options.get_port());
        let url = TargetUrl::parse(&format!("http://{place}")).map_err(|_| {
            Failure::Usage(format!("the host of --db, {place}, is no host and port"))
        })?;
        let addresses = TargetAddresses::find(&url, &[]).map_err(Failure::usage)?;
        refuse_remote(&place, &addresses, args.allow_remote_target)?;
        addresses.connect().map_err(|error| {
            Failure::of_error(&error, |why| {
                Failure::Usage(format!("the database at {place} does not answer: {why}"))
            })
        })?
    };
    let nonce = uuid::Uuid::new_v4().as_u64_pair().0;
    let runtime = local_runtime()?;
    let target = runtime
        .block_on(DatabaseTarget::open(options, args.pool, nonce))
        .map_err(|error: SeededDatabaseError| Failure::usage(error))?;
    Ok(SeededDatabase::new(target, endpoint, nonce))
}
