//! A system that can be put into a configuration, loaded, observed and checked.

use std::{collections::BTreeMap, fmt, sync::Arc, time::Duration};

use futures_util::future::BoxFuture;
use shared::{api::lab::Explanation, invariant::InvariantResult, snapshot::Snapshot};

use super::{application::Application, consistency::ConsistencyRecord, settings::Settings};
use loadgen_engine::{
    driver::{ClientOptions, Endpoint},
    flow::Flow,
};

/// Every endpoint of the system; at least one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoints {
    first: Endpoint,
    others: Vec<Endpoint>,
}

impl Endpoints {
    /// A system with one endpoint.
    pub const fn one(endpoint: Endpoint) -> Self {
        Self {
            first: endpoint,
            others: Vec::new(),
        }
    }

    /// One more.
    #[must_use]
    pub fn and(mut self, endpoint: Endpoint) -> Self {
        self.others.push(endpoint);
        self
    }

    /// The one that is asked for what all of them share: data, profile and audit.
    pub const fn first(&self) -> &Endpoint {
        &self.first
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &Endpoint> {
        std::iter::once(&self.first).chain(&self.others)
    }
}

/// Why the system cannot be prepared, audited or explained.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SystemError {
    /// A request to it failed, in one line with what to do.
    #[error("{0}")]
    Failed(String),
    /// A limit of this process or machine left no connection to it.
    #[error("{0}")]
    GeneratorLimit(String),
    /// Another profile than the requested one is in force.
    #[error("the profile in force is not the requested one: {0}")]
    NotInForce(String),
}

/// What a trial requires of the system before load is sent.
pub struct PrepareRequest<'a> {
    /// The configuration to put in force.
    pub settings: &'a Settings,
    /// The flows that will be sent.
    pub flows: &'a [String],
    /// How many accounts are to be signed in, where a flow needs any.
    pub accounts: u32,
    /// How long the load takes, drain included: what is signed in must last as long.
    pub planned: Duration,
    /// Receives what is being done: `sign in`, `reset`.
    pub stage: &'a (dyn Fn(&str) + Send + Sync),
}

/// What is in force, read back from the system.
#[derive(Debug, Clone, PartialEq)]
pub struct InForce {
    /// Every switch with its value.
    pub settings: Settings,
    /// Digest of the data, where the system has one.
    pub dataset: Option<String>,
    /// What the system and its services are, for people: `(name, value)`.
    pub environment: Vec<(String, String)>,
    /// Warnings about them, for the report.
    pub warnings: Vec<String>,
}

/// What an audit found.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Audited {
    /// Every invariant that was looked at.
    pub invariants: Vec<InvariantResult>,
    /// Parts that could not be looked at, each with its reason.
    pub failed: Vec<String>,
}

/// A system prepared for one trial.
pub trait PreparedSystem: fmt::Debug + Send + Sync {
    /// What is in force; `None` where the system does not report it.
    fn in_force(&self) -> Option<&InForce> {
        None
    }

    /// Warnings about the preparation, for the report.
    fn warnings(&self) -> Vec<String> {
        Vec::new()
    }

    /// The flow of that name, bound to this trial's data.
    fn flow(&self, name: &str) -> Option<Arc<dyn Flow>>;

    /// How clients connect under this configuration, and which encoding they ask for.
    fn client(&self) -> ClientOptions {
        ClientOptions::default()
    }

    /// What clients know of their writes so far, and how fresh what they read back was.
    fn consistency(&self) -> ConsistencyRecord {
        ConsistencyRecord::default()
    }

    /// Why the configuration that was put in force is not in force any more, in some process of the
    /// system; `None` where it is, or where the system does not report it.
    fn changed_since(&self) -> BoxFuture<'_, Option<String>> {
        Box::pin(async { None })
    }

    /// Removes what the flows left and no audit expects, after the load and before the audit; a
    /// warning for the report where something is left.
    fn clean_up(&self) -> BoxFuture<'_, Vec<String>> {
        Box::pin(async { Vec::new() })
    }

    /// Checks the invariants, joined with what clients know of their writes. `None`: this system has no
    /// audit.
    fn audit(&self) -> BoxFuture<'_, Result<Option<Audited>, SystemError>> {
        Box::pin(async { Ok(None) })
    }

    /// Highest possible hit ratio of each cache kind, where it follows from the frequencies of the
    /// keys. `requests` gives the requests of an operation in the
    /// measured window, `warm_up` the load before it as a share of that in it.
    fn attainable_hit_ratios(
        &self,
        _requests: &dyn Fn(&str) -> u64,
        _warm_up: f64,
    ) -> BTreeMap<String, f64> {
        BTreeMap::new()
    }

    /// What clients know of their writes, as text for the process that joins the parts of a load; empty
    /// where nothing is known.
    fn export_record(&self) -> Result<String, SystemError> {
        Ok(String::new())
    }

    /// Adds what the clients of another process know, as its [`export_record`](Self::export_record) gave
    /// it.
    fn import_record(&self, _record: &str) -> Result<(), SystemError> {
        Ok(())
    }

    /// Files to be kept beside the trial's figures: name and content.
    fn artifacts(&self) -> Vec<(String, Vec<u8>)> {
        Vec::new()
    }
}

/// A system that can be put into a configuration, loaded, observed and checked.
pub trait SystemUnderTest: fmt::Debug + Send + Sync {
    /// What it is.
    fn application(&self) -> &dyn Application;

    /// Where load goes.
    fn endpoints(&self) -> &Endpoints;

    /// Whether it can be reset, switched, observed and audited.
    fn has_control_plane(&self) -> bool {
        false
    }

    /// What a process must know that generates a part of this system's load and does not ask its control
    /// plane; empty where there is nothing of the kind. It holds no secret.
    fn facts(&self) -> BoxFuture<'_, Result<String, SystemError>> {
        Box::pin(async { Ok(String::new()) })
    }

    /// Back to known data, the configuration in force, and what is in force read back.
    fn prepare<'a>(
        &'a self,
        request: PrepareRequest<'a>,
    ) -> BoxFuture<'a, Result<Arc<dyn PreparedSystem>, SystemError>>;

    /// One snapshot of all processes of the system, off the measured path; `None` where there is
    /// none, or not in time.
    fn observe(&self) -> BoxFuture<'_, Option<Snapshot>> {
        Box::pin(async { None })
    }

    /// The query plans of an operation; `None` where there are none.
    fn explain<'a>(
        &'a self,
        _operation: &'a str,
    ) -> BoxFuture<'a, Result<Option<Explanation>, SystemError>> {
        Box::pin(async { Ok(None) })
    }
}
