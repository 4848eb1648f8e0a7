//! `loadgen report`: the reports of a run again, from its folder alone.

use std::path::{Path, PathBuf};

use clap::Args;

use super::{
    found::result_folder,
    outcome::{Failure, print},
};
use crate::{
    exit,
    live::TerminalCapabilities,
    report::{self, Format},
    schema::Summary,
    store::{self, folder::write_atomically},
};

/// `loadgen report`.
#[derive(Debug, Clone, Args)]
pub struct ReportArgs {
    /// A result folder, its name in results/runs, or `latest`; the newest one without it
    #[arg(value_name = "RUN")]
    pub run: Option<PathBuf>,
    /// Which reports: text, md, html, junit, csv, json. One is printed, several are written
    #[arg(
        long,
        env = "LOADGEN_FORMAT",
        value_name = "FORMAT",
        value_delimiter = ',',
        default_value = "text"
    )]
    pub format: Vec<Format>,
    /// Write into this folder instead of printing; several formats go into the run's without it
    #[arg(long, env = "LOADGEN_OUT", value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// The folder that result folders are in
    #[arg(
        long,
        env = "LOADGEN_RESULTS",
        value_name = "DIR",
        default_value = "results"
    )]
    pub results: PathBuf,
    /// Write every report into the folder again, instead of printing one
    #[arg(long, env = "LOADGEN_REWRITE", conflicts_with = "out")]
    pub rewrite: bool,
    /// Print the JSON Schema of summary.json and nothing else
    #[arg(long, env = "LOADGEN_SCHEMA", conflicts_with_all = ["run", "out", "rewrite"])]
    pub schema: bool,
}

/// Prints or writes them.
pub(super) fn run(args: &ReportArgs) -> Result<u8, Failure> {
    if args.schema {
        print(&store::summary_schema_text())?;
        return Ok(exit::PASSED);
    }
    let folder = folder(args)?;
    let summary = store::load(&folder).map_err(Failure::usage)?;
    if args.rewrite {
        let reports = report::all(&summary).map_err(Failure::internal)?;
        write(&folder, &reports)?;
        let names: Vec<&str> = reports.iter().map(|(name, _)| *name).collect();
        store::renew_checksums(&folder, &names).map_err(Failure::internal)?;
        return Ok(exit::PASSED);
    }
    // The same word twice is one report.
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
            let mut told = String::new();
            for path in written(&summary, formats, &folder, into)? {
                told.push_str(&path.display().to_string());
                told.push('\n');
            }
            print(&told)?;
        }
    }
    Ok(exit::PASSED)
}

fn folder(args: &ReportArgs) -> Result<PathBuf, Failure> {
    let latest = args.results.join("latest");
    let Some(word) = &args.run else {
        return if latest.exists() {
            Ok(latest)
        } else {
            Err(Failure::Usage(format!(
                "{} has no newest run: name a result folder, or make one with `loadgen demo`",
                args.results.display()
            )))
        };
    };
    result_folder(word, &args.results)
}

/// For a terminal as wide as it is, for anything else as it lies in the folder.
fn render(summary: &Summary, format: Format) -> Result<String, Failure> {
    if format == Format::Text {
        let look = TerminalCapabilities::of_stdout();
        return Ok(report::terminal(summary, look.width, look.colour));
    }
    report::one(summary, format).map_err(Failure::internal)
}

/// Writes some reports into a folder, and says where each lies. The summary is what reports are
/// made from: in its own folder it stays as it is.
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
            let text = report::one(summary, *format).map_err(Failure::internal)?;
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
    for (name, content) in reports {
        // The folder is what was asked for: where it refuses, the asking was wrong.
        write_atomically(&into.join(name), content.as_bytes()).map_err(Failure::usage)?;
    }
    Ok(())
}
