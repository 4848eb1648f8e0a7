//! One measured command: event loop, live view, result folder around the work itself. Opened and
//! closed in one place.

use std::{
    cell::{OnceCell, RefCell},
    sync::Arc,
};

use chrono::Utc;
use tokio_util::sync::CancellationToken;

use super::{
    args::ResultArgs,
    audience::{Audience, output_is_taken},
    experiment::file_name,
    github::Github,
    interrupt::{self, Held},
    outcome::{Failure, print},
    services::{Services, open},
    shipped::Source,
    summary::load_line,
};
use crate::{
    aggregator::write_hlog,
    doctor,
    events::{Begun, Ended, Event, Steering},
    live::Look,
    report,
    schema::Summary,
    stack::Stack,
    store::{Folder, MOST_SAMPLES, StoreError, folder::write_atomically},
    suite::Suite,
    trial::{Bench, Outcome},
};

/// What the first Ctrl-C does.
const STOPPING: &str =
    "stopping: the report of what was measured follows; once more to stop at once";

/// What the work came to, and what the doctor worries about.
type Done<T> = Result<(T, Vec<String>), Failure>;

/// One measured command from start to end.
pub(super) struct Session<'a> {
    result: &'a ResultArgs,
    command: &'static str,
    name: String,
    source: &'a Source,
    /// Made when the target is known to be there, so that a mistake leaves no folder behind.
    folder: OnceCell<Folder>,
    /// What the store refused; told at the end.
    store_failure: RefCell<Option<String>>,
    /// What there was no room to keep; told with the warnings.
    left_out: RefCell<Vec<String>>,
}

impl<'a> Session<'a> {
    /// Nothing is started or written yet.
    pub(super) fn begin(
        result: &'a ResultArgs,
        command: &'static str,
        name: &str,
        source: &'a Source,
    ) -> Self {
        Self {
            result,
            command,
            name: name.to_owned(),
            source,
            folder: OnceCell::new(),
            store_failure: RefCell::new(None),
            left_out: RefCell::default(),
        }
    }

    /// Starts services, does `work`, takes them down, keeps and prints the summary. The exit
    /// code is the verdict's.
    pub(super) fn work<F>(&self, services: &Services, work: F) -> Result<u8, Failure>
    where
        F: AsyncFnOnce(&Bench, bool) -> Result<Summary, Failure>,
    {
        // Where lines of events go to standard output, nothing else does.
        let github = Github::here().filter(|_| !output_is_taken(self.result));
        let summary = {
            let _muted = github.as_ref().map(Github::mute);
            let summary = self.measure(services, work)?;
            self.print(&summary)?;
            summary
        };
        self.tell(&summary, github.as_ref())
    }

    /// The same without printing.
    pub(super) fn measure<F>(&self, services: &Services, work: F) -> Result<Summary, Failure>
    where
        F: AsyncFnOnce(&Bench, bool) -> Result<Summary, Failure>,
    {
        let (done, audience) = self.watched(services, work)?;
        let finished = done.and_then(|(mut summary, worries)| {
            summary.warnings.extend(worries);
            if let Some(folder) = self.folder.get() {
                folder.finish(&summary).map_err(Failure::internal)?;
            }
            Ok(summary)
        });
        let ended = finished.as_ref().ok().map(|summary| {
            Event::Ended(Ended {
                verdict: summary.verdict.clone(),
                folder: self.folder_name(),
            })
        });
        audience.dismiss(ended);
        finished
    }

    /// Starts services, does `work`, takes them down; also what the doctor worries about.
    pub(super) fn hold<T, F>(
        &self,
        services: &Services,
        work: F,
    ) -> Result<(T, Vec<String>), Failure>
    where
        F: AsyncFnOnce(&Bench, bool) -> Result<T, Failure>,
    {
        let (done, audience) = self.watched(services, work)?;
        audience.dismiss(None);
        done
    }

    /// The same, with those who still listen.
    fn watched<T, F>(&self, services: &Services, work: F) -> Result<(Done<T>, Audience), Failure>
    where
        F: AsyncFnOnce(&Bench, bool) -> Result<T, Failure>,
    {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .map_err(Failure::internal)?;
        self.places()?;
        let stop = CancellationToken::new();
        let steering = Steering::new(stop.clone());
        let audience = Audience::gather(self.result, &steering)?;
        let events = audience.events();
        // Before the load itself makes the machine busy.
        let mut worries = Self::worries(services);
        for worry in &worries {
            events.warning(worry.clone());
        }
        let running: Held<Stack> = interrupt::held();
        let done = runtime.block_on(async {
            interrupt::listen(STOPPING, stop, Arc::clone(&running), events.clone())
                .map_err(Failure::internal)?;
            let mut bench = open(services, &running, events.clone(), steering).await?;
            bench.samples = self.result.samples.then_some(MOST_SAMPLES);
            self.make_folder()?;
            work(&bench, matches!(services, Services::Own { .. })).await
        });
        if matches!(services, Services::Own { .. }) {
            events.stage("stopping the services", None);
        }
        interrupt::release(&running);
        runtime.shutdown_background();
        worries.append(&mut self.left_out.borrow_mut());
        Ok((done.map(|done| (done, worries)), audience))
    }

