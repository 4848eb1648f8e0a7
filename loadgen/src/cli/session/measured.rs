//! The session of a command that measures: services, event loop, event sinks and result folder are
//! opened and closed here, around the work itself.

use std::{
    cell::{OnceCell, RefCell},
    path::Path,
};

use tokio_util::sync::CancellationToken;

use super::{
    github::GithubJob,
    interrupt::{self, CleanupSlot},
    services::{ServiceSource, open},
    sinks::EventSinks,
};
use crate::{
    cli::{failure::Failure, flags::ResultArgs, output::print},
    doctor,
    library::SourceFile,
    live::TerminalCapabilities,
    web::WebServer,
};
use loadgen_codeconnect::CodeConnect;
use loadgen_engine::clock::time_of_day;
use loadgen_engine::{aggregator::write_hlog, suite::Suite};
use loadgen_experiment::{
    events::{Begun, Ended, Event, LoadControl},
    schema::Summary,
    summary::load_line,
    system::Application as _,
    trial::{TestEnv, TrialOutcome},
};
use loadgen_report::{
    render,
    store::{Folder, MOST_SAMPLES, StoreError, write_atomically},
};
use loadgen_stack::Stack;

/// Message of the first Ctrl-C.
const STOPPING: &str =
    "stopping: the report of what was measured follows; once more to stop at once";

/// Result of the work, and warnings of the doctor and the store.
type Done<T> = Result<(T, Vec<String>), Failure>;

/// One measured command from start to end.
pub(in crate::cli) struct MeasuredSession<'a> {
    result: &'a ResultArgs,
    command: &'static str,
    name: String,
    source: &'a SourceFile,
    /// A page that outlives the command.
    page: Option<WebServer>,
    /// Created when the services are up, so that a usage error leaves no folder behind.
    folder: OnceCell<Folder>,
    /// First error of the store; reported at the end.
    store_failure: RefCell<Option<String>>,
    /// Warnings about samples that were not stored.
    left_out: RefCell<Vec<String>>,
}

impl<'a> MeasuredSession<'a> {
    /// Nothing is started or written yet.
    pub(in crate::cli) fn begin(
        result: &'a ResultArgs,
        command: &'static str,
        name: &str,
        source: &'a SourceFile,
    ) -> Self {
        Self {
            result,
            command,
            name: name.to_owned(),
            source,
            page: None,
            folder: OnceCell::new(),
            store_failure: RefCell::new(None),
            left_out: RefCell::default(),
        }
    }

    /// Shows the command on a page that outlives it.
    pub(in crate::cli) fn on_page(mut self, page: Option<&WebServer>) -> Self {
        self.page = page.cloned();
        self
    }

    /// Starts services, does `work`, stops them, stores and prints the summary. Returns the exit
    /// code of the verdict.
    pub(in crate::cli) fn work<F>(&self, services: &ServiceSource, work: F) -> Result<u8, Failure>
    where
        F: AsyncFnOnce(&TestEnv, bool) -> Result<Summary, Failure>,
    {
        // If events go to standard output, nothing else does.
        let github = GithubJob::detect().filter(|_| !self.result.events_on_stdout());
        let summary = {
            let _muted = github.as_ref().map(GithubJob::mute);
            let summary = self.measure(services, work)?;
            self.print(&summary)?;
            summary
        };
        self.publish(&summary, github.as_ref())
    }

