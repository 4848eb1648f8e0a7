//! What a plan assumes, from a YAML file.
//!
//! ```yaml
//! users: 3000                     # that are active in the busiest hour
//! requests_per_user_hour: 120
//! peak_factor: 2                  # busiest minute / mean of that hour
//! growth_per_month: 0.05
//! months: 12                      # that the plan is to last
//! headroom: 0.65                  # share of what was measured that is used
//! spare_instances: 1
//! largest_database_cores: 64
//! reserved_connections: 10        # for migrations, monitoring and superusers
//! redis_keys_factor: 10           # keys in production / keys in the measurement
//! instance_cores: 4               # of a simulated instance; those of the measured machine otherwise
//! network_ms: 0                   # that a simulated request spends on the network
//! slo_p95_ms: 1000                # that simulated loads have to meet; the SLO of the search otherwise
//! prices: { currency: EUR, instance_hour: 0.10, database_hour: 0.40, redis_hour: 0.05 }
//! ```

use std::path::Path;

use serde::Deserialize;
use serde_saphyr::{Location, Spanned};

use loadgen_engine::suite::load::{self, BadFile};

/// An assumption, and whether the file states it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Assumption {
    /// Its value.
    pub value: f64,
    /// Whether the file states it; it is a default otherwise.
    pub stated: bool,
}

/// Prices an hour.
#[derive(Debug, Clone, PartialEq)]
pub struct Prices {
    /// The currency, as a word.
    pub currency: String,
    /// Of an instance of the application.
    pub instance: f64,
    /// Of the database.
    pub database: f64,
    /// Of Redis.
    pub redis: f64,
}

