//! What one trial leaves: `trial.json`, `series.csv`, `server.csv`, `host.csv` and the latency
//! histograms. Written when the trial ends, so that a later failure cannot take it away.

use std::{collections::BTreeSet, fmt::Write as _};

use shared::api::lab::Explanation;

use crate::store::error::StoreError;
use crate::store::folder::{Folder, slug};
use loadgen_engine::aggregator::{self, TrialData};
use loadgen_engine::flow::Operations;
use loadgen_engine::sample::Outcome;
use loadgen_experiment::{
    metric::RateFigure,
    schema::{Second, Trial},
};

impl Folder {
    /// Writes the files of a trial that has just ended, with its histograms.
    pub fn trial(
        &self,
        trial: &Trial,
        data: &TrialData,
        operations: Operations,
    ) -> Result<(), StoreError> {
        let mut latency = Vec::new();
        aggregator::write_hlog(data, operations, &mut latency).map_err(StoreError::Latency)?;
        self.trial_files(trial, Some(&latency))
    }

    /// Writes the files of a trial; `latency` is the text of its HdrHistogram interval log.
    pub fn trial_files(&self, trial: &Trial, latency: Option<&[u8]>) -> Result<(), StoreError> {
        let folder = format!("trials/{}", slug(&trial.folder));
        self.write_text(&format!("{folder}/series.csv"), &series_csv(trial))?;
        self.write_text(&format!("{folder}/server.csv"), &server_csv(trial))?;
        self.write_text(&format!("{folder}/host.csv"), &host_csv(trial))?;
        if let Some(latency) = latency {
            self.write_bytes(&format!("{folder}/latency.hlog"), latency)?;
        }
        // Last: a trial counts as kept when this file is there.
        self.write_json(&format!("{folder}/trial.json"), trial)
    }

    /// Writes a file that the system under test keeps of a trial: its ledger, for example.
    pub fn artifact(&self, trial: &str, name: &str, content: &[u8]) -> Result<(), StoreError> {
        self.write_bytes(&format!("trials/{}/{}", slug(trial), slug(name)), content)
    }

    /// Keeps the plans of an operation of a trial as `plans/NAME.json`, whole.
    pub fn plan(&self, trial: &str, plan: &Explanation) -> Result<(), StoreError> {
        let name = slug(&plan.operation);
        self.write_json(&format!("trials/{}/plans/{name}.json", slug(trial)), plan)
    }
}

/// An absent figure is an empty field.
fn field(value: Option<impl ToString>) -> String {
    value.map_or_else(String::new, |value| value.to_string())
}

/// One line a second: requests, failures by outcome, and response times in milliseconds.
fn series_csv(trial: &Trial) -> String {
    let failures = || Outcome::ALL.into_iter().filter(|one| *one != Outcome::Ok);
    let mut csv = String::from("second,planned,completed,failed,p50_ms,p95_ms,p99_ms");
    for outcome in failures() {
        let _infallible = write!(csv, ",{}", outcome.as_str());
    }
    csv.push('\n');
    for one in &trial.series {
        let _infallible = write!(
            csv,
            "{},{},{},{},{},{},{}",
            one.second,
            one.planned,
            one.completed,
            one.failed,
            field(one.p50_ms),
            field(one.p95_ms),
            field(one.p99_ms)
        );
        for outcome in failures() {
            let count = one.errors.get(outcome.as_str()).unwrap_or(&0);
            let _infallible = write!(csv, ",{count}");
        }
        csv.push('\n');
    }
    csv
}

