//! The self-checks of a load that several processes generated: those of the whole, and those that each
//! process made of its own threads, its own machine and its own part.

use super::validity::is_reason;
use crate::schema::{CheckCode, Validity, ValidityCheck, ValidityWord};

/// Codes about the threads that send: where those are elsewhere, this process cannot judge them.
const OF_SENDERS: [CheckCode; 2] = [CheckCode::GenCpu, CheckCode::GenWait];

/// The validity of the whole, given those of the parts, each with its label, and a sentence for each
/// part that is missing. Without either it stays as it is. `note` is said of all parts together.
///
/// A check that does not hold in a part does not hold in the whole; one of the sending threads is taken
/// from the parts alone. The word is the worst of all, and INVALID where a part is missing.
pub fn join_parts(
    mut whole: Validity,
    parts: &[(String, Validity)],
    lost: &[String],
    note: &str,
) -> Validity {
    if parts.is_empty() && lost.is_empty() {
        return whole;
    }
    for check in &mut whole.checks {
        let of_parts = parts.iter().filter_map(|(label, validity)| {
            let found = validity.checks.iter().find(|one| one.code == check.code)?;
            Some((label, found))
        });
        let of_parts: Vec<(&String, &ValidityCheck)> = of_parts.collect();
        let mut failed = of_parts.iter().filter(|(_, one)| !one.ok);
        let first = failed.next();
        let others = failed.count();
        match (first, of_parts.first()) {
            (Some((label, one)), _) if check.ok && is_reason(check.code) => {
                let more = if others > 0 {
                    format!(", and {others} more")
                } else {
                    String::new()
                };
                *check = ValidityCheck {
                    figure: format!("{label}: {}{more}", one.figure),
                    ..(*one).clone()
                };
            }
            (None, Some((label, one))) if OF_SENDERS.contains(&check.code) => {
                *check = ValidityCheck {
                    figure: format!(
                        "holds in each of {}; {label}: {}",
                        of_parts.len(),
                        one.figure
                    ),
                    ..(*one).clone()
                };
            }
            _ => {}
        }
    }
    whole.checks.push(workers(parts.len(), lost, note));
    let words = parts.iter().map(|(_, validity)| validity.word);
    let worst = words.max().unwrap_or_default();
    whole.word = whole.word.max(worst);
    if !lost.is_empty() {
        whole.word = ValidityWord::Invalid;
    }
    whole
}

/// Every process generated its part to the end.
fn workers(joined: usize, lost: &[String], note: &str) -> ValidityCheck {
    ValidityCheck {
        code: CheckCode::Workers,
        ok: lost.is_empty(),
        figure: if lost.is_empty() {
            format!("{joined} of {joined} to the end, {note}")
        } else {
            lost.join("; ")
        },
        limit: "every worker sends its part to the end".to_owned(),
        advice: "a part of the load, and what its clients were acknowledged, is not known: look at that worker's log and machine, and run again".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(code: CheckCode, ok: bool, figure: &str) -> ValidityCheck {
        ValidityCheck {
            code,
            ok,
            figure: figure.to_owned(),
            limit: "1".to_owned(),
            advice: String::new(),
        }
    }

    fn validity(word: ValidityWord, lag_ok: bool, cpu: &str) -> Validity {
        Validity {
            word,
            checks: vec![
                check(CheckCode::Lag, lag_ok, "p99 9 ms"),
                check(CheckCode::GenCpu, true, cpu),
                check(CheckCode::Errors, true, "0 %"),
            ],
        }
    }

    fn of_workers(words: &[(ValidityWord, bool)]) -> Vec<(String, Validity)> {
        let each = words.iter().enumerate();
        each.map(|(index, (word, ok))| (format!("worker {index}"), validity(*word, *ok, "3 %")))
            .collect()
    }

    fn found(validity: &Validity, code: CheckCode) -> ValidityCheck {
        let found = validity.checks.iter().find(|one| one.code == code);
        found.unwrap().clone()
    }

    const WHOLE: ValidityWord = ValidityWord::Valid;

    #[test]
    fn a_load_of_this_process_alone_stays_as_it_is() {
        let whole = validity(WHOLE, true, "2 %");
        assert_eq!(join_parts(whole.clone(), &[], &[], ""), whole);
    }

    #[test]
    fn a_late_worker_makes_the_whole_late_and_is_named() {
        let parts = of_workers(&[(WHOLE, true), (ValidityWord::Invalid, false), (WHOLE, true)]);
        let joined = join_parts(validity(WHOLE, true, "not judged"), &parts, &[], "");
        assert_eq!(joined.word, ValidityWord::Invalid);
        let lag = found(&joined, CheckCode::Lag);
        assert!(
            !lag.ok && lag.figure.starts_with("worker 1: p99"),
            "{lag:?}"
        );
        assert!(found(&joined, CheckCode::Workers).ok);
        let cpu = found(&joined, CheckCode::GenCpu);
        assert!(cpu.figure.contains("each of 3; worker 0: 3 %"), "{cpu:?}");
    }

    #[test]
    fn a_lost_worker_is_invalid_and_said_with_its_sentence() {
        let parts = of_workers(&[(WHOLE, true)]);
        let lost = ["worker 1 on b was lost 2.0 s into the load".to_owned()];
        let joined = join_parts(validity(WHOLE, true, ""), &parts, &lost, "");
        assert_eq!(joined.word, ValidityWord::Invalid);
        let check = found(&joined, CheckCode::Workers);
        assert!(!check.ok && check.figure == lost[0], "{check:?}");
        assert!(super::super::reasons(&joined).any(|one| one.code == CheckCode::Workers));
    }
}