/// Everything that a plan assumes.
#[derive(Debug, Clone, PartialEq)]
pub struct Assumptions {
    /// Users that are active in the busiest hour.
    pub users: Assumption,
    /// Requests of such a user in that hour.
    pub requests_per_user_hour: Assumption,
    /// Rate of the busiest minute / mean rate of that hour.
    pub peak_factor: Assumption,
    /// Growth of the load a month, as a share.
    pub growth_per_month: Assumption,
    /// Months that the plan is to last.
    pub months: Assumption,
    /// Share of what was measured that is used.
    pub headroom: Assumption,
    /// Instances beyond those that the load needs.
    pub spare_instances: Assumption,
    /// Cores of the largest database that can be had.
    pub largest_database_cores: Assumption,
    /// Connections of PostgreSQL that the application does not get.
    pub reserved_connections: Assumption,
    /// Keys in Redis in production / keys in the measurement; absent where that is not known.
    pub redis_keys_factor: Option<Assumption>,
    /// Processors of a simulated instance; absent where it is to have those of the measured machine.
    pub instance_cores: Option<Assumption>,
    /// Milliseconds that a simulated request spends on the network.
    pub network_ms: Assumption,
    /// Limit of the p95 that simulated loads have to meet; absent where that of the search holds.
    pub slo_p95_ms: Option<Assumption>,
    /// Prices; absent where none are known.
    pub prices: Option<Prices>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawAssumptions {
    users: Spanned<String>,
    requests_per_user_hour: Spanned<String>,
    peak_factor: Option<Spanned<String>>,
    growth_per_month: Option<Spanned<String>>,
    months: Option<Spanned<String>>,
    headroom: Option<Spanned<String>>,
    spare_instances: Option<Spanned<String>>,
    largest_database_cores: Option<Spanned<String>>,
    reserved_connections: Option<Spanned<String>>,
    redis_keys_factor: Option<Spanned<String>>,
    instance_cores: Option<Spanned<String>>,
    network_ms: Option<Spanned<String>>,
    slo_p95_ms: Option<Spanned<String>>,
    prices: Option<RawPrices>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawPrices {
    currency: Spanned<String>,
    instance_hour: Spanned<String>,
    database_hour: Spanned<String>,
    redis_hour: Spanned<String>,
}

/// Reads the file at `path`.
pub fn read_assumptions(path: &Path) -> Result<Assumptions, BadFile> {
    let text = load::read_text(path)?;
    parse_assumptions(&text, &path.display().to_string())
}

/// Checks the text; `file` names it in errors.
pub fn parse_assumptions(text: &str, file: &str) -> Result<Assumptions, BadFile> {
    let raw: RawAssumptions = load::from_yaml(text, file)?;
    let at = |place: Location, why: String| BadFile::at(file, place, &why);
    let within = |name: &str, text: &Spanned<String>, low: f64, high: f64| {
        let value = load::decimal(&text.value).and_then(|value| {
            if (low..=high).contains(&value) {
                Ok(value)
            } else {
                Err(format!("{name} {value}: it is {low} to {high}"))
            }
        });
        value.map_err(|why| at(text.referenced, why))
    };
    let stated = |name: &str, value: &Spanned<String>, low, high| {
        within(name, value, low, high).map(|value| Assumption {
            value,
            stated: true,
        })
    };
    let or = |name: &str, value: &Option<Spanned<String>>, low, high, usual| match value {
        Some(value) => stated(name, value, low, high),
        None => Ok(Assumption {
            value: usual,
            stated: false,
        }),
    };
    let optional = |name: &str, value: &Option<Spanned<String>>, low, high| match value {
        Some(value) => stated(name, value, low, high).map(Some),
        None => Ok(None),
    };
    let instance_cores = optional("instance_cores", &raw.instance_cores, 1.0, 1_024.0)?;
    if let (Some(cores), Some(text)) = (instance_cores, &raw.instance_cores)
        && cores.value.fract() > 0.0
    {
        let why = format!("instance_cores {}: it is a whole number", cores.value);
        return Err(at(text.referenced, why));
    }
    let prices = match &raw.prices {
        None => None,
        Some(raw) => {
            let price = |name: &str, value| within(name, value, 0.0, 1e6);
            Some(Prices {
                currency: raw.currency.value.clone(),
                instance: price("instance_hour", &raw.instance_hour)?,
                database: price("database_hour", &raw.database_hour)?,
                redis: price("redis_hour", &raw.redis_hour)?,
            })
        }
    };
    Ok(Assumptions {
        users: stated("users", &raw.users, 1.0, 1e10)?,
        requests_per_user_hour: stated(
            "requests_per_user_hour",
            &raw.requests_per_user_hour,
            1e-3,
            1e6,
        )?,
        peak_factor: or("peak_factor", &raw.peak_factor, 1.0, 1e3, 2.0)?,
        growth_per_month: or("growth_per_month", &raw.growth_per_month, 0.0, 10.0, 0.0)?,
        months: or("months", &raw.months, 0.0, 120.0, 12.0)?,
        headroom: or("headroom", &raw.headroom, 0.05, 1.0, 0.65)?,
        spare_instances: or("spare_instances", &raw.spare_instances, 0.0, 1e3, 1.0)?,
        largest_database_cores: or(
            "largest_database_cores",
            &raw.largest_database_cores,
            1.0,
            1e4,
            64.0,
        )?,
        reserved_connections: or(
            "reserved_connections",
            &raw.reserved_connections,
            0.0,
            1e4,
            10.0,
        )?,
        redis_keys_factor: optional("redis_keys_factor", &raw.redis_keys_factor, 1e-3, 1e9)?,
        instance_cores,
        network_ms: or("network_ms", &raw.network_ms, 0.0, 1e4, 0.0)?,
        slo_p95_ms: optional("slo_p95_ms", &raw.slo_p95_ms, 1e-3, 1e7)?,
        prices,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEAST: &str = "users: 3000\nrequests_per_user_hour: 120\n";

    #[test]
    fn what_the_file_does_not_state_is_a_default_and_known_as_one() {
        let read = parse_assumptions(LEAST, "a.yaml").unwrap();
        assert_eq!((read.users.value, read.users.stated), (3_000.0, true));
        assert_eq!((read.headroom.value, read.headroom.stated), (0.65, false));
        assert!(read.prices.is_none() && read.redis_keys_factor.is_none());
    }

    #[test]
    fn an_unknown_key_and_an_impossible_value_are_refused_with_their_line() {
        let refused = |more: &str| {
            parse_assumptions(&format!("{LEAST}{more}"), "a.yaml")
                .unwrap_err()
                .to_string()
        };
        let unknown = refused("peek_factor: 2\n");
        assert!(
            unknown.contains("a.yaml:3:") && unknown.contains("`peak_factor`"),
            "{unknown}"
        );
        let zero = refused("headroom: 0\n");
        assert!(
            zero.contains("a.yaml:3:") && zero.contains("it is 0.05 to 1"),
            "{zero}"
        );
        let price = refused("prices: { currency: EUR, instance_hour: 1 }\n");
        assert!(price.contains("database_hour"), "{price}");
    }

    #[test]
    fn an_error_of_yaml_is_said_in_the_words_of_the_file_with_line_and_column() {
        for (text, said) in [
            (
                format!("{LEAST}users: 5\n"),
                "3:1: the key `users` is written twice: remove one",
            ),
            (
                format!("{LEAST}---\nusers: 5\n"),
                "4:1: a second document begins here",
            ),
            (
                format!("{LEAST}peak_factor: ten\n"),
                "3:14: `ten` is not a number",
            ),
            (
                format!("{LEAST}peak_factor: 010\n"),
                "3:14: `010` begins with a zero: write `10`",
            ),
            (LEAST.replace("3000", "~"), "1:8: "),
            (format!("{LEAST}months: [ 12 ]\n"), "3:9: one value"),
        ] {
            let error = parse_assumptions(&text, "a.yaml").unwrap_err().to_string();
            assert!(
                error.starts_with(&format!("a.yaml:{said}")),
                "{said}: {error}"
            );
            assert_eq!(error.lines().count(), 1, "{error}");
            for word in ["DuplicateKeyPolicy", "Option", "f64", "float", "at line"] {
                assert!(!error.contains(word), "{error}");
            }
        }
    }
}
