//! The result of `loadgen bench --target` as text: one table, what stands behind each figure, and what
//! limits it.

use std::{collections::BTreeMap, fmt::Write as _};

use crate::calibration::{
    AimLimit, AimVerdict, OtherRoutes, PartComparison, PartSide, PartUnit, RoundSpread,
    TargetComparison, stolen_line,
};
use loadgen_experiment::schema::Percentile;

/// Stands for a figure without data.
const NONE: &str = "–";
/// Headings of the table.
const HEADINGS: [&str; 7] = [
    "part",
    "ours",
    "bare part",
    "ratio",
    "lowest..highest",
    "aim",
    "verdict",
];

/// What a quick check says of itself.
pub(super) const QUICK_CHECK: &str =
    "QUICK CHECK: no measurement, it only shows that everything works";

/// The whole result.
pub(super) fn render(found: &TargetComparison) -> String {
    let mut out = String::new();
    let mut line = |text: &str| {
        let _written = writeln!(out, "{text}");
    };
    line("The reference backend against the bare parts it stands on");
    line(&format!(
        "own stack, profile after, {} data; {} connections, {} rounds in turn of {} s each",
        found.scale, found.connections, found.rounds, found.turn_s
    ));
    if found.quick {
        line(QUICK_CHECK);
    }
    line("");
    for row in aligned(&rows(&found.parts)) {
        line(&row);
    }
    let reasons = found.parts.iter().filter_map(|part| {
        let reason = part.reason.as_ref()?;
        Some(format!("not measured: {}: {reason}", part.name))
    });
    for reason in reasons {
        line(&reason);
    }
    line("");
    line("What is compared, and the processors that each process used meanwhile");
    for part in &found.parts {
        line(&format!("  {}", part.name));
        for (side, name) in [(&part.ours, "ours"), (&part.bare, "bare part")] {
            line(&format!("    {name:9}  {}{}", side.what, cpu(side)));
        }
    }
    line("");
    line(&other_routes(&found.beside_logins));
    line(&format!(
        "Load generator, backend, services and bare programs share the {} processors of this machine: a ratio \
         is of that sharing, and not of machines of their own.",
        found.cores
    ));
    line(&stolen_line(found.stolen));
    out
}

fn rows(parts: &[PartComparison]) -> Vec<[String; 7]> {
    let heading = HEADINGS.map(str::to_owned);
    let each = parts.iter().map(|part| {
        let ratio = |show: fn(RoundSpread) -> String| part.ratio.map_or(NONE.to_owned(), show);
        [
            part.name.to_owned(),
            figure(&part.ours, part.unit),
            figure(&part.bare, part.unit),
            ratio(|ratio| format!("{:.2}", ratio.median)),
            ratio(|ratio| format!("{:.2}..{:.2}, n={}", ratio.least, ratio.most, ratio.rounds)),
            match part.aim {
                AimLimit::AtLeast(least) => format!(">= {least:.2}"),
                AimLimit::AtMost(most) => format!("<= {most:.2}"),
            },
            verdict(part.verdict),
        ]
    });
    std::iter::once(heading).chain(each).collect()
}

fn verdict(verdict: AimVerdict) -> String {
    verdict.as_str().to_owned()
}

fn figure(side: &PartSide, unit: PartUnit) -> String {
    let Some(spread) = side.figure else {
        return NONE.to_owned();
    };
    match unit {
        PartUnit::PerSecond if spread.median < 1_000.0 => format!("{:.1}/s", spread.median),
        PartUnit::PerSecond => format!("{:.0}/s", spread.median),
        PartUnit::Milliseconds => format!("{:.2} ms", spread.median),
    }
}

/// Lines of columns as wide as their widest cell.
fn aligned(rows: &[[String; 7]]) -> Vec<String> {
    let width = |column: usize| {
        let cells = rows.iter().map(|row| row[column].chars().count());
        cells.max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..HEADINGS.len()).map(width).collect();
    let whole = |row: &[String; 7]| {
        let cells = row.iter().zip(&widths);
        let cells: Vec<String> = cells
            .map(|(cell, width)| format!("{cell:width$}"))
            .collect();
        cells.join("  ").trim_end().to_owned()
    };
    rows.iter().map(whole).collect()
}

fn cpu(side: &PartSide) -> String {
    if side.cpu_cores.is_empty() {
        return String::new();
    }
    format!("  [{}]", cores(&side.cpu_cores))
}

/// The busiest first.
fn cores(used: &BTreeMap<String, f64>) -> String {
    let mut each: Vec<(&String, &f64)> = used.iter().collect();
    each.sort_by(|one, other| other.1.total_cmp(one.1));
    let each: Vec<String> = each
        .iter()
        .map(|(name, cores)| format!("{name} {cores:.2}"))
        .collect();
    each.join(", ")
}

