//! Which run the model is fitted to, and its figures.

use super::calibration::{FittedModel, SystemModel, calibrate, is_closed, utilization};
use crate::sizing::{
    figure::{FigureBook, Ranged},
    measured::MeasuredRun,
};

/// The run of the same switches as the base whose processors were used least: queues blur what a request costs.
fn lightest<'a>(runs: &[&'a MeasuredRun], base: &'a MeasuredRun) -> &'a MeasuredRun {
    let switches = |run: &MeasuredRun| run.arm().map(|arm| arm.fingerprint.clone());
    let same = runs.iter().filter(|run| switches(run) == switches(base));
    let used = same.filter_map(|run| Some((*run, utilization(run, run.arm()?)?)));
    used.min_by(|a, b| a.1.total_cmp(&b.1))
        .map_or(base, |found| found.0)
}

/// The model, and its figures in the book; `Err` says what is missing for it.
pub(super) fn fitted<'a>(
    book: &mut FigureBook,
    runs: &[&'a MeasuredRun],
    base: &'a MeasuredRun,
) -> Result<FittedModel<'a>, String> {
    let run = lightest(runs, base);
    let model = calibrate(run)?;
    let arm = run
        .arm()
        .ok_or_else(|| format!("simulation: {} has no arm", run.folder))?;
    let ids = figures(book, &model);
    Ok(FittedModel {
        model,
        arm,
        is_closed: is_closed(run),
        ids,
    })
}

/// Puts what was measured of the model; the ids.
fn figures(book: &mut FigureBook, model: &SystemModel) -> Vec<String> {
    let time = &model.time;
    let operations = model.operations.len() as f64;
    let all = [
        (
            "sim_cores",
            ("processors of the measured machine", ""),
            Some(f64::from(model.cores)),
            "by its operating system",
        ),
        (
            "sim_operations",
            ("operations of the model", ""),
            Some(operations),
            "each with its share of the requests, its times and their spread",
        ),
        (
            "sim_application_ms",
            ("processor time of the application for an answer", "ms"),
            Some(time.application),
            "its mean, hashing included; of each operation by its time outside database, cache and hashing",
        ),
        (
            "sim_hash_ms",
            ("of which hashing", "ms"),
            Some(time.hashing).filter(|ms| *ms > 0.0),
            if model.hashing_is_reported {
                "its mean over all answers, by the CPU time of hashing that the target reports"
            } else {
                "its mean over all answers, estimated: its time without the queue for it"
            },
        ),
        (
            "sim_database_ms",
            ("processor time of PostgreSQL for an answer", "ms"),
            Some(time.database),
            "its mean; of each operation by its time in statements",
        ),
        (
            "sim_redis_ms",
            ("processor time of Redis for an answer", "ms"),
            Some(time.cache).filter(|ms| *ms > 0.0),
            "its mean; of each operation by its time in commands",
        ),
        (
            "sim_wait_ms",
            (
                "time of an answer that neither processors nor queues explain",
                "ms",
            ),
            Some(model.wait),
            "mean response time without pool wait, processor time and the queue for processors (M/M/c)",
        ),
        (
            "sim_pool",
            ("connections of an instance", ""),
            model.pool.map(f64::from),
            "as the target reports them",
        ),
        (
            "sim_hit_ratio",
            ("hit ratio of the caches", ""),
            model.hits,
            "over all operations; the model takes that of each",
        ),
    ];
    let mut ids = Vec::new();
    for (id, name, value, what) in all {
        let Some(value) = value else { continue };
        let ranged = Ranged {
            value,
            low: None,
            high: None,
        };
        book.measured(id, name, ranged, (&model.folder, what));
        ids.push(id.to_owned());
    }
    ids
}
