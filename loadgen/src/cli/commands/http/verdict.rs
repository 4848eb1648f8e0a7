//! From the recorded figures to a verdict.

use crate::cli::flags::HttpArgs;
use loadgen_engine::{aggregator::TrialData, flow::SingleRequest};
use loadgen_experiment::{
    schema::{Server, ThresholdResult, Validity, ValidityWord, Verdict},
    trial::TrialOutcome,
    verdict::{self, Findings},
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

/// Applies the thresholds, and sums up the self-checks.
pub(super) fn judge(args: &HttpArgs, load: String, outcome: TrialOutcome) -> HttpResult {
    let TrialOutcome {
        trial,
        data,
        mut warnings,
        generator,
        ended_by,
        ..
    } = outcome;
    let validity = trial.validity.clone();
    let open = args.rate.is_some();
    // A closed loop without pauses is as fast as the slower side: a generator at its limit makes no
    // figure wrong, but the limit that is measured is not the target's.
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
    let mut thresholds = verdict::evaluate(
        &args.thresholds,
        "http",
        verdict::ThresholdFigures {
            catalog: &SingleRequest::catalog(),
            ops: &data.ops,
            phases: &std::collections::BTreeMap::new(),
            target: None,
            server: &Server::default(),
            window_s: data.window_s(),
        },
    );
    verdict::mark_abort(&mut thresholds, ended_by.as_ref());
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
    let verdict = verdict::judge(Findings {
        interrupted: data.interrupted,
        invalid_reasons,
        thresholds: &thresholds,
        headline: verdict::headline(&trial.total),
        confidence: verdict::confidence(std::slice::from_ref(&trial), &[]),
        ..Findings::default()
    });
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
