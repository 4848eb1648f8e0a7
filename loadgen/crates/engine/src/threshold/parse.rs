//! Reads a threshold.
//!
//! ```text
//! threshold  = [ "warn:" ] [ "abort after" time ":" ] [ scope ":" ] metric comparison limit [ "warn" limit ]
//! scope      = the name of an operation or a flow: its requests | "flow:" name: its iterations, end to end
//!            | "phase:" name | "method:" GET | "status:" 404, 4xx or 200-299;                without one: all requests together
//! metric     = "p" number | "p(" number ")" | "median" | "mean" | "max"   limit: a time, `1000ms`, `2.4ms`, `400us`, `1m30s`
//!            | "success" | "ws.delivery" | "pool.use" | "cpu.target"      a percentage, `99%`
//!            | "errors" | "timeouts" | "dropped"                          a percentage or a number
//!            | "count" (of a status)                                      a percentage or a number
//!            | "rate"                                                     per second, `50/s`
//!            | "bytes"                                                    per second, `2MB/s`
//!            | "memory.target"                                            `512MB`
//! comparison = "<" | "<=" | ">" | ">="
//! ```
//!
//! A percentile is over everything that was planned, failures counting as infinitely slow.
//! `p95 < 500ms warn 800ms` passes below 500 ms, warns below 800 ms, and fails from there on.
//! `cpu.target` is in per cent of one core: a target that keeps two busy is at 200 %.

use std::str::FromStr;

use shared::{
    number::{needless_zeros, without_underscores, without_zeros},
    time::{Millis, nanoseconds},
};

use super::{
    model::{Comparison, Level, Scope, Threshold, ThresholdMetric},
    status::BadStatus,
};
use crate::units::Quantile;

/// The metrics by name; percentiles are `p` and a number.
const METRICS: [(&str, ThresholdMetric); 15] = [
    ("mean", ThresholdMetric::Mean),
    ("avg", ThresholdMetric::Mean),
    ("max", ThresholdMetric::Max),
    ("success", ThresholdMetric::Success),
    ("errors", ThresholdMetric::Errors),
    ("timeouts", ThresholdMetric::Timeouts),
    ("dropped", ThresholdMetric::Dropped),
    ("rate", ThresholdMetric::Rate),
    ("count", ThresholdMetric::Count),
    ("share", ThresholdMetric::Count),
    ("bytes", ThresholdMetric::Bytes),
    ("ws.delivery", ThresholdMetric::Delivery),
    ("cpu.target", ThresholdMetric::TargetCpu),
    ("memory.target", ThresholdMetric::TargetMemory),
    ("pool.use", ThresholdMetric::PoolUse),
];

/// A text that is no threshold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{text}` is not a threshold: {why}; write for example `p95 < 1000ms`, `success > 99%`, `orders.list: p97.5 < 1s warn 2s` or `warn: rate > 50/s`"
)]
pub struct BadThreshold {
    text: String,
    why: String,
}

impl FromStr for Threshold {
    type Err = BadThreshold;

    fn from_str(text: &str) -> Result<Self, BadThreshold> {
        read(text.trim()).map_err(|why| BadThreshold {
            text: text.trim().to_owned(),
            why,
        })
    }
}

