//! The figures of `loadgen http` as text: verdict, counts, response times, self-checks.

use std::{fmt::Write as _, path::Path};

use hdrhistogram::Histogram;

use super::result::HttpResult;
use crate::cli::commands::measured_json::recorded;
use loadgen_engine::sample::Outcome;
use loadgen_experiment::{
    events::printable,
    metric::percent,
    schema::{Percentile, Percentiles},
    trial::operation,
};
use loadgen_report::render::figures::{bytes, count as grouped};

/// Rows of the chart of response times.
const ROWS: usize = 11;
/// Length of its longest bar in characters.
const WIDTH: f64 = 32.0;

/// Writing into a `String` cannot fail.
macro_rules! line {
    ($out:expr) => { $out.push('\n') };
    ($out:expr, $($part:tt)+) => {{
        let _written = writeln!($out, $($part)+);
    }};
}

/// The text.
pub(super) fn render(result: &HttpResult<'_>, folder: Option<&Path>) -> String {
    let mut out = String::new();
    head(&mut out, result);
    counts(&mut out, result);
    times(&mut out, result);
    chart(&mut out, &result.data.total.ok);
    findings(&mut out, result);
    if let Some(folder) = folder {
        line!(out);
        line!(out, "Report  {}", folder.join("report.html").display());
    }
    out
}

fn head(out: &mut String, result: &HttpResult<'_>) {
    let verdict = &result.summary.verdict;
    line!(out, "{}  {}", verdict.word.label(), printable(result.url));
    line!(out, "  {}; {}", verdict.headline, verdict.confidence);
    for reason in &verdict.reasons {
        line!(out, "  {}", printable(reason));
    }
    line!(out, "  {}", result.summary.load);
    for warning in &result.summary.warnings {
        line!(out, "  warning: {}", printable(warning));
    }
    line!(out);
}

fn counts(out: &mut String, result: &HttpResult<'_>) {
    let data = result.data;
    let one = operation("http.request", &data.total, data.window_s());
    let planned = data.total.planned;
    line!(
        out,
        "Requests      {} planned, {} succeeded ({}), {} failed",
        grouped(planned),
        grouped(data.total.count(Outcome::Ok)),
        percent(one.success, 3),
        grouped(data.total.failures())
    );
    line!(
        out,
        "Rate          {}/s over {:.2} s, at most {} concurrent",
        grouped(one.rate_per_s.round() as u64),
        data.window_s(),
        data.max_outstanding
    );
    line!(
        out,
        "Bytes in      {} ({}/s, {} per request), bodies only",
        bytes(data.total.bytes_in as f64),
        bytes(data.total.bytes_in as f64 / data.window_s().max(1e-9)),
        bytes(data.total.bytes_in as f64 / planned.max(1) as f64)
    );
    let statuses: Vec<String> = one
        .statuses
        .iter()
        .map(|(status, count)| format!("{status}: {}", grouped(*count)))
        .collect();
    line!(out, "Statuses      {}", or_none(&statuses));
    let outcomes: Vec<String> = Outcome::ALL
        .iter()
        .filter(|outcome| data.total.count(**outcome) > 0)
        .map(|outcome| {
            format!(
                "{} {}",
                outcome.as_str(),
                grouped(data.total.count(*outcome))
            )
        })
        .collect();
    line!(out, "Outcomes      {}", or_none(&outcomes));
    let opened = result.connections().map_or_else(
        || "not counted: this client does not say when it opens one".to_owned(),
        |opened| format!("{} opened", grouped(opened)),
    );
    line!(out, "Connections   {opened}");
    if data.resent > 0 {
        let again = grouped(data.resent);
        line!(out, "Sent again    {again} times, on a new connection");
    }
    if data.reconnects > 0 {
        let again = grouped(data.reconnects);
        line!(out, "Reconnects    {again} lost sockets were opened again");
    }
    line!(out);
}

fn times(out: &mut String, result: &HttpResult<'_>) {
    let data = result.data;
    let one = operation("http.request", &data.total, data.window_s());
    let titles = ["p50", "p90", "p95", "p99", "p99.9", "max", "mean"];
    line!(
        out,
        "{:14}{}",
        "milliseconds",
        titles.map(|title| format!("{title:>10}")).concat()
    );
    let mut row = |name: &str, of: &Percentiles| {
        let cells = cells(of).map(|cell| format!("{cell:>10}"));
        line!(out, "{name:14}{}", cells.concat());
    };
    row("response", &one.response);
    row("service", &one.service);
    for (name, histogram) in [
        ("first byte", &data.total.first_byte_ok),
        ("connect", &data.connect),
        ("tls", &data.tls),
    ] {
        if !histogram.is_empty() {
            row(name, &recorded(histogram));
        }
    }
    line!(
        out,
        "response: from the intended start, failures count as infinite; service: from the actual send"
    );
    line!(out);
}

