//! The program. Everything is in the library, so that tests can call it.

use std::process::ExitCode;

/// Counts allocations while `loadgen bench` measures them.
#[global_allocator]
static ALLOCATOR: loadgen::calibration::Counting = loadgen::calibration::Counting;

fn main() -> ExitCode {
    loadgen::cli::main()
}
