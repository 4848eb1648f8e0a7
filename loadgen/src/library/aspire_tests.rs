//! The suites of the learning platform's load-testing guide have the numbers that the guide states.

use loadgen_engine::suite::LoadModel;

use super::find_suite;

/// One line of the guide: suite, users, milliseconds, flows, and its limits.
type GuideRow = (
    &'static str,
    u32,
    u64,
    &'static [&'static str],
    &'static [&'static str],
);

const ENROL: &str = "courses.enrol";
const LESSON: &str = "courses.lesson";
const ASSIGNMENT: &str = "courses.assignment";

const GUIDE: [GuideRow; 6] = [
    (
        "aspire_enrolment",
        50,
        600_000,
        &[ENROL],
        &[
            "method:GET: p95 < 300ms",
            "method:POST: p95 < 1000ms",
            "success > 99.9%",
            "flow:courses.enrol: p95 < 2s",
        ],
    ),
    (
        "aspire_lessons",
        50,
        600_000,
        &[LESSON],
        &[
            "method:GET: p95 < 300ms",
            "method:POST: p95 < 1000ms",
            "success > 99.9%",
            "courses.lesson: p95 < 500ms",
            "courses.quiz: p95 < 300ms",
            "courses.complete_lesson: p95 < 200ms",
        ],
    ),
    (
        "aspire_assignments",
        50,
        600_000,
        &[ASSIGNMENT],
        &[
            "method:GET: p95 < 300ms",
            "method:POST: p95 < 1000ms",
            "success > 99.9%",
            "courses.submit: p95 < 1s",
        ],
    ),
    (
        "aspire_normal",
        50,
        600_000,
        &[ENROL, LESSON, ASSIGNMENT],
        &[
            "method:GET: p95 < 300ms",
            "method:POST: p95 < 1000ms",
            "success > 99.9%",
            "flow:courses.enrol: p95 < 2s",
            "courses.lesson: p95 < 500ms",
            "courses.quiz: p95 < 300ms",
            "courses.complete_lesson: p95 < 200ms",
            "courses.submit: p95 < 1s",
        ],
    ),
    (
        "aspire_peak",
        200,
        300_000,
        &[ENROL, LESSON, ASSIGNMENT],
        &["p95 < 500ms", "success > 99%"],
    ),
    (
        "aspire_stress",
        500,
        180_000,
        &[ENROL, LESSON, ASSIGNMENT],
        &[],
    ),
];

#[test]
fn each_suite_has_the_numbers_of_the_guide() {
    for (name, users, milliseconds, flows, limits) in GUIDE {
        let (suite, _) = find_suite(name).unwrap();
        let LoadModel::Closed {
            users: load,
            duration,
            ..
        } = &suite.load
        else {
            panic!("{name}: the guide has users");
        };
        assert_eq!((*load, duration.0), (users, milliseconds), "{name}");
        let sent: Vec<&str> = suite.flows.iter().map(|one| one.flow.as_str()).collect();
        assert_eq!(sent, flows, "{name}");
        let texts: Vec<&str> = suite
            .thresholds
            .iter()
            .map(|one| one.text.as_str())
            .collect();
        let failing: Vec<&str> = texts
            .iter()
            .copied()
            .filter(|text| !text.starts_with("warn:"))
            .collect();
        assert_eq!(failing, limits, "{name}");
        // The guide's alerts.
        assert!(texts.contains(&"warn: errors < 1%"), "{name}");
        assert!(texts.contains(&"warn: pool.use < 80%"), "{name}");
    }
}
