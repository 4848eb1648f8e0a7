//! What one trial leaves: `trial.json`, `series.csv`, `target.csv`, `host.csv` and the latency
//! histograms. Written when the trial ends, so that a later failure cannot take it away.

use std::fmt::Write as _;

use shared::{api::lab::Explanation, ledger::Ledger};

use crate::aggregator::{self, TrialData};
use crate::schema::Trial;
use crate::store::folder::{Folder, StoreError, slug};

impl Folder {
    /// Writes the files of a trial that has just ended, with its histograms.
    pub fn trial(&self, trial: &Trial, data: &TrialData) -> Result<(), StoreError> {
        let mut latency = Vec::new();
        aggregator::write_hlog(data, &mut latency).map_err(StoreError::Latency)?;
        self.trial_files(trial, Some(&latency))
    }

    /// Writes the files of a trial; `latency` is the text of its HdrHistogram interval log.
    pub fn trial_files(&self, trial: &Trial, latency: Option<&[u8]>) -> Result<(), StoreError> {
        let folder = format!("trials/{}", slug(&trial.folder));
        self.write_text(&format!("{folder}/series.csv"), &series_csv(trial))?;
        self.write_text(&format!("{folder}/target.csv"), &target_csv(trial))?;
        self.write_text(&format!("{folder}/host.csv"), &host_csv(trial))?;
        if let Some(latency) = latency {
            self.write_bytes(&format!("{folder}/latency.hlog"), latency)?;
        }
        // Last: a trial counts as kept when this file is there.
        self.write_json(&format!("{folder}/trial.json"), trial)
    }

    /// Writes what a trial's writes were told: `ledger.csv`, one line each.
    pub fn ledger(&self, trial: &str, ledger: &Ledger) -> Result<(), StoreError> {
        self.write_text(
            &format!("trials/{}/ledger.csv", slug(trial)),
            &ledger_csv(ledger),
        )
    }

    /// Keeps the plans of an operation of a trial as `plans/NAME.json`, whole.
    pub fn plan(&self, trial: &str, plan: &Explanation) -> Result<(), StoreError> {
        let name = slug(&plan.operation);
        self.write_json(&format!("trials/{}/plans/{name}.json", slug(trial)), plan)
    }
}

/// One line a write: who, at what, and what was told of it.
fn ledger_csv(ledger: &Ledger) -> String {
    let mut csv = String::from("kind,who,where,what,told\n");
    for one in &ledger.bookings {
        let _infallible = writeln!(
            csv,
            "booking,{},{},{},{}",
            one.student,
            one.slot,
            field(one.booking),
            one.told.as_str()
        );
    }
    for one in &ledger.messages {
        let told = one.seq.map_or("in_doubt", |_| "acknowledged");
        let _infallible = writeln!(
            csv,
            "message,{},{},{},{told}",
            one.sender,
            one.room,
            field(one.seq)
        );
    }
    csv
}

/// An absent figure is an empty field.
fn field(value: Option<impl ToString>) -> String {
    value.map_or_else(String::new, |value| value.to_string())
}

/// One line a second: requests and response times, milliseconds.
fn series_csv(trial: &Trial) -> String {
    let mut csv = String::from("second,planned,completed,failed,p50_ms,p95_ms,p99_ms\n");
    for one in &trial.series {
        let _infallible = writeln!(
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
    }
    csv
}

/// One line a second: what the target said of itself.
fn target_csv(trial: &Trial) -> String {
    let mut csv =
        String::from("second,pool_in_use,pool_waiters,target_cpu_cores,cache_hit_ratio\n");
    for one in &trial.series {
        let _infallible = writeln!(
            csv,
            "{},{},{},{},{}",
            one.second,
            field(one.pool_in_use),
            field(one.pool_waiters),
            field(one.target_cpu),
            field(one.cache_hit_ratio)
        );
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
