//! The services that a command runs against: an own stack or a running target.

use std::{path::PathBuf, sync::Arc};

use shared::dataset::Scale;

use super::{interrupt::CleanupSlot, stack_control::OwnStackControl};
use crate::cli::{
    failure::Failure,
    flags::{RunningTargetArgs, TargetArgs},
};
use loadgen_codeconnect::{CodeConnectSystem, SeededDatabase};
use loadgen_engine::{
    driver::{HttpTrace, TargetAddresses, TargetUrl},
    suite::{FaultKind, PlannedFault, Suite, Topology, fault_problem},
};
use loadgen_experiment::{
    events::{LoadControl, Publisher},
    system::{Endpoints, HttpService, PreparedSystem as _, SystemUnderTest as _},
    trial::{LocalLoad, TestEnv},
};
use loadgen_stack::{Stack, StackError, StackOptions, own_disk_refusal};

/// The services that a command runs against.
#[derive(Debug, Clone)]
pub(in crate::cli) enum ServiceSource {
    /// PostgreSQL, Redis and target-app, started by the command.
    OwnStack {
        /// Amount of data; `None`: that of the file.
        scale: Option<Scale>,
        /// Instances, pooler and replica; `None`: that of the file.
        topology: Option<Topology>,
        /// Path of the target-app program.
        target_bin: Option<PathBuf>,
        /// Folder in which its data stays.
        keep_in: Option<PathBuf>,
        /// A fault in each trial, beside those of the suite.
        crash: Option<PlannedFault>,
        /// Faults that it is prepared for, that one among them.
        faults: Vec<FaultKind>,
        /// Connections that users of the database share; `None`: one each.
        database_pool: Option<u32>,
    },
    /// A running target.
    Running {
        /// Name and addresses of each endpoint of the load.
        targets: Vec<TargetAddresses>,
        /// The same of each process behind them; empty where the endpoints are the processes.
        instances: Vec<TargetAddresses>,
        /// Lab token; without it nothing can be switched, reset or audited.
        token: Option<String>,
        /// What the file asks of an own stack.
        topology: Topology,
    },
    /// Any HTTP service: nothing is started, reset, switched or audited.
    Http {
        /// What is sent, and to which endpoint.
        service: HttpService,
        /// Prints the first exchanges.
        trace: Option<HttpTrace>,
    },
    /// A seeded database: nothing is started, reset, switched or audited.
    Database(Box<SeededDatabase>),
}

impl ServiceSource {
    /// The services that the flags ask for.
    pub(in crate::cli) fn from_flags(args: &TargetArgs) -> Result<Self, Failure> {
        let RunningTargetArgs {
            targets,
            instances,
            resolve,
            lab_token,
            allow_remote_target,
        } = &args.running;
        if targets.is_empty() {
            return Ok(Self::OwnStack {
                scale: args.scale,
                topology: args.topology,
                target_bin: args.target_bin.clone(),
                keep_in: args.stack_dir.clone(),
                crash: args.crash,
                faults: args.crash.iter().map(|one| one.kind).collect(),
                database_pool: None,
            });
        }
        let all: Vec<&String> = targets.iter().chain(instances).collect();
        let mut urls = Vec::new();
        for text in &all {
            let url = TargetUrl::without_path(text).map_err(Failure::usage)?;
            if url.encrypted {
                return Err(Failure::Usage(format!(
                    "`{text}` cannot be loaded: only plain http is supported; write it like http://127.0.0.1:8080"
                )));
            }
            urls.push(url);
        }
        let mut found = TargetAddresses::find_all(&urls, resolve).map_err(Failure::usage)?;
        for (url, target) in all.into_iter().zip(&found) {
            refuse_remote(url, target, *allow_remote_target)?;
        }
        let behind = found.split_off(targets.len());
        Ok(Self::Running {
            targets: found,
            instances: behind.iter().flat_map(TargetAddresses::each).collect(),
            token: lab_token.clone(),
            topology: Topology::SINGLE,
        })
    }

