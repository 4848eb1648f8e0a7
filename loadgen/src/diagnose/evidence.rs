//! The figures that rules ask for, read from the judged arm of a summary.

use crate::sample::ResponseParts;
use crate::schema::{Arm, Band, Operation, Recommendation, Summary, Trial};

/// A rule: fires with its evidence, or is silent.
pub(super) type Rule = fn(&Evidence<'_>) -> Option<Recommendation>;

/// What a rule may look at.
pub(super) struct Evidence<'a> {
    /// The arm that is judged.
    pub(super) arm: &'a Arm,
    /// Its trials, in the order in which they ran.
    pub(super) trials: Vec<&'a Trial>,
    environment: &'a [(String, String)],
}

impl<'a> Evidence<'a> {
    /// The evidence of the last arm.
    pub(super) fn of(summary: &'a Summary) -> Option<Self> {
        let arm = summary.arms.last()?;
        Some(Self {
            arm,
            trials: summary
                .trials
                .iter()
                .filter(|trial| trial.arm == arm.name)
                .collect(),
            environment: &summary.environment,
        })
    }

    /// A figure of the environment by its name.
    pub(super) fn environment(&self, name: &str) -> Option<f64> {
        let (_, value) = self.environment.iter().find(|(known, _)| known == name)?;
        value.parse().ok()
    }

    /// The slowest answered requests, all operations together: where the tail comes from.
    pub(super) fn tail(&self) -> Option<&'a Band> {
        tail(&self.arm.total)
    }

    /// Share of a part in the tail's response time.
    pub(super) fn tail_share(&self, part: impl Fn(&ResponseParts) -> f64) -> f64 {
        self.tail().map_or(0.0, |band| share(band, part))
    }

    /// Requests that the target answered in the windows, or else those that were planned.
    pub(super) fn requests(&self) -> f64 {
        let seen = self.arm.server.requests;
        (if seen > 0 {
            seen
        } else {
            self.arm.total.planned
        }) as f64
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

    /// How many requests ended so.
    pub(super) fn ended(&self, outcome: &str) -> u64 {
        self.arm.total.outcomes.get(outcome).copied().unwrap_or(0)
    }

    /// How many answers had that status.
    pub(super) fn status(&self, status: u16) -> u64 {
        self.arm.total.statuses.get(&status).copied().unwrap_or(0)
    }

    /// Share of the active backends' samples that waited for events of these names.
    pub(super) fn waits(&self, of: impl Fn(&str) -> bool) -> f64 {
        let waits = self.arm.server.waits.iter();
        waits
            .filter(|(name, _)| of(name))
            .map(|(_, share)| share)
            .sum()
    }

    /// The value in force of a switch.
    pub(super) fn switch(&self, path: &str) -> Option<&'a str> {
        self.arm.profile.get(path).map(String::as_str)
    }

    /// `path=value` where the switch exists and is set otherwise.
    pub(super) fn propose(&self, path: &str, value: &str) -> Option<String> {
        let now = self.switch(path)?;
        (now != value).then(|| format!("{path}={value}"))
    }

    /// Share of the machine's cores that a process used.
    pub(super) fn cpu_share(&self, process: &str) -> Option<f64> {
        let cores = self.environment("cores")?;
        let seconds = self.arm.server.window_s;
        let spent = self.arm.server.cpu_s.get(process)?;
        (cores * seconds > 0.0).then(|| spent / seconds / cores)
    }
}

/// The slowest answered requests of an operation.
pub(super) fn tail(operation: &Operation) -> Option<&Band> {
    let mut answered = operation
        .anatomy
        .iter()
        .filter(|band| band.name != "failed");
    answered.next_back()
}

/// Share of a part in a band's response time.
pub(super) fn share(band: &Band, part: impl Fn(&ResponseParts) -> f64) -> f64 {
    if band.mean_ms > 0.0 {
        part(&band.parts_ms) / band.mean_ms
    } else {
        0.0
    }
}

/// `71 %`.
pub(super) fn percent(share: f64) -> String {
    format!("{:.0} %", share * 100.0)
}

/// A recommendation.
#[expect(
    clippy::unnecessary_wraps,
    reason = "a rule ends with it, and a rule may be silent"
)]
pub(super) fn said(
    code: &str,
    evidence: String,
    advice: impl Into<String>,
    switch: Option<String>,
) -> Option<Recommendation> {
    Some(Recommendation {
        code: code.to_owned(),
        evidence,
        advice: advice.into(),
        switch,
    })
}