fn cells(of: &Percentiles) -> [String; 7] {
    let beyond = || "> limit".to_owned();
    let percentile = |value: Percentile| match value {
        Percentile::Known(ms) => short(ms),
        Percentile::BeyondTimeout => beyond(),
        Percentile::TooFew { n } => format!("– n={n}"),
    };
    let extreme = |value: Option<f64>| value.map_or_else(beyond, short);
    [
        percentile(of.p50),
        percentile(of.p90),
        percentile(of.p95),
        percentile(of.p99),
        percentile(of.p99_9),
        extreme(of.max),
        extreme(of.mean),
    ]
}

/// Bars of equal steps up to p99, and one for all above.
fn chart(out: &mut String, histogram: &Histogram<u64>) {
    if histogram.len() < 10 {
        return;
    }
    line!(out, "Response times of the successes");
    let (low, high) = (histogram.min(), histogram.value_at_quantile(0.99));
    let step = ((high.saturating_sub(low)) / (ROWS as u64 - 1)).max(1_000);
    let mut rows = vec![(0_u64, 0_u64); ROWS];
    for (index, row) in (0_u64..).zip(&mut rows) {
        row.0 = low + (index + 1) * step;
    }
    for one in histogram.iter_recorded() {
        let index = (one.value_iterated_to().saturating_sub(low) / step) as usize;
        rows[index.min(ROWS - 1)].1 += one.count_at_value();
    }
    if let Some(last) = rows.last_mut() {
        last.0 = histogram.max();
    }
    let most = rows.iter().map(|row| row.1).max().unwrap_or(1).max(1);
    for (upper, count) in rows {
        let bar = "■".repeat((count as f64 / most as f64 * WIDTH).ceil() as usize);
        line!(
            out,
            "{:>10} ms  {:>12}  {bar}",
            short(upper as f64 / 1e6),
            grouped(count)
        );
    }
    line!(out);
}

fn findings(out: &mut String, result: &HttpResult<'_>) {
    if !result.summary.thresholds.is_empty() {
        line!(out, "Thresholds");
        for one in &result.summary.thresholds {
            line!(
                out,
                "  {:4}  {}  (measured {})",
                one.word,
                printable(&one.text),
                one.figure
            );
        }
        line!(out);
    }
    let Some(validity) = result.validity() else {
        return;
    };
    line!(out, "{}", validity.word);
    for check in &validity.checks {
        let word = if check.ok { "ok" } else { "NO" };
        line!(
            out,
            "  {word}  {:12} {}  (limit {})",
            check.code,
            check.figure,
            check.limit
        );
        if !check.ok {
            line!(out, "      {}", check.advice);
        }
    }
}

fn or_none(parts: &[String]) -> String {
    if parts.is_empty() {
        "none".to_owned()
    } else {
        parts.join(", ")
    }
}

/// Three significant digits.
fn short(ms: f64) -> String {
    match ms {
        ms if ms >= 1_000.0 => format!("{ms:.0}"),
        ms if ms >= 100.0 => format!("{ms:.1}"),
        ms if ms >= 10.0 => format!("{ms:.2}"),
        ms => format!("{ms:.3}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_three_significant_digits() {
        assert_eq!(
            [short(0.1234), short(12.345), short(2_345.6)],
            ["0.123", "12.35", "2346"].map(str::to_owned)
        );
    }

    #[test]
    fn the_chart_counts_every_request_once() {
        let mut histogram = loadgen_engine::recorder::response_histogram();
        for ms in 1..=1_000 {
            histogram.record(ms * 1_000_000).unwrap();
        }
        let mut out = String::new();
        chart(&mut out, &histogram);
        let sum: u64 = out
            .lines()
            .filter_map(|line| {
                line.split(" ms")
                    .nth(1)?
                    .split_whitespace()
                    .next()?
                    .replace(',', "")
                    .parse::<u64>()
                    .ok()
            })
            .sum();
        assert_eq!(sum, 1_000, "{out}");
    }
}
