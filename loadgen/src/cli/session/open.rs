//! Connects to the services of a command, and starts those of an own stack.

use std::sync::Arc;

use shared::dataset::Scale;

use super::{interrupt::CleanupSlot, services::ServiceSource, stack_control::OwnStackControl};
use crate::cli::failure::Failure;
use loadgen_codeconnect::CodeConnectSystem;
use loadgen_engine::{
    driver::{TargetAddresses, TargetUrl},
    suite::Topology,
};
use loadgen_experiment::{
    events::{LoadControl, Publisher},
    system::{Endpoints, PreparedSystem as _, SystemUnderTest as _},
    trial::{ArmStack, TestEnv},
};
use loadgen_stack::{Stack, StackError, StackOptions};

/// The endpoints of a target: of each the address that accepts a connection, to which everything is
/// sent.
pub(in crate::cli) fn connect(targets: &[TargetAddresses]) -> Result<Endpoints, Failure> {
    let mut endpoints: Option<Endpoints> = None;
    for target in targets {
        let endpoint = target.connect().map_err(|error| {
            Failure::of_error(&error, |why| {
                Failure::Usage(format!(
                    "the target http://{} does not answer: {why}; is it running there?",
                    target.host()
                ))
            })
        })?;
        endpoints = Some(match endpoints {
            Some(endpoints) => endpoints.and(endpoint),
            None => Endpoints::one(endpoint),
        });
    }
    endpoints.ok_or_else(|| Failure::internal("the target has no endpoint"))
}

/// Endpoints of an own stack.
fn endpoints_of(urls: &[String]) -> Result<Endpoints, Failure> {
    let urls = urls.iter().map(|url| TargetUrl::parse(url));
    let urls: Vec<TargetUrl> = urls.collect::<Result<_, _>>().map_err(Failure::internal)?;
    connect(&TargetAddresses::find_all(&urls, &[]).map_err(Failure::internal)?)
}

/// Addresses of the services of an own stack; empty for a service that was not started.
#[derive(Debug, Clone)]
pub(in crate::cli) struct StackAddresses {
    /// URL of PostgreSQL, password included.
    pub(in crate::cli) database_url: String,
    /// URL of PgBouncer, password included.
    pub(in crate::cli) pgbouncer_url: String,
    /// URL of the replica of PostgreSQL, password included.
    pub(in crate::cli) replica_url: String,
    /// URL of Redis, password included.
    pub(in crate::cli) redis_url: String,
    /// Where load goes: the balancer, or the only instance.
    pub(in crate::cli) load_url: Option<String>,
    /// URLs of the instances of target-app.
    pub(in crate::cli) instance_urls: Vec<String>,
    /// Token of target-app's control plane.
    pub(in crate::cli) lab_token: String,
}

/// Starts an own stack beside the event loop and leaves it in `running`; stops early when
/// `options.stop` is cancelled.
pub(in crate::cli) async fn start_stack(
    options: StackOptions,
    running: &CleanupSlot,
) -> Result<StackAddresses, Failure> {
    let running = running.clone();
    let starting = tokio::task::spawn_blocking(move || {
        let mut slot = running.lock();
        let stack = Stack::start(options)?;
        let addresses = StackAddresses {
            database_url: stack.database_url.clone(),
            pgbouncer_url: stack.pgbouncer_url.clone(),
            replica_url: stack.replica_url.clone(),
            redis_url: stack.redis_url.clone(),
            load_url: stack.load_url(),
            instance_urls: stack.target_urls(),
            lab_token: stack.lab_token.clone(),
        };
        *slot = Some(stack);
        Ok::<_, StackError>(addresses)
    });
    Ok(starting.await.map_err(Failure::internal)??)
}

