//! Which services a command uses, an own stack or a target that is running, and how trials get
//! their hands on them.

use std::{
    collections::BTreeMap,
    net::{SocketAddr, ToSocketAddrs as _},
    path::PathBuf,
    sync::Arc,
};

use shared::dataset::Scale;

use super::{
    args::TargetArgs,
    interrupt::{self, Held},
    outcome::Failure,
};
use crate::{
    codeconnect::{CodeConnectSystem, LabClient},
    events::{LoadControl, Publisher},
    stack::{Stack, StackError, StackOptions, Victim},
    system::{Endpoint, Endpoints},
    trial::{Crash, TestEnv, Upkeep},
};

/// Which services a command uses.
#[derive(Debug, Clone)]
pub(super) enum Services {
    /// PostgreSQL, Redis and target-app of its own.
    Own {
        /// How much data; what the file says unless told.
        scale: Option<Scale>,
        /// The target-app program.
        target_bin: Option<PathBuf>,
        /// Where its data is kept.
        keep_in: Option<PathBuf>,
        /// What is killed in the middle of each trial.
        crash: Option<Crash>,
    },
    /// A target that is running.
    Running {
        /// Where, as it was given.
        base: String,
        /// Value of the `Host` header.
        host: String,
        /// Where requests go.
        address: SocketAddr,
        /// Its lab token.
        token: Option<String>,
    },
}

