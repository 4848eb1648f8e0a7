//! What an own stack consists of beside one instance of the target: `scale=4,pgbouncer,replica`.

use std::{fmt, str::FromStr};

use shared::{number::read_or_refuse, time::Millis};

/// Most instances of the target on one machine.
const MAX_INSTANCES: u16 = 16;
/// Server connections of the pooler where no number is given: its own default.
const POOLER_SERVERS: u16 = 20;
/// Most of them.
const MAX_POOLER_SERVERS: u16 = 200;
/// Longest time that a replica is kept behind: an hour of it would keep an hour of log.
const MAX_REPLICA_DELAY: Millis = Millis(60_000);

/// The services of an own stack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Topology {
    /// Instances of the target; with two or more they are behind a balancer.
    pub instances: u16,
    /// Server connections of a pooler before the database; `None`: there is no pooler.
    pub pooler: Option<u16>,
    /// A replica of the database, and how long it is kept behind; zero: as close as it can be.
    /// `None`: there is no replica.
    pub replica: Option<Millis>,
}

impl Topology {
    /// One instance, no pooler and no replica.
    pub const SINGLE: Self = Self {
        instances: 1,
        pooler: None,
        replica: None,
    };
}

impl Default for Topology {
    fn default() -> Self {
        Self::SINGLE
    }
}

impl fmt::Display for Topology {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "scale={}", self.instances)?;
        match self.pooler {
            None => {}
            Some(POOLER_SERVERS) => f.write_str(",pgbouncer")?,
            Some(servers) => write!(f, ",pgbouncer={servers}")?,
        }
        match self.replica {
            None => Ok(()),
            Some(Millis(0)) => f.write_str(",replica"),
            Some(delay) => write!(f, ",replica={delay}"),
        }
    }
}

impl FromStr for Topology {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut topology = Self::SINGLE;
        let mut seen = Vec::new();
        for part in text.split(',').map(str::trim) {
            let (word, number) = match part.split_once('=') {
                Some((word, number)) => (word.trim(), Some(number.trim())),
                None => (part, None),
            };
            if seen.contains(&word) {
                return Err(format!("`{word}` is there twice in the topology `{text}`"));
            }
            seen.push(word);
            match (word, number) {
                ("scale", Some(number)) => {
                    topology.instances = whole(number, MAX_INSTANCES, || {
                        format!("scale={number}: it is 1 to {MAX_INSTANCES}")
                    })?;
                }
                ("pgbouncer", None) => topology.pooler = Some(POOLER_SERVERS),
                ("pgbouncer", Some(number)) => {
                    let servers = whole(number, MAX_POOLER_SERVERS, || {
                        format!(
                            "pgbouncer={number}: it is 1 to {MAX_POOLER_SERVERS} server connections"
                        )
                    })?;
                    topology.pooler = Some(servers);
                }
                ("replica", None) => topology.replica = Some(Millis(0)),
                ("replica", Some(delay)) => topology.replica = Some(replica_delay(delay)?),
                _ => {
                    return Err(format!(
                        "`{part}` is no part of a topology: write scale=N, pgbouncer or pgbouncer=N, replica or replica=TIME, like scale=4,pgbouncer,replica"
                    ));
                }
            }
        }
        Ok(topology)
    }
}

fn replica_delay(text: &str) -> Result<Millis, String> {
    let read = |text: &str| {
        let delay = text.parse::<Millis>().ok();
        delay.filter(|delay| *delay <= MAX_REPLICA_DELAY)
    };
    read_or_refuse(text, read, || {
        format!(
            "replica={text}: it is how long the replica is kept behind, like 500ms, at most {MAX_REPLICA_DELAY}"
        )
    })
}

fn whole(text: &str, most: u16, wrong: impl FnOnce() -> String) -> Result<u16, String> {
    let read = |text: &str| {
        let number = text.parse::<u16>().ok();
        number.filter(|number| (1..=most).contains(number))
    };
    read_or_refuse(text, read, wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_topology_is_read_and_written_in_the_same_words() {
        for (text, instances, pooler, replica) in [
            ("scale=1", 1, None, None),
            ("scale=4,pgbouncer", 4, Some(20), None),
            ("scale=2,pgbouncer=5", 2, Some(5), None),
            ("scale=1,replica", 1, None, Some(Millis(0))),
            (
                "scale=4,pgbouncer,replica=500ms",
                4,
                Some(20),
                Some(Millis(500)),
            ),
        ] {
            let topology: Topology = text.parse().unwrap();
            assert_eq!((topology.instances, topology.pooler), (instances, pooler));
            assert_eq!(topology.replica, replica);
            assert_eq!(topology.to_string(), text);
        }
        let pooler: Topology = " pgbouncer ".parse().unwrap();
        assert_eq!(pooler.to_string(), "scale=1,pgbouncer");
    }

    #[test]
    fn what_is_no_topology_is_refused_with_what_is_one() {
        for (text, why) in [
            ("standby", "scale=4,pgbouncer,replica"),
            ("replica=2", "like 500ms, at most 1m"),
            ("replica=2m", "at most 1m"),
            ("scale=02", "`02` begins with a zero: write `2`"),
            (
                "replica=0500ms",
                "`0500ms` begins with a zero: write `500ms`",
            ),
            ("replica,replica=1s", "twice"),
            ("", "scale=4,pgbouncer"),
            ("scale", "scale=4,pgbouncer"),
            ("scale=0", "1 to 16"),
            ("scale=17", "1 to 16"),
            ("pgbouncer=many", "1 to 200"),
            ("scale=2,scale=3", "twice"),
        ] {
            let error = text.parse::<Topology>().unwrap_err();
            assert!(error.contains(why), "{text}: {error}");
        }
    }
}
