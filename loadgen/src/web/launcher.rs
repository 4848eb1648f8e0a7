//! Starts commands on request of the page, one at a time. Only suites and experiments that come
//! with the program can be started; no text of a request reaches a shell or a path.

use std::{
    io,
    sync::atomic::{AtomicBool, Ordering},
};

use tokio::sync::mpsc;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{
    job,
    job_template::{InvalidRequest, JobCatalogue, JobTemplate, StartRequest},
    live_feed::LiveFeed,
};
use loadgen_experiment::events::LoadControl;

/// Load changes that may wait for a child.
const CHANGE_QUEUE: usize = 8;

/// Why a command is not started.
#[derive(Debug, thiserror::Error)]
pub(super) enum LaunchError {
    #[error("a command is running; stop it, or wait for its end")]
    Busy,
    /// The page belongs to one command.
    #[error("this page shows one command and starts no other; `loadgen serve` does")]
    Disabled,
    #[error(transparent)]
    Invalid(#[from] InvalidRequest),
    #[error("the command could not be started: {0}")]
    Spawn(#[from] io::Error),
}

/// Starts commands and follows them until they end.
#[derive(Debug)]
pub(super) struct JobLauncher {
    template: Option<JobTemplate>,
    /// Set when commands may be started.
    allowed: AtomicBool,
    feed: LiveFeed,
    jobs: TaskTracker,
    /// Cancelled when the server ends.
    shutdown: CancellationToken,
}

impl JobLauncher {
    pub(super) fn new(template: Option<JobTemplate>, feed: LiveFeed) -> Self {
        Self {
            template,
            allowed: AtomicBool::new(false),
            feed,
            jobs: TaskTracker::new(),
            shutdown: CancellationToken::new(),
        }
    }

    /// From now on commands may be started.
    pub(super) fn allow(&self) {
        self.allowed.store(true, Ordering::Release);
    }

    /// What can be started; `None` where nothing ever can.
    pub(super) fn catalogue(&self) -> Option<&JobCatalogue> {
        self.template.as_ref().map(|template| &template.catalogue)
    }

    /// Starts a command and follows it on the running event loop; returns its command line.
    pub(super) fn start(&self, request: &StartRequest) -> Result<String, LaunchError> {
        let template = self.template.as_ref().ok_or(LaunchError::Disabled)?;
        let words = request.command_words(&template.catalogue)?;
        if !self.allowed.load(Ordering::Acquire) || self.shutdown.is_cancelled() {
            return Err(LaunchError::Busy);
        }
        let load_control = LoadControl::new(CancellationToken::new());
        let (forward, changes) = mpsc::channel(CHANGE_QUEUE);
        if !self.feed.begin(load_control.clone(), Some(forward)) {
            return Err(LaunchError::Busy);
        }
        let child = match job::spawn(template, &words) {
            Ok(child) => child,
            Err(error) => {
                self.feed.end(Some(error.to_string()));
                return Err(error.into());
            }
        };
        let feed = self.feed.clone();
        let shutdown = self.shutdown.clone();
        self.jobs.spawn(async move {
            let failure = job::follow(child, &feed, changes, load_control.token(), shutdown).await;
            feed.end(failure);
        });
        Ok(words.join(" "))
    }

    /// Stops the command that is running and waits for its end.
    pub(super) async fn shut_down(&self) {
        self.shutdown.cancel();
        self.jobs.close();
        self.jobs.wait().await;
    }
}

#[cfg(test)]
#[path = "launcher_tests.rs"]
mod tests;
