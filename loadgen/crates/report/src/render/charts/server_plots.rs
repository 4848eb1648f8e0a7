//! Which charts of the target, PostgreSQL and Redis a page has, on the same seconds as the load.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::render::charts::over_time::{Grid, Over};
use crate::render::charts::plot::{Plot, PlotLine, class_of};
use crate::render::charts::plots::{Pick, by_arm, level, of_arm, stack};
use loadgen_experiment::events::printable;
use loadgen_experiment::schema::{Arm, Second, Summary};

/// Wait events that have a colour of their own.
const MOST_WAITS: usize = 6;
/// All other wait events together, here and in the stored seconds.
const OTHER_WAITS: &str = "other";
/// Classes of the application's processes in the chart of CPU, from the bottom of the stack.
const PROCESS_CLASSES: [&str; 7] = ["k1", "k2", "k3", "k4", "k5", "k6", "k7"];
/// The load generator's own process, and its class.
const GENERATOR: (&str, &str) = ("loadgen", "rest");
/// How many times what is used a limit may be, to be on the same chart.
const ROOM_ABOVE: f64 = 4.0;
/// Bytes of a MiB.
const MIB: f64 = 1_048_576.0;

/// What the target and its services said of themselves, second by second.
pub(in crate::render) fn server(summary: &Summary, grid: Grid) -> Vec<Plot> {
    let plot = |id: &str, title: &str, note: &str, unit, pick: Pick| Plot {
        note: note.into(),
        lines: by_arm(summary, grid, "", pick),
        ..Plot::over_time(id, title, unit)
    };
    let mut plots = vec![
        pool(summary, grid),
        plot(
            "waiters",
            "Waiting for a connection",
            "Requests that queued for the pool.",
            "requests",
            |second| second.pool_waiters.map(f64::from),
        ),
    ];
    plots.extend(cpu(summary, grid));
    plots.extend(waits(summary, grid));
    plots.extend([
        plot(
            "statements",
            "PostgreSQL statements",
            "Sent on behalf of requests.",
            "statements a second",
            |second| second.queries_per_s,
        ),
        plot(
            "wal",
            "Write-ahead log",
            "What PostgreSQL had to write before it could acknowledge a commit.",
            "MiB a second",
            |second| second.wal_bytes_per_s.map(|bytes| bytes / MIB),
        ),
        plot(
            "hits",
            "Cache hits",
            "Share of look-ups that found a value.",
            "percent",
            |second| second.cache_hit_ratio.map(|share| share * 100.0),
        ),
        plot(
            "redis",
            "Redis commands",
            "Processed by the server, from every client.",
            "commands a second",
            |second| second.redis_commands_per_s,
        ),
    ]);
    plots
}

/// Connections in use, with the size of the pool where that does not dwarf them.
fn pool(summary: &Summary, grid: Grid) -> Plot {
    let highest = |line: &PlotLine| {
        line.points
            .iter()
            .map(|point| point.range.1)
            .reduce(f64::max)
    };
    let mut lines = by_arm(summary, grid, "", |second| {
        second.pool_in_use.map(f64::from)
    });
    let used = lines.iter().filter_map(highest).fold(0.0, f64::max);
    let mut note = String::from("PostgreSQL connections that a request held.");
    let most = by_arm(summary, grid, " dashed", |second| {
        second.pool_max.map(f64::from)
    });
    for line in most {
        match highest(&line) {
            Some(most) if most > used * ROOM_ABOVE => {
                let _infallible = write!(
                    note,
                    " The pool of {} may hold {most:.0}, off the chart.",
                    line.label
                );
            }
            Some(_) => lines.push(PlotLine {
                label: format!("{} at most", line.label),
                ..line
            }),
            None => {}
        }
    }
    Plot {
        note,
        lines,
        ..Plot::over_time("pool", "Pool connections in use", "connections")
    }
}

/// Cores by process, one plot an arm.
fn cpu(summary: &Summary, grid: Grid) -> Vec<Plot> {
    let of = |arm: &Arm| {
        let application = summary.application.processes.iter().map(String::as_str);
        let processes = application.zip(PROCESS_CLASSES).chain([GENERATOR]);
        let lines = processes.enumerate().map(|(index, (name, class))| {
            let cores = move |second: &Second| {
                if index == 0 {
                    return second.target_cpu;
                }
                // Where the target was seen and this one was not, it adds nothing.
                second.target_cpu?;
                Some(second.cpu_cores.get(name).copied().unwrap_or(0.0))
            };
            PlotLine {
                class: class.into(),
                label: printable(name),
                points: grid.across(&summary.trials, &arm.name, Over::Mean, cores),
                band: true,
            }
        });
        Plot {
            id: format!("cpu-{}", class_of(&arm.name)),
            title: of_arm(summary, "CPU by process", arm),
            note: "Cores in use, on top of each other; the mean of the trials.".into(),
            ..stack(lines.collect(), "cores")
        }
    };
    let mut plots: Vec<Plot> = summary.arms.iter().map(of).collect();
    level(&mut plots);
    plots
}

