//! The answer of a run in one line.

use crate::{
    metric::percent,
    schema::{Operation, Percentile},
};

/// 95th percentile, rate and failures of all requests together.
pub fn headline(total: &Operation) -> String {
    if total.planned == 0 {
        return "no request was sent".to_owned();
    }
    let failed = (1.0 - total.success).max(0.0);
    let p95 = match total.response.p95 {
        Percentile::Known(ms) => format!("p95 {}, ", time(ms)),
        Percentile::BeyondTimeout => "p95 beyond the timeout, ".to_owned(),
        Percentile::TooFew { .. } => String::new(),
    };
    format!(
        "{p95}{:.1}/s, {} errors",
        total.rate_per_s,
        percent(failed, 2)
    )
}

/// A time with three significant digits.
fn time(ms: f64) -> String {
    match ms {
        ms if ms < 1.0 => format!("{:.0} us", ms * 1_000.0),
        ms if ms < 10.0 => format!("{ms:.2} ms"),
        ms if ms < 100.0 => format!("{ms:.1} ms"),
        ms if ms < 10_000.0 => format!("{ms:.0} ms"),
        ms => format!("{:.1} s", ms / 1_000.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trial::operation;
    use loadgen_engine::{aggregator::OpData, sample::Outcome};

    #[test]
    fn failures_are_in_the_headline_of_a_run() {
        let mut data = OpData {
            planned: 400,
            ..OpData::default()
        };
        data.outcomes[Outcome::Ok.index()] = 400;
        for _ in 0..400 {
            data.ok.record(2_400_000).unwrap();
        }
        assert_eq!(
            headline(&operation("total", &data, 40.0)),
            "p95 2.40 ms, 10.0/s, 0.00 % errors"
        );
        let mut one_of_many = operation("total", &data, 40.0);
        (one_of_many.planned, one_of_many.success) = (100_000, 0.999_99);
        assert_eq!(
            headline(&one_of_many),
            "p95 2.40 ms, 10.0/s, <0.01 % errors",
            "one failure is not none"
        );
        let mut failed = OpData {
            planned: 400,
            ..OpData::default()
        };
        failed.outcomes[Outcome::Timeout.index()] = 400;
        assert_eq!(
            headline(&operation("total", &failed, 10.0)),
            "p95 beyond the timeout, 0.0/s, 100.00 % errors"
        );
        failed.planned = 50;
        assert_eq!(
            headline(&operation("total", &failed, 10.0)),
            "0.0/s, 100.00 % errors",
            "of too few requests there is no p95"
        );
        assert_eq!(
            headline(&operation("total", &OpData::default(), 1.0)),
            "no request was sent"
        );
    }
}