/// Connects to the services, starting them if they are an own stack: in the second slot, too, where the arms
/// of an experiment have a stack each.
pub(super) async fn open(
    services: &ServiceSource,
    running: &[CleanupSlot; 2],
    events: Publisher,
    load_control: LoadControl,
) -> Result<TestEnv, Failure> {
    match services {
        ServiceSource::Http { service, trace } => {
            if service.client().unix.is_none() {
                announce(&events, service.endpoints());
            }
            Ok(TestEnv {
                trace: trace.clone(),
                ..TestEnv::of(Arc::new(service.clone()), events, load_control)
            })
        }
        ServiceSource::Database(database) => {
            let system = Arc::new(database.as_ref().clone());
            Ok(TestEnv::of(system, events, load_control))
        }
        ServiceSource::Running {
            targets,
            instances,
            token,
            ..
        } => {
            let system = running_target(targets, instances, token.as_deref(), &events).await?;
            Ok(TestEnv::of(Arc::new(system), events, load_control))
        }
        ServiceSource::OwnStack {
            scale,
            topology,
            arms,
            target_bin,
            keep_in,
            crash,
            faults,
            database_pool,
        } => {
            let progress = events.clone();
            let options = StackOptions {
                keep_in: keep_in.clone(),
                scale: scale.unwrap_or(Scale::Small),
                topology: topology.unwrap_or_default(),
                faults: faults.clone(),
                target_bin: target_bin.clone(),
                stop: load_control.token(),
                abort: running[0].abort(),
                log: Arc::new(move |what| progress.stage(what, None)),
                ..StackOptions::default()
            };
            let (shared, stacks) =
                own_stacks(options, *arms, running, *database_pool, &events).await?;
            Ok(TestEnv {
                service_control: Some(shared.service_control),
                crash: *crash,
                stacks,
                ..TestEnv::of(shared.system, events, load_control)
            })
        }
    }
}

/// A target that is running already and answers; its control plane, too, where there is a token for it.
async fn running_target(
    targets: &[TargetAddresses],
    instances: &[TargetAddresses],
    token: Option<&str>,
    events: &Publisher,
) -> Result<CodeConnectSystem, Failure> {
    let (targets, instances) = (targets.to_vec(), instances.to_vec());
    let connecting = tokio::task::spawn_blocking(move || {
        let endpoints = connect(&targets)?;
        let processes = match instances.as_slice() {
            [] => endpoints.clone(),
            instances => connect(instances)?,
        };
        Ok::<_, Failure>((endpoints, processes))
    });
    let (endpoints, processes) = connecting.await.map_err(Failure::internal)??;
    announce(events, &endpoints);
    let system = CodeConnectSystem::behind(endpoints, &processes, token)?;
    for lab in system.labs() {
        lab.live().await?;
        if lab.has_token() {
            lab.profile().await?;
        }
    }
    Ok(system)
}

/// Starts one own stack for all arms, or one for each of the `arms`, which are then listed. Returns with them
/// the one that is asked for what belongs to no arm.
async fn own_stacks(
    options: StackOptions,
    arms: Option<[Topology; 2]>,
    running: &[CleanupSlot; 2],
    database_pool: Option<u32>,
    events: &Publisher,
) -> Result<(ArmStack, Vec<ArmStack>), Failure> {
    let Some(topologies) = arms else {
        let stack = own_stack(options, &running[0], database_pool).await?;
        return Ok((stack, Vec::new()));
    };
    let mut stacks = Vec::new();
    for (topology, running) in topologies.into_iter().zip(running) {
        let options = of_arm(&options, topology, events);
        stacks.push(own_stack(options, running, database_pool).await?);
    }
    // What belongs to no arm, like the provenance, is asked of the second one's.
    Ok((stacks[1].clone(), stacks))
}

/// The options of an arm's stack; what it starts is said with its topology.
fn of_arm(options: &StackOptions, topology: Topology, events: &Publisher) -> StackOptions {
    let progress = events.clone();
    StackOptions {
        topology,
        log: Arc::new(move |what| progress.stage(format!("{topology}: {what}"), None)),
        ..options.clone()
    }
}

/// Starts an own stack, and gives it to trials.
async fn own_stack(
    options: StackOptions,
    running: &CleanupSlot,
    database_pool: Option<u32>,
) -> Result<ArmStack, Failure> {
    let topology = options.topology;
    let at = start_stack(options, running).await?;
    let system = CodeConnectSystem::behind(
        endpoints_of(at.load_url.as_slice())?,
        &endpoints_of(&at.instance_urls)?,
        Some(&at.lab_token),
    )?
    .with_database(&at.database_url, database_pool);
    Ok(ArmStack {
        topology,
        system: Arc::new(system),
        service_control: Arc::new(OwnStackControl(running.clone())),
    })
}

/// Says which address each endpoint has: a name may have several.
fn announce(events: &Publisher, endpoints: &Endpoints) {
    for endpoint in endpoints.iter() {
        let (host, address) = (&endpoint.host, endpoint.address);
        events.note(format!("load goes to {address} (http://{host})"));
    }
}
