//! The embedded files, listed by the build script.

/// A file that is part of the program.
#[derive(Debug, Clone, Copy)]
pub(super) struct BundledFile {
    /// Name of the file without its extension.
    pub(super) name: &'static str,
    pub(super) text: &'static str,
}

include!(concat!(env!("OUT_DIR"), "/bundled.rs"));
