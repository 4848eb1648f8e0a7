//! `loadgen serve` on a folder of published runs, and the address that it says.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
    thread::JoinHandle,
};

use serde_json::json;

use super::{loadgen, store, summary};

/// A program that serves pages until this is dropped.
pub(crate) struct Served {
    child: Child,
    url: String,
    rest: Option<JoinHandle<()>>,
}

impl Served {
    /// Starts `command` and reads its output up to an address.
    pub(crate) fn start(mut command: Command) -> Self {
        command.stdout(Stdio::piped()).stderr(Stdio::inherit());
        let mut child = command.spawn().unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        let url = loop {
            line.clear();
            assert_ne!(
                out.read_line(&mut line).unwrap(),
                0,
                "it ended without an address"
            );
            if let Some(at) = line.find("http://127.0.0.1:") {
                let end = line[at..].find(|sign: char| sign.is_whitespace() || sign == ';');
                break line[at..][..end.unwrap_or(line.len() - at)].to_owned();
            }
        };
        // A full pipe would stop it.
        let rest = std::thread::spawn(move || for _line in out.lines() {});
        Self {
            child,
            url,
            rest: Some(rest),
        }
    }

    /// Serves `results` without a run.
    pub(crate) fn folder(results: &Path) -> Self {
        let results = results.to_str().unwrap();
        Self::start(loadgen([
            "serve",
            "--listen",
            "127.0.0.1:0",
            "--results",
            results,
        ]))
    }

    /// Where, with a slash at its end.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _gone = self.child.kill();
        let _code = self.child.wait();
        if let Some(rest) = self.rest.take() {
            let _done = rest.join();
        }
    }
}

/// A results folder with runs in it, each a published one under its name and a number; the names.
pub(crate) fn results(folder: &Path) -> Vec<String> {
    let published = ["demo", "mentor_cache", "cache_connection"];
    let names = (1..).zip(published).map(|(place, name)| {
        let mut run = summary(name);
        run["started_at"] = json!(format!("2026-11-2{place}T10:00:00Z"));
        let own = format!("2026112{place}T100000Z_experiment_{name}_{place:06}");
        let made = folder.join("runs").join(&own);
        store(&run, &made);
        fs::write(made.join("report.md"), "# A run\n").unwrap();
        own
    });
    names.collect()
}