fn other_routes(others: &OtherRoutes) -> String {
    if let Some(why) = &others.missing {
        return format!("p99 of {} beside logins: {NONE} ({why})", others.what);
    }
    let p99 = |percentile: Percentile, requests: u64| match percentile {
        Percentile::Known(ms) => format!("{ms:.2} ms ({requests} requests)"),
        Percentile::BeyondTimeout => {
            format!("more than 1 % of {requests} requests were not answered")
        }
        Percentile::TooFew { n } => format!("{NONE} (n={n}, ten must lie beyond it)"),
    };
    format!(
        "p99 of {} at {} requests/s: {} beside logins, {} alone",
        others.what,
        others.rate,
        p99(others.beside_p99, others.beside_requests),
        p99(others.alone_p99, others.alone_requests),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn side(what: &str, rounds: &[f64]) -> PartSide {
        let mut side = PartSide::of(what);
        for figure in rounds {
            side.push(*figure);
        }
        side
    }

    fn found(quick: bool) -> TargetComparison {
        let read = ("read by key", PartUnit::PerSecond, AimLimit::AtLeast(0.6));
        let booking = ("booking", PartUnit::Milliseconds, AimLimit::AtMost(1.5));
        let mut ours = side("GET one row", &[6_000.0, 7_000.0, 8_000.0]);
        ours.cpu_cores = [("loadgen".to_owned(), 0.4), ("postgres".to_owned(), 1.1)].into();
        let mut missing = side("pgbench -S", &[]);
        missing.fail("`pgbench` was not found");
        TargetComparison {
            quick,
            scale: "small".to_owned(),
            cores: 2,
            connections: 32,
            rounds: 3,
            turn_s: 1.5,
            parts: vec![
                PartComparison::of(read, ours.clone(), side("bare", &[10_000.0; 3]), quick),
                PartComparison::of(read, ours, missing, quick),
                PartComparison::of(
                    booking,
                    side("POST", &[3.0, 3.5, 4.0]),
                    side("statements", &[2.0; 3]),
                    quick,
                ),
            ],
            beside_logins: OtherRoutes {
                what: "the cached page".to_owned(),
                rate: 200,
                alone_p99: Percentile::Known(2.5),
                alone_requests: 1_500,
                beside_p99: Percentile::TooFew { n: 900 },
                beside_requests: 900,
                missing: None,
            },
            stolen: Some(0.03),
        }
    }

    #[test]
    fn a_noisy_machine_is_said_to_be_one() {
        let mut found = found(false);
        assert!(render(&found).contains("\nNOISY: stolen"));
        found.stolen = Some(0.01);
        assert!(!render(&found).contains("NOISY"));
    }

    #[test]
    fn each_part_is_a_row_with_both_figures_the_ratio_its_spread_and_the_verdict() {
        let text = render(&found(false));
        let row = |name: &str| {
            let rows = text.lines().filter(|line| line.starts_with(name));
            let rows = rows.map(|row| row.split_whitespace().collect::<Vec<_>>().join(" "));
            rows.collect::<Vec<_>>()
        };
        assert_eq!(
            row("read by key"),
            [
                "read by key 7000/s 10000/s 0.70 0.60..0.80, n=3 >= 0.60 met",
                "read by key 7000/s – – – >= 0.60 not measured",
            ]
        );
        assert_eq!(
            row("booking"),
            ["booking 3.50 ms 2.00 ms 1.75 1.50..2.00, n=3 <= 1.50 not met"]
        );
        assert!(
            text.contains("not measured: read by key: `pgbench` was not found"),
            "{text}"
        );
        // The busiest process first.
        assert!(
            text.contains("GET one row  [postgres 1.10, loadgen 0.40]"),
            "{text}"
        );
        assert!(text.contains("share the 2 processors"), "{text}");
        assert!(!text.contains("QUICK"), "{text}");
    }

    #[test]
    fn a_percentile_without_enough_requests_is_a_dash() {
        let text = render(&found(false));
        let wanted = "p99 of the cached page at 200 requests/s: – (n=900, ten must lie beyond it) beside logins, 2.50 ms (1500 requests) alone";
        assert!(text.contains(wanted), "{text}");
    }

    #[test]
    fn a_quick_check_says_that_it_is_no_measurement() {
        let text = render(&found(true));
        assert!(text.contains("QUICK CHECK: no measurement"), "{text}");
        assert!(text.contains("0.70") && !text.contains(" met"), "{text}");
    }

    #[test]
    fn the_object_says_the_same_as_the_table() {
        let json = serde_json::to_value(found(false)).unwrap();
        let parts = json["parts"].as_array().unwrap();
        assert_eq!(parts[0]["ratio"]["median"], 0.7);
        assert_eq!(parts[0]["aim"]["at_least"], 0.6);
        assert_eq!(parts[0]["verdict"], "met");
        assert_eq!(parts[1]["verdict"], "not_measured");
        assert_eq!(parts[1]["reason"], "`pgbench` was not found");
        assert!(parts[1]["ratio"].is_null() && parts[1]["bare"]["figure"].is_null());
        assert_eq!(parts[2]["unit"], "milliseconds");
        assert_eq!(json["beside_logins"]["beside_p99"]["too_few"], 900);
    }
}
