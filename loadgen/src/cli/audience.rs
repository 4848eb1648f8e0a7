//! Everyone who follows a running command: the terminal, the page, a program at the other end of a
//! pipe. Gathered before anything is started, dismissed when the reports are written.

use std::{
    fs::{File, OpenOptions},
    io::{self, BufReader, BufWriter, IsTerminal as _, Write},
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use super::{args::ResultArgs, outcome::Failure};
use crate::{
    events::{self, Event, LoadControl, Publisher},
    export::Exporter,
    live::Live,
    web::{Page, Setup, Shown, lines},
};

/// Longest wait for who reads the lines of events, after the last of them.
const PATIENCE: Duration = Duration::from_secs(5);

/// Standard input or output in place of a file.
const STANDARD: &str = "-";

/// The listeners of one command.
#[derive(Debug)]
pub(super) struct Audience {
    events: Publisher,
    live: Option<Live>,
    shown: Option<Shown>,
    /// A page that ends with the command.
    page: Option<Page>,
    written: Option<Written>,
    exporter: Option<Exporter>,
}

/// A thread that writes events as lines.
#[derive(Debug)]
struct Written {
    ended: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

impl Written {
    /// Waits until all has been written, and no longer than a reader that stands still deserves.
    fn finish(self) {
        self.ended.store(true, Ordering::Release);
        let begun = Instant::now();
        while !self.thread.is_finished() {
            if begun.elapsed() > PATIENCE {
                return;
            }
            thread::sleep(Duration::from_millis(10));
        }
        // A panic while writing must not take the result with it.
        let _written = self.thread.join();
    }
}

impl Audience {
    /// Gathers those that `result` asks for. They may steer the load.
    pub(super) fn gather(result: &ResultArgs, steering: &LoadControl) -> Result<Self, Failure> {
        let out = result
            .events_to
            .as_deref()
            .map(open_for_lines)
            .transpose()?;
        let own = match &result.page {
            Some(_) => None,
            None => open_page(result)?,
        };
        let page = result.page.as_ref().or(own.as_ref());
        let exports = result.metrics.is_some() || result.otlp.is_some();
        let wanted = [!result.quiet, page.is_some(), out.is_some(), exports];
        let (events, mut heard) = events::channels(wanted.iter().filter(|one| **one).count());
        if let Some(page) = &own {
            // A view that takes the whole screen shows notes, and hides what was written before.
            if result.quiet {
                say_where(page);
            } else {
                events.note(where_it_is(page));
            }
        }
        // As many were made as are taken here, in whichever order.
        let mut next = || heard.pop();
        let live = wanted[0].then(&mut next).flatten();
        let shown = page.and_then(|page| Some(page.show(next()?, steering)));
        let written = out
            .and_then(|out| Some((out, next()?)))
            .map(|(mut out, heard)| {
                let ended = Arc::new(AtomicBool::new(false));
                let (seen, steering) = (Arc::clone(&ended), steering.clone());
                let thread = thread::Builder::new().name("lines".to_owned());
                let thread = thread.spawn(move || {
                    // A reader that has gone ends the writing, not the run.
                    let _gone = lines::write(&heard, &steering, &seen, &mut out);
                });
                thread.map(|thread| Written { ended, thread })
            })
            .transpose()
            .map_err(Failure::internal)?;
        let exporter = exports
            .then(&mut next)
            .flatten()
            .map(|heard| Exporter::start(heard, result.metrics, result.otlp.clone(), &events))
            .transpose()
            .map_err(Failure::usage)?;
        if let Some(from) = &result.wishes_from {
            follow_wishes(from, steering.clone(), events.clone())?;
        }
        // Keys and screen have one master each.
        let plain = result.plain
            || result.wishes_from.as_deref() == Some(Path::new(STANDARD))
            || output_is_taken(result) && io::stdout().is_terminal();
        Ok(Self {
            events,
            live: live.map(|heard| Live::on_terminal(heard, plain, steering.clone())),
            shown,
            page: own,
            written,
            exporter,
        })
    }

    /// Nobody but who sits at the terminal, unless the command is to be `quiet`; in lines alone
    /// where it is to be `plain`.
    pub(super) fn at_terminal(quiet: bool, plain: bool, steering: &LoadControl) -> Self {
        let (events, mut heard) = events::channels(usize::from(!quiet));
        let live = heard
            .pop()
            .map(|heard| Live::on_terminal(heard, plain, steering.clone()));
        Self {
            events,
            live,
            shown: None,
            page: None,
            written: None,
            exporter: None,
        }
    }

    /// What they listen to.
    pub(super) fn events(&self) -> Publisher {
        self.events.clone()
    }

    /// Tells a last word, where there is one, and waits until everything has been shown.
    pub(super) fn dismiss(self, last: Option<Event>) {
        if let Some(last) = last {
            self.events.send(last);
        }
        drop(self.events);
        // First, because it may have a last warning to show.
        if let Some(exporter) = self.exporter {
            exporter.finish();
        }
        if let Some(live) = self.live {
            live.finish();
        }
        if let Some(written) = self.written {
            written.finish();
        }
        if let Some(shown) = self.shown {
            shown.finish();
        }
        if let Some(page) = self.page {
            page.close();
        }
    }
}

/// Whether standard output belongs to the events, so that no report is printed.
pub(super) fn output_is_taken(result: &ResultArgs) -> bool {
    result.events_to.as_deref() == Some(Path::new(STANDARD))
}

/// The page that `--web` asks for.
pub(super) fn open_page(result: &ResultArgs) -> Result<Option<Page>, Failure> {
    let Some(address) = result.web else {
        return Ok(None);
    };
    let page = Page::open(Setup {
        results: result.results.clone(),
        address,
        starter: None,
    })
    .map_err(Failure::usage)?;
    Ok(Some(page))
}

/// Says where a page is, before anything else is said.
pub(super) fn say_where(page: &Page) {
    // A closed pipe has nobody to tell.
    let _closed = writeln!(io::stderr(), "{}", where_it_is(page));
}

fn where_it_is(page: &Page) -> String {
    format!("live page: http://{}/", page.address())
}

fn open_for_lines(path: &Path) -> Result<Box<dyn Write + Send>, Failure> {
    if path == Path::new(STANDARD) {
        return Ok(Box::new(BufWriter::new(io::stdout())));
    }
    let file = OpenOptions::new().create(true).append(true).open(path);
    let file = file.map_err(|error| failed("write to", path, &error))?;
    Ok(Box::new(BufWriter::new(file)))
}

/// Reads wishes on a thread, which ends with the process: nobody can wake it.
fn follow_wishes(path: &Path, steering: LoadControl, events: Publisher) -> Result<(), Failure> {
    let mut from: BufReader<Box<dyn io::Read + Send>> = if path == Path::new(STANDARD) {
        BufReader::new(Box::new(io::stdin()))
    } else {
        let file = File::open(path).map_err(|error| failed("read", path, &error))?;
        BufReader::new(Box::new(file))
    };
    thread::Builder::new()
        .name("wishes".to_owned())
        .spawn(move || {
            lines::read_wishes(&mut from, &steering, &mut |why| {
                events.warning(format!("a wish was refused: {why}"));
            });
        })
        .map_err(Failure::internal)?;
    Ok(())
}

fn failed(what: &str, path: &Path, error: &io::Error) -> Failure {
    Failure::Usage(format!("failed to {what} {}: {error}", path.display()))
}
