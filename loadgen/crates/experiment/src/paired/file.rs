//! Reads an experiment file: a suite's keys, and what differs between the arms.
//!
//! ```yaml
//! name: list_cache
//! question: How much does the cache of lists save?
//! hypothesis: the tail of orders.list falls by half
//! expected: improves                  # or regresses, no_change: the first primary metric
//! why: queries per request             # the metric that should explain it
//! before: { profile: after, set: { cache.orders: off } }
//! after: { profile: after }            # with `topology: scale=2` a stack of its own
//! blocks: 6                           # pairs of trials, in random order
//! primary: [ orders.list p97.5 ]      # the claims
//! scale: small                        # of an own stack
//! quick: { blocks: 2, warmup: 1s, duration: 4s }
//! document: { title: …, differs: …, phases: [ … ] }   # stated figures beside the measured ones
//! load: …      # and the other keys of a suite: flows, thresholds, accounts, seed …
//! ```

use std::{fmt, path::Path, str::FromStr};

use serde::Deserialize;
use serde_saphyr::{Location, Spanned};
use shared::{dataset::Scale, time::Millis};

use super::{
    arm_file::{RawArm, read_arm},
    arm_spec::ArmSpec,
    control::{CONTROL_BLOCKS, ControlKind, medians},
    direction::Direction,
    planned_metrics::{check_planned, planned_metric},
    shorten::shorten,
};
use crate::{metric::MetricId, schema::Document, system::Application};
use loadgen_engine::suite::{
    Suite,
    load::{self, BadFile, RawFlow, RawLoad, RawSuite},
};
use loadgen_engine::threshold::Level;
use loadgen_stats::fewest_pairs;

/// Most pairs of trials.
pub const MAX_BLOCKS: u32 = 200;
/// How many times the fewest blocks the spread of the first ones may ask for.
pub const EXTENSION: u32 = 2;

/// Two arms and what both are asked.
#[derive(Debug, Clone, PartialEq)]
pub struct Experiment {
    /// What both arms are asked.
    pub suite: Suite,
    /// What is expected, in one sentence.
    pub hypothesis: String,
    /// Which way the first primary metric is expected to go.
    pub expected: Option<Direction>,
    /// The metric that should explain it.
    pub why: Option<MetricId>,
    /// The first arm.
    pub before: ArmSpec,
    /// The second.
    pub after: ArmSpec,
    /// Pairs of trials.
    pub blocks: u32,
    /// Pairs of trials to which the spread of the first ones may raise that number; the same where
    /// the number was given.
    pub most_blocks: u32,
    /// The metrics that a claim is made on.
    pub primary: Vec<MetricId>,
    /// How much data an own stack holds.
    pub scale: Scale,
    /// What `--quick` changes.
    pub quick: Quick,
    /// What the experiment is to find of itself first.
    pub controls: Vec<ControlKind>,
    /// Whether a rate that the slower arm can sustain is looked for first.
    pub find_rate: bool,
    /// Figures of a document that stand beside those that are measured.
    pub document: Option<Document>,
    /// Whether the capacity of both arms is searched first.
    pub capacity: ArmCapacitySearch,
}

/// Whether the capacity of both arms is searched before they are compared.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ArmCapacitySearch {
    /// It was not asked for.
    #[default]
    No,
    /// It is.
    Yes,
    /// It was asked for, of an experiment that is too short for it.
    LeftOut,
}

/// A shorter version, to see that everything works; too short to decide anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quick {
    /// Pairs of trials.
    pub blocks: u32,
    /// Warm-up of each trial.
    pub warm_up: Millis,
    /// Measured window of each trial.
    pub measure: Millis,
}

