//! Runs that were made at different times, side by side, and what differs between them besides
//! their figures.

use crate::render::tone::Tone;
use std::{collections::BTreeSet, fmt::Write as _};

use super::{
    comparison::whole_change,
    metrics,
    table::{Paint, Side, TableLine, layout, plain, styled, wrapped},
};
use loadgen_experiment::{
    events::printable,
    schema::{Arm, Summary},
};

/// What stands for a value that a run does not have.
const NOTHING: &str = "(none)";

/// What a reader must know of any such comparison.
pub(super) const NOT_INTERLEAVED: &str = "These runs were not interleaved: what the machine did between them is in the change as well, and there is no interval. `loadgen experiment` decides.";

/// One run with the arm that is looked at.
#[derive(Debug, Clone)]
pub struct Chosen {
    /// Name of its folder.
    pub name: String,
    /// All of it; its arms are one.
    summary: Summary,
}

impl Chosen {
    /// Chooses an arm by name; the last one, which is `after` or `run`, without a name.
    pub fn of(name: String, mut summary: Summary, arm: Option<&str>) -> Result<Self, String> {
        let known: Vec<String> = summary.arms.iter().map(|one| one.name.clone()).collect();
        let at = match arm {
            None => known.len().checked_sub(1),
            Some(word) => known.iter().position(|one| one == word),
        };
        let Some(at) = at else {
            let wanted = arm.unwrap_or("any");
            return Err(format!(
                "{name} has no arm `{wanted}`; it has {}",
                if known.is_empty() {
                    "none".to_owned()
                } else {
                    known.join(", ")
                }
            ));
        };
        summary.arms = vec![summary.arms.swap_remove(at)];
        Ok(Self { name, summary })
    }

    /// All of it.
    pub(super) fn summary(&self) -> &Summary {
        &self.summary
    }

    /// The arm that is looked at.
    pub(super) fn arm(&self) -> &Arm {
        &self.summary.arms[0]
    }
}

/// Something that is not the same in all runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// A switch, `load`, or an entry of the environment.
    pub what: String,
    /// Whether it is a switch.
    pub switch: bool,
    /// Its value in each run.
    pub values: Vec<String>,
}

impl Difference {
    /// In one line.
    pub(super) fn sentence(&self) -> String {
        let values: Vec<String> = self.values.iter().map(|value| printable(value)).collect();
        format!("{}: {}", printable(&self.what), values.join(" | "))
    }
}

/// Everything but figures in which the runs differ: switches, load, build, machine, services.
pub fn differences(runs: &[Chosen]) -> Vec<Difference> {
    let mut found = Vec::new();
    let mut look = |what: &str, switch: bool, value: &dyn Fn(&Chosen) -> Option<String>| {
        let values: Vec<String> = runs
            .iter()
            .map(|run| value(run).unwrap_or_else(|| NOTHING.to_owned()))
            .collect();
        if values.iter().any(|one| *one != values[0]) {
            found.push(Difference {
                what: what.to_owned(),
                switch,
                values,
            });
        }
    };
    let switches: BTreeSet<&String> = runs
        .iter()
        .flat_map(|run| run.arm().profile.keys())
        .collect();
    for switch in switches {
        look(switch, true, &|run| run.arm().profile.get(switch).cloned());
    }
    look("load", false, &|run| {
        // How many blocks an experiment had is no part of what a trial was asked.
        let load = run.summary.load.split("; ");
        let asked: Vec<&str> = load.filter(|part| !part.contains(" blocks of ")).collect();
        Some(asked.join("; "))
    });
    let entries: BTreeSet<&String> = runs
        .iter()
        .flat_map(|run| run.summary.environment.iter().map(|(name, _)| name))
        .collect();
    for entry in entries {
        look(entry, false, &|run| {
            let mut all = run.summary.environment.iter();
            all.find(|(name, _)| name == entry)
                .map(|(_, value)| value.clone())
        });
    }
    found
}

/// Which of the differences were to be expected: those that were declared, or, where nothing was,
/// a single switch.
pub fn undeclared<'a>(differences: &'a [Difference], declared: &[String]) -> Vec<&'a Difference> {
    let switches = differences.iter().filter(|one| one.switch).count();
    differences
        .iter()
        .filter(|one| {
            if declared.is_empty() {
                !(one.switch && switches == 1)
            } else {
                !declared.contains(&one.what)
            }
        })
        .collect()
}

