//! What a reader must know of the trials of a series: noise that counts, targets that fell behind,
//! requests that were sent twice, sockets that were lost.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    schema::{CheckCode, Trial, ValidityWord},
    verdict,
};

/// What a trial's word comes from.
fn reasons(trial: &Trial) -> impl Iterator<Item = &'static str> {
    verdict::reasons(&trial.validity).map(|check| check.code.as_str())
}

/// The codes that make a trial INVALID; `None` where it can be trusted.
pub(crate) fn why_invalid(trial: &Trial) -> Option<String> {
    let invalid = trial.validity.word == ValidityWord::Invalid;
    invalid.then(|| reasons(trial).collect::<Vec<_>>().join(", "))
}

/// A sentence where trials count although they are noisy.
pub(super) fn noise_warning(pairs: &[(&Trial, &Trial)]) -> Option<String> {
    let trials = pairs.iter().flat_map(|(before, after)| [*before, *after]);
    let noisy = trials.filter(|trial| trial.validity.word == ValidityWord::Noisy);
    let count = noisy.clone().count();
    let codes: BTreeSet<&str> = noisy.flat_map(reasons).collect();
    (count > 0).then(|| {
        format!(
            "{count} of {} trials are noisy ({}) and count all the same: the machine did not become quiet",
            2 * pairs.len(),
            Vec::from_iter(codes).join(", ")
        )
    })
}

/// One line for each arm that could not keep up in some trial, whose figures include warm-up, of
/// which requests were sent twice, or that lost sockets.
pub fn trial_warnings(trials: &[Trial]) -> Vec<String> {
    let behind = arms_with(CheckCode::Backlog, trials).into_iter().map(|(arm, count)| {
        format!(
            "`{arm}` could not keep up with the offered rate in {count} trial(s): its response times grow with the length of the run; lower the rate to compare latencies"
        )
    });
    let cold = arms_with(CheckCode::NotWarm, trials).into_iter().map(|(arm, count)| {
        format!(
            "the figures of `{arm}` include warm-up in {count} trial(s): requests of it were still open when the window began; warm up for longer, or lower the rate"
        )
    });
    let sent_on = resent(trials).chain(reconnected(trials));
    behind.chain(cold).chain(sent_on).collect()
}

/// A request that is sent again is no failure, and the target may have seen it twice.
fn resent(trials: &[Trial]) -> impl Iterator<Item = String> {
    let mut arms: BTreeMap<&str, (u64, u64)> = BTreeMap::new();
    for trial in trials {
        let (again, planned) = arms.entry(&trial.arm).or_default();
        *again += trial.resent;
        *planned += trial.total.planned;
    }
    arms.into_iter()
        .filter(|(_, (again, _))| *again > 0)
        .map(|(arm, (again, planned))| {
            format!(
                "`{arm}` sent {again} request(s) of {planned} once more: the server had closed an idle connection, or refused the request before it processed it; the response time counts from the first attempt"
            )
        })
}

/// A socket that was opened again is no failure either: what waited for an answer on it was sent again.
fn reconnected(trials: &[Trial]) -> impl Iterator<Item = String> {
    let mut arms: BTreeMap<&str, u64> = BTreeMap::new();
    for trial in trials {
        *arms.entry(&trial.arm).or_default() += trial.reconnects;
    }
    let lost = arms.into_iter().filter(|(_, count)| *count > 0);
    lost.map(|(arm, count)| {
        format!(
            "`{arm}` lost its socket {count} time(s), opened it again and went on: the target had closed it, or the connection broke; the response time of what waited for an answer includes that"
        )
    })
}

/// The arms with the number of their trials in which a check does not hold.
fn arms_with(code: CheckCode, trials: &[Trial]) -> Vec<(&str, usize)> {
    let mut arms: Vec<(&str, usize)> = Vec::new();
    for trial in trials {
        let missed = trial
            .validity
            .checks
            .iter()
            .any(|check| check.code == code && !check.ok);
        if missed {
            match arms.iter_mut().find(|(arm, _)| trial.arm == **arm) {
                Some((_, count)) => *count += 1,
                None => arms.push((&trial.arm, 1)),
            }
        }
    }
    arms
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{paired::decide_fixture::trial, schema::ValidityCheck};

    #[test]
    fn noisy_trials_that_count_are_named_with_what_disturbed_them() {
        let quiet = trial(Some(1.0), 1.0);
        let mut noisy = quiet.clone();
        noisy.validity.word = ValidityWord::Noisy;
        noisy.validity.checks = vec![ValidityCheck {
            code: CheckCode::Steal,
            ok: false,
            figure: String::new(),
            limit: String::new(),
            advice: String::new(),
        }];
        assert_eq!(noise_warning(&[(&quiet, &quiet)]), None);
        let warning = noise_warning(&[(&quiet, &noisy), (&noisy, &quiet)]).unwrap();
        assert!(
            warning.starts_with("2 of 4 trials are noisy (STEAL)"),
            "{warning}"
        );
    }

    #[test]
    fn requests_that_were_sent_twice_are_counted_by_arm() {
        let quiet = trial(Some(1.0), 1.0);
        assert_eq!(trial_warnings(&[quiet.clone(), quiet.clone()]), [""; 0]);
        let mut resent = quiet.clone();
        resent.resent = 2;
        let warnings = trial_warnings(&[resent.clone(), quiet, resent]);
        assert_eq!(warnings.len(), 1, "{warnings:?}");
        assert!(warnings[0].contains("sent 4 request(s) of"), "{warnings:?}");
    }

    #[test]
    fn sockets_that_were_opened_again_are_counted_by_arm() {
        let mut trials = [trial(Some(1.0), 1.0), trial(Some(1.0), 1.0)];
        (trials[0].reconnects, trials[1].reconnects) = (3, 4);
        let warnings = trial_warnings(&trials);
        assert_eq!(warnings.len(), 1, "{warnings:?}");
        assert!(
            warnings[0].contains("lost its socket 7 time(s)"),
            "{warnings:?}"
        );
    }
}
