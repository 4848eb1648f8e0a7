//! Tests over all reports at once: they agree on every figure, they let no markup through, and
//! the page needs no network and stays small.

use serde_json::json;

use crate::render::fixture::text_of;
use crate::render::model::ReportPage;
use crate::render::{all, figures, fixture, html, markdown, terminal};
use loadgen_experiment::schema::{
    CacheLookUps, Control, ControlWord, FailureSample, FaultRecovery, FaultResult, MetricId,
    Recommendation, Summary,
};

/// What a hostile target or suite may put into every text.
const EVIL: &str = "<script>alert(1)</script>\u{1b}[31m|`x`\"'</style>--><img src=x onerror=y> @everyone {{ 7*7 }}";

#[test]
fn every_report_says_the_same_figures() {
    for summary in [fixture::experiment(false), fixture::experiment(true)] {
        let page = ReportPage::of(&summary);
        let reports = [
            terminal(&summary, 120, false),
            text_of(&markdown(&summary).unwrap()),
            text_of(&html(&summary).unwrap()),
        ];
        let mut figures_seen = 0;
        for row in page
            .areas
            .iter()
            .flat_map(|area| &area.rows)
            .filter(|row| !row.detail)
        {
            for figure in [&row.before, &row.after, &row.change, &row.interval] {
                figures_seen += 1;
                for (index, report) in reports.iter().enumerate() {
                    assert!(
                        report.contains(figure.as_str()),
                        "report {index} lacks {figure} of {}",
                        row.metric
                    );
                }
            }
        }
        assert!(figures_seen > 60);
        for row in page.operations.iter().flat_map(|arm| &arm.rows) {
            for figure in row
                .response
                .iter()
                .chain([&row.count, &row.rate, &row.errors])
            {
                assert!(
                    reports
                        .iter()
                        .all(|report| report.contains(figure.as_str())),
                    "{figure} of {}",
                    row.name
                );
            }
        }
        for (what, text) in [
            ("audit", &page.audit.line),
            ("validity", &page.validity_line),
        ] {
            assert!(
                reports
                    .iter()
                    .all(|report| report.replace("\n  ", " ").contains(text.as_str())),
                "{what}"
            );
        }
    }
}

fn poisoned() -> Summary {
    let mut summary = fixture::experiment(true);
    let evil = || EVIL.to_owned();
    summary.name = evil();
    summary.question = evil();
    summary.load = evil();
    summary.verdict.reasons = vec![evil()];
    summary.warnings = vec![evil()];
    summary.not_tested = vec![evil()];
    summary.environment = vec![(evil(), evil())];
    for arm in &mut summary.arms {
        arm.fingerprint = evil();
        arm.profile.insert(evil(), evil());
        let half = CacheLookUps { hits: 1, all: 2 };
        arm.server.cache_lookups.insert(evil(), half);
        arm.server.cpu_s.insert(evil(), 1.0);
        for operation in &mut arm.operations {
            operation.name = format!("{EVIL}{}", operation.name);
            operation.outcomes.insert(evil(), 1);
        }
        for invariant in &mut arm.audit {
            invariant.name = evil();
            invariant.statement = evil();
            invariant.rows = vec![json!({ EVIL: EVIL })];
        }
    }
    for effect in &mut summary.effects {
        effect.metric = MetricId::CacheHitRatio(evil());
        effect.sentence = evil();
    }
    for threshold in &mut summary.thresholds {
        threshold.text = evil();
        threshold.arm = evil().into();
        threshold.figure = evil();
    }
    for trial in &mut summary.trials {
        trial.folder = evil();
        trial.faults = vec![FaultResult {
            fault: evil(),
            at_s: 1.0,
            for_s: 1.0,
            before_per_s: None,
            failed: 1,
            lost: None,
            recovery: FaultRecovery::Unknown { why: evil() },
        }];
        // The body of an answer is what a target is freest in.
        trial.failures = vec![FailureSample {
            operation: evil(),
            reason: format!("got503{EVIL}"),
            count: 1,
        }];
        for check in &mut trial.validity.checks {
            check.figure = evil();
            check.limit = evil();
            check.advice = evil();
        }
    }
    summary
}

