//! What can be asked.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use chrono::{DateTime, Utc};
use clap::{Parser, Subcommand};
use shared::{
    dataset::Scale,
    number::{read_or_refuse, whole, without_underscores},
    profile::{HashScheme, SwitchValue as _},
};

use crate::config::{Args, ProviderBehaviour, Secret};

/// CodeConnect: a mentoring platform's backend whose optimizations are run-time switches.
///
/// Exit codes: 0 done, 1 internal error, 2 bad usage or settings, 98 the audit found a violation.
#[derive(Debug, Parser)]
#[command(name = "target-app", version)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Serve the API until SIGTERM or SIGINT
    Serve(Box<Args>),
    /// Bring the database's schema up to date
    Migrate {
        /// Which database.
        #[command(flatten)]
        database: DatabaseArgs,
    },
    /// Fill an empty database with deterministic data, and keep a copy to reset to
    Seed {
        /// Which database.
        #[command(flatten)]
        database: DatabaseArgs,
        /// How much: tiny, small, medium or large
        #[arg(long, default_value = "small", env = "SEED_SCALE")]
        scale: Scale,
        /// The number from which everything follows
        #[arg(long, default_value_t = 1, value_parser = whole(0, u64::MAX))]
        seed: u64,
        /// The instant that the data calls now, like 2026-01-31T00:00:00Z [default: today]
        #[arg(long, value_name = "INSTANT", value_parser = instant)]
        anchor: Option<DateTime<Utc>>,
        /// Replace the accounts that are there
        #[arg(long, conflicts_with = "if_empty")]
        force: bool,
        /// Do nothing where the same data is already there; other data is still an error
        #[arg(long)]
        if_empty: bool,
        /// Where recordings lie [default: ./media]
        #[arg(long, env = "MEDIA_DIR", value_name = "DIR")]
        media_dir: Option<PathBuf>,
    },
    /// Check the invariants of the data
    Audit {
        /// Which database.
        #[command(flatten)]
        database: DatabaseArgs,
        /// Print the whole report as JSON
        #[arg(long)]
        json: bool,
    },
    /// Ask a running server whether it is ready
    Healthcheck {
        /// Address of the server [default: 127.0.0.1:8080]
        #[arg(long, env = "LISTEN_ADDR", value_name = "ADDRESS:PORT")]
        listen: Option<String>,
    },
    /// Be a payment provider that takes no money and fails on demand, until SIGTERM or SIGINT
    PaymentProvider(ProviderArgs),
    /// Print the description of the API (OpenAPI 3.1)
    Openapi,
    /// Measure how many passwords this machine checks a second, and print it as one JSON object
    HashRate {
        /// How they are hashed: a value of the switch auth.hash
        #[arg(long, default_value = "bcrypt(10)", value_name = "SCHEME", value_parser = scheme)]
        scheme: HashScheme,
        /// Threads that check them [default: one for each processor]
        #[arg(long, value_name = "N", value_parser = whole(1_u16, 256))]
        threads: Option<u16>,
        /// For how long
        #[arg(long, default_value = "3", value_name = "SECONDS", value_parser = seconds)]
        seconds: Duration,
    },
}

fn scheme(text: &str) -> Result<HashScheme, String> {
    text.parse().map_err(|()| {
        format!(
            "`{text}` is no hash scheme: write {}",
            HashScheme::accepts()
        )
    })
}

fn instant(text: &str) -> Result<DateTime<Utc>, String> {
    text.parse()
        .map_err(|_| format!("`{text}` is no instant: write one like 2026-01-31T00:00:00Z"))
}

fn address(text: &str) -> Result<SocketAddr, String> {
    text.parse()
        .map_err(|_| format!("`{text}` is no address: write one like 127.0.0.1:8091"))
}

fn seconds(text: &str) -> Result<Duration, String> {
    let read = |text: &str| {
        let seconds = without_underscores(text)?.parse::<f64>().ok();
        seconds.filter(|seconds| (0.1..=60.0).contains(seconds))
    };
    let wrong = || format!("`{text}` is not a number of seconds from 0.1 to 60");
    read_or_refuse(text, read, wrong).map(Duration::from_secs_f64)
}

