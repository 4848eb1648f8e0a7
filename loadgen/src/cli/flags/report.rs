//! The flags of `loadgen report`.

use std::path::PathBuf;

use clap::Args;

use super::folder::ResultsFolder;

use loadgen_report::render::Format;

/// `loadgen report`.
#[derive(Debug, Clone, Args)]
pub struct ReportArgs {
    /// Result folder, its name in results/runs, its id, or `latest` [default: the newest run]
    #[arg(value_name = "RUN")]
    pub run: Option<PathBuf>,
    /// Formats: text, md, html, junit, csv, json. One is printed, several are written to files
    #[arg(
        long,
        env = "LOADGEN_FORMAT",
        value_name = "FORMAT",
        value_delimiter = ',',
        default_value = "text"
    )]
    pub format: Vec<Format>,
    /// Write into this folder instead of printing [default for several formats: the run's folder]
    #[arg(long, env = "LOADGEN_OUT", value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// The results folder.
    #[command(flatten)]
    pub folder: ResultsFolder,
    /// Write every report into the run's folder again instead of printing one
    #[arg(long, env = "LOADGEN_REWRITE", conflicts_with_all = ["out", "format"])]
    pub rewrite: bool,
    /// Print the JSON Schema of summary.json and nothing else
    #[arg(long, env = "LOADGEN_SCHEMA", conflicts_with_all = ["run", "out", "rewrite", "format"])]
    pub schema: bool,
}
