//! What the hypervisor took of the processors while something was measured.

use loadgen_experiment::observer::Machine;

/// Share of the processors beyond which a trial is NOISY, and a measurement here is called so.
const NOISY: f64 = 0.02;

/// A span that is watched.
#[derive(Debug)]
pub struct StealMeter(Machine);

impl StealMeter {
    /// Begins it.
    pub fn begin() -> Self {
        Self(Machine::read())
    }

    /// The share of all processors that was taken so far; `None` where the kernel does not tell, or the
    /// span was too short.
    pub fn share(&self) -> Option<f64> {
        Machine::read().steal_since(&self.0)
    }
}

/// One line about such a share.
pub fn stolen_line(share: Option<f64>) -> String {
    let Some(share) = share else {
        return "Stolen by the hypervisor meanwhile: unknown".to_owned();
    };
    let (percent, limit) = (share * 100.0, NOISY * 100.0);
    if share > NOISY {
        format!(
            "NOISY: stolen by the hypervisor meanwhile: {percent:.2} % of the processors, more than {limit:.0} %: measure again, at a quieter hour or on a machine of your own"
        )
    } else {
        format!("Stolen by the hypervisor meanwhile: {percent:.2} % of the processors")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_makes_a_trial_noisy_is_said_of_a_measurement_too() {
        let line = stolen_line(Some(0.031));
        let said =
            "NOISY: stolen by the hypervisor meanwhile: 3.10 % of the processors, more than 2 %";
        assert!(line.starts_with(said), "{line}");
        let quiet = stolen_line(Some(0.02));
        assert_eq!(
            quiet,
            "Stolen by the hypervisor meanwhile: 2.00 % of the processors"
        );
        assert!(stolen_line(None).ends_with("unknown"));
    }
}
