//! When faults are put into a load: of each its kind, its begin and its length, and what several of
//! them may not do together.

use std::{fmt, str::FromStr};

use shared::{number::read_or_refuse, time::Millis};

use super::{
    fault::{FaultKind, FaultedService},
    topology::Topology,
};

/// Most faults of one load.
pub(super) const MAX_FAULTS: usize = 100;

/// A fault to come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PlannedFault {
    /// What happens.
    pub kind: FaultKind,
    /// How long after the measured window began.
    pub at: Millis,
    /// How long it is in force; nothing where it ends by itself.
    pub lasts: Millis,
}

/// Names that `--crash` has for the faults that kill or restart.
const CRASHES: [(&str, FaultKind); 8] = [
    ("postgres", FaultKind::PostgresKill),
    ("redis", FaultKind::RedisEmpty),
    ("replica", FaultKind::ReplicaKill),
    ("pgbouncer", FaultKind::PoolerKill),
    ("target", FaultKind::TargetKill),
    ("balancer", FaultKind::BalancerKill),
    ("instance", FaultKind::InstanceKill),
    ("rolling", FaultKind::TargetRolling),
];

impl PlannedFault {
    /// The first instant after it, as far as that is planned.
    fn until(self) -> Millis {
        Millis(self.at.0.saturating_add(self.lasts.0.max(1)))
    }

    /// `from 5s for 3s`, `at 5s`.
    pub fn when(self) -> String {
        if self.kind.lasts() {
            format!("from {} for {}", self.at, self.lasts)
        } else {
            format!("at {}", self.at)
        }
    }

    /// Why what it is put into is not there any more after `before`.
    fn gone(self, before: Self) -> Option<String> {
        let failed_over = before.kind == FaultKind::PostgresFailover && before.at < self.at;
        let why = self.kind.gone_with_failover().filter(|_| failed_over)?;
        let (this, before) = (self.named(), before.named());
        Some(format!(
            "{this} comes after {before}: {why}; put it before, or leave it out"
        ))
    }

    /// Why it cannot follow `before`, or be beside it.
    fn conflict(self, before: Self) -> Option<String> {
        if self.at >= before.until() || before.at >= self.until() {
            return None;
        }
        let data = |one: Self| {
            matches!(
                one.kind.service(),
                FaultedService::Postgres | FaultedService::Redis
            )
        };
        let why = if self.kind.service() == before.kind.service() {
            "faults of one service come one after another"
        } else if !data(self) || !data(before) {
            // What is started again waits for the services that it needs.
            "a fault of the target, its pooler or its balancer is the only one in its time"
        } else {
            return None;
        };
        let (this, before) = (self.named(), before.named());
        Some(format!("{this} overlaps {before}: {why}"))
    }

    /// `redis.down` from 5s for 3s.
    fn named(self) -> String {
        format!("`{}` {}", self.kind, self.when())
    }
}

/// The first of these faults that a load of this length on this topology cannot have: its position, and
/// why.
pub fn fault_problem(
    faults: &[PlannedFault],
    topology: Topology,
    measure: Millis,
) -> Option<(usize, String)> {
    let problem = |index: usize| {
        let fault = faults[index];
        if let Some(lacking) = fault.kind.lacks(topology) {
            return Some(format!(
                "`{}` needs {lacking}: the topology is {topology}",
                fault.kind
            ));
        }
        if fault.until() > measure {
            return Some(format!(
                "`{}` {} ends after the measured window, which is {measure} long",
                fault.kind,
                fault.when()
            ));
        }
        let mut earlier = faults[..index].iter();
        let conflict = earlier.find_map(|one| fault.conflict(*one));
        conflict.or_else(|| faults.iter().find_map(|one| fault.gone(*one)))
    };
    (0..faults.len()).find_map(|index| Some((index, problem(index)?)))
}

impl fmt::Display for PlannedFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.kind, self.at)?;
        if self.kind.lasts() {
            write!(f, "+{}", self.lasts)?;
        }
        Ok(())
    }
}

