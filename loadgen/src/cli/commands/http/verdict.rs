//! From the recorded figures to a verdict.

use crate::cli::flags::HttpArgs;
use loadgen_engine::{aggregator::TrialData, flow::SingleRequest};
use loadgen_experiment::{
    observer::{Course, Timeline},
    schema::{Server, ThresholdResult, Validity, ValidityWord, Verdict, VerdictWord},
    trial::told_changes,
    verdict::{self, Evidence, Findings},
};

/// The result of the command, for the two formats.
pub(super) struct HttpResult {
    /// URL as given.
    pub(super) url: String,
    /// Description of the load.
    pub(super) load: String,
    /// All recorded figures.
    pub(super) data: TrialData,
    /// The self-checks.
    pub(super) validity: Validity,
    /// The thresholds.
    pub(super) thresholds: Vec<ThresholdResult>,
    /// The verdict.
    pub(super) verdict: Verdict,
    /// Warnings for the reader.
    pub(super) warnings: Vec<String>,
}

/// What was observed of the machine while the load ran.
pub(super) struct MachineObservation {
    /// CPU of the generator and pressure of the machine, a few times a second.
    pub(super) timeline: Timeline,
    /// Delays of a thread that only sleeps.
    pub(super) hiccups: Course,
}

/// The shape of the load, on which some self-checks depend.
#[derive(Debug, Clone, Copy)]
pub(super) struct LoadShape {
    /// Arrivals come at even intervals.
    pub(super) even: bool,
    /// The rate does not change.
    pub(super) level: bool,
    /// Arrivals do not depend on responses.
    pub(super) open: bool,
}

/// Applies the self-checks and the thresholds.
pub(super) fn judge(
    args: &HttpArgs,
    load: String,
    data: TrialData,
    seen: &MachineObservation,
    shape: LoadShape,
) -> HttpResult {
    let LoadShape { even, level, open } = shape;
    let from = data.started_at + data.window.0.duration();
    let to = data.started_at + data.window.1.duration();
    let generator = seen.timeline.generator(from, to);
    let mut warnings = told_changes(&data.changes);
    let steady = data.changes.is_empty();
    // A closed loop without pauses is as fast as the slower side: a generator at its limit makes no
    // figure wrong, but the limit that is measured is not the target's.
    let validity = verdict::validity(&Evidence {
        generator: generator.filter(|_| open),
        steal: seen.timeline.steal(from, to),
        cpu_pressure: seen.timeline.cpu_pressure(from, to),
        hiccups: seen.hiccups.between(from, to),
        even: even && steady,
        level: level && steady,
        error_limit: verdict::error_limit(&args.thresholds),
        ..Evidence::of(&data)
    });
    if let Some(used) = generator.filter(|used| !open && used.busiest > 0.7) {
        warnings.push(format!(
            "a thread of the generator used {:.0} % of a core: the rate is probably its own limit, not the target's; use more workers (-t), or a rate (-R) to compare response times",
            used.busiest * 100.0
        ));
    }
    if validity.word == ValidityWord::Noisy {
        let disturbed: Vec<String> = verdict::reasons(&validity)
            .map(|check| format!("{} {} (limit {})", check.code, check.figure, check.limit))
            .collect();
        warnings.push(format!(
            "the machine was disturbed, measure again: {}",
            disturbed.join("; ")
        ));
    }
    if cfg!(debug_assertions) {
        warnings.push(
            "this is a debug build of loadgen: it is several times slower than a release build"
                .to_owned(),
        );
    }
    let thresholds = verdict::hold(
        &args.thresholds,
        "http",
        verdict::Figures {
            catalog: &SingleRequest::catalog(),
            ops: &data.ops,
            phases: &std::collections::BTreeMap::new(),
            server: &Server::default(),
            window_s: data.window_s(),
        },
    );
    let invalid_reasons = if validity.word == ValidityWord::Invalid {
        verdict::reasons(&validity)
            .map(|check| {
                format!(
                    "{}: {} (limit {}); {}",
                    check.code, check.figure, check.limit, check.advice
                )
            })
            .collect()
    } else {
        Vec::new()
    };
    let mut verdict = verdict::judge(&Findings {
        interrupted: data.interrupted,
        invalid_reasons,
        thresholds: &thresholds,
        valid_trials: 1,
        ..Findings::default()
    });
    if verdict.word == VerdictWord::Passed {
        verdict.reasons = vec![match thresholds.len() {
            0 => "the figures are valid; no threshold was given".to_owned(),
            n => format!("the figures are valid and were checked against {n} threshold(s)"),
        }];
    }
    HttpResult {
        url: args.url.clone(),
        load,
        data,
        validity,
        thresholds,
        verdict,
        warnings,
    }
}
