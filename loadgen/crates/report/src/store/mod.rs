//! The result folder: `results/runs/<UTC>_<command>_<name>_<id>/`, written so that a run which
//! stops anywhere leaves a folder that can be read. `loadgen_experiment::schema` defines what is stored. `folder`
//! writes files, `trial_files` those of a trial, `manifest` the input and the machine, `evidence`
//! the short file for pipelines. `load` reads a run or its `outline`, `finished_runs` all of them, `resolve` finds
//! one, `run_index` lists and removes them, `baseline` keeps one under a name, `archive` packs one, `search_trials` keeps
//! what a capacity search goes on from, `summary_schema` and `plan_schema` are the JSON
//! Schemas for other programs.

mod archive;
mod atomic;
mod baseline;
mod checksums;
mod error;
pub mod evidence;
mod finished_runs;
pub mod folder;
mod listed;
pub mod load;
pub mod manifest;
mod outline;
mod plan_schema;
mod resolve;
mod run_index;
mod samples;
mod search_trials;
mod summary_schema;
pub mod trial_files;

pub use archive::export;
pub use atomic::{abandon_writes, write_atomically};
pub use baseline::{Baseline, baseline_dir, baselines, forget_baseline, keep_baseline};
pub use checksums::renew_checksums;
pub use error::StoreError;
pub use finished_runs::finished_runs;
pub use folder::Folder;
pub use load::{load, load_outline};
pub use outline::{ArmOutline, EffectOutline, SecondOutline, SummaryOutline, TrialOutline};
pub use plan_schema::{plan_schema, plan_schema_text};
pub use resolve::{RunLookupError, latest_run_dir, resolve_run_dir};
pub use run_index::{PruneRule, StoredEnding, StoredRun, list_runs, prunable, remove, stored_run};
pub use samples::{MOST_SAMPLES, write_into as write_samples_into};
pub use search_trials::kept_search;
pub use summary_schema::{summary_schema, summary_schema_text};
