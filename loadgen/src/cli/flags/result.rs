//! Where results go, and who can follow a running command.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
};

use clap::Args;

use super::{folder::ResultsFolder, page::PageArgs, values::address};
use crate::export::OtlpEndpoint;

/// Standard input or output in place of a file.
pub const STANDARD_STREAM: &str = "-";

/// Results, and outputs of the running command.
#[derive(Debug, Clone, Args, Default)]
#[command(next_help_heading = "Results")]
pub struct ResultArgs {
    /// The results folder.
    #[command(flatten)]
    pub folder: ResultsFolder,
    /// Also write the JUnit report to this file
    #[arg(long, env = "LOADGEN_JUNIT", value_name = "FILE")]
    pub junit: Option<PathBuf>,
    /// Also store every request of a trial as a line of samples.csv.gz, up to two million
    #[arg(long, env = "LOADGEN_SAMPLES")]
    pub samples: bool,
    /// Print no progress
    #[arg(long, short, env = "LOADGEN_QUIET")]
    pub quiet: bool,
    /// Print progress as lines, without the full-screen view and its keys
    #[arg(long, env = "LOADGEN_PLAIN")]
    pub plain: bool,
    /// Serve a live page of the running command [default address: 127.0.0.1:8090]
    #[arg(
        long,
        env = "LOADGEN_WEB",
        value_name = "ADDRESS:PORT",
        value_parser = address,
        num_args = 0..=1,
        default_missing_value = "127.0.0.1:8090"
    )]
    pub web: Option<SocketAddr>,
    /// The page's secret.
    #[command(flatten)]
    pub page: PageArgs,
    /// Append events to this file as lines of JSON; with - to standard output, in place of the
    /// report
    #[arg(long, env = "LOADGEN_EVENTS_TO", value_name = "FILE")]
    pub events_to: Option<PathBuf>,
    /// Read changes of the load, lines like {"rate": 50}, from this file, or - for standard input
    #[arg(long, env = "LOADGEN_CONTROL_FROM", value_name = "FILE")]
    pub control_from: Option<PathBuf>,
    /// Serve the metrics of the running command to Prometheus [default address: 127.0.0.1:9464]
    #[arg(
        long,
        env = "LOADGEN_METRICS",
        value_name = "ADDRESS:PORT",
        value_parser = address,
        num_args = 0..=1,
        default_missing_value = "127.0.0.1:9464"
    )]
    pub metrics: Option<SocketAddr>,
    /// Push the same metrics to this OTLP collector, like http://127.0.0.1:4318
    #[arg(long, env = "LOADGEN_OTLP", value_name = "URL")]
    pub otlp: Option<OtlpEndpoint>,
}

impl ResultArgs {
    /// The same for a command that may trace exchanges: these are printed at once, which the full-screen view
    /// would overwrite.
    #[must_use]
    pub fn tracing(&self, traced: bool) -> Self {
        Self {
            plain: self.plain || traced,
            ..self.clone()
        }
    }

    /// Whether standard output carries the events, so that no report is printed.
    pub fn events_on_stdout(&self) -> bool {
        self.events_to.as_deref() == Some(Path::new(STANDARD_STREAM))
    }
}
