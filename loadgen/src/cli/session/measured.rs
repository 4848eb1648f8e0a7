//! The session of a command that measures: services, event loop, event sinks and result folder are
//! opened and closed here, around the work itself.

use std::{
    cell::{OnceCell, RefCell},
    path::{Path, PathBuf},
};

use chrono::{DateTime, Utc};
use tokio_util::sync::CancellationToken;

use super::{
    github::GithubJob,
    interrupt::{self, CleanupSlot},
    open::open,
    outputs,
    page_readers::close_when_left,
    runtime::task_runtime,
    services::ServiceSource,
    sinks::EventSinks,
};
use crate::{
    cli::{
        failure::Failure,
        flags::ResultArgs,
        output::{print, print_error},
    },
    doctor,
    library::SourceFile,
    live::TerminalCapabilities,
    web::WebServer,
};
use loadgen_engine::clock::time_of_day;
use loadgen_engine::{aggregator::write_hlog, flow::Operations, suite::Suite};
use loadgen_experiment::{
    events::{Begun, Ended, Event, LoadControl},
    schema::Summary,
    summary::{RunContext, load_line},
    trial::{TestEnv, TrialOutcome},
};
use loadgen_report::{
    render,
    store::{Folder, MOST_SAMPLES, StoreError, write_atomically},
};

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
    /// Start of the command.
    started_at: DateTime<Utc>,
    source: &'a SourceFile,
    /// A page that outlives the command.
    page: Option<WebServer>,
    /// The folder of an earlier command that this one goes on with.
    resumed: Option<PathBuf>,
    /// Created when the services are up, so that a usage error leaves no folder behind.
    folder: OnceCell<Folder>,
    /// The page that ends with the command, once the command has ended.
    own_page: RefCell<Option<WebServer>>,
    /// What could not be written; reported when all figures are printed.
    unwritten: RefCell<Vec<String>>,
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
            started_at: time_of_day().into(),
            source,
            page: None,
            resumed: None,
            folder: OnceCell::new(),
            own_page: RefCell::default(),
            unwritten: RefCell::default(),
            left_out: RefCell::default(),
        }
    }

    /// Shows the command on a page that outlives it.
    pub(in crate::cli) fn on_page(mut self, page: Option<&WebServer>) -> Self {
        self.page = page.cloned();
        self
    }

    /// Goes on in the folder of an earlier command of the same kind.
    pub(in crate::cli) fn resuming(mut self, folder: Option<PathBuf>) -> Self {
        self.resumed = folder;
        self
    }

    /// Starts services, does `work`, stops them, stores and prints the summary. Returns the exit
    /// code of the verdict.
    pub(in crate::cli) fn work<F>(&self, services: &ServiceSource, work: F) -> Result<u8, Failure>
    where
        F: AsyncFnOnce(&TestEnv, bool) -> Result<Summary, Failure>,
    {
        self.work_and_print(services, work, |summary, folder| {
            let look = TerminalCapabilities::of_stdout();
            render::console(summary, folder, look.width, look.colour)
        })
    }

    /// The same with a text of its own: `text` gets the summary and the result folder.
    pub(in crate::cli) fn work_and_print<F>(
        &self,
        services: &ServiceSource,
        work: F,
        text: impl FnOnce(&Summary, Option<&Path>) -> String,
    ) -> Result<u8, Failure>
    where
        F: AsyncFnOnce(&TestEnv, bool) -> Result<Summary, Failure>,
    {
        // If events go to standard output, nothing else does.
        let github = GithubJob::detect().filter(|_| !self.result.events_on_stdout());
        let (summary, printed) = {
            let _muted = github.as_ref().map(GithubJob::mute);
            let summary = self.measure_in(services, work, github.as_ref())?;
            let printed = self.print(&text(&summary, self.reported_in()));
            (summary, printed)
        };
        self.publish(&summary, printed, github.as_ref())
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
        self.measure_in(services, work, None)
    }

    fn measure_in<F>(
        &self,
        services: &ServiceSource,
        work: F,
        github: Option<&GithubJob>,
    ) -> Result<Summary, Failure>
    where
        F: AsyncFnOnce(&TestEnv, bool) -> Result<Summary, Failure>,
    {
        outputs::check(self.result, services, github)?;
        let (done, sinks) = self.watched(services, work)?;
        let finished = done.map(|(mut summary, warnings)| {
            summary.warnings.extend(warnings);
            if let Some(folder) = self.folder.get() {
                sinks.events().stage("writing the reports", None);
                if let Err(error) = folder.finish(&summary) {
                    self.not_stored(error);
                }
            }
            summary
        });
        let ended = finished.as_ref().ok().map(|summary| {
            Event::Ended(Ended {
                verdict: summary.verdict.clone(),
                folder: self.folder_name(),
            })
        });
        self.flush(sinks, ended, finished.as_ref().err());
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
        outputs::check(self.result, services, None)?;
        let (done, sinks) = self.watched(services, work)?;
        self.flush(sinks, None, done.as_ref().err());
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
        let runtime = task_runtime()?;
        let stop = CancellationToken::new();
        let load_control = LoadControl::new(stop.clone());
        let sinks = EventSinks::attach(self.result, self.page.as_ref(), &load_control)?;
        let events = sinks.events();
        // Before the load itself makes the machine busy.
        let mut warnings = Self::machine_warnings(services);
        for warning in &warnings {
            events.warning(warning.clone());
        }
        let first: CleanupSlot = CleanupSlot::empty();
        let running = [first.clone(), first.beside()];
        let listening = interrupt::listen_with(
            STOPPING,
            stop,
            running.to_vec(),
            events.clone(),
            self.result.quiet,
        );
        let done = runtime.block_on(async {
            listening?;
            let mut bench = open(services, &running, events.clone(), load_control).await?;
            bench.samples = self.result.samples.then_some(MOST_SAMPLES);
            self.create_folder()?;
            work(&bench, matches!(services, ServiceSource::OwnStack { .. })).await
        });
        interrupt::nothing_left_to_stop();
        if running.iter().any(|one| one.lock().is_some()) {
            events.stage("stopping the services", None);
        }
        running.iter().for_each(CleanupSlot::clear);
        runtime.shutdown_background();
        warnings.append(&mut self.left_out.borrow_mut());
        Ok((done.map(|done| (done, warnings)), sinks))
    }

    /// Waits until the sinks have written everything, and keeps the page that outlives them.
    fn flush(&self, sinks: EventSinks, last: Option<Event>, failure: Option<&Failure>) {
        let failure = failure.map(ToString::to_string);
        let (page, unwritten) = interrupt::without_events(|| sinks.flush(last, failure));
        *self.own_page.borrow_mut() = page;
        self.unwritten.borrow_mut().extend(unwritten);
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
        if let Some(path) = &self.resumed {
            let folder = Folder::reopen(path, self.command, &self.name, time_of_day().into())
                .map_err(Failure::usage)?;
            // Set once: `work` runs once.
            let _first = self.folder.set(folder);
            return Ok(());
        }
        let results = &self.result.folder.results;
        let folder = Folder::create(results, self.command, &self.name, time_of_day().into())
            .map_err(Failure::usage)?;
        if let Err(error) = folder.input(&self.source.file_name(), self.source.text.as_bytes()) {
            folder.discard();
            return Err(Failure::internal(error));
        }
        // Set once: `work` runs once.
        let _first = self.folder.set(folder);
        Ok(())
    }

    /// What the summary has of the command itself; `warnings` are for the reader of the report.
    pub(in crate::cli) fn context<'b>(
        &self,
        bench: &'b TestEnv,
        own_stack: bool,
        warnings: Vec<String>,
    ) -> RunContext<'b> {
        RunContext {
            application: bench.system.application(),
            started_at: self.started_at,
            own_stack,
            warnings,
        }
    }

    /// Stores a trial as soon as it has ended, so that nothing later can lose it.
    pub(in crate::cli) fn store_trial(&self, bench: &TestEnv, outcome: &TrialOutcome) {
        let operations = bench.system.application().catalog().operations;
        let Some(folder) = self.folder.get() else {
            return;
        };
        let mut log = Vec::new();
        let stored = write_hlog(&outcome.data, operations, &mut log)
            .map_err(|error| error.to_string())
            .and_then(|()| {
                outcome
                    .artifacts
                    .iter()
                    .try_for_each(|(name, content)| {
                        folder.artifact(&outcome.trial.folder, name, content)
                    })
                    .and_then(|()| self.store_samples(folder, outcome, operations))
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
            self.not_stored(why);
        }
    }

    /// Stores the single requests of a trial if `--samples` is set.
    fn store_samples(
        &self,
        folder: &Folder,
        outcome: &TrialOutcome,
        operations: Operations,
    ) -> Result<(), StoreError> {
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
        folder.samples(&outcome.trial.folder, samples, operations)
    }

    /// The result folder, once it is created.
    pub(in crate::cli) fn folder(&self) -> Option<&Folder> {
        self.folder.get()
    }

    /// The result folder if everything is stored there.
    fn reported_in(&self) -> Option<&Path> {
        let whole = self.unwritten.borrow().is_empty();
        self.folder().filter(|_| whole).map(Folder::path)
    }

    /// Notes that the result folder is not complete; of several reasons the first.
    pub(in crate::cli) fn not_stored(&self, why: impl std::fmt::Display) {
        let mut unwritten = self.unwritten.borrow_mut();
        if unwritten.is_empty() {
            unwritten.push(format!("the result folder is not complete: {why}"));
        }
    }

    /// Prints a report, unless standard output carries the events.
    pub(in crate::cli) fn print(&self, report: &str) -> Result<(), Failure> {
        if self.result.events_on_stdout() {
            return Ok(());
        }
        print(report)
    }

    /// Writes what was asked for besides the result folder, when the report is printed; returns the
    /// exit code of the verdict, or a failure if something could not be written.
    pub(in crate::cli) fn publish(
        &self,
        summary: &Summary,
        printed: Result<(), Failure>,
        github: Option<&GithubJob>,
    ) -> Result<u8, Failure> {
        let junit = self.result.junit.as_deref().map(|path| {
            let xml = render::junit(summary).map_err(Failure::internal)?;
            write_atomically(path, xml.as_bytes()).map_err(Failure::internal)
        });
        let annotated = github.map(|github| github.annotate(summary));
        let written = [Some(printed), junit, annotated, Some(self.check_written())];
        let mut failures = written.into_iter().flatten().filter_map(Result::err);
        let first = failures.next();
        for more in failures {
            print_error(&more.to_string());
        }
        first.map_or_else(|| Ok(summary.verdict.exit_code()), Err)
    }

    /// Reports what could not be written while the command ran.
    pub(in crate::cli) fn check_written(&self) -> Result<(), Failure> {
        let unwritten = self.unwritten.take();
        if unwritten.is_empty() {
            return Ok(());
        }
        Err(Failure::Internal(unwritten.join("\n")))
    }
}

impl Drop for MeasuredSession<'_> {
    /// The page stays until its readers have left, unless a signal has ended the command.
    fn drop(&mut self) {
        if let Some(page) = self.own_page.take() {
            close_when_left(&page);
        }
    }
}
