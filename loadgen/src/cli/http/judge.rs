//! From what was measured to a verdict.

use super::args::HttpArgs;
use crate::{
    aggregator::TrialData,
    observer::{Course, Timeline},
    schema::{Server, ThresholdResult, Validity, ValidityWord, Verdict, VerdictWord},
    trial::told_changes,
    verdict::{self, Evidence, Findings},
};

/// What was measured, for the two ways to print it.
pub(super) struct Measured {
    /// As it was given.
    pub(super) url: String,
    /// The load in a few words.
    pub(super) load: String,
    /// All figures.
    pub(super) data: TrialData,
    /// The self-checks.
    pub(super) validity: Validity,
    /// The promises.
    pub(super) thresholds: Vec<ThresholdResult>,
    /// The one word.
    pub(super) verdict: Verdict,
    /// What a reader must know.
    pub(super) warnings: Vec<String>,
}

/// What was seen of the machine while the load ran.
pub(super) struct Seen {
    pub(super) timeline: Timeline,
    pub(super) hiccups: Course,
}

/// Holds the figures against the self-checks and the promises.
pub(super) fn judged(
    args: &HttpArgs,
    load: String,
    data: TrialData,
    seen: &Seen,
    (even, level, open): (bool, bool, bool),
) -> Measured {
    let from = data.started_at + data.window.0.duration();
    let to = data.started_at + data.window.1.duration();
    let generator = seen.timeline.generator(from, to);
    let mut warnings = told_changes(&data.changes);
    let steady = data.changes.is_empty();
    // A closed loop without pauses goes as fast as the slower side can: that this one is at its
    // limit makes no figure wrong, but it is not the target's limit that is seen then.
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
            "a thread of the generator used {:.0} % of a core: the rate is rather its own limit than the target's; give it more workers (-t), or a rate (-R) to compare response times",
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
            n => format!("the figures are valid, and {n} threshold(s) were held against them"),
        }];
    }
    Measured {
        url: args.url.clone(),
        load,
        data,
        validity,
        thresholds,
        verdict,
        warnings,
    }
}
