//! The flags of `loadgen capacity`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use http::{HeaderName, HeaderValue, Method};
use shared::time::Millis;

use super::{
    http::header,
    load::LoadArgs,
    profile::ProfileArgs,
    result::ResultArgs,
    target::TargetArgs,
    values::{positive, rate},
};
use loadgen_engine::{
    threshold::{StatusSet, Threshold},
    units::Rate,
};

/// What is searched over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum SearchOver {
    /// Iterations that arrive a second, whether or not earlier ones are answered.
    Rate,
    /// Virtual users, each of which waits for its answer.
    Users,
}

/// `loadgen capacity`.
#[derive(Debug, Clone, Args)]
pub struct CapacityArgs {
    /// Suite file, name of a bundled suite like core, or a URL [default: the flows of --flow]
    #[arg(value_name = "SUITE|URL")]
    pub what: Option<String>,
    /// The limits that a load has to meet, like "p95<1000ms,errors<1%"; without
    /// it the thresholds of the suite, or "p95<1000ms" of a URL
    #[arg(
        long,
        env = "LOADGEN_SLO",
        value_name = "LIMITS",
        value_delimiter = ','
    )]
    pub slo: Vec<Threshold>,
    /// Search over the arrival rate or over users [default: as the suite's load is]
    #[arg(long, env = "LOADGEN_SEARCH", value_name = "UNIT", value_enum)]
    pub search: Option<SearchOver>,
    /// Lowest load that is tried, a second or in users [default: 1]
    #[arg(long, env = "LOADGEN_MIN_LOAD", value_name = "RATE", value_parser = rate)]
    pub min_load: Option<Rate>,
    /// Highest load that is tried, a second or in users [default: 100000/s, 20000 users]
    #[arg(long, env = "LOADGEN_MAX_LOAD", value_name = "RATE", value_parser = rate)]
    pub max_load: Option<Rate>,
    /// Time for all trials, those before a --resume too: the search ends with what is known then
    #[arg(long, env = "LOADGEN_BUDGET", value_name = "TIME", value_parser = positive)]
    pub budget: Option<Millis>,
    /// Short trials, one a load, and wider bounds: a first answer in a few minutes
    #[arg(long, env = "LOADGEN_QUICK")]
    pub quick: bool,
    /// Then measure eight loads below and above the capacity and fit how the system scales
    #[arg(long, env = "LOADGEN_LEVELS")]
    pub levels: bool,
    /// Then load 80 % of the lower bound for so long and say whether memory, descriptors, connections
    /// or the response time grow; with --rate or --users load that instead, without a search
    #[arg(long, env = "LOADGEN_SOAK", value_name = "TIME", value_parser = positive)]
    pub soak: Option<Millis>,
    /// Then load one, one and a half and two times the lower bound, and a spike, with each admission policy:
    /// whether the goodput stays or collapses past the capacity, and how long it takes to recover
    #[arg(long, env = "LOADGEN_BREAKDOWN")]
    pub breakdown: bool,
    /// Search the capacity with this switch set otherwise too, one trial of each in turn, and say how many
    /// times as much that is, like cache.mentors=off (repeatable; several switches: a=1,b=2)
    #[arg(
        long,
        env = "LOADGEN_WHAT_IF",
        value_name = "SWITCH=VALUE",
        value_delimiter = ';'
    )]
    pub what_if: Vec<String>,
    /// Go on with the search in this result folder, with the same arguments
    #[arg(long, env = "LOADGEN_RESUME", value_name = "DIR")]
    pub resume: Option<PathBuf>,
    /// Print one JSON object instead of text
    #[arg(long, env = "LOADGEN_JSON")]
    pub json: bool,
    /// The profile.
    #[command(flatten)]
    pub profile: ProfileArgs,
    /// Add a header to the request of a URL, like 'accept: text/html' (repeatable)
    #[arg(long = "header", short = 'H', env = "LOADGEN_HEADER", value_name = "NAME: VALUE", value_parser = header, value_delimiter = '\n', hide_env_values = true)]
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// Method of the request of a URL [default: GET, or POST with a body]
    #[arg(long, short = 'm', env = "LOADGEN_METHOD", value_name = "METHOD")]
    pub method: Option<Method>,
    /// Body of the request of a URL, or @FILE, or @- for standard input
    #[arg(
        long,
        short = 'b',
        env = "LOADGEN_BODY",
        value_name = "TEXT",
        hide_env_values = true
    )]
    pub body: Option<String>,
    /// The statuses of a URL that count as success, like 200,404 or 2xx [default: every status below 400]
    #[arg(long, env = "LOADGEN_EXPECT", value_name = "STATUSES")]
    pub expect: Option<StatusSet>,
    /// The target.
    #[command(flatten)]
    pub target: TargetArgs,
    /// The load of each trial; --rate or --users is the first one that is tried, or that of --soak.
    #[command(flatten)]
    pub load: LoadArgs,
    /// The results.
    #[command(flatten)]
    pub result: ResultArgs,
}
