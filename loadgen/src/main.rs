//! The program: everything is in the library, so that tests can have it.

use std::process::ExitCode;

fn main() -> ExitCode {
    loadgen::cli::main()
}