    /// Refuses places that cannot be written to, before anything is started.
    fn places(&self) -> Result<(), Failure> {
        let results = &self.result.results;
        if results.exists() && !results.is_dir() {
            return Err(Failure::Usage(format!(
                "{} is no folder: results cannot be kept there; name another with --results",
                results.display()
            )));
        }
        let junit = self.result.junit.as_deref();
        let Some(parent) = junit.and_then(std::path::Path::parent) else {
            return Ok(());
        };
        if parent.as_os_str().is_empty() || parent.is_dir() {
            return Ok(());
        }
        Err(Failure::Usage(format!(
            "--junit: {} is no folder; make it, or name another",
            parent.display()
        )))
    }

    /// Says what is about to run, once the services are up.
    pub(super) fn announce(&self, bench: &Bench, suite: &Suite) {
        bench.events.send(Event::Begun(Begun {
            command: self.command.to_owned(),
            name: self.name.clone(),
            question: suite.question.clone(),
            load: load_line(suite),
            at: Utc::now(),
            folder: self.folder_name(),
        }));
    }

    /// Name of the result folder below `runs/`; empty while there is none.
    fn folder_name(&self) -> String {
        let name = self
            .folder
            .get()
            .and_then(|folder| folder.path().file_name());
        name.map_or_else(String::new, |name| name.to_string_lossy().into_owned())
    }

    /// What the doctor says of this machine, in a sentence each.
    fn worries(services: &Services) -> Vec<String> {
        let folder = match services {
            Services::Own {
                keep_in: Some(folder),
                ..
            } => folder.clone(),
            _ => std::env::temp_dir(),
        };
        doctor::worrying(&folder)
            .iter()
            .map(doctor::Finding::sentence)
            .collect()
    }

    fn make_folder(&self) -> Result<(), Failure> {
        let folder = Folder::create(&self.result.results, self.command, &self.name)
            .map_err(Failure::usage)?;
        folder
            .input(&file_name(self.source), self.source.text.as_bytes())
            .map_err(Failure::internal)?;
        // Set once: `work` runs once.
        let _first = self.folder.set(folder);
        Ok(())
    }

    /// Keeps a trial as soon as it has ended, so that nothing later can lose it.
    pub(super) fn keep(&self, outcome: &Outcome) {
        let Some(folder) = self.folder.get() else {
            return;
        };
        let mut log = Vec::new();
        let kept = write_hlog(&outcome.data, &mut log)
            .map_err(|error| error.to_string())
            .and_then(|()| {
                folder
                    .ledger(&outcome.trial.folder, &outcome.ledger)
                    .and_then(|()| self.keep_samples(folder, outcome))
                    .and_then(|()| folder.trial_files(&outcome.trial, Some(&log)))
                    .map_err(|error| error.to_string())
            })
            .and_then(|()| {
                outcome.plans.iter().try_for_each(|plan| {
                    folder
                        .plan(&outcome.trial.folder, plan)
                        .map_err(|error| error.to_string())
                })
            });
        if let Err(why) = kept {
            self.store_failure.borrow_mut().get_or_insert(why);
        }
    }

    /// Writes the requests of a trial one by one, where that was asked for.
    fn keep_samples(&self, folder: &Folder, outcome: &Outcome) -> Result<(), StoreError> {
        let Some(samples) = &outcome.data.samples else {
            return Ok(());
        };
        if samples.left_out() > 0 {
            self.left_out.borrow_mut().push(format!(
                "samples.csv.gz of trial {} holds the first {} requests, {} found no room",
                outcome.trial.folder,
                samples.kept(),
                samples.left_out()
            ));
        }
        folder.samples(&outcome.trial.folder, samples)
    }

    /// The result folder, once there is one.
    pub(super) fn folder(&self) -> Option<&Folder> {
        self.folder.get()
    }

    fn tell(&self, summary: &Summary, github: Option<&Github>) -> Result<u8, Failure> {
        if let Some(path) = &self.result.junit {
            let xml = report::junit(summary).map_err(Failure::internal)?;
            write_atomically(path, xml.as_bytes()).map_err(Failure::usage)?;
        }
        if let Some(github) = github {
            github.tell(summary)?;
        }
        self.all_kept()?;
        Ok(summary.verdict.exit_code())
    }

    /// Prints the report, unless events go where it would.
    fn print(&self, summary: &Summary) -> Result<(), Failure> {
        if output_is_taken(self.result) {
            return Ok(());
        }
        let look = Look::of_stdout();
        let path = self.folder().map(Folder::path);
        print(&report::console(summary, path, look.width, look.colour))
    }

    /// Tells of a trial that the store refused.
    pub(super) fn all_kept(&self) -> Result<(), Failure> {
        match self.store_failure.borrow_mut().take() {
            Some(why) => Err(Failure::Internal(format!(
                "a trial could not be kept in the result folder: {why}"
            ))),
            None => Ok(()),
        }
    }
}
