//! The `load` key of a suite: how much, when, and in which manner.
//!
//! ```yaml
//! # Open: arrivals come at their times, whatever the outcome of those before.
//! load: { model: open, rate: 20/s, warmup: 2s, duration: 10s, arrivals: poisson }   # or constant
//! load:
//!   model: open
//!   unit: users              # of the rates: iterations of users, or requests (of them, divided)
//!   phases:
//!     - { name: rise, warmup: true, duration: 60s, rate: 0/s, to: 50/s }
//!     - { name: peak, duration: 120s, rate: 50/s }
//!     - { name: sign-in, duration: 30s, rate: 50/s, flows: [orders.list] }   # some of the suite's
//!   in_flight: { policy: drop, max: 500 }            # or abort; backlog has no maximum
//! # Closed: so many users, each starting anew when it is done and has thought.
//! load: { model: closed, users: 50, warmup: 5s, duration: 30s, think: 1s..3s }      # 2s, exp(2s)
//! load:
//!   model: closed
//!   phases: [ { name: rise, duration: 30s, users: 1, to: 50 }, { name: hold, duration: 60s, users: 50 } ]
//!   iterations: 10           # of each user
//!   shared_iterations: 1000  # of all together
//!   pace: 5s                 # from one start of a user's iteration to the next; not with think
//!   graceful_stop: 10s       # longest wait for what is under way at the end; the same as drain
//! ```
//!
//! Leading phases with `warmup: true`, or whose name begins with `warm` (also `Warm up`), are the
//! warm-up, unless the load's own `warmup` says how long it is. A phase of `rate: 0/s` is a pause.

use serde::Deserialize;
use serde_saphyr::Spanned;
use shared::{text::unknown, time::Millis};

use super::{
    model::{
        Arrivals, FlowShare, InFlight, LoadModel, LoadOptions, Phase, Policy, UserPhase, Windows,
    },
    reader::{BadFile, MAX_USERS, Reader},
};
use crate::{flow::Catalog, units::Rate};