impl Default for Quick {
    fn default() -> Self {
        Self {
            blocks: 2,
            warm_up: Millis(1_000),
            measure: Millis(4_000),
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawExperiment {
    name: Spanned<String>,
    #[serde(default)]
    question: String,
    #[serde(default)]
    hypothesis: String,
    expected: Option<Spanned<String>>,
    why: Option<Spanned<String>>,
    before: Spanned<RawArm>,
    after: Spanned<RawArm>,
    blocks: Option<Spanned<u32>>,
    primary: Option<Vec<Spanned<String>>>,
    scale: Option<Spanned<String>>,
    quick: Option<Spanned<RawQuick>>,
    document: Option<Spanned<Document>>,
    load: Spanned<RawLoad>,
    flows: Spanned<Vec<RawFlow>>,
    #[serde(default)]
    thresholds: Vec<Spanned<String>>,
    accounts: Option<Spanned<u32>>,
    timeout: Option<Spanned<String>>,
    drain: Option<Spanned<String>>,
    max_users: Option<Spanned<u32>>,
    seed: Option<u64>,
    topology: Option<Spanned<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawQuick {
    blocks: Option<u32>,
    warmup: Option<Spanned<String>>,
    duration: Option<Spanned<String>>,
}

/// Reads and checks the experiment file at `path`.
pub fn file(path: &Path, application: &dyn Application) -> Result<Experiment, BadFile> {
    let text = load::read_text(path)?;
    parse(&text, &path.display().to_string(), application)
}

/// Checks the text of an experiment; `file` names it in errors.
pub fn parse(text: &str, file: &str, application: &dyn Application) -> Result<Experiment, BadFile> {
    let raw: RawExperiment = load::from_yaml(text, file)?;
    let at = |place: Location, why: String| BadFile::at(file, place, &why);
    let arm = |raw: &Spanned<RawArm>| read_arm(raw, file, application);
    let (before, after) = (arm(&raw.before)?, arm(&raw.after)?);
    let expected = raw
        .expected
        .as_ref()
        .map(|word| parsed(word, file))
        .transpose()?;
    let scale = match &raw.scale {
        None => Scale::Small,
        Some(word) => parsed(word, file)?,
    };
    let quick = quick(raw.quick.as_ref()).map_err(|(place, why)| at(place, why))?;
    let default_primary = application.default_primary();
    let claims = raw.primary.as_ref().map_or(default_primary.len(), Vec::len);
    let fewest = fewest_pairs(claims) as u32;
    let (blocks, most_blocks) = match &raw.blocks {
        None => (fewest, fewest * EXTENSION),
        Some(spanned) => {
            let blocks = spanned.value;
            check_blocks(blocks)
                .and_then(|()| check_enough(blocks, fewest, claims))
                .map_err(|why| at(spanned.referenced, why))?;
            (blocks, blocks)
        }
    };
    let flows = raw.flows.referenced;
    let suite = load::resolve(
        RawSuite {
            name: raw.name,
            question: raw.question,
            load: raw.load,
            flows: raw.flows,
            thresholds: raw.thresholds,
            accounts: raw.accounts,
            timeout: raw.timeout,
            drain: raw.drain,
            max_users: raw.max_users,
            seed: raw.seed,
            topology: raw.topology,
            // Both arms run undisturbed.
            faults: Vec::new(),
        },
        file,
        application.catalog(),
    )?;
    let planned = |name: &str, place: Location| {
        planned_metric(name, &suite, application).map_err(|why| at(place, why))
    };
    let primary = if let Some(names) = &raw.primary {
        names
            .iter()
            .map(|name| planned(&name.value, name.referenced))
            .collect::<Result<Vec<MetricId>, BadFile>>()?
    } else {
        // Where no flow sends what they are about, the file has to say what it claims.
        check_planned(&default_primary, &suite, application).map_err(|why| at(flows, why))?;
        default_primary
    };
    let why = raw
        .why
        .as_ref()
        .map(|name| planned(&name.value, name.referenced))
        .transpose()?;
    let document = raw.document;
    if let Some(document) = &document {
        check_document(&document.value, &suite, application)
            .map_err(|why| at(document.referenced, why))?;
    }
    let mut experiment = Experiment {
        suite,
        hypothesis: raw.hypothesis,
        expected,
        why,
        before,
        after,
        blocks,
        most_blocks,
        primary,
        scale,
        quick,
        controls: Vec::new(),
        find_rate: false,
        document: document.map(|document| document.value),
        capacity: ArmCapacitySearch::No,
    };
    experiment.settle_topologies();
    Ok(experiment)
}

/// Reads a word of the file.
fn parsed<T: FromStr<Err: fmt::Display>>(word: &Spanned<String>, file: &str) -> Result<T, BadFile> {
    let read = word.value.parse::<T>();
    read.map_err(|error| BadFile::at(file, word.referenced, &error.to_string()))
}

/// Refuses a phase of a document whose operation no flow of the experiment sends.
fn check_document(
    document: &Document,
    suite: &Suite,
    application: &dyn Application,
) -> Result<(), String> {
    let sent = suite.operation_names(application.catalog());
    for phase in &document.phases {
        if !sent.contains(&phase.operation.as_str()) {
            let (name, operation) = (&phase.name, &phase.operation);
            return Err(format!(
                "phase `{name}` of the document is about {operation}, which no flow of this file sends"
            ));
        }
    }
    Ok(())
}

/// Whether so many blocks can be run.
fn check_blocks(blocks: u32) -> Result<(), String> {
    if (1..=MAX_BLOCKS).contains(&blocks) {
        Ok(())
    } else {
        Err(format!(
            "{blocks} blocks: it is 1 to {MAX_BLOCKS}, and 6 or more for an interval"
        ))
    }
}

/// Refuses a number of blocks with which no claim can be decided.
fn check_enough(blocks: u32, fewest: u32, claims: usize) -> Result<(), String> {
    if blocks >= fewest {
        Ok(())
    } else {
        Err(format!(
            "{blocks} blocks decide nothing: {claims} claim(s) need at least {fewest}; without the key the number follows from the claims"
        ))
    }
}

fn quick(raw: Option<&Spanned<RawQuick>>) -> Result<Quick, (Location, String)> {
    let mut quick = Quick::default();
    let Some(raw) = raw else { return Ok(quick) };
    let span = |text: &Spanned<String>| {
        text.value
            .parse::<Millis>()
            .map_err(|error| (text.referenced, error.to_string()))
    };
    if let Some(blocks) = raw.value.blocks {
        check_blocks(blocks).map_err(|why| (raw.referenced, why))?;
        quick.blocks = blocks;
    }
    if let Some(text) = &raw.value.warmup {
        quick.warm_up = span(text)?;
    }
    if let Some(text) = &raw.value.duration {
        quick.measure = span(text)?;
    }
    Ok(quick)
}

impl Experiment {
    /// Gives it this number of blocks, whatever their spread.
    pub const fn set_blocks(&mut self, blocks: u32) {
        self.blocks = blocks;
        self.most_blocks = blocks;
    }

    /// The quick version of it. It shows whether everything works, not how fast: from so few
    /// requests a percentile is one request, so limits on times warn and do not fail.
    pub fn make_quick(&mut self) {
        self.set_blocks(self.quick.blocks);
        for threshold in &mut self.suite.thresholds {
            if threshold.metric.is_time() {
                threshold.level = Level::Warn;
            }
        }
        shorten(&mut self.suite, self.quick.warm_up, self.quick.measure);
    }

    /// Makes it a control of itself on its `after` profile.
    pub fn make_control(
        &mut self,
        kind: ControlKind,
        application: &dyn Application,
    ) -> Result<(), String> {
        let [before, after] = kind.arms(&self.after.settings, application)?;
        self.before.settings = before;
        self.after.settings = after;
        self.before.topology = self.after.topology;
        self.settle_topologies();
        self.why = None;
        match kind {
            ControlKind::Same => {
                self.expected = Some(Direction::NoChange);
                "nothing: both arms are the same".clone_into(&mut self.hypothesis);
                "Does the method see a difference where there is none?"
                    .clone_into(&mut self.suite.question);
            }
            ControlKind::Planted(percent) => {
                self.expected = Some(Direction::Regresses);
                // One claim: the median of the operation, or of everything.
                self.primary = medians(&self.primary).into_iter().rev().take(1).collect();
                self.hypothesis = format!("times rise by about {percent} %");
                self.suite.question =
                    format!("Does the method see a planted slowness of {percent} %?");
            }
        }
        Ok(())
    }

    /// Pairs of all controls together.
    pub fn control_blocks(&self) -> u32 {
        self.controls.len() as u32 * CONTROL_BLOCKS
    }

    /// Planned load of all trials, without what lies between them.
    pub fn planned(&self) -> Millis {
        let blocks = u64::from(self.blocks + self.control_blocks());
        Millis(self.suite.windows.planned().0 * blocks * 2)
    }
}

#[cfg(test)]
#[path = "file_tests.rs"]
mod tests;
