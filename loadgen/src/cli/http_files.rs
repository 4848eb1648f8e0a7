//! What `loadgen http --out DIR` leaves: the figures and the response times they come from.

use std::{collections::BTreeMap, path::Path};

use super::{http::Measured, http_json, outcome::Failure};
use crate::{
    aggregator::{TrialData, write_hlog},
    store::folder::write_atomically,
};

/// Writes `DIR/latency.hlog` and `DIR/http.json`.
pub(super) fn write(measured: &Measured, folder: &Path) -> Result<(), Failure> {
    // There is one operation, and it has no name of its own in the catalogue: the total is it.
    let data = TrialData {
        ops: BTreeMap::new(),
        ..measured.data.clone()
    };
    let mut log = Vec::new();
    write_hlog(&data, &mut log).map_err(Failure::internal)?;
    let figures = http_json::render(measured);
    for (name, bytes) in [
        ("latency.hlog", &log[..]),
        ("http.json", figures.as_bytes()),
    ] {
        write_atomically(&folder.join(name), bytes).map_err(Failure::usage)?;
    }
    Ok(())
}
