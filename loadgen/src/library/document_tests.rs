//! Suites that follow a published load-testing guide have its numbers: phases, rates, limits.

use loadgen_engine::suite::LoadModel;

use super::find_suite;

/// What a guide states of one of its suites.
struct DocumentedSuite {
    name: &'static str,
    /// Name, seconds, users a second.
    phases: &'static [(&'static str, u64, f64)],
    thresholds: &'static [&'static str],
}

/// The suites of the Music 'n Me guide.
const MUSIC: [DocumentedSuite; 2] = [
    DocumentedSuite {
        name: "music-calendar",
        phases: &[("baseline", 60, 15.0), ("peak", 120, 40.0)],
        thresholds: &["p95 < 1200ms", "p99 < 2500ms", "errors < 1%"],
    },
    DocumentedSuite {
        name: "music-hybrid-booking",
        phases: &[
            ("warmup", 30, 5.0),
            ("concurrent rush", 90, 20.0),
            ("peak rush", 60, 30.0),
        ],
        thresholds: &[
            "p95 < 1000ms",
            "p99 < 2000ms",
            "errors < 1%",
            "status:409: count < 5%",
        ],
    },
];

#[test]
fn each_suite_of_a_guide_has_its_phases_rates_and_limits() {
    for documented in MUSIC {
        let name = documented.name;
        let (suite, _) = find_suite(name).unwrap();
        let LoadModel::Open { phases, .. } = &suite.load else {
            panic!("{name} is an open load in the guide");
        };
        let found: Vec<_> = phases
            .iter()
            .map(|phase| {
                assert!(phase.to.is_none(), "{name}: a phase has one rate");
                let seconds = phase.duration.0 / 1_000;
                (phase.name.as_str(), seconds, phase.rate.as_per_second())
            })
            .collect();
        assert_eq!(found, documented.phases, "{name}");
        let thresholds: Vec<_> = suite.thresholds.iter().map(ToString::to_string).collect();
        assert_eq!(thresholds, documented.thresholds, "{name}");
    }
}