/// One line a second: what target, PostgreSQL and Redis said of themselves. The columns of
/// processes and of wait events are those that the trial saw; CPU is in cores.
fn server_csv(trial: &Trial) -> String {
    let names = |of: fn(&Second) -> Vec<&String>| -> BTreeSet<&String> {
        trial.series.iter().flat_map(of).collect()
    };
    let processes = names(|one| one.cpu_cores.keys().collect());
    let waits = names(|one| one.waits.keys().collect());
    let mut csv =
        String::from("second,pool_in_use,pool_waiters,pool_max,target_cpu_cores,cache_hit_ratio");
    for rate in RateFigure::ALL {
        let _infallible = write!(csv, ",{}", rate.column());
    }
    for process in &processes {
        let _infallible = write!(csv, ",{}_cpu_cores", slug(process));
    }
    for event in &waits {
        let _infallible = write!(csv, ",wait_{}", slug(event));
    }
    csv.push('\n');
    for one in &trial.series {
        let _infallible = write!(
            csv,
            "{},{},{},{},{},{},{},{},{}",
            one.second,
            field(one.pool_in_use),
            field(one.pool_waiters),
            field(one.pool_max),
            field(one.target_cpu),
            field(one.cache_hit_ratio),
            field(one.queries_per_s),
            field(one.wal_bytes_per_s),
            field(one.redis_commands_per_s)
        );
        for process in &processes {
            let _infallible = write!(csv, ",{}", field(one.cpu_cores.get(*process)));
        }
        for event in &waits {
            // Without an observation in the second the number is not known; one without such a wait saw none.
            let none = one.pool_max.map(|_| &0);
            let _infallible = write!(csv, ",{}", field(one.waits.get(*event).or(none)));
        }
        csv.push('\n');
    }
    csv
}

/// One line a process: what it cost over the measured window.
fn host_csv(trial: &Trial) -> String {
    let mut csv = String::from("process,cpu_s,window_s,rss_max_bytes\n");
    let server = &trial.server;
    let mut processes: Vec<&String> = server.cpu_s.keys().chain(server.rss_bytes.keys()).collect();
    processes.sort();
    processes.dedup();
    for process in processes {
        let _infallible = writeln!(
            csv,
            "{},{},{},{}",
            slug(process),
            field(server.cpu_s.get(process)),
            server.window_s,
            field(server.rss_bytes.get(process))
        );
    }
    csv
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn trial(series: Vec<Second>) -> Trial {
        Trial {
            series,
            ..Trial::default()
        }
    }

    #[test]
    fn every_line_has_a_field_for_each_column() {
        let trial = trial(vec![
            Second {
                errors: BTreeMap::from([("timeout".to_owned(), 4)]),
                failed: 4,
                pool_max: Some(5),
                waits: BTreeMap::from([("Lock:tuple".to_owned(), 3)]),
                ..Second::default()
            },
            Second {
                cpu_cores: BTreeMap::from([("a,b\n".to_owned(), 0.5)]),
                ..Second::default()
            },
        ]);
        for csv in [series_csv(&trial), server_csv(&trial)] {
            let columns: Vec<usize> = csv.lines().map(|line| line.split(',').count()).collect();
            assert_eq!(columns.len(), 3, "{csv}");
            assert!(columns.iter().all(|count| *count == columns[0]), "{csv}");
        }
        let series = series_csv(&trial);
        let at = |name| {
            series
                .lines()
                .next()
                .unwrap()
                .split(',')
                .position(|one| one == name)
        };
        let first: Vec<&str> = series.lines().nth(1).unwrap().split(',').collect();
        assert_eq!(first[at("timeout").unwrap()], "4");
        assert_eq!(first[at("reset").unwrap()], "0");
    }

    #[test]
    fn a_second_without_an_observation_has_empty_fields() {
        let seen = Second {
            pool_max: Some(5),
            waits: BTreeMap::from([("CPU".to_owned(), 3)]),
            ..Second::default()
        };
        let quiet = Second {
            waits: BTreeMap::new(),
            ..seen.clone()
        };
        let csv = server_csv(&trial(vec![seen, quiet, Second::default()]));
        let last: Vec<&str> = csv
            .lines()
            .map(|line| line.rsplit(',').next().unwrap())
            .collect();
        assert_eq!(last, ["wait_CPU", "3", "0", ""]);
    }
}
