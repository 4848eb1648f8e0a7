//! The event sinks of a running command: terminal view, live page, lines of JSON, metrics. They are
//! attached before anything is started and flushed when the reports are written.

use std::{
    fs::{File, OpenOptions},
    io::{self, BufReader, BufWriter, IsTerminal as _, Write},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use crate::cli::{
    failure::Failure,
    flags::{ResultArgs, STANDARD_STREAM},
};
use crate::{
    export::Exporter,
    live::Live,
    web::{AttachedCommand, WebConfig, WebServer, ndjson},
};
use loadgen_experiment::events::{self, Event, LoadControl, Publisher};

/// Maximum time to write the remaining lines of events after the last event.
const FLUSH_TIMEOUT: Duration = Duration::from_secs(5);

/// The event sinks of one command.
#[derive(Debug)]
pub(in crate::cli) struct EventSinks {
    events: Publisher,
    live: Option<Live>,
    shown: Option<AttachedCommand>,
    /// A page that ends with the command.
    page: Option<WebServer>,
    writer: Option<LineWriter>,
    exporter: Option<Exporter>,
}

/// A thread that writes events as lines of JSON.
#[derive(Debug)]
struct LineWriter {
    ended: Arc<AtomicBool>,
    path: PathBuf,
    thread: JoinHandle<io::Result<()>>,
}

impl LineWriter {
    /// Waits until all lines are written, at most [`FLUSH_TIMEOUT`]: the reader may be stuck.
    /// Returns why they could not be; a reader that has closed the pipe is no failure.
    fn flush(self) -> Option<String> {
        self.ended.store(true, Ordering::Release);
        let begun = Instant::now();
        while !self.thread.is_finished() {
            if begun.elapsed() > FLUSH_TIMEOUT {
                return None;
            }
            thread::sleep(Duration::from_millis(10));
        }
        // A panic while writing must not take the result with it.
        let error = self.thread.join().ok()?.err()?;
        (error.kind() != io::ErrorKind::BrokenPipe)
            .then(|| failed("failed to write the events to", &self.path, &error).to_string())
    }
}

impl EventSinks {
    /// Attaches the sinks that `result` asks for, and `page`, which outlives the command. Through
    /// `load_control` they may change the load.
    pub(in crate::cli) fn attach(
        result: &ResultArgs,
        page: Option<&WebServer>,
        load_control: &LoadControl,
    ) -> Result<Self, Failure> {
        let out = result
            .events_to
            .as_deref()
            .map(open_for_lines)
            .transpose()?;
        let own = match page {
            Some(_) => None,
            None => open_page(result)?,
        };
        let page = page.or(own.as_ref());
        let exports = result.metrics.is_some() || result.otlp.is_some();
        let wanted = [!result.quiet, page.is_some(), out.is_some(), exports];
        let (events, mut receivers) = events::channels(wanted.iter().filter(|one| **one).count());
        if let Some(page) = &own {
            // The full-screen view shows notes, and hides what was written to the terminal before.
            if result.quiet {
                announce_page(page);
            } else {
                events.note(page_note(page));
            }
        }
        // As many receivers exist as are taken here; their order does not matter.
        let mut next = || receivers.pop();
        let live = wanted[0].then(&mut next).flatten();
        let shown = page.and_then(|page| Some(page.attach(next()?, load_control)));
        let writer = out
            .and_then(|out| Some((out, next()?)))
            .zip(result.events_to.clone())
            .map(|((mut out, receiver), path)| {
                let ended = Arc::new(AtomicBool::new(false));
                let (seen, load_control) = (Arc::clone(&ended), load_control.clone());
                let thread = thread::Builder::new().name("lines".to_owned());
                let thread = thread.spawn(move || {
                    // A failure ends the writing, not the run.
                    ndjson::write(&receiver, &load_control, &seen, &mut out)
                });
                thread.map(|thread| LineWriter {
                    ended,
                    path,
                    thread,
                })
            })
            .transpose()
            .map_err(Failure::internal)?;
        let exporter = exports
            .then(&mut next)
            .flatten()
            .map(|receiver| Exporter::start(receiver, result.metrics, result.otlp.clone(), &events))
            .transpose()
            .map_err(Failure::usage)?;
        if let Some(from) = &result.control_from {
            read_load_control(from, load_control.clone(), events.clone())?;
        }
        Ok(Self {
            events,
            live: live.map(|receiver| {
                Live::on_terminal(receiver, plain_view(result), load_control.clone())
            }),
            shown,
            page: own,
            writer,
            exporter,
        })
    }

    /// Publishes to all of the sinks.
    pub(in crate::cli) fn events(&self) -> Publisher {
        self.events.clone()
    }

    /// Publishes a last event, if there is one, and waits until every sink has written everything; a command
    /// without a verdict says why on its page. Returns the page of the command, which its readers still look
    /// at, and what could not be written.
    pub(in crate::cli) fn flush(
        self,
        last: Option<Event>,
        failure: Option<String>,
    ) -> (Option<WebServer>, Option<String>) {
        if let Some(last) = last {
            self.events.send(last);
        }
        drop(self.events);
        // First, because it may publish a last warning.
        if let Some(exporter) = self.exporter {
            exporter.flush();
        }
        if let Some(live) = self.live {
            live.finish();
        }
        let unwritten = self.writer.and_then(LineWriter::flush);
        if let Some(shown) = self.shown {
            shown.flush(failure);
        }
        (self.page, unwritten)
    }
}

/// Whether the terminal's screen and keys have to be left alone: asked for, or used by the lines of
/// events or of load control.
fn plain_view(result: &ResultArgs) -> bool {
    result.plain
        || result.control_from.as_deref() == Some(Path::new(STANDARD_STREAM))
        || result.events_on_stdout() && io::stdout().is_terminal()
}

/// The page that `--web` asks for.
pub(in crate::cli) fn open_page(result: &ResultArgs) -> Result<Option<WebServer>, Failure> {
    let Some(address) = result.web else {
        return Ok(None);
    };
    let page = WebServer::start(WebConfig {
        results: result.folder.results.clone(),
        address,
        secret: result.page.page_secret.clone(),
        jobs: None,
    })
    .map_err(Failure::usage)?;
    Ok(Some(page))
}

/// Prints the URL of a page before anything else is printed.
pub(in crate::cli) fn announce_page(page: &WebServer) {
    // If standard error is closed, there is no reader.
    let _closed = writeln!(io::stderr(), "{}", page_url(page));
}

fn page_url(page: &WebServer) -> String {
    format!("live page: {}", page.url())
}

/// The same for a note, which goes to files, to readers of the page, and into its log.
fn page_note(page: &WebServer) -> String {
    format!("live page: {}", page.masked_url())
}

fn open_for_lines(path: &Path) -> Result<Box<dyn Write + Send>, Failure> {
    if path == Path::new(STANDARD_STREAM) {
        return Ok(Box::new(BufWriter::new(io::stdout())));
    }
    let file = OpenOptions::new().create(true).append(true).open(path);
    let file = file.map_err(|error| failed("--events-to: cannot write", path, &error))?;
    Ok(Box::new(BufWriter::new(file)))
}

/// Reads changes of the load on a thread, which ends with the process: its read cannot be
/// interrupted.
fn read_load_control(
    path: &Path,
    load_control: LoadControl,
    events: Publisher,
) -> Result<(), Failure> {
    let mut from: BufReader<Box<dyn io::Read + Send>> = if path == Path::new(STANDARD_STREAM) {
        BufReader::new(Box::new(io::stdin()))
    } else {
        let file = File::open(path)
            .map_err(|error| failed("--control-from: cannot read", path, &error))?;
        BufReader::new(Box::new(file))
    };
    thread::Builder::new()
        .name("load-control".to_owned())
        .spawn(move || {
            ndjson::read_load_changes(&mut from, &load_control, &mut |why| {
                events.warning(format!("a change of the load was refused: {why}"));
            });
        })
        .map_err(Failure::internal)?;
    Ok(())
}

fn failed(what: &str, path: &Path, error: &io::Error) -> Failure {
    Failure::Usage(format!("{what} {}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_secret_of_a_page_is_in_no_note() {
        const SECRET: &str = "0123456789abcdef";
        let results = tempfile::tempdir().unwrap();
        let page = WebServer::start(WebConfig {
            results: results.path().to_owned(),
            address: ([0, 0, 0, 0], 0).into(),
            secret: Some(SECRET.parse().unwrap()),
            jobs: None,
        })
        .unwrap();
        assert!(page_url(&page).ends_with(SECRET));
        let note = page_note(&page);
        assert!(note.ends_with("/?secret=SECRET"), "{note}");
        page.close();
    }
}
