//! `loadgen http` from the flags to the exit code.

use super::{engine, files, json, load, target, text, verdict};
use crate::cli::{failure::Failure, flags::HttpArgs, output::print};

/// Measures and prints; returns the exit code of the verdict.
pub(in crate::cli) fn run(args: &HttpArgs) -> Result<u8, Failure> {
    let target = target::parse(args)?;
    let request = load::request(args, &target)?;
    let (suite, description) = load::suite(args);
    Failure::unless_files_suffice()?;
    target::check_reachable(&target).map_err(|error| {
        Failure::of_error(&error, |why| {
            Failure::Usage(format!("cannot connect to {}: {why}", args.url))
        })
    })?;
    if let Some(folder) = &args.out {
        files::prepare(folder)?;
    }
    let outcome = engine::run(args, target, request, &suite, &description)?;
    let result = verdict::judge(args, description, outcome);
    if let Some(folder) = &args.out {
        files::write(&result, folder)?;
    }
    let text = if args.json {
        json::render(&result)
    } else {
        text::render(&result)
    };
    print(&text)?;
    Ok(result.verdict.exit_code())
}
