//! The flags of `loadgen results`.

use std::path::PathBuf;

use chrono::TimeDelta;
use clap::{Args, Subcommand};

use super::{
    folder::ResultsFolder,
    values::{age, whole},
};
use loadgen_report::render::Format;

/// `loadgen results`.
#[derive(Debug, Clone, Args)]
pub struct ResultsArgs {
    /// The action.
    #[command(subcommand)]
    pub action: ResultsAction,
}

/// What can be done with results.
#[derive(Debug, Clone, Subcommand)]
pub enum ResultsAction {
    /// List the runs, newest first, each with its key figure
    List(ListArgs),
    /// Keep a run under a name, for `compare --baseline`
    Baseline(BaselineArgs),
    /// Remove old runs and list them; the newest, baselines and possibly running ones stay
    Prune(PruneArgs),
    /// Pack a result folder into one .tar.gz; the same run gives the same bytes
    Export(ExportArgs),
}

/// `loadgen results list`.
#[derive(Debug, Clone, Args)]
pub struct ListArgs {
    /// Only runs whose name contains this text
    #[arg(long, env = "LOADGEN_NAME", value_name = "TEXT")]
    pub name: Option<String>,
    /// Maximum number of runs
    #[arg(
        long,
        env = "LOADGEN_LIMIT",
        value_name = "N",
        default_value_t = 20,
        value_parser = whole(1_u32, 100_000)
    )]
    pub limit: u32,
    /// Print JSON instead of text
    #[arg(long, env = "LOADGEN_JSON")]
    pub json: bool,
    /// The results folder.
    #[command(flatten)]
    pub folder: ResultsFolder,
}

/// `loadgen results baseline`.
#[derive(Debug, Clone, Args)]
pub struct BaselineArgs {
    /// Name of the baseline, like main
    #[arg(value_name = "NAME")]
    pub name: String,
    /// Result folder, its name or id
    #[arg(value_name = "RUN", default_value = "latest")]
    pub run: PathBuf,
    /// Remove the name; its run stays
    #[arg(long, env = "LOADGEN_REMOVE", conflicts_with = "run")]
    pub remove: bool,
    /// The results folder.
    #[command(flatten)]
    pub folder: ResultsFolder,
}

/// `loadgen results prune`.
#[derive(Debug, Clone, Args)]
pub struct PruneArgs {
    /// Number of newest runs to keep
    #[arg(
        long,
        env = "LOADGEN_KEEP",
        value_name = "N",
        value_parser = whole(0, usize::MAX),
        required_unless_present = "older_than"
    )]
    pub keep: Option<usize>,
    /// Remove only runs that started longer ago than this, like 30d
    #[arg(long, env = "LOADGEN_OLDER_THAN", value_name = "TIME", value_parser = age)]
    pub older_than: Option<TimeDelta>,
    /// Only list what would be removed
    #[arg(long, env = "LOADGEN_DRY_RUN")]
    pub dry_run: bool,
    /// The results folder.
    #[command(flatten)]
    pub folder: ResultsFolder,
}

/// `loadgen results export`.
#[derive(Debug, Clone, Args)]
pub struct ExportArgs {
    /// Result folder, its name or id, or `latest`
    #[arg(value_name = "RUN")]
    pub run: PathBuf,
    /// File to write [default: the run's name with .tar.gz]
    #[arg(long, env = "LOADGEN_OUT", value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Only these reports, with manifest and verdict: text, md, html, junit, csv, json
    #[arg(
        long,
        env = "LOADGEN_FORMAT",
        value_name = "FORMAT",
        value_delimiter = ','
    )]
    pub format: Vec<Format>,
    /// The results folder.
    #[command(flatten)]
    pub folder: ResultsFolder,
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use crate::cli::flags::Cli;

    #[test]
    fn pruning_needs_a_rule_and_a_wrong_format_is_refused() {
        let parse = |words: &str| {
            Cli::try_parse_from(words.split(' '))
                .map(|_| ())
                .map_err(|error| error.to_string())
        };
        let refusal = parse("loadgen results prune").unwrap_err();
        assert!(refusal.contains("--keep"), "{refusal}");
        assert!(parse("loadgen results prune --keep 3 --older-than 30d --dry-run").is_ok());
        assert!(
            parse("loadgen results export latest --format html,pdf")
                .unwrap_err()
                .contains("`pdf`")
        );
    }
}
