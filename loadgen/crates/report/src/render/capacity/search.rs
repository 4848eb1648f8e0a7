//! What a report says of a capacity search, in words. Nothing is computed here.

use serde::Serialize;

use crate::render::capacity::breakdown::BreakdownPage;
use crate::render::figures;
use loadgen_experiment::events::printable;
use loadgen_experiment::schema::{
    Capacity, FittedFigure, LoadResult, ScalingResult, Summary, WhatIfCapacity,
};

/// The section of a capacity search.
#[derive(Debug, Clone, Serialize)]
pub struct CapacityPage {
    /// The bounds: `between 196/s and 202/s`.
    pub bounds: String,
    /// The limits that a load has to meet.
    pub slo: String,
    /// What saturated first.
    pub saturation: String,
    /// What the soak says; empty where there was none.
    pub soak: String,
    /// The capacity with switches set otherwise, one line each; empty where that was not asked for.
    pub what_if: Vec<String>,
    /// What happens past the capacity; absent where that was not measured.
    pub breakdown: Option<BreakdownPage>,
    /// Everything that was at its limit, one line each.
    pub saturated: Vec<String>,
    /// The percentile of the table.
    pub percentile: String,
    /// One row a load, ascending.
    pub loads: Vec<CapacityRow>,
    /// Loads that the usual rules call the knee.
    pub knees: Vec<String>,
    /// How the system scales, one line each; empty without levels.
    pub scaling: Vec<String>,
    /// Reasons not to trust that.
    pub doubts: Vec<String>,
}

/// One load.
#[derive(Debug, Clone, Serialize)]
pub struct CapacityRow {
    /// The load with its unit.
    pub load: String,
    /// Which bound it is; empty for the others.
    pub bound: &'static str,
    /// `5 of 5`; of trials with too few requests to tell `1 of 3, 2 undecided`.
    pub met: String,
    /// Trials in which the generator failed.
    pub invalid: String,
    /// Correct answers a second.
    pub goodput: String,
    /// Response time at the percentile.
    pub response: String,
}

impl CapacityPage {
    /// The section; absent for other commands.
    pub(in crate::render) fn of(summary: &Summary) -> Option<Self> {
        let found = summary.capacity.as_ref()?;
        let scaling = found.scaling.as_ref();
        Some(Self {
            bounds: found.bounds(),
            slo: printable(&found.slo.join(", ")),
            saturation: printable(&found.saturation),
            soak: found.soak.as_ref().map_or_else(String::new, |soak| {
                let length = figures::duration(soak.window_s);
                let words = soak.words(found.unit);
                printable(&format!("{words}, {length}: {}", soak.growth))
            }),
            what_if: summary.what_if.iter().map(changed).collect(),
            breakdown: BreakdownPage::of(found),
            saturated: found
                .saturated
                .iter()
                .map(|sign| {
                    let from = found.unit.show(sign.load);
                    printable(&format!(
                        "{}, from {from} on: {}",
                        sign.resource, sign.evidence
                    ))
                })
                .collect(),
            percentile: format!("p{}", (found.percentile * 1_000.0).round() / 10.0),
            loads: found.loads.iter().map(|one| row(found, one)).collect(),
            knees: found
                .knees
                .iter()
                .map(|knee| format!("{}: {}", printable(&knee.rule), found.unit.show(knee.load)))
                .collect(),
            scaling: scaling.map_or_else(Vec::new, scaling_lines),
            doubts: scaling.map_or_else(Vec::new, |one| {
                one.doubts.iter().map(|doubt| printable(doubt)).collect()
            }),
        })
    }
}

/// A change, how many times as much is sustained with it, and what is at its limit then.
fn changed(one: &WhatIfCapacity) -> String {
    let sustains = one.factor.sentence("as set", &one.settings);
    let found = one.found.in_short();
    let end = match one.found.saturation.as_str() {
        "" => String::new(),
        words => format!("; {words}"),
    };
    printable(&format!("{}: {found}; {sustains}{end}", one.settings))
}

