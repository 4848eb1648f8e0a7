//! The thresholds of a report, and how many hold.

use serde::Serialize;

use crate::render::tone::Tone;
use loadgen_experiment::events::printable;
use loadgen_experiment::schema::{Summary, ThresholdWord};

/// One threshold.
#[derive(Debug, Clone, Serialize)]
pub struct ThresholdRow {
    /// As written.
    pub text: String,
    /// Which arm.
    pub arm: String,
    /// What was found.
    pub figure: String,
    /// Whether it holds.
    pub word: ThresholdWord,
    /// Its colour.
    pub tone: Tone,
}

/// One row for each threshold.
pub(super) fn rows(summary: &Summary) -> Vec<ThresholdRow> {
    summary
        .thresholds
        .iter()
        .map(|one| ThresholdRow {
            text: printable(&one.text),
            arm: printable(&one.arm),
            figure: printable(&one.figure),
            word: one.word,
            tone: one.word.into(),
        })
        .collect()
}

/// `before: 0 of 1 hold; after: 2 of 4 hold, 1 within the tolerance, 1 not decided`.
pub(super) fn line(summary: &Summary) -> String {
    let mut arms: Vec<&str> = Vec::new();
    for one in &summary.thresholds {
        if !arms.contains(&one.arm.as_str()) {
            arms.push(&one.arm);
        }
    }
    let of = |arm: &str| {
        let all = summary.thresholds.iter().filter(|one| one.arm == arm);
        let number = |word| all.clone().filter(|one| one.word == word).count();
        let beyond = all.clone().filter(|one| one.word == ThresholdWord::Warn);
        let only_warn = beyond.clone().filter(|one| one.only_warns).count();
        let held = number(ThresholdWord::Pass);
        let others = [
            (beyond.count() - only_warn, "within the tolerance"),
            (only_warn, "missed and only a warning"),
            (number(ThresholdWord::Unknown), "not decided"),
        ];
        let others = others.into_iter().filter(|(many, _)| *many > 0);
        std::iter::once(format!("{held} of {} hold", all.clone().count()))
            .chain(others.map(|(many, what)| format!("{many} {what}")))
            .collect::<Vec<_>>()
            .join(", ")
    };
    match arms.as_slice() {
        [only] => of(only),
        several => several
            .iter()
            .map(|arm| format!("{}: {}", printable(arm), of(arm)))
            .collect::<Vec<_>>()
            .join("; "),
    }
}

/// Whether the arm that is judged meets its thresholds: the last one, for an experiment shows
/// on purpose what the first one misses.
pub(super) fn tone(summary: &Summary) -> Tone {
    let judged = summary.arms.last().map_or("", |arm| arm.name.as_str());
    let any = |word| {
        let mut all = summary.thresholds.iter();
        all.any(|one| one.arm == judged && one.word == word)
    };
    if any(ThresholdWord::Fail) {
        Tone::Bad
    } else if any(ThresholdWord::Unknown) || any(ThresholdWord::Warn) {
        Tone::Warn
    } else {
        Tone::Good
    }
}

#[cfg(test)]
mod tests {
    use super::{line, tone};
    use crate::render::{fixture, tone::Tone};
    use loadgen_experiment::schema::ThresholdWord;

    #[test]
    fn a_threshold_that_is_not_decided_is_neither_held_nor_missed() {
        let mut summary = fixture::run();
        for one in &mut summary.thresholds {
            one.word = ThresholdWord::Pass;
        }
        let all = summary.thresholds.len();
        summary.thresholds[0].word = ThresholdWord::Unknown;
        assert_eq!(
            line(&summary),
            format!("{} of {all} hold, 1 not decided", all - 1)
        );
        assert_eq!(tone(&summary), Tone::Warn);
    }

    #[test]
    fn a_threshold_beyond_its_limit_does_not_hold_even_if_it_only_warns() {
        let mut summary = fixture::run();
        summary.thresholds.truncate(1);
        summary.thresholds[0].word = ThresholdWord::Warn;
        summary.thresholds[0].only_warns = true;
        assert_eq!(line(&summary), "0 of 1 hold, 1 missed and only a warning");
        assert_eq!(tone(&summary), Tone::Warn);
        summary.thresholds[0].only_warns = false;
        assert_eq!(line(&summary), "0 of 1 hold, 1 within the tolerance");
    }
}
