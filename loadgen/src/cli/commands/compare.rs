//! `loadgen compare`: result folders side by side.

use crate::{
    cli::{failure::Failure, flags::CompareArgs, output::print},
    exit,
    live::TerminalCapabilities,
};
use loadgen_report::{
    render::{Chosen, ComparisonGate, compare, differences},
    store,
};

/// Prints the table, or refuses.
pub(in crate::cli) fn run(args: &CompareArgs) -> Result<u8, Failure> {
    let mut runs = Vec::new();
    for word in &args.runs {
        let folder = store::resolve_run_dir(word, &args.results)?;
        let summary = store::load(&folder).map_err(Failure::usage)?;
        let path = folder.canonicalize().unwrap_or(folder);
        let name = path.file_name().unwrap_or(path.as_os_str());
        let name = name.to_string_lossy().into_owned();
        let chosen = Chosen::of(name, summary, args.arm.as_deref()).map_err(Failure::Usage)?;
        runs.push(chosen);
    }
    let found = differences(&runs);
    let gate = ComparisonGate::of(&runs, &found, &args.differs);
    if !gate.undeclared.is_empty() && !args.anyway {
        let names: Vec<&str> = gate
            .undeclared
            .iter()
            .map(|one| one.what.as_str())
            .collect();
        return Err(Failure::Usage(format!(
            "these runs cannot be compared: besides what was declared they differ in {}; declare what is meant to differ with --differs, or see their figures without changes with --anyway",
            names.join(", ")
        )));
    }
    let look = TerminalCapabilities::of_stdout();
    print(&compare(&runs, &gate, look.width, look.colour))?;
    Ok(exit::PASSED)
}
