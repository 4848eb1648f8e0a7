//! The result folder: `results/runs/<UTC>_<command>_<name>_<id>/`, written so that a run which
//! stops anywhere leaves a folder that can be read. `crate::schema` is what is stored, `folder` how a
//! file gets there, `trial_files` what one trial leaves, `manifest` what was asked of which
//! machine, `evidence` the short file a pipeline reads, `load` the way back,
//! `past` that of every run, `shelf` lists runs and takes old ones away, `archive` packs one,
//! `summary_schema` says what a summary looks like to other programs.

mod archive;
mod checksums;
pub mod evidence;
pub mod folder;
pub mod load;
pub mod manifest;
pub mod past;
mod samples;
mod shelf;
mod summary_schema;
pub mod trial_files;

pub use archive::export;
pub use checksums::renew_checksums;
pub use folder::{Folder, StoreError};
pub use load::load;
pub use past::past;
pub use samples::{MOST_SAMPLES, write_into as write_samples_into};
pub use shelf::{Rule, Shelved, prunable, remove, shelf};
pub use summary_schema::{summary_schema, summary_schema_text};
