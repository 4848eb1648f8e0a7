//! Another rate for a suite.

use super::{
    model::{Arrivals, LoadModel, LoadOptions, Suite},
    reader::BadFile,
};
use crate::units::Rate;

impl Suite {
    /// Gives an open load another highest rate, its phases in proportion; makes a closed one open, which
    /// then lasts as long as its windows say.
    pub fn set_rate(&mut self, rate: Rate) -> Result<(), BadFile> {
        let windows = self.windows;
        match &mut self.load {
            LoadModel::Open { phases, .. } => {
                let highest = phases
                    .iter()
                    .flat_map(|phase| [Some(phase.rate), phase.to])
                    .flatten()
                    .map(Rate::as_per_second)
                    .fold(0.0, f64::max);
                for phase in phases {
                    let scaled = |old: Rate| {
                        if old.is_zero() {
                            return Ok(old);
                        }
                        if (old.as_per_second() - highest).abs() < 1e-9 {
                            return Ok(rate);
                        }
                        let new = old.as_per_second() / highest * rate.as_per_second();
                        Rate::per_second(new).map_err(|error| BadFile(error.to_string()))
                    };
                    phase.rate = scaled(phase.rate)?;
                    phase.to = phase.to.map(scaled).transpose()?;
                }
            }
            LoadModel::Closed { .. } => {
                self.load = LoadModel::Open {
                    phases: windows.phases(rate),
                    arrivals: Arrivals::default(),
                };
                // What users share is gone with them: their number of iterations would cut the arrivals off
                // in the middle of the window.
                self.options = LoadOptions {
                    in_flight: self.options.in_flight,
                    ..LoadOptions::default()
                };
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use shared::time::Millis;

    use super::*;
    use crate::{flow::shop, suite::load::parse};

    #[test]
    fn a_rate_in_place_of_users_has_none_of_what_they_shared_and_lasts_to_the_end() {
        let text = "name: x\nload: { model: closed, users: 5, duration: 20s, pace: 1s, shared_iterations: 10 }\nflows: [ { flow: orders.buy } ]\n";
        let mut suite = parse(text, "x.yaml", &shop()).unwrap();
        assert_eq!(suite.options.shared_iterations, Some(10));
        suite.set_rate("7/s".parse().unwrap()).unwrap();
        assert_eq!(suite.options, LoadOptions::default());
        let LoadModel::Open { phases, .. } = &suite.load else {
            panic!("open")
        };
        let spans: Vec<Millis> = phases.iter().map(|phase| phase.duration).collect();
        assert_eq!(spans, [Millis(20_000)]);
    }
}