fn read(text: &str) -> Result<Threshold, String> {
    let at = text
        .find(['<', '>'])
        .ok_or("it compares nothing: use <, <=, > or >=")?;
    let (head, tail) = text.split_at(at);
    let (comparison, limits) = split_comparison(tail);
    let (level, abort_after, scope, metric) = read_head(head)?;
    let (limit, tolerated) = match limits.split_once("warn") {
        Some((limit, tolerated)) => (limit.trim(), Some(tolerated.trim())),
        None => (limits.trim(), None),
    };
    let percent = limit.ends_with('%');
    let limit_value = read_limit(metric, limit)?;
    let tolerated = tolerated
        .map(|tolerated| {
            if tolerated.ends_with('%') == percent {
                read_limit(metric, tolerated)
            } else {
                Err("both limits are percentages, or neither is".to_owned())
            }
        })
        .transpose()?;
    if let Some(tolerated) = tolerated
        && (comparison.wants_less() && tolerated < limit_value
            || !comparison.wants_less() && tolerated > limit_value)
    {
        return Err("the limit after `warn` is the laxer one".to_owned());
    }
    fits(metric, &scope, abort_after)?;
    Ok(Threshold {
        text: text.to_owned(),
        level,
        abort_after,
        scope,
        metric,
        comparison,
        limit: limit_value,
        tolerated,
        percent,
    })
}

/// Refuses what no figure exists for.
fn fits(metric: ThresholdMetric, scope: &Scope, abort_after: Option<Millis>) -> Result<(), String> {
    if *scope != Scope::All && !metric.is_of_requests() {
        return Err("this metric is one figure of the whole run and has no scope".to_owned());
    }
    let of_status = matches!(scope, Scope::Status(_));
    if of_status && !matches!(metric, ThresholdMetric::Count | ThresholdMetric::Rate) {
        return Err("of a status there is `count` and `rate`".to_owned());
    }
    if matches!(scope, Scope::Flow(_)) && metric == ThresholdMetric::Bytes {
        return Err("of the iterations of a flow there are times, shares and `rate`".to_owned());
    }
    if metric == ThresholdMetric::Count && !of_status {
        return Err("`count` is of a status: `status:5xx: count < 10`".to_owned());
    }
    if abort_after.is_some() && (*scope != Scope::All || !metric.is_live()) {
        return Err(
            "while the load runs, percentiles, success, errors and rate of all requests are known"
                .to_owned(),
        );
    }
    Ok(())
}

type Head = (Level, Option<Millis>, Scope, ThresholdMetric);

/// Everything before the comparison.
fn read_head(head: &str) -> Result<Head, String> {
    let mut rest = head.trim();
    let mut level = Level::Fail;
    if let Some(after) = rest.strip_prefix("warn:") {
        level = Level::Warn;
        rest = after.trim();
    }
    let mut abort_after = None;
    if let Some(after) = rest.strip_prefix("abort") {
        let (delay, after) = after
            .split_once(':')
            .ok_or("write `abort after 5s: errors < 10%`")?;
        let delay = delay.trim().strip_prefix("after").map(str::trim);
        let delay: Millis = match delay {
            Some(delay) => delay
                .parse()
                .map_err(|error: shared::time::BadDuration| error.to_string())?,
            None => Millis(0),
        };
        abort_after = Some(delay);
        rest = after.trim();
    }
    let (scope, metric) = match rest.rsplit_once(':') {
        None => (Scope::All, rest),
        Some((scope, metric)) => (read_scope(scope.trim())?, metric.trim()),
    };
    Ok((level, abort_after, scope, read_metric(metric)?))
}

fn read_scope(text: &str) -> Result<Scope, String> {
    if let Some((kind, name)) = text.split_once(':') {
        let name = name.trim();
        return match kind.trim() {
            "phase" if !name.is_empty() => Ok(Scope::Phase(name.to_owned())),
            "flow" if !name.is_empty() => Ok(Scope::Flow(name.to_owned())),
            "method" => read_method(name),
            "status" => {
                let statuses = name.parse().map_err(|error: BadStatus| error.to_string())?;
                Ok(Scope::Status(statuses))
            }
            other => Err(unknown(
                "scope",
                other,
                &["phase", "flow", "method", "status"],
                "phase:NAME, flow:NAME, method:GET, status:4xx, an operation or a flow",
            )),
        };
    }
    if text.is_empty() || text.contains(char::is_whitespace) {
        return Err(format!("`{text}` is not the name of an operation"));
    }
    Ok(Scope::Subject(text.to_owned()))
}

