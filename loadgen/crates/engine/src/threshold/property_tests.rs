//! Any text as a threshold or as statuses: refused, or with limits that a figure can be compared with.

use proptest::prelude::*;

use super::*;

/// Texts made of the words of thresholds.
fn threshold() -> impl Strategy<Value = String> {
    let words = [
        "warn:",
        "abort",
        "after",
        "5s",
        ":",
        "phase:",
        "method:",
        "status:",
        "GET",
        "4xx",
        "orders.buy",
        "p",
        "p95",
        "p(99.9)",
        "median",
        "mean",
        "max",
        "success",
        "errors",
        "count",
        "rate",
        "bytes",
        "memory.target",
        "cpu.target",
        "pool.use",
        "<",
        "<=",
        ">",
        ">=",
        "warn",
        "99%",
        "1e308%",
        "1000ms",
        "0",
        "-1",
        "50/s",
        "2MB/s",
        "1e308GB",
        "512MB",
        "NaN",
        "ü",
        "\n",
    ];
    prop::collection::vec(prop::sample::select(words.to_vec()), 0..9)
        .prop_map(|words| words.join(" "))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10_000))]

    #[test]
    fn any_text_is_a_threshold_with_finite_limits_or_refused(text in prop_oneof![threshold(), ".{0,40}"]) {
        if let Ok(threshold) = text.parse::<Threshold>() {
            prop_assert!(threshold.limit.is_finite() && threshold.limit >= 0.0, "{threshold:?}");
            prop_assert!(threshold.tolerated.is_none_or(f64::is_finite), "{threshold:?}");
            prop_assert_eq!(threshold.text.parse(), Ok(threshold.clone()));
            for figure in [0.0, threshold.limit, 1e300, f64::INFINITY] {
                let shown = threshold.display(figure);
                prop_assert!(!shown.contains("NaN"), "{shown}");
            }
        }
    }

    #[test]
    fn any_text_is_statuses_that_print_as_they_are_read_or_refused(
        text in prop_oneof![".{0,20}", "[1-9][0-9x]{2}([-,][1-9][0-9x]{2}){0,3}"],
    ) {
        if let Ok(statuses) = text.parse::<StatusSet>() {
            prop_assert_eq!(statuses.to_string().parse(), Ok(statuses));
        }
    }
}
