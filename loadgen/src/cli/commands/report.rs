//! `loadgen report`: the reports of a run again, from its folder alone.

use std::path::{Path, PathBuf};

use tokio_util::sync::CancellationToken;

use crate::{
    cli::{failure::Failure, flags::ReportArgs, output::print, session::listen},
    exit,
    live::TerminalCapabilities,
};
use loadgen_experiment::schema::Summary;
use loadgen_report::{
    render::{self, Format},
    store::{self, write_atomically},
};

/// Message of a signal while reports are written, which belong together.
const WRITING: &str = "the reports are still written, then it ends; once more to stop at once";

/// Prints or writes them.
pub(in crate::cli) fn run(args: &ReportArgs) -> Result<u8, Failure> {
    if args.schema {
        print(&store::summary_schema_text())?;
        return Ok(exit::PASSED);
    }
    let folder = match &args.run {
        Some(word) => store::resolve_run_dir(word, &args.folder.results)?,
        None => store::latest_run_dir(&args.folder.results)?,
    };
    let summary = store::load(&folder).map_err(Failure::usage)?;
    if args.rewrite {
        let reports = render::all(&summary).map_err(Failure::internal)?;
        write(&folder, &reports)?;
        let names: Vec<&str> = reports.iter().map(|(name, _)| *name).collect();
        store::renew_checksums(&folder, &names).map_err(Failure::internal)?;
        return Ok(exit::PASSED);
    }
    // A format that is named twice is one report.
    let mut formats = args.format.clone();
    let mut seen = Vec::new();
    formats.retain(|format| {
        !seen.contains(format) && {
            seen.push(*format);
            true
        }
    });
    match (formats.as_slice(), &args.out) {
        ([format], None) => print(&render(&summary, *format)?)?,
        (formats, out) => {
            let into = out.as_ref().unwrap_or(&folder);
            let mut paths = String::new();
            for path in written(&summary, formats, &folder, into)? {
                paths.push_str(&path.display().to_string());
                paths.push('\n');
            }
            print(&paths)?;
        }
    }
    Ok(exit::PASSED)
}

/// A report as printed: text fits the terminal, other formats are as in the folder.
fn render(summary: &Summary, format: Format) -> Result<String, Failure> {
    if format == Format::Text {
        let look = TerminalCapabilities::of_stdout();
        return Ok(render::terminal(summary, look.width, look.colour));
    }
    render::one(summary, format).map_err(Failure::internal)
}

/// Writes some reports into a folder and returns their paths. The summary is the source of the
/// reports: in its own folder it stays as it is.
fn written(
    summary: &Summary,
    formats: &[Format],
    folder: &Path,
    into: &Path,
) -> Result<Vec<PathBuf>, Failure> {
    let own = match (folder.canonicalize(), into.canonicalize()) {
        (Ok(folder), Ok(into)) => folder == into,
        _ => false,
    };
    let mut reports: Vec<(&str, String)> = Vec::new();
    let mut paths = Vec::new();
    for format in formats {
        let name = format.file();
        let path = into.join(name);
        if paths.contains(&path) {
            continue;
        }
        paths.push(path);
        if !(own && *format == Format::Json) {
            let text = render::one(summary, *format).map_err(Failure::internal)?;
            reports.push((name, text));
        }
    }
    write(into, &reports)?;
    if own {
        let names: Vec<&str> = reports.iter().map(|(name, _)| *name).collect();
        store::renew_checksums(folder, &names).map_err(Failure::internal)?;
    }
    Ok(paths)
}

fn write(into: &Path, reports: &[(&str, String)]) -> Result<(), Failure> {
    // Before the first one is written: all of them are, or none.
    let mut paths = reports.iter().map(|(name, _)| into.join(name));
    if let Some(folder) = paths.find(|path| path.is_dir()) {
        return Err(Failure::Usage(format!(
            "cannot write {}: it is a folder; remove it, or write into another one",
            folder.display()
        )));
    }
    listen(WRITING, CancellationToken::new())?;
    for (name, content) in reports {
        // The user chose the folder: if it cannot be written to, that is a usage error.
        write_atomically(&into.join(name), content.as_bytes()).map_err(Failure::usage)?;
    }
    Ok(())
}