fn read_method(name: &str) -> Result<Scope, String> {
    let upper = name.to_ascii_uppercase();
    let known = ["GET", "POST", "PUT", "PATCH", "DELETE"];
    if known.contains(&upper.as_str()) {
        Ok(Scope::Method(upper))
    } else {
        Err(unknown("method", &upper, &known, &known.join(", ")))
    }
}

fn split_comparison(tail: &str) -> (Comparison, &str) {
    for (sign, comparison) in [
        ("<=", Comparison::LessOrEqual),
        (">=", Comparison::GreaterOrEqual),
        ("<", Comparison::Less),
    ] {
        if let Some(rest) = tail.strip_prefix(sign) {
            return (comparison, rest);
        }
    }
    (Comparison::Greater, tail.strip_prefix('>').unwrap_or(tail))
}

fn read_metric(text: &str) -> Result<ThresholdMetric, String> {
    if let Some((_, metric)) = METRICS.iter().find(|(name, _)| *name == text) {
        return Ok(*metric);
    }
    let text = if matches!(text, "median" | "med") {
        "p50"
    } else {
        text
    };
    let names: Vec<&str> = METRICS.iter().map(|(name, _)| *name).collect();
    let not_one = || {
        let all = format!("pN (like p95), median, {}", names.join(", "));
        unknown("metric", text, &names, &all)
    };
    let number = text.strip_prefix('p').ok_or_else(not_one)?;
    let number = number
        .strip_prefix('(')
        .and_then(|inner| inner.strip_suffix(')'))
        .unwrap_or(number);
    if !number.starts_with(|c: char| c.is_ascii_digit()) {
        return Err(not_one());
    }
    format!("p{}", number.trim())
        .parse::<Quantile>()
        .map(ThresholdMetric::Quantile)
        .map_err(|error| error.to_string())
}

fn read_limit(metric: ThresholdMetric, text: &str) -> Result<f64, String> {
    limit(metric, text)
        .map_err(|why| needless_zeros(text, |right| limit(metric, right).is_ok()).unwrap_or(why))
}

fn limit(metric: ThresholdMetric, text: &str) -> Result<f64, String> {
    match metric {
        ThresholdMetric::Quantile(_) | ThresholdMetric::Mean | ThresholdMetric::Max => {
            nanoseconds(text)
                .map(|ns| ns as f64)
                .map_err(|error| error.to_string())
        }
        ThresholdMetric::Success | ThresholdMetric::Delivery | ThresholdMetric::PoolUse => {
            percentage(text)
                .filter(|share| *share <= 1.0)
                .ok_or_else(|| format!("`{text}` is not a percentage like `99%`"))
        }
        ThresholdMetric::TargetCpu => percentage(text)
            .ok_or_else(|| format!("`{text}` is not a percentage of a core like `150%`")),
        ThresholdMetric::Errors
        | ThresholdMetric::Timeouts
        | ThresholdMetric::Dropped
        | ThresholdMetric::Count => percentage(text)
            .filter(|share| *share <= 1.0)
            .or_else(|| number(text).filter(|count| count.fract() == 0.0))
            .ok_or_else(|| format!("`{text}` is not a percentage like `1%`, nor a number")),
        ThresholdMetric::Rate => text
            .strip_suffix("/s")
            .and_then(number)
            .ok_or_else(|| format!("`{text}` is not a rate like `50/s`")),
        ThresholdMetric::Bytes => text
            .strip_suffix("/s")
            .and_then(size)
            .ok_or_else(|| format!("`{text}` is not a stream of bytes like `2MB/s`")),
        ThresholdMetric::TargetMemory => {
            size(text).ok_or_else(|| format!("`{text}` is not a size like `512MB`"))
        }
    }
}

fn number(text: &str) -> Option<f64> {
    let digits = without_underscores(text.trim())?;
    digits
        .parse::<f64>()
        .ok()
        .filter(|value| value.is_finite() && *value >= 0.0)
        .filter(|_| without_zeros(&digits).is_none())
}

