//! The files of `loadgen http --out DIR`: the figures, and the response times they come from.

use std::{fs::create_dir_all, path::Path};

use super::{json, verdict::HttpResult};
use crate::cli::failure::Failure;
use loadgen_engine::{aggregator::write_hlog, flow::SingleRequest};
use loadgen_report::store::{write_atomically, write_samples_into};

/// Creates the folder before the load, so that a wrong path does not cost a run.
pub(super) fn prepare(folder: &Path) -> Result<(), Failure> {
    create_dir_all(folder)
        .map_err(|error| Failure::usage(format!("cannot write to {}: {error}", folder.display())))
}

/// Writes `DIR/latency.hlog` and `DIR/http.json`, and the single requests if they were recorded.
pub(super) fn write(result: &HttpResult, folder: &Path) -> Result<(), Failure> {
    let mut log = Vec::new();
    write_hlog(&result.data, SingleRequest::catalog().operations, &mut log)
        .map_err(Failure::internal)?;
    let figures = json::render(result);
    for (name, bytes) in [
        ("latency.hlog", &log[..]),
        ("http.json", figures.as_bytes()),
    ] {
        write_atomically(&folder.join(name), bytes).map_err(Failure::usage)?;
    }
    match &result.data.samples {
        Some(samples) => write_samples_into(folder, samples, SingleRequest::catalog().operations)
            .map_err(Failure::usage),
        None => Ok(()),
    }
}
