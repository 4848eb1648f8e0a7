//! The services that a command runs against, an own stack or a running target, and the control that
//! trials have over them.

use std::{collections::BTreeMap, path::PathBuf, sync::Arc};

use shared::dataset::Scale;

use super::interrupt::CleanupSlot;
use crate::cli::{failure::Failure, flags::TargetArgs};
use loadgen_codeconnect::{CodeConnectSystem, SeededDatabase};
use loadgen_engine::{
    driver::{HttpTrace, TargetAddresses, TargetUrl},
    suite::Topology,
};
use loadgen_experiment::{
    events::{LoadControl, Publisher},
    services::{ProcessInfo, ServiceControl, ServiceError, ServiceRole},
    system::{Endpoints, HttpService, PreparedSystem as _, SystemUnderTest as _},
    trial::{Crash, LocalLoad, TestEnv},
};
use loadgen_stack::{Stack, StackError, StackOptions};

/// The services that a command runs against.
#[derive(Debug, Clone)]
pub(in crate::cli) enum ServiceSource {
    /// PostgreSQL, Redis and target-app, started by the command.
    OwnStack {
        /// Amount of data; `None`: that of the file.
        scale: Option<Scale>,
        /// Instances and pooler; `None`: that of the file.
        topology: Option<Topology>,
        /// Path of the target-app program.
        target_bin: Option<PathBuf>,
        /// Folder in which its data stays.
        keep_in: Option<PathBuf>,
        /// A service that is killed during each trial.
        crash: Option<Crash>,
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
        if args.targets.is_empty() {
            return Ok(Self::OwnStack {
                scale: args.scale,
                topology: args.topology,
                target_bin: args.target_bin.clone(),
                keep_in: args.stack_dir.clone(),
                crash: args.crash,
                database_pool: None,
            });
        }
        let all: Vec<&String> = args.targets.iter().chain(&args.instances).collect();
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
        let mut targets =
            TargetAddresses::find_all(&urls, &args.resolve).map_err(Failure::usage)?;
        for (url, target) in all.into_iter().zip(&targets) {
            refuse_remote(url, target, args.allow_remote_target)?;
        }
        let instances = targets.split_off(args.targets.len());
        Ok(Self::Running {
            targets,
            instances: instances.iter().flat_map(TargetAddresses::each).collect(),
            token: args.lab_token.clone(),
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
                    Some(crash) if !crash.fits(topology) => Err(Failure::Usage(format!(
                        "--crash {crash}: the topology {topology} has nothing of the kind; choose another with --topology"
                    ))),
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
    /// URL of Redis, password included.
    pub(in crate::cli) redis_url: String,
    /// Where load goes: the balancer, or the only instance.
    pub(in crate::cli) load_url: Option<String>,
    /// URLs of the instances of target-app.
    pub(in crate::cli) instance_urls: Vec<String>,
    /// Token of target-app's control plane.
    pub(in crate::cli) lab_token: String,
}

/// Control over an own stack, for trials. A stack that is being stopped is left alone.
#[derive(Debug)]
struct OwnStackControl(CleanupSlot<Stack>);

impl OwnStackControl {
    fn with_stack(
        &self,
        act: impl FnOnce(&mut Stack) -> Result<(), StackError>,
    ) -> Result<(), StackError> {
        match self.0.lock().as_mut() {
            Some(stack) => act(stack),
            None => Err(StackError::Interrupted),
        }
    }
}

impl ServiceControl for OwnStackControl {
    fn restart_target(&self) -> Result<(), ServiceError> {
        self.with_stack(Stack::restart_targets)
            .map_err(service_error)
    }

    fn start_with(&self, settings: &BTreeMap<String, String>) -> Result<(), ServiceError> {
        let profile = serde_json::to_string(settings)
            .map_err(|error| ServiceError::Failed(error.to_string()))?;
        self.with_stack(|stack| stack.start_with(&profile))
            .map_err(service_error)
    }

    fn roll_target(&self) -> Result<(), ServiceError> {
        self.with_stack(Stack::roll_targets).map_err(service_error)
    }

    fn crash_instance(&self) -> Result<(), ServiceError> {
        self.with_stack(Stack::crash_instance)
            .map_err(service_error)
    }

    fn crash(&self, role: ServiceRole) -> Result<(), ServiceError> {
        self.with_stack(|stack| stack.crash(role))
            .map_err(service_error)
    }

    fn processes(&self) -> Vec<ProcessInfo> {
        let stack = self.0.lock();
        stack.as_ref().map(Stack::processes).unwrap_or_default()
    }
}

fn service_error(error: StackError) -> ServiceError {
    match error {
        StackError::Interrupted => ServiceError::Interrupted,
        error => ServiceError::Failed(error.to_string()),
    }
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
            database_pool,
        } => {
            let progress = events.clone();
            let options = StackOptions {
                keep_in: keep_in.clone(),
                scale: scale.unwrap_or(Scale::Small),
                topology: topology.unwrap_or_default(),
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
mod tests {
    use super::*;

    fn target(url: &str) -> TargetArgs {
        TargetArgs {
            targets: vec![url.to_owned()],
            ..TargetArgs::default()
        }
    }

    #[test]
    fn a_loopback_target_is_accepted_and_a_remote_one_only_when_allowed() {
        assert!(ServiceSource::from_flags(&target("http://127.0.0.1:8080")).is_ok());
        assert!(ServiceSource::from_flags(&target("http://[::1]:8080/")).is_ok());
        assert!(ServiceSource::from_flags(&target("http://0.0.0.0:8080/")).is_ok());
        assert!(ServiceSource::from_flags(&target("http://[::ffff:127.0.0.1]:80")).is_ok());
        let remote = target("http://192.0.2.7:8080");
        let error = ServiceSource::from_flags(&remote).unwrap_err().to_string();
        assert!(error.contains("--allow-remote-target"), "{error}");
        let allowed = TargetArgs {
            allow_remote_target: true,
            ..remote
        };
        assert!(ServiceSource::from_flags(&allowed).is_ok());
    }

    #[test]
    fn the_processes_behind_a_balancer_are_all_addresses_of_their_names() {
        let behind = |instances: &[&str]| TargetArgs {
            instances: instances.iter().map(|url| (*url).to_owned()).collect(),
            resolve: vec!["many.test:8080:127.0.0.2,127.0.0.3".parse().unwrap()],
            ..target("http://127.0.0.1:8081")
        };
        let urls = ["http://127.0.0.1:8080", "http://many.test:8080"];
        let ServiceSource::Running {
            targets, instances, ..
        } = ServiceSource::from_flags(&behind(&urls)).unwrap()
        else {
            panic!("a target is given");
        };
        assert_eq!((targets.len(), instances.len()), (1, 3));
        let wrong = ["http://many.test:8080", "https://127.0.0.1:8080"];
        let error = ServiceSource::from_flags(&behind(&wrong)).unwrap_err();
        assert!(error.to_string().contains("plain http"), "{error}");
    }

    #[test]
    fn what_is_no_target_is_refused_with_an_example() {
        for url in [
            "127.0.0.1:8080",
            "https://127.0.0.1",
            "http://",
            "http://127.0.0.1/api",
            "http://a@127.0.0.1",
            "http://127.0.0.1:80800",
            "http://127.0.0.1:0",
            "http://127.0.0.1#part",
        ] {
            let error = ServiceSource::from_flags(&target(url))
                .unwrap_err()
                .to_string();
            assert!(error.contains("http://127.0.0.1:8080"), "{url}: {error}");
        }
    }

    #[test]
    fn an_experiment_on_a_running_target_needs_its_lab_token() {
        let services = ServiceSource::from_flags(&target("http://127.0.0.1:8080")).unwrap();
        assert!(
            services
                .needs_lab()
                .unwrap_err()
                .to_string()
                .contains("--lab-token")
        );
    }
}