#[test]
fn a_text_from_the_target_injects_neither_markup_nor_escapes() {
    let summary = poisoned();
    for (name, report) in all(&summary).unwrap() {
        let control = report
            .chars()
            .find(|letter| letter.is_control() && *letter != '\n');
        assert_eq!(control, None, "{name}");
        if ["report.txt", "report.html"].contains(&name) {
            assert!(
                report.contains("got503"),
                "{name} has no reason of a failure"
            );
        }
        if name == "report.txt" || name == "operations.csv" {
            continue;
        }
        for tag in ["<script>alert", "<img", "</style>-->", "49"] {
            let found = if tag == "49" {
                report.contains("{{ 49")
            } else {
                report.contains(tag)
            };
            assert!(!found, "{name} lets {tag} through");
        }
    }
    let page = html(&summary).unwrap();
    // The figures of the charts, and the script.
    assert_eq!(page.matches("<script").count(), 2);
    assert_eq!(page.matches("</script").count(), 2);
    assert_eq!(page.matches("<style").count(), 1);
    assert!(!page.contains(" onerror=y\""), "an attribute was closed");
    assert!(!markdown(&summary).unwrap().contains("@everyone"));
}

#[test]
fn code_in_any_sentence_is_code_on_the_page() {
    let mut summary = fixture::experiment(true);
    let said = |what: &str| format!("{what} of `a <b>`");
    summary.question = said("question");
    summary.verdict.headline = said("headline");
    summary.verdict.reasons = vec![said("reason")];
    // The sixth is folded.
    summary.warnings = (1..=6).map(|at| said(&format!("warning {at}"))).collect();
    summary.not_tested = vec![said("not tested")];
    summary.recommendations = vec![Recommendation {
        code: "CACHE".to_owned(),
        evidence: said("evidence"),
        advice: said("advice"),
        switch: None,
    }];
    summary.controls = vec![Control {
        name: "a_a".to_owned(),
        blocks: 4,
        effects: Vec::new(),
        word: ControlWord::Passed,
        sentence: said("control"),
    }];
    for effect in &mut summary.effects {
        effect.sentence = said("effect");
    }
    for invariant in summary.arms.iter_mut().flat_map(|arm| &mut arm.audit) {
        invariant.statement = said("statement");
    }
    let check = &mut summary.trials[0].validity.checks[0];
    (check.ok, check.figure) = (false, said("figure"));
    (check.limit, check.advice) = (said("limit"), said("what to do"));
    let page = html(&summary).unwrap();
    let warnings = (1..=6).map(|at| format!("warning {at}"));
    let others = [
        "question",
        "headline",
        "reason",
        "not tested",
        "evidence",
        "advice",
        "control",
        "effect",
        "statement",
        "figure",
        "limit",
        "what to do",
    ];
    for what in warnings.chain(others.map(str::to_owned)) {
        let shown = format!("{what} of <code>a &lt;b&gt;</code>");
        assert!(page.contains(&shown), "{what}");
        let literal = format!("{what} of `");
        assert!(!page.contains(&literal), "{what}");
    }
    // An attribute is text alone.
    assert!(page.contains("title=\"effect of a &lt;b&gt;\""));
    let text = markdown(&summary).unwrap();
    assert!(text.contains("headline of") && !text.contains("<code>"));
}

#[test]
fn the_page_asks_no_network_for_anything() {
    let page = html(&fixture::experiment(false)).unwrap();
    // Where the chart library comes from is named in its first line, and asked for nothing.
    let page = page.replacen("/*! https://github.com/leeoniya/uPlot", "", 1);
    for scheme in [
        "http://",
        "https://",
        "url(",
        "@import",
        "src=",
        "<link",
        "javascript:",
    ] {
        assert!(!page.contains(scheme), "{scheme}");
    }
    assert!(page.contains("default-src 'none'"));
    assert!(!page.contains("unsafe-inline"));
    assert!(
        !page.contains(" style=\""),
        "the policy forbids style attributes"
    );
    assert!(!page.contains(" onclick"));
}

#[test]
fn a_long_run_of_many_operations_stays_a_small_page() {
    let page = html(&fixture::large()).unwrap();
    assert!(page.len() < 3_000_000, "{} bytes", page.len());
}

#[test]
fn an_empty_summary_still_makes_every_report() {
    let mut summary = fixture::experiment(false);
    summary.arms.clear();
    summary.trials.clear();
    summary.effects.clear();
    summary.thresholds.clear();
    summary.interrupted = true;
    assert_eq!(all(&summary).unwrap().len(), 5);
    let mut half = fixture::experiment(false);
    half.arms.truncate(1);
    assert_eq!(all(&half).unwrap().len(), 5);
}

#[test]
fn a_percentile_beyond_the_timeout_is_told_as_such_everywhere() {
    let mut summary = fixture::experiment(false);
    for effect in &mut summary.effects {
        effect.before = None;
        effect.ratio = None;
        effect.interval = None;
    }
    for (name, report) in all(&summary).unwrap() {
        if ["report.txt", "report.md", "report.html"].contains(&name) {
            assert!(text_of(&report).contains(figures::BEYOND_TIMEOUT), "{name}");
            assert!(report.contains("now within timeout"), "{name}");
        }
    }
}
