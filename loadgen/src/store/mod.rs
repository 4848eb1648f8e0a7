//! The result folder: `results/runs/<UTC>_<command>_<name>_<id>/`, written so that a run which
//! stops anywhere leaves a folder that can be read. `crate::schema` is what is stored, `folder` how a
//! file gets there, `trial_files` what one trial leaves, `manifest` what was asked of which
//! machine, `evidence` the short file a pipeline reads, `load` the way back,
//! `past` that of every run, `run_index` lists runs and removes old ones, `archive` packs one,
//! `summary_schema` says what a summary looks like to other programs.

mod archive;
mod checksums;
pub mod evidence;
pub mod folder;
pub mod load;
pub mod manifest;
pub mod past;
mod run_index;
mod samples;
mod summary_schema;
pub mod trial_files;

pub use archive::export;
pub use checksums::renew_checksums;
pub use folder::{Folder, StoreError};
pub use load::load;
pub use past::past;
pub use run_index::{PruneRule, RunEntry, list_runs, prunable, remove};
pub use samples::{MOST_SAMPLES, write_into as write_samples_into};
pub use summary_schema::{summary_schema, summary_schema_text};