    /// The same without printing.
    pub(in crate::cli) fn measure<F>(
        &self,
        services: &ServiceSource,
        work: F,
    ) -> Result<Summary, Failure>
    where
        F: AsyncFnOnce(&TestEnv, bool) -> Result<Summary, Failure>,
    {
        let (done, sinks) = self.watched(services, work)?;
        let finished = done.and_then(|(mut summary, warnings)| {
            summary.warnings.extend(warnings);
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
        sinks.flush(ended);
        finished
    }

    /// Starts services, does `work`, stops them; stores nothing. Also returns warnings of the doctor
    /// and the store.
    pub(in crate::cli) fn hold<T, F>(
        &self,
        services: &ServiceSource,
        work: F,
    ) -> Result<(T, Vec<String>), Failure>
    where
        F: AsyncFnOnce(&TestEnv, bool) -> Result<T, Failure>,
    {
        let (done, sinks) = self.watched(services, work)?;
        sinks.flush(None);
        done
    }

    /// The same, with the sinks still attached.
    fn watched<T, F>(
        &self,
        services: &ServiceSource,
        work: F,
    ) -> Result<(Done<T>, EventSinks), Failure>
    where
        F: AsyncFnOnce(&TestEnv, bool) -> Result<T, Failure>,
    {
        Failure::unless_files_suffice()?;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .map_err(|error| Failure::of_error(&error, Failure::Internal))?;
        self.check_paths()?;
        let stop = CancellationToken::new();
        let steering = LoadControl::new(stop.clone());
        let sinks = EventSinks::attach(self.result, self.page.as_ref(), &steering)?;
        let events = sinks.events();
        // Before the load itself makes the machine busy.
        let mut warnings = Self::machine_warnings(services);
        for warning in &warnings {
            events.warning(warning.clone());
        }
        let running: CleanupSlot<Stack> = CleanupSlot::empty();
        let done = runtime.block_on(async {
            interrupt::listen(STOPPING, stop, running.clone(), events.clone())
                .map_err(Failure::internal)?;
            let mut bench = open(services, &running, events.clone(), steering).await?;
            bench.samples = self.result.samples.then_some(MOST_SAMPLES);
            self.create_folder()?;
            work(&bench, matches!(services, ServiceSource::OwnStack { .. })).await
        });
        if matches!(services, ServiceSource::OwnStack { .. }) {
            events.stage("stopping the services", None);
        }
        running.clear();
        runtime.shutdown_background();
        warnings.append(&mut self.left_out.borrow_mut());
        Ok((done.map(|done| (done, warnings)), sinks))
    }

    /// Refuses paths that cannot be written to, before anything is started.
    fn check_paths(&self) -> Result<(), Failure> {
        let results = &self.result.results;
        if results.exists() && !results.is_dir() {
            return Err(Failure::Usage(format!(
                "{} is no folder: results cannot be stored there; name another with --results",
                results.display()
            )));
        }
        let junit = self.result.junit.as_deref();
        let Some(parent) = junit.and_then(Path::parent) else {
            return Ok(());
        };
        if parent.as_os_str().is_empty() || parent.is_dir() {
            return Ok(());
        }
        Err(Failure::Usage(format!(
            "--junit: {} is no folder; create it, or name another",
            parent.display()
        )))
    }

    /// Publishes the start of the command, once the services are up.
    pub(in crate::cli) fn announce(&self, bench: &TestEnv, suite: &Suite) {
        bench.events.send(Event::Begun(Begun {
            command: self.command.to_owned(),
            name: self.name.clone(),
            question: suite.question.clone(),
            load: load_line(suite),
            at: time_of_day().into(),
            folder: self.folder_name(),
        }));
    }

    /// Name of the result folder below `runs/`; empty before it is created.
    fn folder_name(&self) -> String {
        let name = self
            .folder
            .get()
            .and_then(|folder| folder.path().file_name());
        name.map_or_else(String::new, |name| name.to_string_lossy().into_owned())
    }

    /// Warnings of the doctor about this machine, one sentence each.
    fn machine_warnings(services: &ServiceSource) -> Vec<String> {
        let folder = match services {
            ServiceSource::OwnStack {
                keep_in: Some(folder),
                ..
            } => folder.clone(),
            _ => std::env::temp_dir(),
        };
        doctor::warnings(&folder)
            .iter()
            .map(doctor::Finding::sentence)
            .collect()
    }

    fn create_folder(&self) -> Result<(), Failure> {
        let folder = Folder::create(&self.result.results, self.command, &self.name)
            .map_err(Failure::usage)?;
        folder
            .input(&self.source.file_name(), self.source.text.as_bytes())
            .map_err(Failure::internal)?;
        // Set once: `work` runs once.
        let _first = self.folder.set(folder);
        Ok(())
    }

    /// Stores a trial as soon as it has ended, so that nothing later can lose it.
    pub(in crate::cli) fn store_trial(&self, outcome: &TrialOutcome) {
        let Some(folder) = self.folder.get() else {
            return;
        };
        let mut log = Vec::new();
        let stored = write_hlog(&outcome.data, CodeConnect.catalog().operations, &mut log)
            .map_err(|error| error.to_string())
            .and_then(|()| {
                outcome
                    .artifacts
                    .iter()
                    .try_for_each(|(name, content)| {
                        folder.artifact(&outcome.trial.folder, name, content)
                    })
                    .and_then(|()| self.store_samples(folder, outcome))
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
        if let Err(why) = stored {
            self.store_failure.borrow_mut().get_or_insert(why);
        }
    }

    /// Stores the single requests of a trial if `--samples` is set.
    fn store_samples(&self, folder: &Folder, outcome: &TrialOutcome) -> Result<(), StoreError> {
        let Some(samples) = &outcome.data.samples else {
            return Ok(());
        };
        if samples.left_out() > 0 {
            self.left_out.borrow_mut().push(format!(
                "samples.csv.gz of trial {} contains the first {} requests; {} more were not stored",
                outcome.trial.folder,
                samples.kept(),
                samples.left_out()
            ));
        }
        folder.samples(
            &outcome.trial.folder,
            samples,
            CodeConnect.catalog().operations,
        )
    }

    /// The result folder, once it is created.
    pub(in crate::cli) fn folder(&self) -> Option<&Folder> {
        self.folder.get()
    }

    /// Writes what was asked for besides the result folder; returns the exit code of the verdict.
    fn publish(&self, summary: &Summary, github: Option<&GithubJob>) -> Result<u8, Failure> {
        if let Some(path) = &self.result.junit {
            let xml = render::junit(summary).map_err(Failure::internal)?;
            write_atomically(path, xml.as_bytes()).map_err(Failure::usage)?;
        }
        if let Some(github) = github {
            github.annotate(summary)?;
        }
        self.check_stored()?;
        Ok(summary.verdict.exit_code())
    }

    /// Prints the report, unless standard output carries the events.
    fn print(&self, summary: &Summary) -> Result<(), Failure> {
        if self.result.events_on_stdout() {
            return Ok(());
        }
        let look = TerminalCapabilities::of_stdout();
        let path = self.folder().map(Folder::path);
        print(&render::console(summary, path, look.width, look.colour))
    }

    /// Reports the first error of the store.
    pub(in crate::cli) fn check_stored(&self) -> Result<(), Failure> {
        match self.store_failure.borrow_mut().take() {
            Some(why) => Err(Failure::Internal(format!(
                "a trial could not be stored in the result folder: {why}"
            ))),
            None => Ok(()),
        }
    }
}
