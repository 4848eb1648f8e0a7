//! Another rate for a suite.

use super::{
    model::{Arrivals, LoadModel, Suite},
    reader::BadFile,
};
use crate::units::Rate;

impl Suite {
    /// Gives an open load another highest rate, its phases in proportion; makes a closed one open.
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
            }
        }
        Ok(())
    }
}
