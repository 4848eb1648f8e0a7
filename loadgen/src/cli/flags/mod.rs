//! What people type: one argument structure a command, and the groups of flags that several
//! commands share. Nothing here does anything but parse.

mod bench;
mod command_line;
mod compare;
mod demo;
mod doctor;
mod examples;
mod experiment;
mod factorial;
mod folder;
mod history;
mod http;
mod load;
mod page;
mod profile;
mod report;
mod result;
mod results;
mod run;
mod serve;
mod stack;
mod target;
mod validate;
mod values;

pub use bench::BenchArgs;
pub use command_line::{Cli, Command};
pub use compare::{CompareArgs, ComparisonFormat};
pub use demo::DemoArgs;
pub use doctor::DoctorArgs;
pub use examples::{command, parse_arguments};
pub use experiment::{ExperimentAction, ExperimentArgs};
pub use factorial::FactorialArgs;
pub use folder::ResultsFolder;
pub use history::HistoryArgs;
pub use http::{HttpArgs, HttpClientKind, TRACED_EXCHANGES};
pub use load::LoadArgs;
pub use report::ReportArgs;
pub use result::{ResultArgs, STANDARD_STREAM};
pub use results::{BaselineArgs, ExportArgs, ListArgs, PruneArgs, ResultsAction, ResultsArgs};
pub use run::RunArgs;
pub use serve::ServeArgs;
pub use stack::{StackArgs, StackService};
pub use target::TargetArgs;
pub use validate::ValidateArgs;