impl Services {
    /// What the flags ask for.
    pub(super) fn of(args: &TargetArgs) -> Result<Self, Failure> {
        let Some(url) = &args.target else {
            return Ok(Self::Own {
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

    /// Refuses a target whose switches cannot be flipped.
    pub(super) fn needs_lab(&self) -> Result<(), Failure> {
        match self {
            Self::Running { token: None, .. } => Err(Failure::usage(
                "an experiment flips the target's switches: give its lab token with --lab-token, or leave --target away to use an own stack",
            )),
            _ => Ok(()),
        }
    }

    /// The scale of an own stack where the flags say nothing.
    pub(super) fn scale_unless_told(&mut self, from_file: Scale) {
        if let Self::Own { scale, .. } = self {
            *scale = Some(scale.unwrap_or(from_file));
        }
    }

    /// What a reader must know of this way to run.
    pub(super) fn warnings(&self) -> Vec<String> {
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
            "only plain http is spoken"
        } else {
            "it does not begin with http://"
        })
    })?;
    let host = rest.trim_end_matches('/');
    if host.is_empty() || host.contains(['/', '@', '?', '#']) {
        return Err(bad("it is more than a host and a port"));
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
        // The same family first that a browser would take on this machine.
        .min_by_key(SocketAddr::is_ipv6)
        .ok_or_else(|| bad("its name has no address"))?;
    Ok((host.to_owned(), address))
}

/// Where the services of an own stack are.
#[derive(Debug, Clone)]
pub(super) struct Addresses {
    /// Of PostgreSQL, password included; empty where there is none.
    pub(super) database_url: String,
    /// Of Redis, password included; empty where there is none.
    pub(super) redis_url: String,
    /// Of target-app; empty where there is none.
    pub(super) target_url: String,
    /// Admits to target-app's control plane.
    pub(super) lab_token: String,
}

/// Hands on an own stack, for trials. A stack that is being taken down is left alone.
#[derive(Debug)]
struct Hands(Held<Stack>);

impl Upkeep for Hands {
    fn restart_target(&self) -> Result<(), StackError> {
        match interrupt::lock(&self.0).as_mut() {
            Some(stack) => stack.restart_target(),
            None => Err(StackError::Interrupted),
        }
    }

    fn crash(&self, victim: Victim) -> Result<(), StackError> {
        match interrupt::lock(&self.0).as_mut() {
            Some(stack) => stack.crash(victim),
            None => Err(StackError::Interrupted),
        }
    }

    fn pids(&self) -> BTreeMap<String, u32> {
        let held = interrupt::lock(&self.0);
        held.as_ref()
            .map(|stack| stack.pids.clone())
            .unwrap_or_default()
    }
}

/// Starts an own stack beside the event loop and leaves it with `running`; gives up early when
/// `options.stop` says so.
pub(super) async fn start(
    options: StackOptions,
    running: &Held<Stack>,
) -> Result<Addresses, Failure> {
    let running = Arc::clone(running);
    let starting = tokio::task::spawn_blocking(move || {
        let mut held = interrupt::lock(&running);
        let stack = Stack::start(options)?;
        let addresses = Addresses {
            database_url: stack.database_url.clone(),
            redis_url: stack.redis_url.clone(),
            target_url: stack.target_url.clone(),
            lab_token: stack.lab_token.clone(),
        };
        *held = Some(stack);
        Ok(addresses)
    });
    starting
        .await
        .map_err(Failure::internal)?
        .map_err(|error| match error {
            StackError::Interrupted => Failure::Interrupted,
            StackError::Failed { .. } | StackError::Io { .. } => Failure::internal(error),
            _ => Failure::usage(error),
        })
}

/// The backend at one address, as trials see it.
fn system(address: SocketAddr, host: String, lab: LabClient) -> Arc<CodeConnectSystem> {
    let endpoints = Endpoints::one(Endpoint { address, host });
    Arc::new(CodeConnectSystem::new(endpoints, lab))
}

pub(super) async fn open(
    services: &Services,
    running: &Held<Stack>,
    events: Publisher,
    steering: LoadControl,
) -> Result<TestEnv, Failure> {
    let stop = steering.token();
    match services {
        Services::Running {
            base,
            host,
            address,
            token,
        } => {
            let lab = LabClient::new(base, token.clone()).map_err(Failure::internal)?;
            lab.live().await.map_err(Failure::usage)?;
            if lab.has_token() {
                lab.profile().await.map_err(Failure::usage)?;
            }
            Ok(TestEnv {
                system: system(*address, host.clone(), lab),
                upkeep: None,
                crash: None,
                events,
                stop,
                samples: None,
                steering,
            })
        }
        Services::Own {
            scale,
            target_bin,
            keep_in,
            crash,
        } => {
            let told = events.clone();
            let options = StackOptions {
                keep_in: keep_in.clone(),
                scale: scale.unwrap_or(Scale::Small),
                target_bin: target_bin.clone(),
                stop: stop.clone(),
                log: Arc::new(move |what| told.stage(what, None)),
                ..StackOptions::default()
            };
            let at = start(options, running).await?;
            let (host, address) = resolve(&at.target_url)?;
            let lab =
                LabClient::new(&at.target_url, Some(at.lab_token)).map_err(Failure::internal)?;
            Ok(TestEnv {
                system: system(address, host, lab),
                upkeep: Some(Arc::new(Hands(Arc::clone(running)))),
                crash: *crash,
                events,
                stop,
                samples: None,
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
    fn a_loopback_target_is_taken_and_a_remote_one_only_when_allowed() {
        assert!(Services::of(&target("http://127.0.0.1:8080")).is_ok());
        assert!(Services::of(&target("http://[::1]:8080/")).is_ok());
        let remote = target("http://192.0.2.7:8080");
        let error = Services::of(&remote).unwrap_err().to_string();
        assert!(error.contains("--allow-remote-target"), "{error}");
        let allowed = TargetArgs {
            allow_remote_target: true,
            ..remote
        };
        assert!(Services::of(&allowed).is_ok());
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
            let error = Services::of(&target(url)).unwrap_err().to_string();
            assert!(error.contains("http://127.0.0.1:8080"), "{url}: {error}");
        }
    }

    #[test]
    fn an_experiment_on_a_running_target_needs_its_lab_token() {
        let services = Services::of(&target("http://127.0.0.1:8080")).unwrap();
        assert!(
            services
                .needs_lab()
                .unwrap_err()
                .to_string()
                .contains("--lab-token")
        );
    }
}
