//! The services that a command runs against, an own stack or a running target, and the control that
//! trials have over them.

use std::{
    net::{SocketAddr, ToSocketAddrs as _},
    path::PathBuf,
    sync::Arc,
};

use shared::dataset::Scale;

use super::interrupt::CleanupSlot;
use crate::cli::{failure::Failure, flags::TargetArgs};
use loadgen_codeconnect::{CodeConnectSystem, LabClient};
use loadgen_engine::driver::HttpTrace;
use loadgen_experiment::{
    events::{LoadControl, Publisher},
    services::{ProcessInfo, ServiceControl, ServiceError, ServiceRole},
    system::{Endpoint, Endpoints, HttpService},
    trial::{Crash, TestEnv},
};
use loadgen_stack::{Stack, StackError, StackOptions};

/// The services that a command runs against.
#[derive(Debug, Clone)]
pub(in crate::cli) enum ServiceSource {
    /// PostgreSQL, Redis and target-app, started by the command.
    OwnStack {
        /// Amount of data; `None`: that of the file.
        scale: Option<Scale>,
        /// Path of the target-app program.
        target_bin: Option<PathBuf>,
        /// Folder in which its data stays.
        keep_in: Option<PathBuf>,
        /// A service that is killed during each trial.
        crash: Option<Crash>,
    },
    /// A running target.
    Running {
        /// Base URL.
        base: String,
        /// Value of the `Host` header.
        host: String,
        /// Address that requests are sent to.
        address: SocketAddr,
        /// Lab token; without it nothing can be switched, reset or audited.
        token: Option<String>,
    },
    /// Any HTTP service: nothing is started, reset, switched or audited.
    Http {
        /// What is sent, and to which endpoint.
        service: HttpService,
        /// Prints the first exchanges.
        trace: Option<HttpTrace>,
    },
}

impl ServiceSource {
    /// The services that the flags ask for.
    pub(in crate::cli) fn from_flags(args: &TargetArgs) -> Result<Self, Failure> {
        let Some(url) = &args.target else {
            return Ok(Self::OwnStack {
                scale: args.scale,
                target_bin: args.target_bin.clone(),
                keep_in: args.stack_dir.clone(),
                crash: args.crash,
            });
        };
        let (host, address) = resolve(url)?;
        if !address.ip().is_loopback() && !args.allow_remote_target {
            return Err(Failure::Usage(format!(
                "the target {url} is not on this machine ({}): load is only sent to machines that agreed to it; say so with --allow-remote-target",
                address.ip()
            )));
        }
        Ok(Self::Running {
            base: format!("http://{host}"),
            host,
            address,
            token: args.lab_token.clone(),
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

    /// Limits of a report on these services.
    pub(in crate::cli) fn warnings(&self) -> Vec<String> {
        match self {
            Self::Running { token: None, .. } => vec![
                "no lab token: the database was not reset, no switch was set, nothing was audited, and the target's own figures are missing".to_owned(),
            ],
            _ => Vec::new(),
        }
    }
}

/// `http://host:port` as host text and address.
fn resolve(url: &str) -> Result<(String, SocketAddr), Failure> {
    let bad = |why: &str| {
        Failure::Usage(format!(
            "`{url}` is not a target: {why}; write it like http://127.0.0.1:8080"
        ))
    };
    let rest = url.strip_prefix("http://").ok_or_else(|| {
        bad(if url.starts_with("https://") {
            "only plain http is supported"
        } else {
            "it does not begin with http://"
        })
    })?;
    let host = rest.trim_end_matches('/');
    if host.is_empty() || host.contains(['/', '@', '?', '#']) {
        return Err(bad("it has more than a host and a port"));
    }
    let has_port = host
        .rsplit_once(':')
        .is_some_and(|(name, port)| !port.contains(']') && !name.is_empty());
    let lookup = if has_port {
        host.to_owned()
    } else {
        format!("{host}:80")
    };
    let address = lookup
        .to_socket_addrs()
        .map_err(|error| bad(&error.to_string()))?
        // IPv4 first, as services on this machine listen there.
        .min_by_key(SocketAddr::is_ipv6)
        .ok_or_else(|| bad("its name has no address"))?;
    Ok((host.to_owned(), address))
}

/// Addresses of the services of an own stack; empty for a service that was not started.
#[derive(Debug, Clone)]
pub(in crate::cli) struct StackAddresses {
    /// URL of PostgreSQL, password included.
    pub(in crate::cli) database_url: String,
    /// URL of Redis, password included.
    pub(in crate::cli) redis_url: String,
    /// URLs of the instances of target-app.
    pub(in crate::cli) target_urls: Vec<String>,
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
            redis_url: stack.redis_url.clone(),
            target_urls: stack.target_urls(),
            lab_token: stack.lab_token.clone(),
        };
        *slot = Some(stack);
        Ok::<_, StackError>(addresses)
    });
    Ok(starting.await.map_err(Failure::internal)??)
}

/// The backend at one address, as trials see it.
fn system(address: SocketAddr, host: String, lab: LabClient) -> Arc<CodeConnectSystem> {
    let endpoints = Endpoints::one(Endpoint { address, host });
    Arc::new(CodeConnectSystem::new(endpoints, lab))
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
        ServiceSource::Http { service, trace } => Ok(TestEnv {
            system: Arc::new(service.clone()),
            service_control: None,
            crash: None,
            events,
            stop,
            samples: None,
            trace: trace.clone(),
            steering,
        }),
        ServiceSource::Running {
            base,
            host,
            address,
            token,
        } => {
            let lab = LabClient::new(base, token.clone())?;
            lab.live().await?;
            if lab.has_token() {
                lab.profile().await?;
            }
            Ok(TestEnv {
                system: system(*address, host.clone(), lab),
                service_control: None,
                crash: None,
                events,
                stop,
                samples: None,
                trace: None,
                steering,
            })
        }
        ServiceSource::OwnStack {
            scale,
            target_bin,
            keep_in,
            crash,
        } => {
            let progress = events.clone();
            let options = StackOptions {
                keep_in: keep_in.clone(),
                scale: scale.unwrap_or(Scale::Small),
                target_bin: target_bin.clone(),
                stop: stop.clone(),
                abort: running.abort(),
                log: Arc::new(move |what| progress.stage(what, None)),
                ..StackOptions::default()
            };
            let at = start_stack(options, running).await?;
            // Trials send to one instance so far.
            let url = at
                .target_urls
                .first()
                .ok_or_else(|| Failure::internal("the own stack has no target"))?;
            let (host, address) = resolve(url)?;
            let lab = LabClient::new(url, Some(at.lab_token))?;
            Ok(TestEnv {
                system: system(address, host, lab),
                service_control: Some(Arc::new(OwnStackControl(running.clone()))),
                crash: *crash,
                events,
                stop,
                samples: None,
                trace: None,
                steering,
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(url: &str) -> TargetArgs {
        TargetArgs {
            target: Some(url.to_owned()),
            ..TargetArgs::default()
        }
    }

    #[test]
    fn a_loopback_target_is_accepted_and_a_remote_one_only_when_allowed() {
        assert!(ServiceSource::from_flags(&target("http://127.0.0.1:8080")).is_ok());
        assert!(ServiceSource::from_flags(&target("http://[::1]:8080/")).is_ok());
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
    fn what_is_no_target_is_refused_with_an_example() {
        for url in [
            "127.0.0.1:8080",
            "https://127.0.0.1",
            "http://",
            "http://127.0.0.1/api",
            "http://a@127.0.0.1",
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