    /// Refuses a target whose switches cannot be set.
    pub(in crate::cli) fn needs_lab(&self) -> Result<(), Failure> {
        match self {
            Self::Running { token: None, .. } => Err(Failure::usage(
                "an experiment sets switches of the target: give its lab token with --lab-token, or omit --target to use an own stack",
            )),
            _ => Ok(()),
        }
    }

    /// Sets the scale of an own stack unless the flags did.
    pub(in crate::cli) fn default_scale(&mut self, from_file: Scale) {
        if let Self::OwnStack { scale, .. } = self {
            *scale = Some(scale.unwrap_or(from_file));
        }
    }

    /// Sets the topology of an own stack unless the flags did; refuses a disturbance of what it does
    /// not have.
    pub(in crate::cli) fn default_topology(&mut self, from_file: Topology) -> Result<(), Failure> {
        match self {
            Self::OwnStack {
                topology, crash, ..
            } => {
                let topology = *topology.get_or_insert(from_file);
                match crash {
                    Some(crash) if crash.kind.lacks(topology).is_some() => {
                        Err(Failure::Usage(format!(
                            "--crash {crash}: the topology {topology} has nothing of the kind; choose another with --topology"
                        )))
                    }
                    _ => Ok(()),
                }
            }
            Self::Running { topology, .. } => {
                *topology = from_file;
                Ok(())
            }
            Self::Http { .. } | Self::Database(_) => Ok(()),
        }
    }

    /// Prepares for the faults of a suite; refuses those that its load or these services cannot have.
    /// The topology is known by then.
    pub(in crate::cli) fn prepare_faults(&mut self, suite: &Suite) -> Result<(), Failure> {
        let Self::OwnStack {
            scale,
            topology,
            keep_in,
            crash,
            faults,
            ..
        } = self
        else {
            return match suite.faults.first() {
                None => Ok(()),
                Some(fault) => Err(Failure::Usage(format!(
                    "the suite puts faults into its services, `{}` first: that is done to an own stack only; omit --target",
                    fault.kind
                ))),
            };
        };
        let mut all = suite.faults.clone();
        // One behind the window is a warning of the report.
        all.extend(crash.filter(|one| one.at < suite.windows.measure));
        if let Some((_, why)) =
            fault_problem(&all, topology.unwrap_or_default(), suite.windows.measure)
        {
            return Err(Failure::Usage(format!("the faults do not fit: {why}")));
        }
        faults.extend(suite.faults.iter().map(|one| one.kind));
        if faults.contains(&FaultKind::DiskFull) {
            if keep_in.is_some() {
                return Err(Failure::usage(
                    "`disk.full` puts the data of PostgreSQL on a disk in memory, which keeps nothing: omit --stack-dir",
                ));
            }
            if let Some(why) = own_disk_refusal(scale.unwrap_or(Scale::Small)) {
                return Err(Failure::Usage(format!("`disk.full`: {why}")));
            }
        }
        Ok(())
    }

    /// Limits of a report on these services.
    pub(in crate::cli) fn warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        if let Self::Running { topology, .. } = self
            && *topology != Topology::SINGLE
        {
            warnings.push(format!(
                "the file asks for the topology {topology} of an own stack: that of a running target is its own"
            ));
        }
        if let Self::OwnStack { faults, .. } = self {
            let told = [
                (
                    FaultKind::DiskFull,
                    "PostgreSQL's data was on a disk in memory, so that it could be filled: a commit that waits for such a disk is faster than in service",
                ),
                (
                    FaultKind::PostgresFailover,
                    "a commit waited until the replica had it on disk, so that a failover loses nothing that was acknowledged: writes are slower than without",
                ),
            ];
            let told = told.iter().filter(|(fault, _)| faults.contains(fault));
            warnings.extend(told.map(|(_, what)| (*what).to_owned()));
        }
        if let Self::Database(database) = self {
            warnings.extend(database.warnings());
        }
        if matches!(self, Self::Running { token: None, .. }) {
            warnings.push(
                "no lab token: the database was not reset, no switch was set, nothing was audited, and the target's own figures are missing".to_owned(),
            );
        }
        warnings
    }
}

