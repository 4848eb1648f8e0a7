//! The services that a command runs against: an own stack or a running target.

use std::path::PathBuf;

use shared::dataset::Scale;

use crate::cli::{
    failure::Failure,
    flags::{RunningTargetArgs, TargetArgs},
};
use loadgen_codeconnect::SeededDatabase;
use loadgen_engine::{
    driver::{HttpTrace, ResolveRule, TargetAddresses, TargetUrl},
    suite::{FaultKind, PlannedFault, Suite, Topology, fault_problem},
};
use loadgen_experiment::{metric::MetricId, paired::check_topologies, system::HttpService};
use loadgen_stack::own_disk_refusal;

/// The services that a command runs against.
#[derive(Debug, Clone)]
pub(in crate::cli) enum ServiceSource {
    /// PostgreSQL, Redis and target-app, started by the command.
    OwnStack {
        /// Amount of data; `None`: that of the file.
        scale: Option<Scale>,
        /// Instances, pooler and replica; `None`: that of the file.
        topology: Option<Topology>,
        /// Those of the two arms of an experiment, where they differ: a stack each.
        arms: Option<[Topology; 2]>,
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
                arms: None,
                target_bin: args.target_bin.clone(),
                keep_in: args.stack_dir.clone(),
                crash: args.crash,
                faults: args.crash.iter().map(|one| one.kind).collect(),
                database_pool: None,
            });
        }
        let all: Vec<&String> = targets.iter().chain(instances).collect();
        let mut found = find_targets(&all, resolve, *allow_remote_target)?;
        let behind = found.split_off(targets.len());
        Ok(Self::Running {
            targets: found,
            instances: behind.iter().flat_map(TargetAddresses::each).collect(),
            token: lab_token.clone(),
            topology: Topology::SINGLE,
        })
    }

    /// What the load goes to, in one line without secrets: trials that are counted together have the same.
    pub(in crate::cli) fn identity(&self) -> String {
        match self {
            Self::OwnStack {
                scale,
                topology,
                target_bin,
                crash,
                ..
            } => {
                let data = scale.unwrap_or(Scale::Small);
                let topology = topology.unwrap_or_default();
                let mut parts = vec![format!("data {data}"), format!("topology {topology}")];
                parts.extend(target_bin.iter().map(|path| path.display().to_string()));
                parts.extend(crash.iter().map(ToString::to_string));
                format!("own stack: {}", parts.join(", "))
            }
            Self::Running {
                targets,
                instances,
                token,
                ..
            } => {
                let all = targets.iter().chain(instances);
                let names: Vec<&str> = all.map(TargetAddresses::host).collect();
                let lab = if token.is_some() { "with" } else { "without" };
                format!("running {lab} its lab: {}", names.join(", "))
            }
            // The plan has the request.
            Self::Http { .. } | Self::Database(_) => "what the plan names".to_owned(),
        }
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

    /// Gives each arm of an experiment a stack of its own topology; refuses what belongs to one stack.
    pub(in crate::cli) fn give_arms(&mut self, topologies: [Topology; 2]) -> Result<(), Failure> {
        let refused = |flag: &str, why: &str| {
            let [before, after] = topologies;
            Err(Failure::Usage(format!(
                "{flag}: the arms of this experiment have topologies of their own ({before} and {after}); {why}"
            )))
        };
        match self {
            Self::OwnStack {
                topology: Some(_), ..
            } => refused("--topology", "write them into its file"),
            Self::OwnStack {
                keep_in: Some(_), ..
            } => refused("--stack-dir", "it is a folder of one stack"),
            Self::OwnStack { crash: Some(_), .. } => {
                refused("--crash", "a fault is put into the services of one")
            }
            Self::OwnStack { arms, .. } => {
                *arms = Some(topologies);
                Ok(())
            }
            _ => refused("--target", "a running target has one"),
        }
    }

    /// Refuses figures that only other topologies of an own stack have; that of a running target is its own. The
    /// topology is known by then.
    pub(in crate::cli) fn check_figures<'a>(
        &self,
        figures: impl IntoIterator<Item = &'a MetricId>,
    ) -> Result<(), Failure> {
        let Self::OwnStack { topology, arms, .. } = self else {
            return Ok(());
        };
        let topologies = arms.unwrap_or([topology.unwrap_or_default(); 2]);
        check_topologies(figures, topologies).map_err(Failure::Usage)
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
            let costly = [
                (
                    FaultKind::DiskFull,
                    "PostgreSQL's data was on a disk in memory, so that it could be filled: a commit that waits for such a disk is faster than in service",
                ),
                (
                    FaultKind::PostgresFailover,
                    "a commit waited until the replica had it on disk, so that a failover loses nothing that was acknowledged: writes are slower than without",
                ),
            ];
            let costly = costly.iter().filter(|(fault, _)| faults.contains(fault));
            warnings.extend(costly.map(|(_, what)| (*what).to_owned()));
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

/// Where the instances of a target are; refuses those that cannot be loaded, or may not.
pub(in crate::cli) fn find_targets(
    texts: &[&String],
    resolve: &[ResolveRule],
    allow_remote: bool,
) -> Result<Vec<TargetAddresses>, Failure> {
    let mut urls = Vec::new();
    for text in texts {
        let url = TargetUrl::without_path(text).map_err(Failure::usage)?;
        if url.encrypted {
            return Err(Failure::Usage(format!(
                "`{text}` cannot be loaded: only plain http is supported; write it like http://127.0.0.1:8080"
            )));
        }
        urls.push(url);
    }
    let found = TargetAddresses::find_all(&urls, resolve).map_err(Failure::usage)?;
    for (url, target) in texts.iter().zip(&found) {
        refuse_remote(url, target, allow_remote)?;
    }
    Ok(found)
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

#[cfg(test)]
#[path = "services_tests.rs"]
mod tests;
