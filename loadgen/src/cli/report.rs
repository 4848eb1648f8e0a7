//! `loadgen report`: the report of a run again, from its folder alone.

use std::{
    io::{self, Write as _},
    path::PathBuf,
};

use super::{
    args::{Format, ReportArgs},
    found::result_folder,
    outcome::{Failure, closed_pipe},
};
use crate::{
    exit,
    live::Look,
    report,
    schema::Summary,
    store::{self, folder::write_atomically},
};

/// Prints or rewrites it.
pub(super) fn run(args: &ReportArgs) -> Result<u8, Failure> {
    let folder = folder(args)?;
    let summary = store::load(&folder).map_err(Failure::usage)?;
    if args.rewrite {
        for (name, content) in report::all(&summary).map_err(Failure::internal)? {
            write_atomically(&folder.join(name), content.as_bytes()).map_err(Failure::internal)?;
        }
        return Ok(exit::PASSED);
    }
    let text = render(&summary, args.format)?;
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())
        .and_then(|()| out.flush())
        .map(|()| exit::PASSED)
        .or_else(closed_pipe)
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

fn render(summary: &Summary, format: Format) -> Result<String, Failure> {
    Ok(match format {
        Format::Text => {
            let look = Look::of_stdout();
            report::terminal(summary, look.width, look.colour)
        }
        Format::Md => report::markdown(summary),
        Format::Html => report::html(summary).map_err(Failure::internal)?,
        Format::Junit => report::junit(summary).map_err(Failure::internal)?,
        Format::Csv => report::csv(summary),
        Format::Json => {
            let mut text = serde_json::to_string_pretty(summary).map_err(Failure::internal)?;
            text.push('\n');
            text
        }
    })
}