/// What the lower bound is called.
pub(in crate::render) fn lower_bound(found: &Capacity) -> &'static str {
    if found.lower_confirmed {
        "lower bound"
    } else {
        "lower bound, not confirmed"
    }
}

/// What the upper bound is called: where the load generator failed there is none of the target.
pub(in crate::render) fn upper_bound(found: &Capacity) -> &'static str {
    match (found.upper_of_target(), found.upper_confirmed) {
        (None, _) => "limit of the load generator",
        (Some(_), true) => "upper bound",
        (Some(_), false) => "upper bound, not confirmed",
    }
}

fn row(found: &Capacity, one: &LoadResult) -> CapacityRow {
    let is =
        |bound: Option<f64>| bound.is_some_and(|bound| (bound - one.load).abs() <= 1e-9 * bound);
    CapacityRow {
        load: found.unit.show(one.load),
        bound: if is(found.lower) {
            lower_bound(found)
        } else if is(found.upper) {
            upper_bound(found)
        } else {
            ""
        },
        met: {
            let counted = one.met + one.missed + one.undecided;
            let undecided = match one.undecided {
                0 => String::new(),
                undecided => format!(", {undecided} undecided"),
            };
            format!("{} of {counted}{undecided}", one.met)
        },
        invalid: match one.invalid {
            0 => String::new(),
            invalid => invalid.to_string(),
        },
        goodput: figures::rate(one.goodput_per_s),
        response: one
            .response_ms
            .map_or_else(|| figures::ABSENT.to_owned(), |ms| figures::ms(Some(ms))),
    }
}

/// The fit, and its alternative.
fn scaling_lines(found: &ScalingResult) -> Vec<String> {
    let trusted = if found.trusted {
        ""
    } else {
        "; it must not be used, for the reasons below"
    };
    let mut lines = vec![format!(
        "universal scalability law over {} levels, {} trials{trusted}",
        found.levels, found.trials
    )];
    if !found.trusted {
        return lines;
    }
    lines.extend(found.figures.iter().map(figure));
    let amdahl: Vec<String> = found.amdahl.iter().map(figure).collect();
    lines.push(format!(
        "without coherence (Amdahl): {}; trials lie {} about it and {} about the law",
        amdahl.join(", "),
        figures::number(found.residuals.1),
        figures::number(found.residuals.0)
    ));
    lines
}

fn figure(one: &FittedFigure) -> String {
    let digits = |value: f64| {
        if value.abs() < 0.01 && value.abs() > 0.0 {
            format!("{value:.2e}")
        } else {
            figures::number(value)
        }
    };
    let interval = match one.interval {
        Some((low, Some(high))) => format!(" [{}, {}]", digits(low), digits(high)),
        Some((low, None)) => format!(" [{}, not known]", digits(low)),
        None => String::new(),
    };
    let error = one.standard_error.map_or_else(String::new, |error| {
        format!(", standard error {}", digits(error))
    });
    format!(
        "{} {}{interval}{error}",
        printable(&one.name),
        digits(one.value)
    )
}

#[cfg(test)]
mod tests {
    use loadgen_experiment::schema::{AuditCount, CapacityFactor, SearchEnding, WhatIfCapacity};

    use crate::render::{fixture, html, model::ReportPage, terminal, tone::Tone};

    #[test]
    fn every_report_has_the_bounds_the_loads_and_what_saturated_first() {
        let summary = fixture::capacity();
        fixture::assert_said(
            &summary,
            &[
                "between 196/s and 202/s",
                "lower bound",
                "5 of 5",
                "connection pool",
                "without coherence",
            ],
        );
        let page = html(&summary).unwrap();
        for chart in ["capacity-response", "capacity-goodput", "capacity-scaling"] {
            assert!(page.contains(&format!("id=\"chart-{chart}\"")), "{chart}");
        }
        assert!(page.replace("&#x2f;", "/").contains("lower bound, 196/s"));
        assert!(!html(&fixture::run()).unwrap().contains("capacity-response"));
    }