/// Backends by what they waited for, one plot an arm, an event in the same colour in all.
fn waits(summary: &Summary, grid: Grid) -> Vec<Plot> {
    let mut events: BTreeMap<&str, u64> = BTreeMap::new();
    let seconds = summary.trials.iter().flat_map(|trial| &trial.series);
    for (event, count) in seconds.flat_map(|second| &second.waits) {
        *events.entry(event).or_default() += u64::from(*count);
    }
    let mut ranked: Vec<(&str, u64)> = events
        .into_iter()
        .filter(|(event, _)| *event != OTHER_WAITS)
        .collect();
    ranked.sort_by_key(|(event, count)| (u64::MAX - count, *event));
    ranked.truncate(MOST_WAITS);
    let named: Vec<&str> = ranked.into_iter().map(|(event, _)| event).collect();
    let of = |arm: &Arm| {
        let line = |class: String, label: String, pick: &dyn Fn(&Second) -> f64| PlotLine {
            class,
            label,
            points: grid.across(&summary.trials, &arm.name, Over::Mean, |second| {
                // Seconds in which the target did not answer tell nothing.
                second.pool_max.map(|_| pick(second))
            }),
            band: true,
        };
        let mut lines: Vec<PlotLine> = named
            .iter()
            .enumerate()
            .map(|(place, event)| {
                line(format!("k{}", place + 1), printable(event), &|second| {
                    second.waits.get(*event).copied().map_or(0.0, f64::from)
                })
            })
            .collect();
        lines.push(line("rest".into(), OTHER_WAITS.into(), &|second| {
            let others = second.waits.iter();
            let others = others.filter(|(event, _)| !named.contains(&event.as_str()));
            others.map(|(_, count)| f64::from(*count)).sum()
        }));
        Plot {
            id: format!("waits-{}", class_of(&arm.name)),
            title: of_arm(summary, "What PostgreSQL waited for", arm),
            note: "Active backends by wait event, CPU where none; the mean of the trials.".into(),
            ..stack(lines, "backends")
        }
    };
    let mut plots: Vec<Plot> = summary.arms.iter().map(of).collect();
    level(&mut plots);
    plots
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::fixture;

    fn of(summary: &Summary, id: &str) -> Plot {
        let all = server(summary, Grid::of(&summary.trials));
        all.into_iter().find(|plot| plot.id == id).unwrap()
    }

    #[test]
    fn a_wait_event_has_the_same_colour_in_both_arms_and_rare_ones_are_one() {
        let mut summary = fixture::experiment(false);
        for (place, trial) in summary.trials.iter_mut().enumerate() {
            for second in &mut trial.series {
                second.waits.insert(format!("Rare:{place}"), 1);
            }
        }
        let before = of(&summary, "waits-before");
        let after = of(&summary, "waits-after");
        let cpu = |plot: &Plot| {
            let line = plot.lines.iter().find(|line| line.label == "CPU");
            line.unwrap().class.clone()
        };
        assert_eq!(cpu(&before), cpu(&after));
        assert_eq!(before.lines.last().unwrap().label, OTHER_WAITS);
        assert!(before.lines.len() <= MOST_WAITS + 1);
        assert_eq!(before.top, after.top);
    }

    #[test]
    fn a_pool_that_is_mostly_idle_does_not_flatten_the_chart() {
        let mut summary = fixture::experiment(false);
        let labels = |plot: &Plot| {
            let all = plot.lines.iter().map(|line| line.label.clone());
            all.collect::<Vec<String>>()
        };
        let near = of(&summary, "pool");
        assert_eq!(
            labels(&near),
            ["before", "after", "before at most", "after at most"]
        );
        for trial in summary.trials.iter_mut().filter(|one| one.arm == "after") {
            for second in &mut trial.series {
                second.pool_max = Some(200);
            }
        }
        let far = of(&summary, "pool");
        assert_eq!(labels(&far), ["before", "after", "before at most"]);
        assert!(
            far.note.contains("The pool of after may hold 200"),
            "{}",
            far.note
        );
    }

    #[test]
    fn the_stack_of_cores_is_the_sum_of_the_processes() {
        let summary = fixture::run();
        let second = &summary.trials[0].series[5];
        let cores = second.target_cpu.unwrap() + second.cpu_cores.values().sum::<f64>();
        let plot = of(&summary, "cpu-after");
        assert_eq!(plot.lines.len(), summary.application.processes.len() + 1);
        assert!((plot.lines[3].points[5].y - cores).abs() < 1e-9);
    }

    #[test]
    fn figures_that_were_not_kept_are_not_drawn() {
        let mut summary = fixture::experiment(false);
        for second in summary
            .trials
            .iter_mut()
            .flat_map(|trial| &mut trial.series)
        {
            second.wal_bytes_per_s = None;
        }
        let wal = of(&summary, "wal");
        assert!(wal.lines.iter().all(|line| line.points.is_empty()));
    }
}