/// Refuses to load another machine unless that is allowed.
pub(in crate::cli) fn refuse_remote(
    url: &str,
    target: &TargetAddresses,
    allowed: bool,
) -> Result<(), Failure> {
    match target.remote() {
        Some(address) if !allowed => Err(Failure::Usage(format!(
            "the target {url} is not on this machine ({address}): load is only sent to machines that agreed to it; say so with --allow-remote-target"
        ))),
        _ => Ok(()),
    }
}

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
    running: &CleanupSlot<Stack>,
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

/// Connects to the services, starting them if they are an own stack.
pub(super) async fn open(
    services: &ServiceSource,
    running: &CleanupSlot<Stack>,
    events: Publisher,
    steering: LoadControl,
) -> Result<TestEnv, Failure> {
    let stop = steering.token();
    match services {
        ServiceSource::Http { service, trace } => {
            if service.client().unix.is_none() {
                announce(&events, service.endpoints());
            }
            Ok(TestEnv {
                system: Arc::new(service.clone()),
                service_control: None,
                crash: None,
                load: Arc::new(LocalLoad),
                events,
                stop,
                samples: None,
                trace: trace.clone(),
                steering,
            })
        }
        ServiceSource::Database(database) => Ok(TestEnv {
            system: Arc::new(database.as_ref().clone()),
            service_control: None,
            crash: None,
            load: Arc::new(LocalLoad),
            events,
            stop,
            samples: None,
            trace: None,
            steering,
        }),
        ServiceSource::Running {
            targets,
            instances,
            token,
            ..
        } => {
            let (targets, instances) = (targets.clone(), instances.clone());
            let connecting = tokio::task::spawn_blocking(move || {
                let endpoints = connect(&targets)?;
                let processes = match instances.as_slice() {
                    [] => endpoints.clone(),
                    instances => connect(instances)?,
                };
                Ok::<_, Failure>((endpoints, processes))
            });
            let (endpoints, processes) = connecting.await.map_err(Failure::internal)??;
            announce(&events, &endpoints);
            let system = CodeConnectSystem::behind(endpoints, &processes, token.as_deref())?;
            for lab in system.labs() {
                lab.live().await?;
                if lab.has_token() {
                    lab.profile().await?;
                }
            }
            Ok(TestEnv {
                system: Arc::new(system),
                service_control: None,
                crash: None,
                load: Arc::new(LocalLoad),
                events,
                stop,
                samples: None,
                trace: None,
                steering,
            })
        }
        ServiceSource::OwnStack {
            scale,
            topology,
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
                stop: stop.clone(),
                abort: running.abort(),
                log: Arc::new(move |what| progress.stage(what, None)),
                ..StackOptions::default()
            };
            let at = start_stack(options, running).await?;
            let system = CodeConnectSystem::behind(
                endpoints_of(at.load_url.as_slice())?,
                &endpoints_of(&at.instance_urls)?,
                Some(&at.lab_token),
            )?
            .with_database(&at.database_url, *database_pool);
            Ok(TestEnv {
                system: Arc::new(system),
                service_control: Some(Arc::new(OwnStackControl(running.clone()))),
                crash: *crash,
                load: Arc::new(LocalLoad),
                events,
                stop,
                samples: None,
                trace: None,
                steering,
            })
        }
    }
}

/// Says which address each endpoint has: a name may have several.
fn announce(events: &Publisher, endpoints: &Endpoints) {
    for endpoint in endpoints.iter() {
        let (host, address) = (&endpoint.host, endpoint.address);
        events.note(format!("load goes to {address} (http://{host})"));
    }
}

#[cfg(test)]
#[path = "services_tests.rs"]
mod tests;
