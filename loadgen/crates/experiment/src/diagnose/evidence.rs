//! The figures that rules ask for, read from the judged arm of a summary, and what a rule returns.

use super::{
    catalog::{ArmContext, HintCatalog, Proposal},
    symptom::Symptom,
};
use crate::{
    metric,
    schema::{Arm, Band, Database, Operation, Percentile, Summary, Trial},
};
use loadgen_engine::sample::ResponseParts;

/// A rule: returns its finding with the evidence, or nothing.
pub(super) type Rule = fn(&Evidence<'_>) -> Option<RuleFinding>;

/// What a rule may look at.
pub(super) struct Evidence<'a> {
    /// The arm that is judged.
    pub(super) arm: &'a Arm,
    /// Its trials, in the order in which they ran.
    pub(super) trials: Vec<&'a Trial>,
    /// What the application says of itself.
    pub(super) catalog: &'a HintCatalog<'a>,
    /// Operations that were sent.
    operations: Vec<&'a str>,
    environment: &'a [(String, String)],
}

impl<'a> Evidence<'a> {
    /// The evidence of the last arm: an experiment's first one shows on purpose what is wrong.
    pub(super) fn of(summary: &'a Summary, catalog: &'a HintCatalog<'a>) -> Option<Self> {
        let arm = summary.arms.last()?;
        let sent = arm.operations.iter().filter(|one| one.planned > 0);
        Some(Self {
            arm,
            trials: summary
                .trials
                .iter()
                .filter(|trial| trial.arm == arm.name)
                .collect(),
            catalog,
            operations: sent.map(|one| one.name.as_str()).collect(),
            environment: &summary.environment,
        })
    }

    /// A figure of the environment by its name.
    pub(super) fn environment(&self, name: &str) -> Option<f64> {
        let (_, value) = self.environment.iter().find(|(known, _)| known == name)?;
        value.parse().ok()
    }

    /// An operation that was sent.
    pub(super) fn operation(&self, name: &str) -> Option<&'a Operation> {
        let mut all = self.arm.operations.iter();
        all.find(|one| one.name == name && one.planned > 0)
    }

    /// `71 % of the time above p99`, of the slowest requests that are enough to speak of.
    pub(super) fn of_tail(&self, share: f64) -> String {
        of_band(share, self.tail())
    }

    /// The slowest answered requests, all operations together: where the tail comes from.
    pub(super) fn tail(&self) -> Option<&'a Band> {
        tail(&self.arm.total)
    }

    /// Share of a part in the tail's response time.
    pub(super) fn tail_share(&self, part: impl Fn(&ResponseParts) -> f64) -> f64 {
        self.tail().map_or(0.0, |band| share(band, part))
    }

    /// Whether a part of the tail's response time takes at least that many milliseconds.
    pub(super) fn tail_has(&self, part: impl Fn(&ResponseParts) -> f64, ms: f64) -> bool {
        self.tail().is_some_and(|band| part(&band.parts_ms) >= ms)
    }

    /// Requests that the target answered between the observations, or where it does not count them,
    /// those that were planned.
    pub(super) fn requests(&self) -> f64 {
        let counted = self.arm.server.requests;
        counted.unwrap_or(self.arm.total.planned) as f64
    }

    /// What PostgreSQL did, where it was seen.
    pub(super) fn database(&self) -> Option<&'a Database> {
        self.arm.server.database.as_ref()
    }

    /// Requests a second.
    pub(super) fn rate(&self) -> f64 {
        let seconds = self.arm.server.window_s;
        if seconds > 0.0 {
            self.requests() / seconds
        } else {
            self.arm.total.rate_per_s
        }
    }

    /// How many requests ended with that outcome.
    pub(super) fn outcomes(&self, outcome: &str) -> u64 {
        self.arm.total.outcomes.get(outcome).copied().unwrap_or(0)
    }

    /// How many answers had that status.
    pub(super) fn answers(&self, status: u16) -> u64 {
        self.arm.total.statuses.get(&status).copied().unwrap_or(0)
    }

    /// Share of the active backends' samples that waited for the wait events `of`, and the most
    /// frequent of them.
    pub(super) fn waits(&self, of: impl Fn(&str) -> bool) -> (f64, &'a str) {
        let waits = self.arm.server.waits.iter();
        let mut all = 0.0;
        let mut most: (f64, &str) = (0.0, "");
        for (event, share) in waits.filter(|(event, _)| of(event)) {
            all += share;
            if *share > most.0 {
                most = (*share, event.as_str());
            }
        }
        (all, most.1)
    }

    /// Share of the machine's cores that a process used.
    pub(super) fn cpu_share(&self, process: &str) -> Option<f64> {
        let cores = self.environment("cores")?;
        let seconds = self.arm.server.window_s;
        let spent = self.arm.server.cpu_s.get(process)?;
        (cores * seconds > 0.0).then(|| spent / seconds / cores)
    }

    /// What the choice of a switch depends on.
    pub(super) fn context(&self) -> ArmContext<'_> {
        ArmContext {
            in_force: &self.arm.profile,
            operations: &self.operations,
        }
    }

    /// The switch that can still help against a symptom.
    pub(super) fn proposal(
        &self,
        symptom: Symptom,
        found_in: &str,
        figure: Option<u32>,
    ) -> Option<Proposal> {
        self.catalog
            .proposal(symptom, found_in, figure, self.context())
    }
}

/// What a rule found. `advise` adds what the catalogue knows of it.
pub(super) struct RuleFinding {
    pub(super) symptom: Symptom,
    /// What was measured, with figures.
    pub(super) evidence: String,
    /// What to do about it, in any application.
    pub(super) advice: &'static str,
    /// Name of what it was found in; empty where it has none.
    pub(super) found_in: String,
    /// The number that the switch of the catalogue is set to.
    pub(super) figure: Option<u32>,
    /// A switch that the rule chose itself.
    pub(super) proposal: Option<Proposal>,
}

impl RuleFinding {
    /// A finding that has no name and no figure.
    pub(super) fn new(symptom: Symptom, evidence: String, advice: &'static str) -> Self {
        Self {
            symptom,
            evidence,
            advice,
            found_in: String::new(),
            figure: None,
            proposal: None,
        }
    }

    /// Names what it was found in.
    pub(super) fn found_in(mut self, name: &str) -> Self {
        name.clone_into(&mut self.found_in);
        self
    }
}

/// The slowest answered requests of an operation, where there are as many as a percentile needs
/// beyond it.
pub(super) fn tail(operation: &Operation) -> Option<&Band> {
    let mut answered = operation
        .anatomy
        .iter()
        .filter(|band| band.name != "failed");
    let fewest = Percentile::FEWEST_BEYOND as f64 - 1e-6;
    answered.next_back().filter(|band| band.requests >= fewest)
}

/// `71 % of the time above p99`, or `of all requests`.
pub(super) fn of_band(share: f64, band: Option<&Band>) -> String {
    let name = band.map_or("above p99", |band| band.name.as_str());
    let of = if name.starts_with("above") { "" } else { "of " };
    format!("{} of the time {of}{name}", percent(share))
}

/// Share of a part in a band's response time.
pub(super) fn share(band: &Band, part: impl Fn(&ResponseParts) -> f64) -> f64 {
    if band.mean_ms > 0.0 {
        part(&band.parts_ms) / band.mean_ms
    } else {
        0.0
    }
}

/// `71 %`, `<1 %`, `>99 %`.
pub(super) fn percent(share: f64) -> String {
    metric::percent(share, 0)
}
