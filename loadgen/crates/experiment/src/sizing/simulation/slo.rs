//! The limit of the response time that simulated loads have to meet.

use loadgen_engine::threshold::{Scope, Threshold, ThresholdMetric};

use crate::sizing::{arithmetic::SizingWork, assumptions::Assumption, figure::Ranged};

/// The limit where neither the file of assumptions nor the measurement has one.
const USUAL_MS: f64 = 1_000.0;

/// A share of the requests, and the seconds that they take at most.
pub(super) struct SimulatedSlo {
    pub(super) share: f64,
    pub(super) limit_s: f64,
    /// Id of the figure.
    pub(super) id: &'static str,
}

/// The limit of the file, that of the search which the capacity comes from, or 1 s for the p95.
pub(super) fn slo(work: &mut SizingWork<'_>) -> SimulatedSlo {
    let of_file = work.assumed.slo_p95_ms;
    if let (None, Some((share, limit_s))) = (of_file, searched(work)) {
        let folder = work.base.folder.clone();
        let name = format!("limit of the p{}", (share * 1e5).round() / 1e3);
        let limit = Ranged::exact(limit_s * 1_000.0);
        let from = (folder.as_str(), "the SLO of its search");
        work.book.measured("slo_ms", (&name, "ms"), limit, from);
        return SimulatedSlo {
            share,
            limit_s,
            id: "slo_ms",
        };
    }
    let limit = of_file.unwrap_or(Assumption {
        value: USUAL_MS,
        stated: false,
    });
    let ms = work.assume("slo_p95_ms", ("limit of the p95", "ms"), limit);
    SimulatedSlo {
        share: 0.95,
        limit_s: ms / 1_000.0,
        id: "slo_p95_ms",
    }
}

/// The limit of a percentile over all requests that a search was made with: the share, and seconds.
fn searched(work: &SizingWork<'_>) -> Option<(f64, f64)> {
    let texts = &work.base.search()?.slo;
    let limits = texts.iter().filter_map(|text| {
        let limit: Threshold = text.parse().ok()?;
        match (limit.metric, &limit.scope) {
            (ThresholdMetric::Quantile(quantile), Scope::All) => {
                Some((quantile.share(), limit.limit / 1e9))
            }
            _ => None,
        }
    });
    let mut usable = limits.filter(|(share, limit_s)| *share < 1.0 && *limit_s > 0.0);
    usable.next()
}
