//! The `faults` key of a suite: what is done to the services of an own stack, and when.
//!
//! ```yaml
//! faults:
//!   - { fault: redis.down, at: 5s, for: 3s }      # from 5 s into the measured window, for 3 s
//!   - { fault: postgres.restart, at: 15s }        # ends by itself, when PostgreSQL is ready again
//! ```
//!
//! `loadgen chaos --list` prints every fault. Faults of one service come one after another; all end
//! within the measured window.

use serde::Deserialize;
use serde_saphyr::Spanned;
use shared::{text::unknown, time::Millis};

use super::{
    fault::FaultKind,
    fault_plan::{MAX_FAULTS, PlannedFault, fault_problem},
    reader::{BadFile, Reader},
    topology::Topology,
};

/// An entry of `faults` as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawFault {
    fault: Spanned<String>,
    at: Spanned<String>,
    #[serde(rename = "for")]
    lasts: Option<Spanned<String>>,
}

impl Reader<'_> {
    /// Reads the `faults` key of a suite with this topology and this measured window.
    pub(super) fn faults(
        &self,
        raw: &[RawFault],
        topology: Topology,
        measure: Millis,
    ) -> Result<Vec<PlannedFault>, BadFile> {
        if let Some(one) = raw.get(MAX_FAULTS) {
            let why = format!("a suite has at most {MAX_FAULTS} faults");
            return Err(self.at(&one.fault, &why));
        }
        let read = raw.iter().map(|one| self.fault(one));
        let faults: Vec<PlannedFault> = read.collect::<Result<_, _>>()?;
        match fault_problem(&faults, topology, measure) {
            Some((index, why)) => Err(self.at(&raw[index].fault, &why)),
            None => Ok(faults),
        }
    }

    fn fault(&self, raw: &RawFault) -> Result<PlannedFault, BadFile> {
        let name = raw.fault.value.as_str();
        let kind = FaultKind::named(name).ok_or_else(|| {
            let names = FaultKind::all().map(FaultKind::name);
            self.at(&raw.fault, &unknown("fault", name, names))
        })?;
        let lasts = match (&raw.lasts, kind.lasts()) {
            (Some(text), true) => self.positive(text)?,
            (None, false) => Millis(0),
            (Some(text), false) => {
                let why = format!(
                    "`{kind}` ends by itself, when the service is ready again: leave `for` out"
                );
                return Err(self.at(text, &why));
            }
            (None, true) => {
                let why = format!("`{kind}` lasts: say how long with `for`, like `for: 3s`");
                return Err(self.at(&raw.fault, &why));
            }
        };
        Ok(PlannedFault {
            kind,
            at: self.read(&raw.at)?,
            lasts,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{flow::shop, suite::load};

    fn parse(faults: &str, topology: &str) -> Result<Vec<PlannedFault>, String> {
        let text = format!(
            "name: x\nload: {{ model: open, rate: 20/s, warmup: 2s, duration: 10s }}\nflows: [ {{ flow: orders.browse }} ]\ntopology: {topology}\nfaults: {faults}\n"
        );
        load::parse(&text, "x.yaml", &shop())
            .map(|suite| suite.faults)
            .map_err(|error| error.to_string())
    }

    #[test]
    fn faults_are_read_with_their_times() {
        let read = parse(
            "[ { fault: redis.down, at: 2s, for: 1500ms }, { fault: postgres.restart, at: 0s } ]",
            "scale=1",
        );
        let texts: Vec<String> = read.unwrap().iter().map(ToString::to_string).collect();
        assert_eq!(texts, ["redis.down@2s+1500ms", "postgres.restart@0s"]);
        assert_eq!(parse("[]", "scale=1"), Ok(Vec::new()));
    }

    #[test]
    fn a_wrong_fault_is_refused_in_one_line_with_its_place() {
        for (fault, why) in [
            (
                "{ fault: redis.dwon, at: 5s, for: 3s }",
                "did you mean `redis.down`?",
            ),
            ("{ fault: mysql.down, at: 5s, for: 3s }", "it is one of"),
            ("{ fault: redis.down, at: 5s }", "say how long with `for`"),
            (
                "{ fault: redis.restart, at: 5s, for: 3s }",
                "leave `for` out",
            ),
            (
                "{ fault: redis.down, at: soon, for: 3s }",
                "`soon` is not a duration",
            ),
            ("{ fault: redis.down, at: 5, for: 3s }", "write `5s`"),
            (
                "{ fault: redis.down, at: 5s, for: 0s }",
                "longer than nothing",
            ),
            (
                "{ fault: redis.down, at: 8s, for: 3s }",
                "after the measured window",
            ),
            (
                "{ fault: redis.empty, at: 10s }",
                "after the measured window",
            ),
            ("{ fault: instance.kill, at: 5s }", "like scale=2"),
            ("{ fault: pgbouncer.kill, at: 5s }", "a pooler"),
            ("{ fault: redis.down, for: 3s }", "`at` is missing"),
            ("{ at: 5s, for: 3s }", "`fault` is missing"),
            (
                "{ fault: redis.down, at: 5s, during: 3s }",
                "unknown key `during`",
            ),
            (
                "{ fault: redis.down, at: 1s, for: 5s }, { fault: redis.slow, at: 4s, for: 1s }",
                "overlaps `redis.down` from 1s for 5s",
            ),
        ] {
            let error = parse(&format!("[ {fault} ]"), "scale=1").unwrap_err();
            assert!(error.contains(why), "{fault}: {error}");
            assert!(error.starts_with("x.yaml:5:"), "{error}");
            assert_eq!(error.lines().count(), 1, "{error}");
        }
        let many = "{ fault: redis.empty, at: 1s }, ".repeat(MAX_FAULTS + 1);
        let error = parse(&format!("[ {many} ]"), "scale=1").unwrap_err();
        assert!(error.contains("at most 100"), "{error}");
    }
}
