//! What thresholds come to in a verdict: a sentence for each that is to be known, and the word where nothing
//! else decides it.

use crate::schema::{ThresholdResult, ThresholdWord, VerdictWord};

/// The word, and why, where no threshold was missed.
pub(super) fn of_thresholds(
    thresholds: &[ThresholdResult],
    is_valid: bool,
) -> (VerdictWord, String) {
    let undecided = |one: &&ThresholdResult| one.word == ThresholdWord::Unknown && !one.only_warns;
    let undecided = thresholds.iter().filter(undecided).count();
    // One that only warns says nothing where it is missed or not known.
    let number = |word| {
        let all = thresholds.iter();
        all.filter(|one| !one.by_default && one.word == word && !is_missed_warning(one))
            .count()
    };
    let tolerated = number(ThresholdWord::Warn);
    let given = number(ThresholdWord::Pass) + tolerated;
    let held = match tolerated {
        0 => format!("{given} threshold(s) hold"),
        _ => format!("{given} threshold(s) hold, {tolerated} of them only within the tolerance"),
    };
    if undecided > 0 {
        let why = format!("{held}, and {undecided} cannot be decided");
        (VerdictWord::Inconclusive, why)
    } else if given == 0 {
        let any = |word| thresholds.iter().any(|one| one.word == word);
        let why = if any(ThresholdWord::Unknown) {
            "no threshold was given that could be decided, and nothing failed beyond the default limit"
        } else if any(ThresholdWord::Warn) {
            "the thresholds that were given only warn, and nothing failed beyond the default limit"
        } else {
            "no threshold was given, and nothing failed beyond the default limit"
        };
        (VerdictWord::Measured, why.to_owned())
    } else if is_valid {
        let why = format!("{held}, and the trial is VALID");
        (VerdictWord::Passed, why)
    } else {
        let why =
            format!("{held}, but no trial is VALID: the machine was disturbed, measure again");
        (VerdictWord::Inconclusive, why)
    }
}

/// One sentence for each threshold that was missed.
pub(super) fn missed(thresholds: &[ThresholdResult]) -> Vec<String> {
    thresholds
        .iter()
        .filter(|one| one.word == ThresholdWord::Fail)
        .map(|one| {
            format!(
                "`{}`{} does not hold for `{}`: {}",
                one.text,
                if one.by_default { " (default)" } else { "" },
                one.arm,
                one.figure
            )
        })
        .collect()
}

/// Whether it is beyond its limit, which is to be known and decides nothing.
fn is_missed_warning(one: &ThresholdResult) -> bool {
    one.only_warns && one.word == ThresholdWord::Warn
}

/// One sentence for each threshold that is beyond its limit and fails nothing.
pub(super) fn warned(thresholds: &[ThresholdResult]) -> Vec<String> {
    thresholds
        .iter()
        .filter(|one| one.word == ThresholdWord::Warn)
        .map(|one| {
            format!(
                "`{}` is beyond its limit for `{}`, {}: {}",
                one.text,
                one.arm,
                if one.only_warns {
                    "and only warns"
                } else {
                    "within its tolerance"
                },
                one.figure
            )
        })
        .collect()
}

/// One sentence for each threshold that cannot be decided.
pub(super) fn unknown(thresholds: &[ThresholdResult]) -> Vec<String> {
    thresholds
        .iter()
        .filter(|one| one.word == ThresholdWord::Unknown)
        .map(|one| {
            format!(
                "too few requests say whether `{}` holds for `{}`: {}",
                one.text, one.arm, one.figure
            )
        })
        .collect()
}
