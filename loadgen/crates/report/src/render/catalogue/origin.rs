//! How each row of the catalogue was measured: machine, program, load and blocks, and what an
//! undecided one would need.

use std::{collections::BTreeSet, fmt::Write as _};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::render::{figures, template::safe_markdown as safe};
use loadgen_experiment::{
    events::printable,
    paired::counted_pairs,
    schema::{HostInfo, Summary, VerdictWord},
};

/// How an experiment was measured.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(in crate::render) struct RowOrigin {
    /// When it began.
    started_at: DateTime<Utc>,
    /// Commit of the program; absent where its file lies in no checkout.
    commit: Option<String>,
    /// Whether the program was built without optimization, whose figures nobody should keep.
    #[serde(default)]
    debug_build: bool,
    /// Processor and number of processors; absent in a summary that no command made.
    machine: Option<String>,
    /// Its load in one line.
    load: String,
    /// Blocks, and those of them whose two trials count.
    blocks: u32,
    whole_blocks: u32,
    /// What its undecided claims would need, in sentences; empty where all are decided.
    undecided: Vec<String>,
}

impl RowOrigin {
    pub(super) fn of(summary: &Summary) -> Self {
        let blocks: BTreeSet<u32> = summary.trials.iter().map(|trial| trial.block).collect();
        let provenance = summary.provenance.as_ref();
        let is_undecided = summary.verdict.word == VerdictWord::Inconclusive;
        let claims = summary.effects.iter().filter(|effect| effect.primary);
        Self {
            started_at: summary.started_at,
            commit: provenance.and_then(|from| from.program.commit.clone()),
            debug_build: provenance.is_some_and(|from| from.program.debug_build),
            machine: provenance.map(|from| machine(&from.host)),
            load: summary.load.clone(),
            whole_blocks: counted_pairs(&summary.trials).len() as u32,
            blocks: blocks.len() as u32,
            undecided: claims
                .filter(|effect| is_undecided && !effect.decision.is_decided())
                .map(|effect| effect.sentence.clone())
                .collect(),
        }
    }

    pub(super) const fn is_release_build(&self) -> bool {
        !self.debug_build
    }

    /// Blocks that were measured.
    pub(super) const fn blocks(&self) -> u32 {
        self.blocks
    }
}

/// A machine in a few words.
fn machine(host: &HostInfo) -> String {
    format!(
        "{}, {} processors, {}",
        host.cpu,
        host.cores,
        figures::bytes(host.memory_bytes as f64)
    )
}

/// The table of how each was measured, and what the undecided ones would need.
pub(super) fn markdown(page: &mut String, rows: &[(&str, RowOrigin)]) {
    if rows.is_empty() {
        return;
    }
    let machines: BTreeSet<&str> = rows
        .iter()
        .map(|(_, row)| {
            row.machine
                .as_deref()
                .unwrap_or("a machine that is not known")
        })
        .collect();
    page.push_str("## How each was measured\n\n");
    if let [machine] = machines.iter().copied().collect::<Vec<_>>()[..] {
        let _infallible = writeln!(page, "All on {}.\n", safe(&printable(machine)));
    }
    page.push_str("| experiment | load | blocks | begun | commit |");
    page.push_str(if machines.len() > 1 {
        " machine |\n"
    } else {
        "\n"
    });
    page.push_str("|---|---|---:|---|---|");
    page.push_str(if machines.len() > 1 { "---|\n" } else { "\n" });
    for (name, row) in rows {
        let blocks = if row.whole_blocks == row.blocks {
            row.blocks.to_string()
        } else {
            format!("{} of {} whole", row.whole_blocks, row.blocks)
        };
        let _infallible = write!(
            page,
            "| `{name}` | {} | {blocks} | {} | {} |",
            safe(&printable(&row.load)),
            row.started_at.format("%Y-%m-%d %H:%M UTC"),
            row.commit
                .as_deref()
                .map_or("–", |commit| commit.get(..12).unwrap_or(commit)),
        );
        if machines.len() > 1 {
            let machine = row.machine.as_deref().unwrap_or("not known");
            let _infallible = write!(page, " {} |", safe(&printable(machine)));
        }
        page.push('\n');
    }
    page.push('\n');
    let mut undecided = rows
        .iter()
        .flat_map(|(name, row)| row.undecided.iter().map(move |why| (name, why)))
        .peekable();
    if undecided.peek().is_none() {
        return;
    }
    page.push_str("## What the undecided ones need\n\n");
    for (name, why) in undecided {
        let _infallible = writeln!(page, "- `{name}`: {}", safe(&printable(why)));
    }
    page.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::fixture;
    use loadgen_experiment::schema::{Decision, ValidityWord};

    fn page(rows: &[(&str, RowOrigin)]) -> String {
        let mut page = String::new();
        markdown(&mut page, rows);
        page
    }

    #[test]
    fn one_machine_is_named_once_and_several_in_each_row() {
        let origin = RowOrigin::of(&fixture::experiment(false));
        let machine = origin.machine.clone().unwrap();
        let mut other = origin.clone();
        other.machine = Some("another | processor".to_owned());
        let same = page(&[("a", origin.clone()), ("b", origin.clone())]);
        assert!(
            same.contains(&format!("All on {}", safe(&machine))),
            "{same}"
        );
        assert!(!same.contains("| machine |"), "{same}");
        let mixed = page(&[("a", origin), ("b", other)]);
        assert!(!mixed.contains("All on"), "{mixed}");
        assert!(mixed.contains("another \\| processor |"), "{mixed}");
    }

    #[test]
    fn an_undecided_claim_says_what_it_needs_and_a_decided_one_nothing() {
        let mut summary = fixture::experiment(false);
        assert!(!page(&[("x", RowOrigin::of(&summary))]).contains("undecided"));
        summary.verdict.word = VerdictWord::Inconclusive;
        let claim = summary.effects.iter_mut().find(|effect| effect.primary);
        let claim = claim.unwrap();
        claim.decision = Decision::Inconclusive;
        claim.sentence = "list p50: about 40 blocks would tell".to_owned();
        let page = page(&[("x", RowOrigin::of(&summary))]);
        assert!(
            page.contains("- `x`: list p50: about 40 blocks would tell"),
            "{page}"
        );
    }

    #[test]
    fn a_block_that_lost_a_trial_is_not_whole() {
        let mut summary = fixture::experiment(false);
        let all = RowOrigin::of(&summary);
        assert_eq!((all.whole_blocks, all.blocks > 0), (all.blocks, true));
        summary.trials[0].validity.word = ValidityWord::Invalid;
        let fewer = RowOrigin::of(&summary);
        assert_eq!(fewer.whole_blocks + 1, fewer.blocks);
        // Its repetition lost the other one: two trials are valid, and no pair.
        let mut again = [summary.trials[0].clone(), summary.trials[1].clone()];
        again[0].validity.word = ValidityWord::Valid;
        again[1].validity.word = ValidityWord::Invalid;
        summary.trials.extend(again);
        let repeated = RowOrigin::of(&summary);
        assert_eq!(repeated.whole_blocks + 1, repeated.blocks);
    }
}