/// `postgres@5s`, which is `postgres.kill@5s`; `redis.down@5s+3s`.
impl FromStr for PlannedFault {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || {
            format!(
                "`{text}` is no crash: write one of {}, @, and when in the measured window, like postgres@5s; or a fault of `loadgen chaos --list`, like redis.down@5s+3s",
                CRASHES.map(|(name, _)| name).join(", ")
            )
        };
        let read = |text: &str| text.parse::<Millis>().ok();
        let span = |text: &str| read_or_refuse(text.trim(), read, wrong);
        let (name, when) = text.split_once('@').ok_or_else(wrong)?;
        let name = name.trim();
        let crash = CRASHES.iter().find(|(word, _)| *word == name);
        let kind = match crash {
            Some((_, kind)) => *kind,
            None => FaultKind::named(name).ok_or_else(wrong)?,
        };
        let (at, lasts) = match when.split_once('+') {
            Some((at, lasts)) if kind.lasts() => (at, span(lasts)?),
            None if !kind.lasts() => (when, Millis(0)),
            _ => return Err(wrong()),
        };
        let at = span(at)?;
        if kind.lasts() && lasts == Millis(0) {
            return Err(wrong());
        }
        Ok(Self { kind, at, lasts })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crash_is_a_service_and_a_time() {
        let crash: PlannedFault = "postgres@2500ms".parse().unwrap();
        assert_eq!(
            (crash.kind, crash.at, crash.lasts),
            (FaultKind::PostgresKill, Millis(2_500), Millis(0))
        );
        for (text, written) in [
            ("instance@5s", "instance.kill@5s"),
            ("replica@5s", "replica.kill@5s"),
            ("rolling@1s", "target.rolling@1s"),
            ("redis.down@5s+3s", "redis.down@5s+3s"),
            ("postgres.restart@5s", "postgres.restart@5s"),
        ] {
            let crash: PlannedFault = text.parse().unwrap();
            assert_eq!(crash.to_string(), written);
            assert_eq!(written.parse(), Ok(crash), "{text}");
        }
        // Whatever can be killed has a word of its own.
        let killed = FaultKind::all().filter_map(|kind| {
            let word = kind.name().strip_suffix(".kill")?;
            Some((kind, word))
        });
        for (kind, word) in killed {
            let crash: PlannedFault = format!("{word}@1s").parse().unwrap();
            assert_eq!(crash.kind, kind);
        }
        for wrong in [
            "postgres",
            "mysql@5s",
            "redis@soon",
            "@5s",
            "",
            "redis.down@5s",
            "redis.down@5s+0s",
            "redis.restart@5s+3s",
        ] {
            let why = wrong.parse::<PlannedFault>().unwrap_err();
            assert!(why.contains("postgres@5s"), "{why}");
        }
        for zero in ["postgres@05s", "redis.down@5s+05s"] {
            let why = zero.parse::<PlannedFault>().unwrap_err();
            assert_eq!(why, "`05s` begins with a zero: write `5s`");
        }
    }

    #[test]
    fn faults_that_a_load_cannot_have_are_named_with_the_reason() {
        let faults = |texts: &str| -> Vec<PlannedFault> {
            let texts = texts.split_whitespace();
            texts.map(|text| text.parse().unwrap()).collect()
        };
        let window = Millis(10_000);
        for (texts, topology, wrong, why) in [
            ("instance@1s", "scale=1", 0, "scale=2"),
            ("pgbouncer@1s", "scale=2", 0, "a pooler"),
            ("redis@1s redis@10s", "scale=1", 1, "10s long"),
            (
                "redis.down@8s+3s",
                "scale=1",
                0,
                "from 8s for 3s ends after",
            ),
            (
                "redis.down@2s+3s redis.slow@4s+1s",
                "scale=1",
                1,
                "one after another",
            ),
            (
                "redis.slow@4s+1s redis.down@2s+3s",
                "scale=1",
                1,
                "overlaps `redis.slow` from 4s for 1s",
            ),
            (
                "redis.down@2s+3s target@4s",
                "scale=1",
                1,
                "the only one in its time",
            ),
            ("redis@2s redis.restart@2s", "scale=1", 1, "overlaps"),
            ("postgres.failover@2s", "scale=1", 0, "needs a replica"),
            (
                "postgres.failover@2s replica@5s",
                "replica",
                1,
                "no replica any more; put it before",
            ),
            (
                "postgres.failover@6s postgres.failover@2s",
                "replica",
                0,
                "at 6s comes after `postgres.failover` at 2s",
            ),
            (
                "postgres.failover@2s disk.full@5s+2s",
                "replica",
                1,
                "on another disk",
            ),
        ] {
            let (index, text) = fault_problem(&faults(texts), topology.parse().unwrap(), window)
                .unwrap_or_else(|| panic!("{texts} is no problem"));
            assert_eq!(index, wrong, "{text}");
            assert!(text.contains(why) && !text.contains('\n'), "{text}");
        }
        let fine = "redis.down@2s+3s redis.restart@5s postgres.slow@3s+3s instance@8s";
        let topology = "scale=2".parse().unwrap();
        assert_eq!(fault_problem(&faults(fine), topology, window), None);
        let fine = "postgres.failover@6s replica@2s disk.full@3s+2s postgres.kill@8s";
        let topology = "replica".parse().unwrap();
        assert_eq!(fault_problem(&faults(fine), topology, window), None);
    }
}
