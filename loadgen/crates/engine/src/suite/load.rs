//! Reads a suite file. A wrong word is refused with file, line and the nearest right one.
//!
//! ```yaml
//! name: evening
//! question: Does the platform carry its evening load?
//! load: { model: open, rate: 20/s, warmup: 2s, duration: 10s, arrivals: poisson }
//! # load: { model: open, phases: [ {name: warm up, duration: 60s, rate: 10/s, to: 50/s}, … ] }
//! # load: { model: closed, users: 3000, warmup: 10s, duration: 30s, think: 1s..3s }
//! # The whole of `load` is explained in load_spec.rs.
//! flows:
//!   - { flow: orders.buy, weight: 20 }
//!   - { flow: orders.browse, weight: 45, think: 1s..3s }
//!   # - { flow: "*", weight: 1 }   # each flow that no other entry names, with this weight
//! thresholds: [ p95 < 1000ms, success > 99% ]
//! accounts: 64      # signed in before the run
//! timeout: 10s      # of a request, from its intended start
//! drain: 10s        # longest wait for what is under way at the end
//! max_users: 64     # virtual users a flow
//! seed: 1
//! topology: scale=2,pgbouncer,replica   # of an own stack: instances behind a balancer, a pooler, a replica
//! faults: [ { fault: redis.down, at: 5s, for: 3s } ]   # explained in fault_spec.rs
//! ```
//!
//! With phases and no `warmup`, leading phases with `warmup: true`, or whose name begins with
//! `warm`, are the warm-up.

use std::{fs, path::Path};

use serde::Deserialize;
use serde_saphyr::Spanned;
use shared::{text::unknown, time::Millis};

use super::{
    load_spec::LoadSpec,
    model::{FlowShare, Suite},
    reader::Reader,
    yaml_error::explain,
};
use crate::{
    flow::Catalog,
    threshold::{Scope, Threshold},
};

pub use super::{
    fault_spec::RawFault,
    load_spec::RawLoad,
    reader::{BadFile, MAX_DURATION, MAX_TIMEOUT, MAX_USERS, decimal, think},
};

/// Stands for every flow that no other entry of `flows` names.
const EVERY_OTHER: &str = "*";
/// Largest file that is read: a suite is a page, not a data set.
const MAX_BYTES: u64 = 256 * 1_024;
/// Most accounts that are signed in before a run: each costs the target a password hash.
const MAX_ACCOUNTS: u32 = 2_000;

/// Reads and checks the suite file at `path`.
pub fn file(path: &Path, catalog: &Catalog) -> Result<Suite, BadFile> {
    let text = read_text(path)?;
    parse(&text, &path.display().to_string(), catalog)
}

/// Reads a file of bounded size.
pub fn read_text(path: &Path) -> Result<String, BadFile> {
    let shown = path.display();
    let size = fs::metadata(path)
        .map_err(|error| BadFile(format!("{shown}: cannot be read: {error}")))?
        .len();
    if size > MAX_BYTES {
        return Err(BadFile(format!(
            "{shown}: {size} bytes are more than a file of this kind has (at most {MAX_BYTES})"
        )));
    }
    fs::read_to_string(path).map_err(|error| BadFile(format!("{shown}: cannot be read: {error}")))
}

/// Checks the text of a suite; `file` names it in errors.
pub fn parse(text: &str, file: &str, catalog: &Catalog) -> Result<Suite, BadFile> {
    resolve(from_yaml(text, file)?, file, catalog)
}

/// Turns a suite as it is written into what it means; `file` names it in errors.
pub fn resolve(raw: RawSuite, file: &str, catalog: &Catalog) -> Result<Suite, BadFile> {
    Reader { file, catalog }.suite(raw)
}

/// Reads YAML into the raw types of a file, with unknown keys refused by name.
pub fn from_yaml<'de, T: Deserialize<'de>>(text: &'de str, file: &str) -> Result<T, BadFile> {
    serde_saphyr::from_str(text).map_err(|error| BadFile(explain(&error, text, file)))
}

/// A suite as it is written. An experiment's file has the same keys, and its own.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(
    missing_docs,
    reason = "the keys are explained at the head of this file"
)]
pub struct RawSuite {
    pub name: Spanned<String>,
    #[serde(default)]
    pub question: String,
    pub load: Spanned<RawLoad>,
    pub flows: Spanned<Vec<RawFlow>>,
    #[serde(default)]
    pub thresholds: Vec<Spanned<String>>,
    pub accounts: Option<Spanned<u32>>,
    pub timeout: Option<Spanned<String>>,
    pub drain: Option<Spanned<String>>,
    pub max_users: Option<Spanned<u32>>,
    pub seed: Option<u64>,
    pub topology: Option<Spanned<String>>,
    #[serde(default)]
    pub faults: Vec<RawFault>,
}

/// An entry of `flows` as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawFlow {
    flow: Spanned<String>,
    weight: Option<Spanned<String>>,
    think: Option<Spanned<String>>,
}

