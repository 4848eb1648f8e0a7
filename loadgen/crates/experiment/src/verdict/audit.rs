//! What the audits after the trials found.

use shared::invariant::{InvariantResult, MAX_ROWS};

use crate::schema::{AuditCount, Trial, VerdictWord};

/// Adds one audit to what the earlier ones of the same arm found.
pub fn merge(all: &mut Vec<InvariantResult>, found: &[InvariantResult]) {
    for one in found {
        match all.iter_mut().find(|known| known.number == one.number) {
            Some(known) => {
                known.violations += one.violations;
                let room = MAX_ROWS.saturating_sub(known.rows.len());
                known.rows.extend(one.rows.iter().take(room).cloned());
            }
            None => all.push(one.clone()),
        }
    }
    all.sort_by_key(|one| one.number);
}

/// Violations over all invariants.
pub fn violations(all: &[InvariantResult]) -> u64 {
    all.iter().map(|one| one.violations).sum()
}

/// Writes that found no room in the ledgers of these trials: nothing compares them with the data.
pub fn omitted<'a>(trials: impl IntoIterator<Item = &'a Trial>) -> u64 {
    let each = trials.into_iter().map(|trial| trial.consistency.omitted);
    each.fold(0, u64::saturating_add)
}

/// What is known of the target's data, beside this word of the command; so many writes were compared with nothing.
pub fn audited(audits: AuditCount, word: VerdictWord, omitted: u64) -> String {
    if audits.expected == 0 && word == VerdictWord::Interrupted {
        // Whether there is a control plane or not.
        "not audited: nothing is known of the target's data".to_owned()
    } else if audits.expected == 0 {
        "not audited: without a control plane nothing is known of the target's data".to_owned()
    } else if audits.missing() > 0 {
        format!(
            "{} of {} audit(s) were not made, or only in part: nothing is known of the data there; the warnings say why",
            audits.missing(),
            audits.expected
        )
    } else if word == VerdictWord::Violated {
        audits.to_string()
    } else {
        nothing_broken(audits, omitted)
    }
}

/// What is said of audits that found nothing broken, where so many writes were compared with nothing.
fn nothing_broken(audits: AuditCount, omitted: u64) -> String {
    match omitted {
        0 => format!("{audits}: no invariant is broken"),
        more => format!(
            "{audits}: no invariant is broken, but {more} write(s) were beyond what the ledger holds: whether they are in the data is not known"
        ),
    }
}

/// One sentence for each broken invariant of an arm. A strategy that is known to be wrong is
/// there to show that the audit notices: the sentence says so.
pub fn broken_sentences(
    arm: &str,
    known_wrong: Option<&str>,
    all: &[InvariantResult],
) -> Vec<String> {
    all.iter()
        .filter(|one| one.violations > 0)
        .map(|one| {
            let proof = known_wrong.map_or_else(String::new, |strategy| {
                format!(". `{strategy}` is known to be wrong and is there to prove that the audit notices: it does")
            });
            format!(
                "arm `{arm}`: invariant {:02} {} is broken {} time(s): {}{proof}",
                one.number,
                one.name,
                one.violations,
                one.statement.trim_end_matches('.')
            )
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(number: u16, violations: u64) -> InvariantResult {
        InvariantResult {
            number,
            name: format!("rule_{number}"),
            statement: "It holds.".into(),
            violations,
            rows: vec![serde_json::json!({}); violations.min(100) as usize],
        }
    }

    #[test]
    fn violations_of_several_audits_add_up_and_rows_stay_bounded() {
        let mut all = Vec::new();
        merge(&mut all, &[found(2, 80), found(1, 0)]);
        merge(&mut all, &[found(1, 1), found(2, 80)]);
        assert_eq!(violations(&all), 161);
        assert_eq!(all[0].number, 1);
        assert_eq!(all[1].rows.len(), MAX_ROWS);
    }

    #[test]
    fn writes_that_nothing_was_compared_with_are_said() {
        let mut trials = [
            crate::capacity::fixture::trial(),
            crate::capacity::fixture::trial(),
        ];
        let audits = AuditCount {
            expected: 2,
            made: 2,
        };
        assert_eq!(omitted(&trials), 0);
        assert_eq!(
            nothing_broken(audits, 0),
            "2 of 2 audit(s) made: no invariant is broken"
        );
        trials[1].consistency.omitted = 70;
        let said = nothing_broken(audits, omitted(&trials));
        assert!(said.contains("but 70 write(s) were beyond"), "{said}");
    }

    #[test]
    fn a_broken_invariant_names_arm_and_rule_and_a_known_wrong_arm_its_reason() {
        let all = [found(1, 0), found(3, 2)];
        let plain = broken_sentences("after", None, &all);
        assert_eq!(
            plain,
            ["arm `after`: invariant 03 rule_3 is broken 2 time(s): It holds"]
        );
        let wrong = broken_sentences("before", Some("orders.strategy=naive"), &all);
        assert!(wrong[0].contains("known to be wrong"), "{}", wrong[0]);
    }
}