/// `99%` as 0.99.
fn percentage(text: &str) -> Option<f64> {
    Some(number(text.strip_suffix('%')?)? / 100.0)
}

/// `512MB` in bytes; a unit with an i counts in 1,024.
fn size(text: &str) -> Option<f64> {
    let units = [
        ("KiB", 1_024.0),
        ("MiB", 1_048_576.0),
        ("GiB", 1_073_741_824.0),
        ("kB", 1e3),
        ("KB", 1e3),
        ("MB", 1e6),
        ("GB", 1e9),
        ("B", 1.0),
    ];
    let text = text.trim();
    let (rest, scale) = units
        .iter()
        .find_map(|(unit, scale)| Some((text.strip_suffix(unit)?, scale)))?;
    Some(number(rest)? * scale).filter(|bytes| bytes.is_finite())
}

/// That a word is none of the known ones, the nearest one, and all of them. It suggests more freely than
/// [`shared::text::nearest`]: the words are short, and a slip like `fase` is most of one.
fn unknown(what: &str, word: &str, known: &[&str], all: &str) -> String {
    let near = known
        .iter()
        .map(|one| (strsim::jaro_winkler(word, one), *one))
        .filter(|(likeness, _)| *likeness > 0.6)
        .max_by(|a, b| a.0.total_cmp(&b.0));
    match near {
        Some((_, near)) => {
            format!("`{word}` is not a {what}; did you mean `{near}`? It is one of {all}")
        }
        None => format!("`{word}` is not a {what}; it is one of {all}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Threshold {
        text.parse().unwrap()
    }

    fn quantile(share: f64) -> ThresholdMetric {
        ThresholdMetric::Quantile(Quantile::of(share).unwrap())
    }

    #[test]
    fn the_thresholds_of_the_documents_are_read() {
        let all = read("p95 < 1000ms");
        assert_eq!(
            (all.level, &all.scope, all.metric, all.comparison, all.limit),
            (
                Level::Fail,
                &Scope::All,
                quantile(0.95),
                Comparison::Less,
                1e9
            )
        );
        assert!((read("success > 99%").limit - 0.99).abs() < 1e-12);
        assert_eq!(read("errors < 1%").metric, ThresholdMetric::Errors);
        let login = read("auth.login: p97.5 < 1s");
        assert_eq!(login.scope, Scope::Subject("auth.login".into()));
        assert_eq!(login.metric, quantile(0.975));
        let warn = read("warn: p(99.9) <= 2000ms");
        assert_eq!((warn.level, warn.metric), (Level::Warn, quantile(0.999)));
        assert!((read("warn: chat.send: rate >= 50/s").limit - 50.0).abs() < 1e-12);
        assert_eq!(read("median < 5ms").metric, quantile(0.5));
    }

    #[test]
    fn scopes_are_phases_methods_and_statuses() {
        assert_eq!(
            read("phase:peak hour: p95 < 1s").scope,
            Scope::Phase("peak hour".into())
        );
        assert_eq!(
            read("flow:order.place: p95 < 2s").scope,
            Scope::Flow("order.place".into())
        );
        assert!(
            "flow:order.place: bytes > 1MB/s"
                .parse::<Threshold>()
                .is_err()
        );
        assert_eq!(
            read("method:get: p95 < 300ms").scope,
            Scope::Method("GET".into())
        );
        let status = read("warn: status:5xx: count < 10");
        assert_eq!(
            (status.level, status.scope),
            (Level::Warn, Scope::Status("5xx".parse().unwrap()))
        );
        assert!(!status.percent && read("status:409: count < 5%").percent);
    }

    #[test]
    fn figures_of_the_target_and_of_streams_have_their_units() {
        assert!((read("memory.target < 512MiB").limit - 536_870_912.0).abs() < 0.5);
        assert!((read("bytes > 2.5MB/s").limit - 2.5e6).abs() < 1e-6);
        assert!((read("cpu.target < 150%").limit - 1.5).abs() < 1e-12);
        assert!((read("pool.use < 90%").limit - 0.9).abs() < 1e-12);
        assert_eq!(read("ws.delivery > 99%").metric, ThresholdMetric::Delivery);
        assert!((read("timeouts <= 3").limit - 3.0).abs() < 1e-12);
        assert!((read("timeouts <= 3_000").limit - 3_000.0).abs() < 1e-12);
        assert!((read("rate > 1_000/s").limit - 1_000.0).abs() < 1e-12);
        assert!((read("p95 < 1_500ms").limit - 1.5e9).abs() < 1e-3);
    }

    #[test]
    fn a_band_passes_warns_and_fails() {
        let band = read("p95 < 500ms warn 800ms");
        let words = [499e6, 500e6, 799e6, 800e6].map(|figure| band.word(figure));
        use crate::threshold::ThresholdWord::{Fail, Pass, Warn};
        assert_eq!(words, [Pass, Warn, Warn, Fail]);
        let band = read("success > 99% warn 95%");
        let words = [0.995, 0.97, 0.95].map(|figure| band.word(figure));
        assert_eq!(words, [Pass, Warn, Fail]);
    }

    #[test]
    fn a_threshold_can_end_a_run_after_a_delay() {
        let abort = read("abort after 5s: errors < 10%");
        assert_eq!(abort.abort_after, Some(Millis(5_000)));
        assert_eq!(read("abort: p99 < 5s").abort_after, Some(Millis(0)));
        assert_eq!(read("p99 < 5s").abort_after, None);
    }

    #[test]
    fn what_is_no_threshold_is_refused_with_the_reason() {
        for (text, why) in [
            ("p95", "compares nothing"),
            ("p95 < 1000", "not a duration"),
            ("p101 < 1s", "not a percentile"),
            ("latency < 1s", "not a metric"),
            ("sucess > 99%", "did you mean `success`"),
            ("success > 101%", "not a percentage"),
            ("rate > 50", "not a rate"),
            ("rate > 5__0/s", "not a rate"),
            ("two words: p95 < 1s", "not the name"),
            ("fase:peak: p95 < 1s", "did you mean `phase`"),
            ("method:PSOT: p95 < 1s", "did you mean `POST`"),
            ("status:7xx: count < 1", "not a status"),
            ("status:5xx: p95 < 1s", "there is `count` and `rate`"),
            ("count < 3", "is of a status"),
            ("auth.login: cpu.target < 100%", "has no scope"),
            ("p95 < 800ms warn 500ms", "the laxer one"),
            ("errors < 1% warn 5", "both limits are percentages"),
            ("abort after 5: errors < 1%", "not a duration"),
            ("abort after 5s: pool.use < 90%", "while the load runs"),
            ("p95 < 010ms", "`010ms` begins with a zero: write `10ms`"),
            ("p095 < 10ms", "`p095` begins with a zero: write `p95`"),
            ("p95 < 1s warn 02s", "`02s` begins with a zero: write `2s`"),
            ("rate > 050/s", "`050/s` begins with a zero: write `50/s`"),
            (
                "bytes > 02MB/s",
                "`02MB/s` begins with a zero: write `2MB/s`",
            ),
            ("errors < 01%", "`01%` begins with a zero: write `1%`"),
            ("timeouts <= 03", "`03` begins with a zero: write `3`"),
            ("memory.target < 0512MB", "write `512MB`"),
            (
                "abort after 05s: errors < 1%",
                "`05s` begins with a zero: write `5s`",
            ),
        ] {
            let error = text.parse::<Threshold>().unwrap_err().to_string();
            assert!(error.contains(why), "{text}: {error}");
        }
    }
}