impl Reader<'_> {
    fn suite(&self, raw: RawSuite) -> Result<Suite, BadFile> {
        if !is_name(&raw.name.value) {
            return Err(self.at(&raw.name, "a name has 1 to 40 of a-z, 0-9, - and _"));
        }
        let mut shares = Vec::new();
        for flow in &raw.flows.value {
            shares.extend(self.flow(flow, &raw.flows.value)?);
        }
        if shares.is_empty() {
            return Err(self.at(&raw.flows, "`flows` is empty: name at least one flow"));
        }
        let LoadSpec {
            load,
            options,
            windows,
        } = self.load(&raw.load, raw.drain.as_ref(), &shares)?;
        let mut suite = Suite {
            name: raw.name.value.clone(),
            question: raw.question,
            load,
            options,
            windows,
            flows: shares,
            thresholds: Vec::new(),
            accounts: self.number(raw.accounts.as_ref(), 64, 1, MAX_ACCOUNTS)?,
            timeout: self.timeout(raw.timeout.as_ref())?,
            max_users: self.number(raw.max_users.as_ref(), 64, 1, MAX_USERS)?,
            seed: raw.seed.unwrap_or(1),
            topology: raw
                .topology
                .as_ref()
                .map(|text| self.read(text))
                .transpose()?
                .unwrap_or_default(),
            faults: Vec::new(),
        };
        suite.faults = self.faults(&raw.faults, suite.topology, suite.windows.measure)?;
        for text in &raw.thresholds {
            let threshold: Threshold = self.read(text)?;
            check_scope(&threshold, &suite, self.catalog).map_err(|why| self.at(text, &why))?;
            suite.thresholds.push(threshold);
        }
        Ok(suite)
    }

    /// A request's time limit.
    fn timeout(&self, text: Option<&Spanned<String>>) -> Result<Millis, BadFile> {
        let Some(text) = text else {
            return Ok(Millis(10_000));
        };
        match text.value.parse::<Millis>() {
            Ok(timeout) if (100..=MAX_TIMEOUT.0).contains(&timeout.0) => Ok(timeout),
            Err(error) if !error.is_too_long() => Err(self.at(text, &error.to_string())),
            _ => Err(self.at(text, &format!("a timeout is from 100ms to {MAX_TIMEOUT}"))),
        }
    }

    /// An entry of `flows`: one flow, or every flow that no other entry names.
    fn flow(&self, raw: &RawFlow, all: &[RawFlow]) -> Result<Vec<FlowShare>, BadFile> {
        let name = raw.flow.value.as_str();
        let mut names = self.catalog.flow_names();
        if name == EVERY_OTHER {
            names.retain(|name| all.iter().all(|entry| entry.flow.value != *name));
        } else if names.contains(&name) {
            names = vec![name];
        } else {
            return Err(self.at(&raw.flow, &unknown("flow", name, names.into_iter())));
        }
        let weight = match &raw.weight {
            None => 1.0,
            Some(text) => match self.decimal(text)? {
                weight if weight > 0.0 && weight <= 1e6 => weight,
                weight => {
                    let why =
                        format!("a weight is greater than 0 and at most 1000000, not {weight}");
                    return Err(self.at(text, &why));
                }
            },
        };
        let think = raw.think.as_ref().map(|text| self.think(text));
        let think = think.transpose()?;
        let share = |flow: &str| FlowShare {
            flow: flow.to_owned(),
            weight,
            think,
        };
        Ok(names.into_iter().map(share).collect())
    }
}

/// Whether a suite has what a threshold is about: the operation or flow, the phase, the method.
pub fn check_scope(threshold: &Threshold, suite: &Suite, catalog: &Catalog) -> Result<(), String> {
    match &threshold.scope {
        Scope::Subject(subject) => {
            let mut known: Vec<&str> = catalog.operations.iter().map(|(_, one)| one.name).collect();
            known.extend(catalog.flow_names());
            known.sort_unstable();
            known.dedup();
            if known.contains(&subject.as_str()) {
                Ok(())
            } else {
                Err(unknown("operation or flow", subject, known.into_iter()))
            }
        }
        Scope::Flow(name) => {
            let known: Vec<&str> = suite.flows.iter().map(|one| one.flow.as_str()).collect();
            if known.contains(&name.as_str()) {
                Ok(())
            } else {
                Err(unknown("flow of this suite", name, known.into_iter()))
            }
        }
        Scope::Phase(name) => {
            let spans = suite.phase_spans();
            let known: Vec<&str> = spans.iter().map(|(name, ..)| name.as_str()).collect();
            if known.contains(&name.as_str()) {
                Ok(())
            } else if known.is_empty() {
                Err(format!(
                    "there is no phase `{name}` in the measured window: no phase has a name"
                ))
            } else {
                Err(unknown("measured phase", name, known.into_iter()))
            }
        }
        Scope::Method(method) => {
            let mut sent: Vec<&str> = suite
                .flows
                .iter()
                .filter_map(|share| catalog.flow(&share.flow))
                .flat_map(|flow| &flow.operations)
                .filter_map(|op| catalog.operations.method(*op))
                .collect();
            sent.sort_unstable();
            sent.dedup();
            if sent.contains(&method.as_str()) {
                Ok(())
            } else if sent.is_empty() {
                Err(format!(
                    "no request of this load is known to be a {method}: omit `method:{method}:`"
                ))
            } else {
                Err(format!(
                    "no request of this load is a {method}: it sends {}",
                    sent.join(", ")
                ))
            }
        }
        Scope::All | Scope::Status(_) => Ok(()),
    }
}

/// Whether a name can be part of a folder's.
pub fn is_name(text: &str) -> bool {
    (1..=40).contains(&text.len())
        && text
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_')
}

#[cfg(test)]
mod property_tests;
#[cfg(test)]
mod tests;