/// The table, with what differs above it. `loud` are the differences that nobody declared.
pub fn compare(
    runs: &[Chosen],
    differences: &[Difference],
    loud: &[&Difference],
    width: usize,
    colour: bool,
) -> String {
    let paint = Paint { colour };
    let mut text = String::new();
    for (number, run) in (1..).zip(runs) {
        // Writing to a String cannot fail.
        let _infallible = writeln!(
            text,
            "{number}  {}  {} {}, {} trial(s), {}",
            printable(&run.name),
            printable(&run.summary.name),
            printable(&run.arm().name),
            run.arm().trials,
            run.summary.verdict.word,
        );
    }
    text.push('\n');
    for one in differences {
        let stray = loud.contains(&one);
        let (word, tone) = if stray {
            ("ALSO DIFFERS", Tone::Bad)
        } else {
            ("differs", Tone::Plain)
        };
        text.push_str(&paint.tone(
            tone,
            &wrapped(&format!("{word}  {}", one.sentence()), "", "    ", width),
        ));
    }
    if differences.is_empty() {
        text.push_str("nothing differs but the figures\n");
    }
    text.push_str(&wrapped(NOT_INTERLEAVED, "", "", width));
    text.push('\n');
    text.push_str(&table(runs, width, paint));
    text
}

/// The runs as arms of one summary.
pub(super) fn together(runs: &[Chosen]) -> Summary {
    let mut together = runs[0].summary.clone();
    together.arms = runs.iter().map(|run| run.arm().clone()).collect();
    // Estimates of pairs within one of them say nothing of these.
    together.effects.clear();
    together
}

fn table(runs: &[Chosen], width: usize, paint: Paint) -> String {
    let together = together(runs);
    let mut head = vec![plain("Metric")];
    head.extend((1..=runs.len()).map(|number| plain(number.to_string())));
    let two = runs.len() == 2;
    if two {
        head.push(plain("Change"));
    }
    let mut lines = vec![TableLine::Cells(head)];
    for (area, found) in metrics::areas(&together) {
        let shown: Vec<_> = found.iter().filter(|metric| !metric.detail).collect();
        if shown.is_empty() {
            continue;
        }
        lines.push(TableLine::Heading(area));
        for metric in shown {
            let mut cells = vec![plain(format!("  {}", metric.label))];
            let values = metric.values.iter();
            cells.extend(values.map(|value| plain(value.text(metric.unit))));
            if two {
                let (change, tone) = whole_change(metric);
                cells.push(styled(change, tone));
            }
            lines.push(TableLine::Cells(cells));
        }
    }
    let mut sides = vec![Side::Left];
    sides.extend(std::iter::repeat_n(Side::Right, runs.len()));
    sides.push(Side::Left);
    layout(
        &lines,
        &sides[..1 + runs.len() + usize::from(two)],
        0,
        width,
        paint,
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::fixture;

    fn run(name: &str) -> Chosen {
        Chosen::of(name.to_owned(), fixture::experiment(false), Some("after")).unwrap()
    }

    #[test]
    fn one_switch_is_the_subject_and_anything_else_must_be_declared() {
        let (one, mut other) = (run("one"), run("other"));
        assert_eq!(differences(&[one.clone(), other.clone()]), []);
        let arm = &mut other.summary.arms[0];
        arm.profile.insert("cache.mentors".into(), "memory".into());
        let found = differences(&[one.clone(), other.clone()]);
        assert_eq!(found.len(), 1);
        assert!(undeclared(&found, &[]).is_empty());
        assert_eq!(undeclared(&found, &["pool.max".into()]).len(), 1);
        other
            .summary
            .environment
            .push(("cores".into(), "64".into()));
        let arm = &mut other.summary.arms[0];
        arm.profile.insert("pool.max".into(), "7".into());
        let found = differences(&[one, other]);
        let all: Vec<&str> = found.iter().map(|one| one.what.as_str()).collect();
        assert_eq!(all, ["cache.mentors", "pool.max", "cores"]);
        assert_eq!(undeclared(&found, &[]).len(), 3);
        let declared = ["cache.mentors".into(), "pool.max".into()];
        assert_eq!(undeclared(&found, &declared).len(), 1);
    }

    #[test]
    fn the_table_has_a_column_for_each_run_and_stays_narrow() {
        let runs = [run("one"), run("other")];
        let text = compare(&runs, &[], &[], 80, false);
        assert!(
            text.lines().all(|line| line.chars().count() <= 80),
            "{text}"
        );
        assert!(
            text.contains("list P97.5") && text.contains("same"),
            "{text}"
        );
        let three = [run("one"), run("other"), run("third")];
        let text = compare(&three, &[], &[], 80, false);
        assert!(!text.contains("Change"), "{text}");
    }

    #[test]
    fn an_arm_that_is_not_there_is_named_with_those_that_are() {
        let error = Chosen::of("x".into(), fixture::experiment(false), Some("late")).unwrap_err();
        assert_eq!(error, "x has no arm `late`; it has before, after");
    }
}
