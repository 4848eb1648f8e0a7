//! The summary of an experiment of two arms.

use super::{
    assemble::{RunContext, assembled, findings_of, stored_result},
    load_line::load_line,
};
use crate::{
    paired::{ArmCapacitySearch, Direction, Experiment, Finished, expectation},
    schema::{Control, ControlWord, RunKind, Summary, ThresholdResult, Verdict},
    verdict::{self, ClaimDecisions, Findings, judge},
};
use loadgen_engine::suite::Suite;

/// The summary of an experiment, whether it ran to its end or not.
pub fn of_experiment(
    context: RunContext<'_>,
    experiment: &Experiment,
    finished: &Finished,
) -> Summary {
    let operations = context.application.catalog().operations;
    let mut suite = experiment.suite.clone();
    if let Some((rate, _)) = &finished.rate {
        // The same rate was set before the trials; an error would have appeared then.
        let _set = suite.set_rate(*rate);
    }
    let suite = &suite;
    let [before, after] = &finished.arms;
    let thresholds = thresholds(&context, suite, finished);
    let verdict = verdict_on(experiment, finished, &thresholds);
    let view = after.in_force.as_ref().or(before.in_force.as_ref());
    let found = Summary {
        kind: RunKind::Experiment,
        load: format!(
            "{}; {} blocks of two trials in random order{}",
            load_line(suite),
            finished.blocks,
            finished
                .rate
                .as_ref()
                .map_or_else(String::new, |(_, description)| format!("; {description}"))
        ),
        arms: [before, after]
            .into_iter()
            .filter(|result| result.measured.trials > 0)
            .map(|result| stored_result(result, operations))
            .collect(),
        trials: finished.trials.clone(),
        effects: finished.effects.clone(),
        controls: finished.controls.clone(),
        thresholds,
        verdict,
        interrupted: finished.interrupted,
        warnings: warnings(experiment, finished),
        ..Summary::default()
    };
    let mut summary = assembled(found, suite, context, view);
    if experiment.capacity == ArmCapacitySearch::LeftOut {
        let left_out = "the capacity of the arms: it is not searched in a quick run, so nothing is known of it";
        summary.not_tested.insert(0, left_out.to_owned());
    }
    if let Some(found) = &finished.capacities {
        let headline = &mut summary.verdict.headline;
        *headline = format!("{}; {headline}", found.headline());
    }
    summary.arm_capacities.clone_from(&finished.capacities);
    summary.document.clone_from(&experiment.document);
    summary
}

/// The thresholds on the second arm; none where it was not measured.
fn thresholds(
    context: &RunContext<'_>,
    suite: &Suite,
    finished: &Finished,
) -> Vec<ThresholdResult> {
    let [_, after] = &finished.arms;
    if after.measured.trials == 0 {
        return Vec::new();
    }
    let info = context.application.info();
    verdict::evaluate(
        &suite.thresholds,
        &after.arm.name,
        after.measured.figures(context.application.catalog(), &info),
    )
}

fn verdict_on(
    experiment: &Experiment,
    finished: &Finished,
    thresholds: &[ThresholdResult],
) -> Verdict {
    let mut invalid_reasons: Vec<String> =
        control_sentences(finished, ControlWord::Failed).collect();
    if let Some(error) = &finished.error {
        invalid_reasons.push(verdict::ended_early(error));
    }
    let expected = experiment.expected.map(Direction::decision);
    let claims = ClaimDecisions::of(&experiment.primary, &finished.effects, expected);
    let expectation = expectation(experiment, &finished.effects, &claims);
    let [_, after] = &finished.arms;
    judge(Findings {
        interrupted: finished.interrupted,
        invalid_reasons,
        // The first arm may show on purpose what the second one cures.
        overloads: verdict::overloads(
            finished
                .trials
                .iter()
                .filter(|trial| trial.arm == after.arm.name),
        ),
        thresholds,
        claims: Some(claims.with_expectation(expectation)),
        confidence: verdict::confidence(&finished.trials, &finished.controls),
        ..findings_of(&finished.arms, &finished.trials, &finished.invalid)
    })
}

/// What a reader must know of the experiment as a whole, beside the warnings of its trials.
fn warnings(experiment: &Experiment, finished: &Finished) -> Vec<String> {
    let mut warnings = finished.warnings.clone();
    let fewest = experiment.fewest_blocks();
    if finished.valid_blocks < fewest as usize {
        warnings.push(format!(
            "{} valid block(s) decide nothing: {} claim(s) need at least {fewest}; the figures are only an indication",
            finished.valid_blocks,
            experiment.primary.len()
        ));
    }
    warnings.extend(control_sentences(finished, ControlWord::NotChecked));
    warnings
}

/// One sentence for each control that came out like this.
fn control_sentences(finished: &Finished, word: ControlWord) -> impl Iterator<Item = String> {
    let of_word = move |control: &&Control| control.word == word;
    let controls = finished.controls.iter().filter(of_word);
    controls.map(|control| format!("control {}: {}", control.name, control.sentence))
}
