//! What a trial may do to the services of an own stack: a fresh start before it, and a crash or a
//! rolling restart in the middle of it, after which the audit finds what was lost.

use std::{
    fmt,
    str::FromStr,
    sync::Arc,
    time::{Duration, Instant},
};

use shared::time::Millis;
use tokio::task::{JoinHandle, spawn_blocking};

use crate::services::{ServiceControl, ServiceError, ServiceRole};
use loadgen_engine::suite::Topology;

/// What is restarted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CrashVictim {
    /// Every process of a service is killed.
    Service(ServiceRole),
    /// One of several instances of the target is killed.
    Instance,
    /// No process is killed: the instances of the target are restarted gracefully, one after another.
    Rolling,
}

impl CrashVictim {
    /// The word on the command line.
    const fn as_str(self) -> &'static str {
        match self {
            Self::Service(role) => role.as_str(),
            Self::Instance => "instance",
            Self::Rolling => "rolling",
        }
    }

    fn named(name: &str) -> Option<Self> {
        let services = ServiceRole::ALL.into_iter().map(Self::Service);
        let mut all = services.chain([Self::Instance, Self::Rolling]);
        all.find(|one| one.as_str() == name)
    }
}

/// A crash to come: `postgres@5s`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Crash {
    /// What is killed.
    pub victim: CrashVictim,
    /// How long after the measured window began.
    pub after: Millis,
}

impl Crash {
    /// Whether a stack of this topology has what is to be restarted.
    pub const fn fits(self, topology: Topology) -> bool {
        match self.victim {
            CrashVictim::Service(ServiceRole::Pooler) => topology.pooler.is_some(),
            CrashVictim::Service(ServiceRole::Replica) => topology.replica.is_some(),
            CrashVictim::Service(ServiceRole::Balancer)
            | CrashVictim::Instance
            | CrashVictim::Rolling => topology.instances > 1,
            CrashVictim::Service(_) => true,
        }
    }
}

impl fmt::Display for Crash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.victim.as_str(), self.after)
    }
}

impl FromStr for Crash {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || {
            format!(
                "`{text}` is no crash: write postgres, redis, replica, pgbouncer, target, balancer, instance or rolling, @, and when in the measured window, like postgres@5s"
            )
        };
        let (name, when) = text.split_once('@').ok_or_else(wrong)?;
        let victim = CrashVictim::named(name.trim()).ok_or_else(wrong)?;
        let after = when.trim().parse().map_err(|_| wrong())?;
        Ok(Self { victim, after })
    }
}

/// A crash under way.
pub(super) struct Crashing {
    crash: Crash,
    task: JoinHandle<Result<Duration, ServiceError>>,
}

impl Crashing {
    /// Kills the service `wait` from now, and starts it again.
    pub(super) fn begin(
        service_control: Arc<dyn ServiceControl>,
        crash: Crash,
        wait: Duration,
    ) -> Self {
        let task = tokio::spawn(async move {
            tokio::time::sleep(wait).await;
            spawn_blocking(move || {
                let begun = Instant::now();
                let done = match crash.victim {
                    CrashVictim::Service(role) => service_control.crash(role),
                    CrashVictim::Instance => service_control.crash_instance(),
                    CrashVictim::Rolling => service_control.roll_target(),
                };
                done.map(|()| begun.elapsed())
            })
            .await
            .unwrap_or_else(|error| Err(ServiceError::Failed(error.to_string())))
        });
        Self { crash, task }
    }

    /// Waits until the service is there again, and says how long it was away. One that was not
    /// to be killed yet, because the trial ended early, is left alone.
    pub(super) async fn end(self, interrupted: bool) -> Result<String, ServiceError> {
        if interrupted && !self.task.is_finished() {
            self.task.abort();
        }
        let (victim, after) = (self.crash.victim.as_str(), self.crash.after);
        match self.task.await {
            Ok(Ok(took)) if self.crash.victim == CrashVictim::Rolling => Ok(format!(
                "the instances were restarted one after another, from {after} into the measured window for {:.2} s",
                took.as_secs_f64()
            )),
            Ok(Ok(away)) => Ok(format!(
                "{victim} was killed {after} into the measured window and was ready again after {:.2} s",
                away.as_secs_f64()
            )),
            Ok(Err(error)) => Err(error),
            Err(_) => Ok(format!("{victim} was not killed: the trial ended before")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crash_is_a_service_and_a_time() {
        let crash: Crash = "postgres@2500ms".parse().unwrap();
        assert_eq!(
            (crash.victim, crash.after),
            (CrashVictim::Service(ServiceRole::Postgres), Millis(2_500))
        );
        let scaled: Topology = "scale=2".parse().unwrap();
        for (text, fits) in [
            ("instance@5s", true),
            ("rolling@1s", true),
            ("pgbouncer@1s", false),
            ("replica@1s", false),
        ] {
            let crash: Crash = text.parse().unwrap();
            assert_eq!(crash.to_string(), text);
            assert_eq!(crash.fits(scaled), fits, "{text}");
            assert!(!crash.fits(Topology::SINGLE), "{text}");
        }
        for wrong in ["postgres", "mysql@5s", "redis@soon", "@5s", ""] {
            let why = wrong.parse::<Crash>().unwrap_err();
            assert!(why.contains("postgres@5s"), "{why}");
        }
    }
}
