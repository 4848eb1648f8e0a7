//! What a plan takes from measured runs: capacity, and what a request costs each tier.

use super::figure::Ranged;
use crate::schema::{
    Arm, Capacity, CheckCode, Operation, Server, Summary, ThresholdWord, Trial, ValidityWord,
    VerdictWord,
};
use shared::timing::ServerPart;

/// A finished run and the folder that it is stored in.
#[derive(Debug, Clone)]
pub struct MeasuredRun {
    /// Name of the folder.
    pub folder: String,
    /// What was measured.
    pub summary: Summary,
}

/// The capacity of one instance in correct answers a second.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct MeasuredCapacity {
    pub(super) rate: Ranged,
    /// How it was found.
    pub(super) found: FoundBy,
}

/// How a capacity was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FoundBy {
    /// By a search, with bounds that fresh trials confirmed.
    Confirmed,
    /// By a search, with bounds that they did not confirm.
    Unconfirmed,
    /// A single load that was carried: the capacity is at least that.
    OneLoad,
}

impl MeasuredCapacity {
    /// What a search found; absent where no load is known to meet the SLO.
    pub(super) fn of(found: &Capacity) -> Option<Self> {
        let lower = found.lower?;
        let goodput = found.goodput_per_s.filter(|rate| *rate > 0.0)?;
        let confirmed = found.lower_confirmed && found.upper_confirmed;
        Some(Self {
            rate: Ranged {
                value: goodput,
                low: Some(goodput),
                high: found.upper_of_target().map(|upper| goodput * upper / lower),
            },
            found: if confirmed {
                FoundBy::Confirmed
            } else {
                FoundBy::Unconfirmed
            },
        })
    }
}

impl MeasuredRun {
    /// The arm that is planned with: the only one, or the second of an experiment.
    pub(super) fn arm(&self) -> Option<&Arm> {
        self.summary.arms.last()
    }

    /// The search whose capacity is that of the arm.
    pub(super) fn search(&self) -> Option<&Capacity> {
        let arms = self.summary.arm_capacities.as_ref();
        let of_arm = arms
            .and_then(|found| found.arms.last())
            .map(|one| &one.found);
        self.summary.capacity.as_ref().or(of_arm)
    }

    /// Correct answers a second that the arm is known to give within the SLO.
    pub(super) fn capacity(&self) -> Option<MeasuredCapacity> {
        if let Some(found) = self.search() {
            return MeasuredCapacity::of(found);
        }
        let rate = self.arm()?.total.rate_per_s;
        (rate > 0.0 && self.meets_its_limits() && self.kept_up()).then_some(MeasuredCapacity {
            rate: Ranged {
                value: rate,
                low: Some(rate),
                high: None,
            },
            found: FoundBy::OneLoad,
        })
    }

    /// Whether the load of the run is known to be one that the arm carries: a rate at which limits were
    /// missed lies above its capacity, and one that cannot be trusted says nothing.
    fn meets_its_limits(&self) -> bool {
        let summary = &self.summary;
        let trusted = !matches!(
            summary.verdict.word,
            VerdictWord::Interrupted
                | VerdictWord::Violated
                | VerdictWord::Invalid
                | VerdictWord::Failed
        );
        let arm = self.arm().map(|arm| &arm.name);
        let open = summary.thresholds.iter().any(|one| {
            let missed = matches!(one.word, ThresholdWord::Fail | ThresholdWord::Unknown);
            Some(&one.arm) == arm && missed && !one.only_warns
        });
        trusted && !open
    }

    /// Whether what was under way did not grow in most of the trials: the right answers of a target that
    /// falls behind come after the window as well, so that their rate is that of the load.
    fn kept_up(&self) -> bool {
        let trials = self.trials();
        let behind = trials.iter().filter(|trial| {
            let mut checks = trial.validity.checks.iter();
            checks.any(|check| check.code == CheckCode::Backlog && !check.ok)
        });
        trials.is_empty() || 2 * behind.count() < trials.len()
    }

    /// A figure of the arm, with the range of its trials that can be trusted.
    pub(super) fn per_trial(
        &self,
        figure: impl Fn(&Server, &Operation) -> Option<f64>,
    ) -> Option<Ranged> {
        let arm = self.arm()?;
        let value = figure(&arm.server, &arm.total)?;
        let trials = self.trials();
        let of_trials: Vec<f64> = trials
            .iter()
            .filter_map(|trial| figure(&trial.server, &trial.total))
            .collect();
        let ranged = of_trials.len() > 1;
        let end = |pick: fn(f64, f64) -> f64| {
            of_trials
                .iter()
                .copied()
                .fold(None, |so_far: Option<f64>, one| {
                    Some(so_far.map_or(one, |other| pick(other, one)))
                })
                .filter(|_| ranged)
                .map(|end| pick(end, value))
        };
        Some(Ranged {
            value,
            low: end(f64::min),
            high: end(f64::max),
        })
    }

    /// The trials of the arm that can be trusted.
    pub(super) fn trials(&self) -> Vec<&Trial> {
        let Some(arm) = self.arm() else {
            return Vec::new();
        };
        let all = self.summary.trials.iter();
        all.filter(|one| one.arm == arm.name && one.validity.word != ValidityWord::Invalid)
            .collect()
    }
}

/// CPU milliseconds of a process for a request to the API.
pub(super) fn cpu_ms(process: &str) -> impl Fn(&Server, &Operation) -> Option<f64> + '_ {
    move |server, _| server.per_request(*server.cpu_s.get(process)? * 1_000.0)
}

/// Milliseconds in PostgreSQL statements for a request: how long it holds a connection at least.
pub(super) fn database_ms(server: &Server, total: &Operation) -> Option<f64> {
    let ms = total.cost.parts_ms[ServerPart::Db];
    (server.pool_acquires > 0 && ms > 0.0).then_some(ms)
}

/// Statements for a request.
pub(super) fn statements(server: &Server, _: &Operation) -> Option<f64> {
    server
        .per_request(server.queries as f64)
        .filter(|n| *n > 0.0)
}
