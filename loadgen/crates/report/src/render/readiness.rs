//! Which parts of the application are ready: by one run of a suite at its stated load. Arms of
//! experiments are not taken, because many of them are overloaded on purpose.

use std::{collections::BTreeMap, fmt::Write as _};

use super::{figures, template::safe_markdown as safe};
use crate::history::PastRun;
use loadgen_experiment::schema::{Arm, Percentile, RunKind, Summary, VerdictWord};

/// Thresholds of readiness: see `suites/core.yaml`.
const SUCCESS: f64 = 0.99;
const P95_MS: f64 = 1_000.0;
/// Checkouts of the pool, or reads of own writes, without a fault of which that says something.
const FEWEST: u64 = 200;

/// The run that readiness is read from.
#[derive(Debug)]
pub struct SuiteReadiness {
    /// The newest fitting run; absent where there is none.
    pub run: Option<PastRun>,
    /// The command that makes one.
    pub command: String,
}

impl SuiteReadiness {
    /// Takes the newest valid run of one suite with this load and these switches.
    pub fn newest(
        mut runs: Vec<PastRun>,
        load: &str,
        profile: &BTreeMap<String, String>,
        command: String,
    ) -> Self {
        runs.retain(|past| fits(&past.summary, load, profile));
        let run = runs.into_iter().max_by_key(|past| past.summary.started_at);
        Self { run, command }
    }

    /// The table as Markdown.
    pub(super) fn markdown(&self) -> String {
        let mut page = String::from("## Readiness with every optimization on\n\n");
        match &self.run {
            Some(run) => {
                let _infallible = writeln!(
                    page,
                    "From `{}`: {}.\n",
                    run.folder.replace('`', "'"),
                    safe(&run.summary.load)
                );
                if let [arm] = run.summary.arms.as_slice() {
                    table(&mut page, &run.summary, arm);
                }
            }
            None => {
                let _infallible = writeln!(
                    page,
                    "Not measured: no valid run of the suite at its stated load was found. `{}` makes one.",
                    self.command
                );
            }
        }
        page
    }
}

/// Whether a run is one of the suite as stated, and may be believed.
fn fits(summary: &Summary, load: &str, profile: &BTreeMap<String, String>) -> bool {
    let word = summary.verdict.word;
    summary.kind == RunKind::Run
        && !matches!(word, VerdictWord::Invalid | VerdictWord::Interrupted)
        && summary.load == load
        && matches!(summary.arms.as_slice(), [arm] if arm.profile == *profile)
}

fn table(page: &mut String, summary: &Summary, arm: &Arm) {
    page.push_str("| component | status | notes |\n|---|---|---|\n");
    let mut row = |component: &str, ready: Option<bool>, notes: &str| {
        let status = match ready {
            Some(true) => "ready",
            Some(false) => "**needs work**",
            None => "not tested",
        };
        let _infallible = writeln!(page, "| {component} | {status} | {notes} |");
    };
    for area in &summary.application.areas {
        let operations = || {
            let all = arm.operations.iter();
            all.filter(|one| area.operations.contains(&one.name) && one.planned > 0)
        };
        let planned = figures::total(operations().map(|one| one.planned));
        let right: f64 = operations()
            .map(|one| one.success * one.planned as f64)
            .sum();
        let Some(slowest) =
            operations().max_by(|a, b| p95(a.response.p95).total_cmp(&p95(b.response.p95)))
        else {
            row(&safe(&area.label), None, "");
            continue;
        };
        let success = right / planned as f64;
        let notes = format!(
            "{} of {} as they should be; slowest: {} p95 {}",
            figures::percent(success),
            figures::plural(planned, "request"),
            safe(&slowest.name),
            figures::percentile(slowest.response.p95)
        );
        // An operation of too few requests says nothing of its p95; what failed says enough without it.
        let known = !operations().all(|one| matches!(one.response.p95, Percentile::TooFew { .. }));
        let right = success > SUCCESS;
        let ready = right && p95(slowest.response.p95) < P95_MS;
        row(
            &safe(&area.label),
            (known || !right).then_some(ready),
            &notes,
        );
    }
    let server = &arm.server;
    // Another target does not report its pool.
    let seen = server.pool_max > 0;
    let pool = if seen {
        format!(
            "{} given up, most waiters at a sample {}",
            figures::plural(server.pool_timeouts, "checkout"),
            server.pool_waiters_max
        )
    } else {
        String::new()
    };
    let ready = without(server.pool_timeouts, server.pool_acquires >= FEWEST);
    row("Database pool", ready.filter(|_| seen), &pool);
    let (reads, stale) = (arm.consistency.reads, arm.consistency.stale_reads);
    row(
        "Caching",
        without(stale, reads >= FEWEST),
        &format!(
            "{stale} of {} of own writes stale",
            figures::plural(reads, "read")
        ),
    );
    let violations = figures::total(arm.audit.iter().map(|one| one.violations));
    let (missing, omitted) = (arm.audits.missing(), arm.consistency.omitted);
    let mut notes = figures::plural(violations, "violation");
    if missing > 0 {
        let _infallible = write!(
            notes,
            ", {missing} of {} audits not made",
            arm.audits.expected
        );
    }
    if omitted > 0 {
        let writes = figures::plural(omitted, "write");
        let _infallible = write!(notes, ", {writes} compared with nothing");
    }
    let whole = !arm.audit.is_empty() && missing == 0 && omitted == 0;
    row("Data", without(violations, whole), &notes);
}

