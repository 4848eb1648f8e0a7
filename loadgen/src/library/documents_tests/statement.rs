//! What a document says, and what follows from it.

/// A statement of a document, word for word, and what follows from it; an empty one where no document states
/// anything. Lines that are taken together are joined by ` / `.
pub(super) type DocumentStatement = (&'static str, &'static [&'static str]);
/// Name of a suite or experiment, and the statements about it.
pub(super) type DocumentRow = (&'static str, &'static [&'static [DocumentStatement]]);
