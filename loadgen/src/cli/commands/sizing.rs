//! `loadgen plan`: from measured runs and assumptions to instances, connections, memory and cost.

use std::path::{Path, PathBuf};

use crate::{
    cli::{
        failure::Failure,
        flags::{PlanArgs, PlanFormat},
        output::print,
    },
    exit,
    live::TerminalCapabilities,
};
use loadgen_experiment::sizing::{MeasuredRun, plan, read_assumptions};
use loadgen_report::{
    render::{sizing_markdown, sizing_text},
    store,
};

/// Prints the plan. It is arithmetic on what was measured, so its exit code is no verdict.
pub(in crate::cli) fn run(args: &PlanArgs) -> Result<u8, Failure> {
    let assumed = read_assumptions(&args.assume)?;
    let latest = [PathBuf::from("latest")];
    let words = if args.runs.is_empty() {
        &latest[..]
    } else {
        &args.runs
    };
    let runs: Vec<MeasuredRun> = words
        .iter()
        .map(|word| read(word, &args.folder.results))
        .collect::<Result<_, _>>()?;
    let plan = plan(&runs, &assumed).map_err(Failure::Usage)?;
    let text = match args.format {
        PlanFormat::Text => {
            let look = TerminalCapabilities::of_stdout();
            sizing_text(&plan, look.width, look.colour)
        }
        PlanFormat::Md => sizing_markdown(&plan),
        PlanFormat::Json => {
            let json = serde_json::to_string_pretty(&plan);
            json.map_err(|error| Failure::of_error(&error, Failure::Internal))? + "\n"
        }
    };
    print(&text)?;
    Ok(exit::PASSED)
}

fn read(word: &Path, results: &Path) -> Result<MeasuredRun, Failure> {
    let folder = store::resolve_run_dir(word, results)?;
    let summary = store::load(&folder).map_err(Failure::usage)?;
    let path = folder.canonicalize().unwrap_or(folder);
    let name = path.file_name().unwrap_or(path.as_os_str());
    Ok(MeasuredRun {
        folder: name.to_string_lossy().into_owned(),
        summary,
    })
}
