//! Whether runs can be compared: what differs between them besides their figures, and whether a
//! change between them may be stated. The terminal and the page make the same check.

use std::collections::BTreeSet;

use super::chosen::Chosen;
use crate::history::load_of_trial;
use loadgen_experiment::{events::printable, schema::VerdictWord};

/// What stands for a value that a run does not have.
const NOTHING: &str = "(none)";
/// How the warning about other work on the machine begins.
const HOST_LOAD: &str = "load: ";

/// Something that is not the same in all runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// A switch, `load`, `host load`, `commit`, or an entry of the environment.
    pub what: String,
    /// Whether it can be what the comparison is about: a switch, or the commit.
    pub subject: bool,
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

/// Everything but figures in which the runs differ: switches, load, other work on the machine,
/// build, machine, services, data.
pub fn differences(runs: &[Chosen]) -> Vec<Difference> {
    let mut found = Vec::new();
    let mut look = |what: &str, subject: bool, value: &dyn Fn(&Chosen) -> Option<String>| {
        let values: Vec<String> = runs
            .iter()
            .map(|run| value(run).unwrap_or_else(|| NOTHING.to_owned()))
            .collect();
        if values.iter().any(|one| *one != values[0]) {
            found.push(Difference {
                what: what.to_owned(),
                subject,
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
        Some(load_of_trial(&run.summary().load).join("; "))
    });
    look("host load", false, &|run| {
        let mut warnings = run.summary().warnings.iter();
        let busy = warnings.any(|warning| warning.starts_with(HOST_LOAD));
        busy.then(|| "other work ran on the machine".to_owned())
    });
    look("commit", true, &|run| {
        run.summary().provenance.as_ref()?.program.commit.clone()
    });
    look("machine", false, &|run| {
        let host = &run.summary().provenance.as_ref()?.host;
        Some(format!(
            "{}, {} core(s), {} bytes, Linux {}",
            host.cpu, host.cores, host.memory_bytes, host.kernel
        ))
    });
    let entries: BTreeSet<&String> = runs
        .iter()
        .flat_map(|run| run.summary().environment.iter().map(|(name, _)| name))
        .collect();
    for entry in entries {
        look(entry, false, &|run| {
            let mut all = run.summary().environment.iter();
            all.find(|(name, _)| name == entry)
                .map(|(_, value)| value.clone())
        });
    }
    found
}

/// Which of the differences were not declared: all but the declared ones, or, where nothing was
/// declared, all but a single one that the comparison can be about.
fn undeclared<'a>(differences: &'a [Difference], declared: &[String]) -> Vec<&'a Difference> {
    let subjects = differences.iter().filter(|one| one.subject).count();
    differences
        .iter()
        .filter(|one| {
            if declared.is_empty() {
                !(one.subject && subjects == 1)
            } else {
                !declared.contains(&one.what)
            }
        })
        .collect()
}

/// Whether runs can be compared.
#[derive(Debug)]
pub struct ComparisonCheck<'a> {
    /// Everything but figures in which they differ.
    pub differences: &'a [Difference],
    /// Those of them that were not declared.
    pub undeclared: Vec<&'a Difference>,
    /// Why a change between the runs would mean nothing; empty where one may be stated.
    pub reasons: Vec<String>,
}

impl<'a> ComparisonCheck<'a> {
    /// Looks at the runs and at what differs between them; `declared` is what is meant to differ.
    pub fn of(runs: &[Chosen], differences: &'a [Difference], declared: &[String]) -> Self {
        let undeclared = undeclared(differences, declared);
        let mut reasons: Vec<String> = runs.iter().filter_map(doubt).collect();
        if !undeclared.is_empty() {
            let names: Vec<&str> = undeclared.iter().map(|one| one.what.as_str()).collect();
            reasons.push(format!("the runs also differ in {}", names.join(", ")));
        }
        Self {
            differences,
            undeclared,
            reasons,
        }
    }

    /// Whether a change between the runs may be stated.
    pub fn states_changes(&self) -> bool {
        self.reasons.is_empty()
    }
}

/// Why the figures of a run cannot be compared with any others.
fn doubt(run: &Chosen) -> Option<String> {
    let word = run.summary().verdict.word;
    if matches!(word, VerdictWord::Invalid | VerdictWord::Interrupted) {
        return Some(format!("{} is {word}", run.name));
    }
    (run.arm().total.planned == 0).then(|| format!("{} measured no request", run.name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::fixture;
    use loadgen_experiment::schema::Summary;

    fn chosen(name: &str, change: impl Fn(&mut Summary)) -> Chosen {
        let mut summary = fixture::experiment(false);
        change(&mut summary);
        Chosen::of(name.to_owned(), summary, Some("after")).unwrap()
    }

    fn names(runs: &[Chosen]) -> Vec<String> {
        differences(runs).into_iter().map(|one| one.what).collect()
    }

    fn open(runs: &[Chosen], declared: &[&str]) -> bool {
        let declared: Vec<String> = declared.iter().map(|one| (*one).to_owned()).collect();
        let found = differences(runs);
        ComparisonCheck::of(runs, &found, &declared).states_changes()
    }

    #[test]
    fn one_switch_is_the_subject_and_anything_else_must_be_declared() {
        let set = |summary: &mut Summary, path: &str, value: &str| {
            let profile = &mut summary.arms[1].profile;
            profile.insert(path.to_owned(), value.to_owned());
        };
        let one = || chosen("one", |_| {});
        let same = [one(), one()];
        assert!(names(&same).is_empty() && open(&same, &[]));
        let pair = [
            one(),
            chosen("x", |summary| set(summary, "cache.mentors", "memory")),
        ];
        assert_eq!(names(&pair), ["cache.mentors"]);
        assert!(open(&pair, &[]) && !open(&pair, &["pool.max"]));
        let pair = [
            one(),
            chosen("x", |summary| {
                set(summary, "cache.mentors", "memory");
                set(summary, "pool.max", "7");
            }),
        ];
        assert!(!open(&pair, &[]) && open(&pair, &["cache.mentors", "pool.max"]));
    }

    #[test]
    fn load_host_load_data_build_and_machine_are_listed() {
        let other = chosen("other", |summary| {
            summary.load = "open: 1/s iterations".into();
            summary.warnings.push("load: 1.8 runnable tasks".into());
            summary.environment[3].1 = "large".into();
            let from = summary.provenance.as_mut().unwrap();
            from.program.commit = Some("abc".into());
            from.host.cores = 64;
        });
        let runs = [chosen("one", |_| {}), other];
        assert_eq!(
            names(&runs),
            ["load", "host load", "commit", "machine", "dataset"]
        );
        assert!(!open(&runs, &[]));
    }

    #[test]
    fn an_invalid_run_states_no_change() {
        for word in [VerdictWord::Invalid, VerdictWord::Interrupted] {
            let bad = chosen("bad", |summary| summary.verdict.word = word);
            assert!(!open(&[chosen("one", |_| {}), bad], &[]), "{word}");
        }
    }

    #[test]
    fn a_debug_build_of_the_same_commit_is_listed() {
        let build = |word: &str| {
            chosen(word, |summary| {
                let entry = ("loadgen".to_owned(), format!("0.1.0 ({word})"));
                summary.environment.push(entry);
                let program = &mut summary.provenance.as_mut().unwrap().program;
                program.debug_build = word == "debug";
            })
        };
        let runs = [build("release"), build("debug")];
        assert_eq!(names(&runs), ["loadgen"]);
        assert!(!open(&runs, &[]) && open(&runs, &["loadgen"]));
    }
}
