//! Sends the figures to an OTLP collector, now and then and at the end. A collector that is slow,
//! down or refuses costs the run nothing but one warning.

use std::{
    fmt,
    str::FromStr,
    time::{Duration, SystemTime},
};

use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use prost::Message as _;
use reqwest::{Client, Url, header::CONTENT_TYPE};
use tokio::time::{MissedTickBehavior, interval, timeout};
use tokio_util::sync::CancellationToken;

use super::{
    otlp::{self, Span},
    shared::SharedFigures,
};
use loadgen_experiment::events::{Publisher, printable};

/// Time between two messages.
const EVERY: Duration = Duration::from_secs(5);
/// Longest wait for one, from the look-up of the name to the head of the answer.
const LIMIT: Duration = Duration::from_secs(2);
/// Where a collector takes metrics.
const PATH: &str = "v1/metrics";

/// Where the figures are pushed to: a collector that speaks OTLP over HTTP.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Collector(Url);

/// Why an address is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a collector's address; one looks like http://127.0.0.1:4318")]
pub struct BadCollector {
    text: String,
}

impl FromStr for Collector {
    type Err = BadCollector;

    fn from_str(text: &str) -> Result<Self, BadCollector> {
        let bad = || BadCollector {
            text: printable(text),
        };
        let mut url = Url::parse(text).map_err(|_| bad())?;
        // A password would be shown in messages, and nothing else is spoken than plain HTTP.
        let plain = url.scheme() == "http" && url.username().is_empty() && url.password().is_none();
        if !plain || url.host_str().is_none() || url.query().is_some() || url.fragment().is_some() {
            return Err(bad());
        }
        let base = url.path().trim_end_matches('/');
        if !base.ends_with(PATH) {
            let path = format!("{base}/{PATH}");
            url.set_path(&path);
        }
        Ok(Self(url))
    }
}

impl fmt::Display for Collector {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(to)
    }
}

/// A client for it.
pub(super) fn client() -> reqwest::Result<Client> {
    // Only plain HTTP is spoken, but the client wants a provider all the same; a second
    // installation is refused and does no harm.
    let _installed = rustls::crypto::ring::default_provider().install_default();
    Client::builder()
        .tls_certs_only(std::iter::empty())
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .timeout(LIMIT)
        .pool_max_idle_per_host(1)
        // Longer than the time between two messages, which then share a connection.
        .pool_idle_timeout(2 * EVERY)
        .build()
}

/// One who sends.
pub(super) struct Pusher {
    pub(super) collector: Collector,
    pub(super) client: Client,
    pub(super) figures: SharedFigures,
    /// Where the one warning goes; none once it was said.
    pub(super) complain: Option<Publisher>,
}

impl Pusher {
    /// Sends until `stop` is cancelled, and then a last time.
    pub(super) async fn run(mut self, stop: CancellationToken) {
        let since = otlp::nanos(SystemTime::now());
        let mut ticks = interval(EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        // The first comes at once, when there is nothing to say.
        ticks.tick().await;
        while !stop.is_cancelled() {
            tokio::select! {
                biased;
                // One that is under way when the command ends is given up for the last one.
                () = stop.cancelled() => break,
                _ = ticks.tick() => {}
            }
            // Before its name is known a run would be told as another one.
            let Some(message) = self.message(since, true) else {
                continue;
            };
            tokio::select! {
                biased;
                () = stop.cancelled() => break,
                sent = self.send(message) => self.judge(sent),
            }
        }
        if let Some(message) = self.message(since, false) {
            let sent = self.send(message).await;
            self.judge(sent);
        }
    }

    fn message(&self, since: u64, named: bool) -> Option<ExportMetricsServiceRequest> {
        let figures = self.figures.lock();
        if named && figures.run().is_none() {
            return None;
        }
        let until = otlp::nanos(SystemTime::now());
        let span = Span { since, until };
        Some(otlp::message(&figures.families(), figures.run(), span))
    }

    async fn send(&self, message: ExportMetricsServiceRequest) -> Result<(), String> {
        let asked = self
            .client
            .post(self.collector.0.clone())
            .header(CONTENT_TYPE, "application/x-protobuf")
            .body(message.encode_to_vec())
            .send();
        match timeout(LIMIT, asked).await {
            Ok(Ok(answer)) if answer.status().is_success() => Ok(()),
            Ok(Ok(answer)) => Err(format!("it answered {}", answer.status())),
            Ok(Err(error)) if !error.is_timeout() => Err(innermost(&error)),
            _ => Err(format!("no answer within {} s", LIMIT.as_secs())),
        }
    }

    fn judge(&mut self, sent: Result<(), String>) {
        let Err(why) = sent else {
            return;
        };
        if let Some(events) = self.complain.take() {
            events.warning(format!(
                "the collector at {} takes no figures ({why}); the run goes on without it",
                self.collector
            ));
        }
    }
}

/// The last cause, which says what happened.
fn innermost(error: &dyn std::error::Error) -> String {
    let mut last = error;
    while let Some(source) = last.source() {
        last = source;
    }
    printable(&last.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_collector_is_an_address_with_or_without_its_path() {
        for (text, shown) in [
            ("http://127.0.0.1:4318", "http://127.0.0.1:4318/v1/metrics"),
            ("http://[::1]:4318/", "http://[::1]:4318/v1/metrics"),
            ("http://a/otlp/", "http://a/otlp/v1/metrics"),
            ("http://a/v1/metrics", "http://a/v1/metrics"),
        ] {
            assert_eq!(text.parse::<Collector>().unwrap().to_string(), shown);
        }
        for text in [
            "",
            "127.0.0.1:4318",
            "https://a/",
            "grpc://a:4317",
            "http://me:secret@a/",
            "http://a/?x",
            "\u{1b}[31m",
        ] {
            let refused = text.parse::<Collector>().unwrap_err().to_string();
            assert!(refused.contains("4318") && !refused.contains('\u{1b}'));
        }
    }
}