/// A payment provider of its own process.
#[derive(Debug, clap::Args)]
pub struct ProviderArgs {
    /// Address to listen on; port 0 takes a free one
    #[arg(
        long,
        default_value = "127.0.0.1:8091",
        value_name = "ADDRESS:PORT",
        value_parser = address
    )]
    pub listen: SocketAddr,
    /// Where webhooks go
    #[arg(
        long,
        default_value = "http://127.0.0.1:8080/api/v1/payments/webhook",
        value_name = "URL"
    )]
    pub webhook_url: String,
    /// Secret that signs them, the same as that of the application
    #[arg(
        long,
        env = "PAYMENT_WEBHOOK_SECRET",
        hide_env_values = true,
        value_name = "SECRET"
    )]
    pub payment_webhook_secret: Secret,
    /// What goes wrong, and how often.
    #[command(flatten)]
    pub behaviour: ProviderBehaviour,
}

/// Which database a command works on.
#[derive(Debug, clap::Args)]
pub struct DatabaseArgs {
    /// PostgreSQL, like postgres://user:password@127.0.0.1:5432/codeconnect
    #[arg(long, env = "DATABASE_URL", hide_env_values = true, value_name = "URL")]
    pub database_url: Option<Secret>,
    /// TOML file with the same settings as `serve`
    #[arg(long, env = "CONFIG", value_name = "FILE")]
    pub config: Option<PathBuf>,
}

impl From<DatabaseArgs> for Args {
    fn from(database: DatabaseArgs) -> Self {
        Self {
            database_url: database.database_url,
            config: database.config,
            ..Self::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_number_is_known_by_the_name_of_its_value() {
        let found = shared::usage::misnamed_numbers(&Cli::command());
        assert_eq!(found, Vec::<String>::new());
    }

    #[test]
    fn the_help_of_serve_says_how_long_secrets_are_and_what_stands_in_for_them() {
        let mut cli = Cli::command();
        let serve = cli.find_subcommand_mut("serve").unwrap();
        let help = serve.render_long_help().to_string();
        let help = help.split_whitespace().collect::<Vec<_>>().join(" ");
        for said in [
            "it has at least 16 characters",
            "it has at least 32 bytes [default: a random one, so that tokens end with this process]",
            "required with --payment-provider-url",
        ] {
            assert!(help.contains(said), "{said}: {help}");
        }
    }

    #[test]
    fn a_wrong_scale_is_refused_with_the_right_ones() {
        let error = Cli::try_parse_from(["target-app", "seed", "--scale", "huge"]).unwrap_err();
        assert!(error.to_string().contains("tiny, small, medium or large"));
        assert_eq!(error.exit_code(), 2);
    }

    #[test]
    fn a_seed_is_a_whole_number_without_zeros_that_it_does_not_need() {
        for command in ["seed", "payment-provider"] {
            let secret = "--payment-webhook-secret=0123456789abcdef0123456789abcdef";
            let secret = [secret].into_iter().filter(|_| command != "seed");
            let words = ["target-app", command, "--seed", "010"];
            let error = Cli::try_parse_from(words.into_iter().chain(secret)).unwrap_err();
            let said = "`010` begins with a zero: write `10`";
            assert!(error.to_string().contains(said), "{error}");
        }
    }

    #[test]
    fn a_wrong_scheme_or_span_of_a_hash_rate_is_refused_with_what_would_be_right() {
        for (words, right) in [
            ("--scheme md5", "bcrypt(COST)"),
            ("--scheme bcrypt(31)", "4 to 14"),
            ("--seconds NaN", "from 0.1 to 60"),
            ("--seconds 61", "from 0.1 to 60"),
            ("--seconds 010", "write `10`"),
            ("--threads 0", "`0` is not a whole number from 1 to 256"),
            ("--threads many", "from 1 to 256"),
        ] {
            let words = ["target-app", "hash-rate"]
                .into_iter()
                .chain(words.split(' '));
            let error = Cli::try_parse_from(words).unwrap_err().to_string();
            assert!(error.contains(right), "{error}");
        }
    }

    #[test]
    fn a_wrong_number_instant_or_address_is_refused_with_what_would_be_right() {
        for (words, right) in [
            (
                "serve --max-connections 0",
                "`0` is not a whole number from 1 to",
            ),
            (
                "serve --max-upload-bytes 1k",
                "`1k` is not a whole number from 1",
            ),
            ("serve --max-sockets-per-account 010", "write `10`"),
            (
                "serve --max-registrations-per-minute 5000000000",
                "from 1 to 4294967295",
            ),
            ("seed --anchor yesterday", "like 2026-01-31T00:00:00Z"),
            ("payment-provider --listen here", "like 127.0.0.1:8091"),
        ] {
            let words = ["target-app"].into_iter().chain(words.split(' '));
            let error = Cli::try_parse_from(words).unwrap_err().to_string();
            assert!(error.contains(right), "{error}");
        }
        let words = ["target-app", "serve", "--max-connections", "1_000"];
        assert!(Cli::try_parse_from(words).is_ok());
    }
}
