//! What the observations of a trial say of its window, from one observation after the other. The window has the
//! observations that bound it best, each the nearest to its edge, and those between.

use std::time::SystemTime;

use super::{
    machine::Machine,
    server_accumulator::ServerAccumulator,
    timeline::{GeneratorUse, Observation, apart, generator_use, pressure},
};
use crate::schema::Server;

/// What was seen over a window.
#[derive(Debug, Default)]
pub struct WindowFigures {
    /// The target's figures, all from the same two observations: the first and the last that saw as much as any.
    pub server: Server,
    /// What the driver's threads used; absent where two observations that saw them are missing.
    pub generator: Option<GeneratorUse>,
    /// Share of the machine's time that the hypervisor took for others.
    pub steal: Option<f64>,
    /// Share of the window in which something that could run waited for a processor (PSI).
    pub cpu_pressure: Option<f64>,
}

/// The observations of a window so far.
#[derive(Debug)]
pub(super) struct WindowAccumulator {
    from: SystemTime,
    to: SystemTime,
    begun: bool,
    ended: bool,
    /// The newest observation before the window.
    before: Option<Observation>,
    /// When the newest observation of the window was taken.
    newest: Option<SystemTime>,
    server: ServerAccumulator,
    machine: MachineEnds,
    /// Of the observations that saw the driver's threads.
    threads: MachineEnds,
}

/// The machine at the first and at the last of several observations.
#[derive(Debug, Default)]
struct MachineEnds {
    first: Option<(SystemTime, Machine)>,
    last: Option<(SystemTime, Machine)>,
}

impl MachineEnds {
    fn add(&mut self, at: SystemTime, machine: &Machine) {
        let one = Some((at, machine.clone()));
        if self.first.is_none() {
            self.first = one;
        } else {
            self.last = one;
        }
    }

    /// What two observations say together; nothing of fewer.
    fn between<T>(
        &self,
        say: impl FnOnce((SystemTime, &Machine), (SystemTime, &Machine)) -> Option<T>,
    ) -> Option<T> {
        let (first, last) = (self.first.as_ref()?, self.last.as_ref()?);
        say((first.0, &first.1), (last.0, &last.1))
    }
}

impl WindowAccumulator {
    /// No observation yet.
    pub(super) fn new(from: SystemTime, to: SystemTime) -> Self {
        Self {
            from,
            to,
            begun: false,
            ended: false,
            before: None,
            newest: None,
            server: ServerAccumulator::default(),
            machine: MachineEnds::default(),
            threads: MachineEnds::default(),
        }
    }

    /// Adds the next observation of the trial; they come in order.
    pub(super) fn add(&mut self, one: Observation) {
        if self.ended {
            return;
        }
        if !self.begun {
            if one.at < self.from {
                self.before = Some(one);
                return;
            }
            self.begun = true;
            if let Some(before) = self.before.take()
                && apart(before.at, self.from) <= apart(one.at, self.from)
            {
                self.take(&before);
            }
        }
        self.ended = one.at >= self.to;
        // The observation after the end counts where it is nearer to it than the one before.
        let counts = match self.newest {
            Some(newest) if self.ended => apart(one.at, self.to) < apart(newest, self.to),
            _ => true,
        };
        if counts {
            self.take(&one);
        }
    }

    fn take(&mut self, one: &Observation) {
        self.newest = Some(one.at);
        self.server.add(one);
        self.machine.add(one.at, &one.machine);
        if !one.machine.threads.is_empty() {
            self.threads.add(one.at, &one.machine);
        }
    }

    /// What all of them say.
    pub(super) fn figures(mut self) -> WindowFigures {
        if !self.begun
            && let Some(before) = self.before.take()
        {
            self.take(&before);
        }
        WindowFigures {
            generator: self.threads.between(generator_use),
            steal: self
                .machine
                .between(|(_, first), (_, last)| last.steal_since(first)),
            cpu_pressure: self.machine.between(pressure),
            server: self.server.figures(),
        }
    }
}