    #[test]
    fn a_trial_of_too_few_requests_is_told_apart_from_one_that_missed_the_slo() {
        let mut summary = fixture::capacity();
        let found = summary.capacity.as_mut().unwrap();
        found.loads[0].undecided = 2;
        fixture::assert_said(&summary, &["1 of 3, 2 undecided"]);
    }

    #[test]
    fn every_report_says_what_another_value_of_a_switch_makes_of_the_capacity() {
        let mut summary = fixture::capacity();
        let as_set = summary.capacity.clone().unwrap();
        let mut found = as_set.clone();
        (found.lower, found.upper) = (Some(40.0), Some(42.0));
        summary.what_if = vec![WhatIfCapacity {
            settings: "cache.mentors=off".to_owned(),
            factor: CapacityFactor::of(&as_set, &found),
            found,
        }];
        fixture::assert_said(
            &summary,
            &[
                "cache.mentors=off: 40/s to 42/s",
                "sustains less: 0.2x to 0.2x the load of `as set`",
            ],
        );
        let plain = terminal(&fixture::capacity(), 300, false);
        assert!(!plain.contains("as set"), "{plain}");
    }

    #[test]
    fn what_is_counted_and_not_listed_and_an_audit_that_was_not_made_are_said() {
        let mut summary = fixture::capacity();
        assert_eq!(summary.trials.len(), 1);
        let counted = &mut summary.verdict.confidence;
        (counted.valid, counted.noisy) = (3, 1);
        let all = AuditCount {
            expected: 4,
            made: 4,
        };
        counted.audits = all;
        let text = terminal(&summary, 300, false);
        for said in [
            "; 3 more, with other switches or past the capacity, are in the count of the verdict alone",
            "Audit: 6 invariants, 4 audits, 0 violations",
            "Measured: 48,000 requests of one trial, 196/s",
        ] {
            assert!(text.contains(said), "{said}: {text}");
        }
        assert_eq!(ReportPage::of(&summary).audit.tone, Tone::Good);
        summary.verdict.confidence.audits = AuditCount { made: 3, ..all };
        let audit = ReportPage::of(&summary).audit;
        assert_eq!(audit.line, "6 invariants, 3 of 4 audits, 0 violations");
        assert_eq!(audit.tone, Tone::Warn);
        summary.verdict.confidence.audits = all;
        summary.arms[0].consistency.omitted = 5;
        let tone = ReportPage::of(&summary).audit.tone;
        assert_eq!(tone, Tone::Warn, "5 writes were compared with nothing");
    }

    #[test]
    fn a_bound_that_is_not_confirmed_or_of_the_load_generator_is_called_that() {
        let mut summary = fixture::capacity();
        let found = summary.capacity.as_mut().unwrap();
        (found.lower_confirmed, found.upper_confirmed) = (false, false);
        let unsure = summary.clone();
        let found = summary.capacity.as_mut().unwrap();
        (found.lower_confirmed, found.ending) = (true, SearchEnding::GeneratorLimit);
        for (summary, said) in [
            (
                &unsure,
                ["lower bound, not confirmed", "upper bound, not confirmed"],
            ),
            (
                &summary,
                [
                    "at least 196/s, the limit of the load generator",
                    "limit of the load generator",
                ],
            ),
        ] {
            fixture::assert_said(summary, &said);
            let page = html(summary).unwrap().replace("&#x2f;", "/");
            assert!(page.contains(&format!("{}, 202/s", said[1])), "{page}");
        }
    }

    #[test]
    fn a_fit_that_must_not_be_trusted_shows_no_figure() {
        let mut summary = fixture::capacity();
        let found = summary.capacity.as_mut().unwrap();
        let scaling = found.scaling.as_mut().unwrap();
        scaling.trusted = false;
        scaling.doubts = vec!["3 levels are too few".to_owned()];
        let text = terminal(&summary, 100, false);
        assert!(
            text.contains("must not be used") && text.contains("too few"),
            "{text}"
        );
        assert!(!text.contains("contention"), "{text}");
    }
}
