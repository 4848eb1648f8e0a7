//! The result folder: `results/runs/<UTC>_<command>_<name>_<id>/`, written so that a run which
//! stops anywhere leaves a folder that can be read. `crate::schema` is what is stored, `folder` how a
//! file gets there, `trial_files` what one trial leaves, `manifest` what was asked of which
//! machine, `evidence` the short file a pipeline reads, `load` the way back,
//! `past` that of every run, `summary_schema` what a summary looks like to other programs.

pub mod evidence;
pub mod folder;
pub mod load;
pub mod manifest;
pub mod past;
mod summary_schema;
pub mod trial_files;

pub use folder::{Folder, StoreError};
pub use load::load;
pub use past::past;
pub use summary_schema::{summary_schema, summary_schema_text};
