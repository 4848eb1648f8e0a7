//! `loadgen plan`: from measured runs and assumptions to instances, connections, memory and cost, and by simulation
//! to more instances and users than were measured.

use std::{
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use crate::{
    cli::{
        failure::Failure,
        flags::{PlanArgs, PlanFormat},
        output::print,
    },
    exit,
    live::TerminalCapabilities,
};
use loadgen_experiment::sizing::{
    MeasuredRun, SimulationBounds, SimulationRequest, plan, read_assumptions,
};
use loadgen_report::{
    render::{sizing_html, sizing_markdown, sizing_text},
    store,
};

/// How long is simulated at most.
const SIMULATION_TIME: Duration = Duration::from_mins(2);
/// Requests of a simulated run: enough for a p95 with 100 requests beyond it.
const SIMULATED_REQUESTS: usize = 2_000;
/// Seed of the simulation: the same results give the same plan.
const SIMULATION_SEED: u64 = 1;

/// Prints the plan. It is arithmetic on what was measured, so its exit code is no verdict.
pub(in crate::cli) fn run(args: &PlanArgs) -> Result<u8, Failure> {
    if args.schema {
        print(&store::plan_schema_text())?;
        return Ok(exit::PASSED);
    }
    let file = args.assume.as_ref();
    let file = file.ok_or_else(|| Failure::Usage("name a file with --assume".to_owned()))?;
    let assumed = read_assumptions(file)?;
    let latest = [PathBuf::from("latest")];
    let words = if args.runs.is_empty() {
        &latest[..]
    } else {
        &args.runs
    };
    let runs = read_all(words, &args.folder.results)?;
    let validate = read_all(&args.validate, &args.folder.results)?;
    if args.replications == 0 && !validate.is_empty() {
        return Err(Failure::Usage(
            "--validate needs a simulation: give --replications 1 or more".to_owned(),
        ));
    }
    let begun = Instant::now();
    let expired = || begun.elapsed() > SIMULATION_TIME;
    let simulation = (args.replications > 0).then_some(SimulationRequest {
        validate: &validate,
        bounds: SimulationBounds {
            requests: SIMULATED_REQUESTS,
            replications: args.replications,
            seed: SIMULATION_SEED,
            expired: &expired,
        },
    });
    let plan = plan(&runs, &assumed, simulation).map_err(Failure::Usage)?;
    let text = match args.format {
        PlanFormat::Text => {
            let look = TerminalCapabilities::of_stdout();
            sizing_text(&plan, look.width, look.colour)
        }
        PlanFormat::Md => sizing_markdown(&plan),
        PlanFormat::Html => {
            sizing_html(&plan).map_err(|error| Failure::of_error(&error, Failure::Internal))?
        }
        PlanFormat::Json => {
            let json = serde_json::to_string_pretty(&plan);
            json.map_err(|error| Failure::of_error(&error, Failure::Internal))? + "\n"
        }
    };
    print(&text)?;
    Ok(exit::PASSED)
}

fn read_all(words: &[PathBuf], results: &Path) -> Result<Vec<MeasuredRun>, Failure> {
    words.iter().map(|word| read(word, results)).collect()
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