/// Whether a part is ready by its faults: one that was seen is enough to say no, and none says yes only
/// where enough was looked at.
fn without(faults: u64, enough: bool) -> Option<bool> {
    (faults > 0 || enough).then_some(faults == 0)
}

/// The 95th percentile for an order; one of too few requests is no slow one.
fn p95(figure: Percentile) -> f64 {
    match figure {
        Percentile::Known(ms) => ms,
        Percentile::BeyondTimeout => f64::INFINITY,
        Percentile::TooFew { .. } => 0.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::fixture;
    use chrono::TimeDelta;

    fn run(folder: &str, change: impl Fn(&mut Summary)) -> PastRun {
        let mut summary = fixture::run();
        change(&mut summary);
        PastRun {
            folder: folder.to_owned(),
            summary,
        }
    }

    fn chosen(runs: Vec<PastRun>) -> Option<String> {
        let stated = fixture::run();
        let profile = &stated.arms[0].profile;
        let found = SuiteReadiness::newest(runs, &stated.load, profile, "loadgen run core".into());
        found.run.map(|run| run.folder)
    }

    #[test]
    fn readiness_comes_from_the_newest_valid_run_at_the_stated_load() {
        let runs = vec![
            run("old", |_| {}),
            run("new", |one| one.started_at += TimeDelta::days(1)),
            run("invalid", |one| {
                one.started_at += TimeDelta::days(2);
                one.verdict.word = VerdictWord::Invalid;
            }),
            run("overload", |one| {
                one.started_at += TimeDelta::days(3);
                one.load = "open: 600/s iterations".into();
            }),
            run("other switches", |one| {
                one.started_at += TimeDelta::days(4);
                one.arms[0].profile.insert("pool.max".into(), "1".into());
            }),
            run("experiment", |one| {
                one.started_at += TimeDelta::days(5);
                one.kind = RunKind::Experiment;
            }),
        ];
        assert_eq!(chosen(runs).as_deref(), Some("new"));
        assert_eq!(chosen(Vec::new()), None);
    }

    #[test]
    fn what_fails_is_not_ready_however_few_its_requests_are_and_what_was_not_seen_is_not_tested() {
        let table = |change: &dyn Fn(&mut Arm)| {
            let run = run("r1", |one| change(&mut one.arms[0]));
            SuiteReadiness {
                run: Some(run),
                command: String::new(),
            }
            .markdown()
        };
        let text = table(&|_| {});
        assert!(
            text.contains("| Database pool | ready | 0 checkouts given up"),
            "{text}"
        );
        let few = |success: f64| {
            table(&|arm| {
                for one in &mut arm.operations {
                    (one.planned, one.success) = (20, success);
                    one.response.p95 = Percentile::TooFew { n: 20 };
                }
            })
        };
        assert!(few(1.0).contains("| Mentor discovery | not tested | 100% of"));
        assert!(few(0.5).contains("| Mentor discovery | **needs work** | 50.00% of"));
        let text = table(&|arm| arm.server.pool_max = 0);
        assert!(text.contains("| Database pool | not tested |  |"), "{text}");
        // No fault among three is none that says something.
        let text = table(&|arm| {
            arm.server.pool_acquires = 3;
            (arm.consistency.reads, arm.consistency.stale_reads) = (3, 0);
            (arm.audits.expected, arm.audits.made) = (2, 1);
            arm.consistency.omitted = 7;
        });
        for row in [
            "| Database pool | not tested | 0 checkouts given up",
            "| Caching | not tested | 0 of 3 reads",
            "| Data | not tested | 0 violations, 1 of 2 audits not made, 7 writes compared with nothing |",
        ] {
            assert!(text.contains(row), "{row}: {text}");
        }
        let text = table(&|arm| {
            arm.server.pool_acquires = 3;
            arm.server.pool_timeouts = 1;
            (arm.consistency.reads, arm.consistency.stale_reads) = (3, 1);
        });
        for row in [
            "| Database pool | **needs work** | 1 checkout given up",
            "| Caching | **needs work** | 1 of 3 reads",
        ] {
            assert!(text.contains(row), "{row}: {text}");
        }
    }

    #[test]
    fn the_table_names_its_run_and_without_one_the_command_that_makes_one() {
        let readiness = |run| SuiteReadiness {
            run,
            command: "loadgen run core".into(),
        };
        let text = readiness(Some(run("r1", |_| {}))).markdown();
        assert!(text.contains("From `r1`: open, poisson"), "{text}");
        assert!(text.contains("| Mentor discovery | ready |"), "{text}");
        assert!(text.contains("| Data | ready | 0 violations |"), "{text}");
        let text = readiness(None).markdown();
        assert!(text.contains("`loadgen run core` makes one"), "{text}");
    }
}
