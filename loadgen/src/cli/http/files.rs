//! What `loadgen http --out DIR` leaves: the figures and the response times they come from.

use std::{fs::create_dir_all, path::Path};

use super::{super::outcome::Failure, json, judge::Measured};
use crate::{
    aggregator::write_hlog,
    flow::SingleRequest,
    store::{folder::write_atomically, write_samples_into},
};

/// Makes the folder before the load: what cannot be written should not cost a run.
pub(super) fn prepare(folder: &Path) -> Result<(), Failure> {
    create_dir_all(folder)
        .map_err(|error| Failure::usage(format!("cannot write to {}: {error}", folder.display())))
}

/// Writes `DIR/latency.hlog` and `DIR/http.json`, and the requests one by one where they were kept.
pub(super) fn write(measured: &Measured, folder: &Path) -> Result<(), Failure> {
    let mut log = Vec::new();
    write_hlog(
        &measured.data,
        SingleRequest::catalog().operations,
        &mut log,
    )
    .map_err(Failure::internal)?;
    let figures = json::render(measured);
    for (name, bytes) in [
        ("latency.hlog", &log[..]),
        ("http.json", figures.as_bytes()),
    ] {
        write_atomically(&folder.join(name), bytes).map_err(Failure::usage)?;
    }
    match &measured.data.samples {
        Some(samples) => write_samples_into(folder, samples, SingleRequest::catalog().operations)
            .map_err(Failure::usage),
        None => Ok(()),
    }
}
