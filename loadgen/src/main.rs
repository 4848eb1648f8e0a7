//! The program: everything is in the library, so that tests can have it.

use std::process::ExitCode;

/// Counts where `loadgen bench` asks it to.
#[global_allocator]
static ALLOCATOR: loadgen::calibration::Counting = loadgen::calibration::Counting;

fn main() -> ExitCode {
    loadgen::cli::main()
}