/// The `load` key as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawLoad {
    model: Spanned<String>,
    rate: Option<Spanned<String>>,
    unit: Option<Spanned<String>>,
    duration: Option<Spanned<String>>,
    warmup: Option<Spanned<String>>,
    arrivals: Option<Spanned<String>>,
    phases: Option<Spanned<Vec<RawPhase>>>,
    users: Option<Spanned<u32>>,
    think: Option<Spanned<String>>,
    pace: Option<Spanned<String>>,
    iterations: Option<Spanned<u64>>,
    shared_iterations: Option<Spanned<u64>>,
    in_flight: Option<Spanned<RawInFlight>>,
    graceful_stop: Option<Spanned<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawPhase {
    name: Option<String>,
    warmup: Option<Spanned<bool>>,
    duration: Spanned<String>,
    rate: Option<Spanned<String>>,
    users: Option<Spanned<u32>>,
    /// A rate, or a number of users.
    to: Option<Spanned<String>>,
    flows: Option<Vec<Spanned<String>>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawInFlight {
    policy: Spanned<String>,
    max: Option<Spanned<u32>>,
}

/// What the `load` key means.
pub(super) struct LoadSpec {
    pub(super) load: LoadModel,
    pub(super) options: LoadOptions,
    pub(super) windows: Windows,
}

impl Reader<'_> {
    /// Reads the `load` key. The flows are those of the suite: a rate in requests is divided
    /// by how many of them an iteration sends.
    pub(super) fn load(
        &self,
        spanned: &Spanned<RawLoad>,
        drain: Option<&Spanned<String>>,
        shares: &[FlowShare],
    ) -> Result<LoadSpec, BadFile> {
        let raw = &spanned.value;
        if let (Some(_), Some(twice)) = (drain, &raw.graceful_stop) {
            return Err(self.at(twice, "`graceful_stop` and `drain` are the same: write one"));
        }
        let drain = self.drain(drain.or(raw.graceful_stop.as_ref()))?;
        match raw.model.value.as_str() {
            "open" => {
                self.refuse(raw.users.as_ref(), "users", "closed")?;
                self.refuse(raw.think.as_ref(), "think", "closed")?;
                self.refuse(raw.pace.as_ref(), "pace", "closed")?;
                self.refuse(raw.iterations.as_ref(), "iterations", "closed")?;
                self.refuse(
                    raw.shared_iterations.as_ref(),
                    "shared_iterations",
                    "closed",
                )?;
                self.open(raw, drain, shares)
            }
            "closed" => {
                self.refuse(raw.rate.as_ref(), "rate", "open")?;
                self.refuse(raw.unit.as_ref(), "unit", "open")?;
                self.refuse(raw.arrivals.as_ref(), "arrivals", "open")?;
                self.refuse(raw.in_flight.as_ref(), "in_flight", "open")?;
                self.closed(raw, drain, shares)
            }
            other => Err(self.at(
                &raw.model,
                &unknown("model", other, ["open", "closed"].into_iter()),
            )),
        }
    }

    fn closed(
        &self,
        raw: &RawLoad,
        drain: Millis,
        shares: &[FlowShare],
    ) -> Result<LoadSpec, BadFile> {
        let (ramp, windows) = if let Some(phases) = &raw.phases {
            (
                self.user_phases(raw, phases, shares)?,
                self.phase_windows(raw, &phases.value, drain)?,
            )
        } else {
            let windows = Windows {
                warm_up: self.warm_up(raw.warmup.as_ref())?,
                measure: self.measured(raw)?,
                drain,
            };
            (Vec::new(), windows)
        };
        let users = match ramp
            .iter()
            .flat_map(|phase| [Some(phase.users), phase.to])
            .flatten()
            .max()
        {
            Some(most) => most,
            None => self.number(raw.users.as_ref(), 0, 1, MAX_USERS)?,
        };
        if users == 0 {
            return Err(self.at(&raw.model, "a closed model says how many `users`"));
        }
        if let (Some(_), Some(pace)) = (&raw.think, &raw.pace) {
            return Err(self.at(
                pace,
                "write either `think` (end to start) or `pace` (start to start)",
            ));
        }
        for count in [&raw.iterations, &raw.shared_iterations]
            .into_iter()
            .flatten()
        {
            if count.value == 0 {
                return Err(self.at(count, "no iteration at all would measure nothing"));
            }
        }
        Ok(LoadSpec {
            load: LoadModel::Closed {
                users,
                duration: windows.planned(),
                think: raw
                    .think
                    .as_ref()
                    .map(|text| self.think(text))
                    .transpose()?,
                iterations: raw.iterations.as_ref().map(|number| number.value),
            },
            options: LoadOptions {
                shared_iterations: raw.shared_iterations.as_ref().map(|number| number.value),
                pace: raw
                    .pace
                    .as_ref()
                    .map(|text| self.positive(text))
                    .transpose()?,
                ramp,
                ..LoadOptions::default()
            },
            windows,
        })
    }

    fn user_phases(
        &self,
        raw: &RawLoad,
        phases: &Spanned<Vec<RawPhase>>,
        shares: &[FlowShare],
    ) -> Result<Vec<UserPhase>, BadFile> {
        self.only_phases(raw)?;
        if let Some(users) = &raw.users {
            return Err(self.at(users, "write either `phases` or `users`"));
        }
        let mut all = Vec::new();
        for phase in &phases.value {
            if let Some(rate) = &phase.rate {
                return Err(self.at(rate, "a phase of a closed model has `users`, not a rate"));
            }
            let Some(users) = &phase.users else {
                return Err(self.at(&phase.duration, "this phase does not say how many `users`"));
            };
            all.push(UserPhase {
                name: phase.name.clone().unwrap_or_default(),
                duration: self.positive(&phase.duration)?,
                users: self.number(Some(users), 0, 0, MAX_USERS)?,
                to: phase.to.as_ref().map(|to| self.users(to)).transpose()?,
                flows: self.phase_flows(phase, shares)?,
            });
        }
        if all.is_empty() {
            return Err(self.at(phases, "`phases` is empty: name at least one"));
        }
        Ok(all)
    }

    fn open(
        &self,
        raw: &RawLoad,
        drain: Millis,
        shares: &[FlowShare],
    ) -> Result<LoadSpec, BadFile> {
        let arrivals = match &raw.arrivals {
            None => Arrivals::default(),
            Some(text) => match text.value.as_str() {
                "constant" => Arrivals::Constant,
                "poisson" => Arrivals::Poisson,
                other => {
                    let known = ["constant", "poisson"].into_iter();
                    return Err(self.at(text, &unknown("kind of arrivals", other, known)));
                }
            },
        };
        let divisor = match &raw.unit {
            None => 1.0,
            Some(unit) => match unit.value.as_str() {
                "users" => 1.0,
                "requests" => requests_an_iteration(shares, self.catalog),
                other => {
                    let known = ["users", "requests"].into_iter();
                    return Err(self.at(unit, &unknown("unit", other, known)));
                }
            },
        };
        let (phases, windows) = match &raw.phases {
            Some(phases) => self.rate_phases(raw, phases, drain, (divisor, shares))?,
            None => self.one_rate(raw, drain, divisor)?,
        };
        Ok(LoadSpec {
            load: LoadModel::Open { phases, arrivals },
            options: LoadOptions {
                in_flight: self.in_flight(raw.in_flight.as_ref())?,
                ..LoadOptions::default()
            },
            windows,
        })
    }

    fn rate_phases(
        &self,
        raw: &RawLoad,
        raw_phases: &Spanned<Vec<RawPhase>>,
        drain: Millis,
        (divisor, shares): (f64, &[FlowShare]),
    ) -> Result<(Vec<Phase>, Windows), BadFile> {
        self.only_phases(raw)?;
        let mut phases = Vec::new();
        for phase in &raw_phases.value {
            if let Some(users) = &phase.users {
                return Err(self.at(users, "a phase of an open model has a `rate`, not users"));
            }
            let Some(rate) = &phase.rate else {
                return Err(self.at(&phase.duration, "this phase has no `rate`, like `20/s`"));
            };
            let to = match &phase.to {
                None => None,
                Some(to) => Some(self.divided(self.rate_or_zero(to)?, divisor, to)?),
            };
            phases.push(Phase {
                name: phase.name.clone().unwrap_or_default(),
                duration: self.positive(&phase.duration)?,
                rate: self.divided(self.rate_or_zero(rate)?, divisor, rate)?,
                to,
                flows: self.phase_flows(phase, shares)?,
            });
        }
        if phases.is_empty() {
            return Err(self.at(raw_phases, "`phases` is empty: name at least one"));
        }
        let windows = self.phase_windows(raw, &raw_phases.value, drain)?;
        let mut end = 0;
        let measures = phases.iter().any(|phase| {
            end += phase.duration.0;
            let sends = !phase.rate.is_zero() || phase.to.is_some_and(|to| !to.is_zero());
            sends && end > windows.warm_up.0
        });
        if !measures {
            return Err(self.at(
                raw_phases,
                "no measured phase has a rate above 0/s: nothing would be measured",
            ));
        }
        Ok((phases, windows))
    }

    fn one_rate(
        &self,
        raw: &RawLoad,
        drain: Millis,
        divisor: f64,
    ) -> Result<(Vec<Phase>, Windows), BadFile> {
        let Some(rate) = &raw.rate else {
            return Err(self.at(
                &raw.model,
                "an open model has a `rate` like `20/s`, or `phases`",
            ));
        };
        let rate = self.divided(self.read(rate)?, divisor, rate)?;
        let windows = Windows {
            warm_up: self.warm_up(raw.warmup.as_ref())?,
            measure: self.measured(raw)?,
            drain,
        };
        Ok((windows.phases(rate), windows))
    }

    /// The flows that a phase names, by their index in the suite; empty: all.
    fn phase_flows(&self, phase: &RawPhase, shares: &[FlowShare]) -> Result<Vec<u16>, BadFile> {
        let names = phase.flows.iter().flatten();
        if let (Some([]), place) = (phase.flows.as_deref(), &phase.duration) {
            return Err(self.at(
                place,
                "`flows` of this phase is empty: name one, or leave it out",
            ));
        }
        names
            .map(|name| {
                let known = || shares.iter().map(|share| share.flow.as_str());
                known()
                    .position(|flow| flow == name.value)
                    .map(|index| index as u16)
                    .ok_or_else(|| {
                        self.at(name, &unknown("flow of this suite", &name.value, known()))
                    })
            })
            .collect()
    }

    fn rate_or_zero(&self, text: &Spanned<String>) -> Result<Rate, BadFile> {
        Rate::or_zero(&text.value).map_err(|error| self.at(text, &error.to_string()))
    }

    fn only_phases(&self, raw: &RawLoad) -> Result<(), BadFile> {
        if raw.rate.is_some() || raw.duration.is_some() {
            return Err(self.at(
                &raw.model,
                "write either `phases`, or `rate` and `duration`",
            ));
        }
        Ok(())
    }

    /// The windows of phases: what is not warm-up is measured.
    fn phase_windows(
        &self,
        raw: &RawLoad,
        phases: &[RawPhase],
        drain: Millis,
    ) -> Result<Windows, BadFile> {
        let (mut total, mut leading, mut measured) = (0, 0, false);
        for phase in phases {
            let named = phase.name.as_deref().is_some_and(names_warm_up);
            let warms = match &phase.warmup {
                Some(mark) if raw.warmup.is_some() => {
                    return Err(self.at(mark, "write `warmup` at the load or at its phases"));
                }
                Some(mark) if mark.value && measured => {
                    let why = "a warm-up comes before everything that is measured";
                    return Err(self.at(mark, why));
                }
                Some(mark) => mark.value,
                None => named && !measured,
            };
            let length = self.positive(&phase.duration)?.0;
            total += length;
            measured |= !warms;
            leading += if warms { length } else { 0 };
        }
        let warm_up = match &raw.warmup {
            Some(text) => self.read::<Millis>(text)?,
            None => Millis(leading),
        };
        if warm_up.0 >= total {
            let total = Millis(total);
            return Err(self.at(
                &raw.model,
                &format!("the warm-up of {warm_up} leaves nothing of {total} to measure"),
            ));
        }
        Ok(Windows {
            warm_up,
            measure: Millis(total - warm_up.0),
            drain,
        })
    }

    fn in_flight(&self, raw: Option<&Spanned<RawInFlight>>) -> Result<InFlight, BadFile> {
        let Some(raw) = raw.map(|raw| &raw.value) else {
            return Ok(InFlight::default());
        };
        let policy = match raw.policy.value.as_str() {
            "backlog" => Policy::Backlog,
            "drop" => Policy::Drop,
            "abort" => Policy::Abort,
            other => {
                let known = ["backlog", "drop", "abort"].into_iter();
                return Err(self.at(&raw.policy, &unknown("policy", other, known)));
            }
        };
        if let (Policy::Backlog, Some(max)) = (policy, &raw.max) {
            return Err(self.at(
                max,
                "a backlog has no limit: `max` belongs to the policies drop and abort",
            ));
        }
        let max = match &raw.max {
            Some(max) => Some(self.number(Some(max), 1, 1, 1_000_000)?),
            None => None,
        };
        Ok(InFlight { policy, max })
    }

    fn measured(&self, raw: &RawLoad) -> Result<Millis, BadFile> {
        match &raw.duration {
            Some(text) => self.positive(text),
            None => Err(self.at(&raw.model, "the load has no `duration`, like `30s`")),
        }
    }

    fn divided<T>(&self, rate: Rate, by: f64, place: &Spanned<T>) -> Result<Rate, BadFile> {
        if (by - 1.0).abs() < 1e-9 || rate.is_zero() {
            return Ok(rate);
        }
        Rate::per_second(rate.as_per_second() / by)
            .map_err(|_| self.at(place, "so few requests a second are less than an iteration"))
    }
}

/// Whether a phase is a warm-up by its name: `warm up`, `Warm-up phase`.
fn names_warm_up(name: &str) -> bool {
    name.trim().to_lowercase().starts_with("warm")
}

/// Requests that one iteration sends in the mean: as many as its flow has operations, each at
/// least once and as a rule exactly once.
fn requests_an_iteration(shares: &[FlowShare], catalog: &Catalog) -> f64 {
    let (mut weights, mut requests) = (0.0, 0.0);
    for share in shares {
        let Some(flow) = catalog.flow(&share.flow) else {
            continue;
        };
        weights += share.weight;
        requests += share.weight * flow.operations.len().max(flow.at_once) as f64;
    }
    if weights > 0.0 {
        requests / weights
    } else {
        1.0
    }
}

#[cfg(test)]
#[path = "load_spec_tests.rs"]
mod tests;
