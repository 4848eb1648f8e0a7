//! Sends the metrics to an OTLP collector, every few seconds and at the end. A collector that is
//! slow, down or refuses costs the run nothing but one warning.

use std::{fmt, str::FromStr, time::Duration};

use opentelemetry_proto::tonic::collector::metrics::v1::{
    ExportMetricsServiceRequest, ExportMetricsServiceResponse,
};
use prost::Message as _;
use reqwest::{Client, Url, header::CONTENT_TYPE};
use tokio::time::{MissedTickBehavior, interval, timeout};
use tokio_util::sync::CancellationToken;

use super::{
    figures::SharedFigures,
    otlp::{self, ExportWindow},
};
use loadgen_engine::clock::time_of_day;
use loadgen_experiment::events::{Publisher, printable};

/// Time between two messages.
const EVERY: Duration = Duration::from_secs(5);
/// Longest wait for one, from the name lookup to the end of the response.
const LIMIT: Duration = Duration::from_secs(2);
/// How much of a response is read, in bytes.
const MAX_ANSWER: usize = 64 * 1024;
/// How much of a collector's reason is shown, in characters.
const MAX_REASON: usize = 200;
/// Path at which a collector accepts metrics.
const PATH: &str = "v1/metrics";

/// URL of a collector that accepts OTLP over plain HTTP.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OtlpEndpoint(Url);

/// A text that is no such URL.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not the URL of a collector; one looks like http://127.0.0.1:4318")]
pub struct InvalidEndpoint {
    text: String,
}

impl FromStr for OtlpEndpoint {
    type Err = InvalidEndpoint;

    fn from_str(text: &str) -> Result<Self, InvalidEndpoint> {
        let bad = || InvalidEndpoint {
            text: printable(text),
        };
        let mut url = Url::parse(text).map_err(|_| bad())?;
        // A password would be shown in messages, and only plain HTTP is supported.
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

impl fmt::Display for OtlpEndpoint {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(to)
    }
}

/// An HTTP client for collectors.
pub(super) fn client() -> reqwest::Result<Client> {
    // Only plain HTTP is used, but the client needs a TLS provider all the same; a second
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

/// Pushes metrics to one collector.
pub(super) struct OtlpPusher {
    pub(super) endpoint: OtlpEndpoint,
    pub(super) client: Client,
    pub(super) figures: SharedFigures,
    /// Where the one warning goes; `None` once it was published.
    pub(super) warn_on: Option<Publisher>,
}

impl OtlpPusher {
    /// Sends until `stop` is cancelled, and then a last time.
    pub(super) async fn run(mut self, stop: CancellationToken) {
        let since = otlp::nanos(time_of_day());
        let mut ticks = interval(EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        // The first tick comes at once, when there are no figures yet.
        ticks.tick().await;
        while !stop.is_cancelled() {
            tokio::select! {
                biased;
                // A message under way at the end of the command is dropped in favour of the last.
                () = stop.cancelled() => break,
                _ = ticks.tick() => {}
            }
            // Without the run's name the collector would store another series.
            let Some(message) = self.message(since, true) else {
                continue;
            };
            tokio::select! {
                biased;
                () = stop.cancelled() => break,
                sent = self.send(message) => self.warn_once(sent),
            }
        }
        if let Some(message) = self.message(since, false) {
            let sent = self.send(message).await;
            self.warn_once(sent);
        }
    }

    fn message(&self, since: u64, named: bool) -> Option<ExportMetricsServiceRequest> {
        let figures = self.figures.lock();
        if named && figures.run().is_none() {
            return None;
        }
        let until = otlp::nanos(time_of_day());
        let window = ExportWindow { since, until };
        Some(otlp::message(&figures.families(), figures.run(), window))
    }

    async fn send(&self, message: ExportMetricsServiceRequest) -> Result<(), String> {
        let request = self
            .client
            .post(self.endpoint.0.clone())
            .header(CONTENT_TYPE, "application/x-protobuf")
            .body(message.encode_to_vec())
            .send();
        let answered = async {
            let mut response = request.await?;
            let (status, mut body) = (response.status(), Vec::new());
            while status.is_success()
                && body.len() < MAX_ANSWER
                && let Some(part) = response.chunk().await?
            {
                body.extend_from_slice(&part);
            }
            Ok::<_, reqwest::Error>((status, body))
        };
        match timeout(LIMIT, answered).await {
            Ok(Ok((status, body))) if status.is_success() => all_accepted(&body),
            Ok(Ok((status, _))) => Err(format!("it answered {status}")),
            Ok(Err(error)) if !error.is_timeout() => Err(innermost(&error)),
            _ => Err(format!("no answer within {} s", LIMIT.as_secs())),
        }
    }

    fn warn_once(&mut self, sent: Result<(), String>) {
        let Err(why) = sent else {
            return;
        };
        if let Some(events) = self.warn_on.take() {
            events.warning(format!(
                "the collector at {} did not take the metrics ({why}); the run goes on without it",
                self.endpoint
            ));
        }
    }
}

/// Whether the answer to a message that was taken says that all of it was; what is no such answer says nothing.
fn all_accepted(body: &[u8]) -> Result<(), String> {
    let answer = ExportMetricsServiceResponse::decode(body).unwrap_or_default();
    match answer.partial_success {
        Some(part) if part.rejected_data_points > 0 => {
            let reason: String = part.error_message.chars().take(MAX_REASON).collect();
            Err(format!(
                "it rejected {} data points: {}",
                part.rejected_data_points,
                printable(&reason)
            ))
        }
        _ => Ok(()),
    }
}

/// The innermost cause of an error, which says what happened.
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
    fn an_endpoint_is_a_url_with_or_without_its_path() {
        for (text, shown) in [
            ("http://127.0.0.1:4318", "http://127.0.0.1:4318/v1/metrics"),
            ("http://[::1]:4318/", "http://[::1]:4318/v1/metrics"),
            ("http://a/otlp/", "http://a/otlp/v1/metrics"),
            ("http://a/v1/metrics", "http://a/v1/metrics"),
        ] {
            assert_eq!(text.parse::<OtlpEndpoint>().unwrap().to_string(), shown);
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
            let refused = text.parse::<OtlpEndpoint>().unwrap_err().to_string();
            assert!(refused.contains("4318") && !refused.contains('\u{1b}'));
        }
    }
}
