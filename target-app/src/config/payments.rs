//! Settings of payments: where the provider is, its secret, and how the provider inside of this
//! process behaves.

use std::time::Duration;

use secrecy::SecretString;
use shared::{
    number::{read_or_refuse, whole, without_underscores},
    time::Millis,
};

use super::{
    Args, ConfigError, Secret,
    secret::{SECRET_BYTES, given, random_secret},
};

/// Time between two rounds of the worker, if none is given.
const INTERVAL: Duration = Duration::from_secs(1);

/// What payments need.
#[derive(Debug, Clone)]
pub struct PaymentSettings {
    /// Where the provider is; none for the one inside of this process.
    pub provider_url: Option<String>,
    /// Signs webhooks.
    pub webhook_secret: SecretString,
    /// Time between two rounds of the worker.
    pub interval: Duration,
    /// How the provider inside of this process behaves.
    pub behaviour: ProviderBehaviour,
}

/// How a provider that takes no money behaves: what goes wrong, and how often.
#[derive(Debug, Clone, clap::Args)]
pub struct ProviderBehaviour {
    /// Time that each call takes
    #[arg(long, default_value = "20ms", value_name = "DURATION")]
    pub latency: Millis,
    /// Share of the calls that are answered with 503
    #[arg(long, default_value_t = 0.0, value_parser = share, value_name = "SHARE")]
    pub failure: f64,
    /// Share of the payments that are declined
    #[arg(long, default_value_t = 0.0, value_parser = share, value_name = "SHARE")]
    pub declined: f64,
    /// Share of the webhooks that are sent twice
    #[arg(long, default_value_t = 0.0, value_parser = share, value_name = "SHARE")]
    pub duplicates: f64,
    /// Share of the webhooks that are late
    #[arg(long, default_value_t = 0.0, value_parser = share, value_name = "SHARE")]
    pub late: f64,
    /// How late they are
    #[arg(long, default_value = "2s", value_name = "DURATION")]
    pub late_by: Millis,
    /// Share of the payments whose webhooks are sent in the wrong order
    #[arg(long, default_value_t = 0.0, value_parser = share, value_name = "SHARE")]
    pub reordered: f64,
    /// The number from which all of these chances follow
    #[arg(long, default_value_t = 1, value_parser = whole(0, u64::MAX))]
    pub seed: u64,
}

impl Default for ProviderBehaviour {
    fn default() -> Self {
        Self {
            latency: Millis(20),
            failure: 0.0,
            declined: 0.0,
            duplicates: 0.0,
            late: 0.0,
            late_by: Millis(2_000),
            reordered: 0.0,
            seed: 1,
        }
    }
}

/// Reads a share of all: 0 to 1.
fn share(text: &str) -> Result<f64, String> {
    let read = |text: &str| {
        let share = without_underscores(text)?.parse::<f64>().ok();
        share.filter(|share| (0.0..=1.0).contains(share))
    };
    read_or_refuse(text, read, || {
        "a share from 0 to 1 is expected, like 0.05".to_owned()
    })
}

impl Args {
    /// Decides what payments need; `open` where others reach the address that is listened on.
    pub(super) fn payments(&self, open: bool) -> Result<PaymentSettings, ConfigError> {
        let provider_url = self.payment_provider_url.clone();
        let provider_url = provider_url.filter(|url| !url.is_empty());
        if let Some(url) = &provider_url {
            let is_http = url.parse::<http::Uri>().is_ok_and(|url| {
                matches!(url.scheme_str(), Some("http" | "https")) && url.authority().is_some()
            });
            if !is_http {
                return Err(ConfigError::Value(format!(
                    "`{url}` is not the address of a payment provider: write it like \
                     `http://127.0.0.1:8091`"
                )));
            }
        }
        let webhook_secret = match given(self.payment_webhook_secret.as_ref()) {
            Some(secret) if open && secret.expose().len() < SECRET_BYTES => {
                return Err(ConfigError::Value(format!(
                    "the webhook secret is too short: others reach this address, so give at least \
                     {SECRET_BYTES} bytes with --payment-webhook-secret or PAYMENT_WEBHOOK_SECRET"
                )));
            }
            Some(secret) => Secret::into_inner(secret),
            None if provider_url.is_some() => {
                return Err(ConfigError::Missing {
                    what: "the webhook secret, which the payment provider signs with,",
                    flag: "--payment-webhook-secret",
                    env: "PAYMENT_WEBHOOK_SECRET",
                    example: "$(openssl rand -hex 32)",
                });
            }
            None => random_secret(),
        };
        let interval = match self.payment_interval {
            Some(Millis(0)) => {
                return Err(ConfigError::Value(
                    "--payment-interval must be longer than zero, like `1s`".to_owned(),
                ));
            }
            given => given.map_or(INTERVAL, Millis::duration),
        };
        Ok(PaymentSettings {
            provider_url,
            webhook_secret,
            interval,
            behaviour: ProviderBehaviour::default(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_provider_elsewhere_needs_its_secret_and_an_address_that_is_one() {
        let at = |url: &str, secret: Option<&str>| Args {
            payment_provider_url: Some(url.to_owned()),
            payment_webhook_secret: secret.map(|secret| secret.parse().unwrap()),
            ..Args::default()
        };
        let here = "http://127.0.0.1:8091";
        let missing = at(here, None).payments(false).unwrap_err().to_string();
        assert!(missing.contains("PAYMENT_WEBHOOK_SECRET"), "{missing}");
        assert!(at(here, Some("short")).payments(false).is_ok());
        assert!(at(here, Some("short")).payments(true).is_err());
        assert!(at("8090", Some("short")).payments(false).is_err());
        let inside = Args::default().payments(true).unwrap();
        assert_eq!((inside.provider_url, inside.interval), (None, INTERVAL));
    }

    #[test]
    fn a_share_is_at_most_all() {
        assert_eq!(share("0.05"), Ok(0.05));
        for wrong in ["1.1", "-0.1", "NaN", "5%"] {
            assert!(share(wrong).is_err(), "{wrong}");
        }
        assert!(share("00.5").unwrap_err().contains("write `0.5`"));
    }

    #[test]
    fn what_the_command_line_shows_as_default_is_the_default() {
        #[derive(clap::Parser)]
        struct Line {
            #[command(flatten)]
            behaviour: ProviderBehaviour,
        }
        let line: Line = clap::Parser::parse_from(["provider"]);
        let usual = ProviderBehaviour::default();
        assert_eq!(format!("{:?}", line.behaviour), format!("{usual:?}"));
    }
}
