//! The flags of `loadgen factorial`.

use clap::Args;

use super::{
    load::LoadArgs, profile::ProfileArgs, result::ResultArgs, target::TargetArgs, values::whole,
};
use loadgen_experiment::factorial::{Factor, MAX_REPLICATES};

/// `loadgen factorial`.
#[derive(Debug, Clone, Args)]
pub struct FactorialArgs {
    /// A switch and two values of it, like pool.max=5,200 (two to five times)
    #[arg(
        long = "factor",
        env = "LOADGEN_FACTOR",
        value_name = "SWITCH=LOW,HIGH",
        value_delimiter = ';',
        required = true
    )]
    pub factors: Vec<Factor>,
    /// Trials of each combination, 20 at most; 2 or more for intervals
    #[arg(
        long,
        env = "LOADGEN_REPLICATES",
        value_name = "N",
        default_value_t = 3,
        value_parser = whole(1, MAX_REPLICATES)
    )]
    pub replicates: u32,
    /// Run half of the combinations of four or five switches
    #[arg(long, env = "LOADGEN_FRACTION")]
    pub fraction: bool,
    /// Metric to compare [default: p97.5 of the first flow's first operation]
    #[arg(long, env = "LOADGEN_METRIC", value_name = "METRIC")]
    pub metric: Option<String>,
    /// The profile of every combination.
    #[command(flatten)]
    pub profile: ProfileArgs,
    /// The target.
    #[command(flatten)]
    pub target: TargetArgs,
    /// Replacements for the core mix.
    #[command(flatten)]
    pub load: LoadArgs,
    /// The results.
    #[command(flatten)]
    pub result: ResultArgs,
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use crate::cli::flags::Cli;

    #[test]
    fn as_many_replicates_are_read_as_can_be_planned() {
        let read = |count: u32| {
            let words = format!(
                "loadgen factorial --factor pool.max=5,200 --factor db.index=off,on --replicates {count}"
            );
            Cli::try_parse_from(words.split(' ')).map_err(|error| error.to_string())
        };
        assert!(read(20).is_ok());
        let error = read(21).unwrap_err();
        assert!(error.contains("whole number from 1 to 20"), "{error}");
    }
}
