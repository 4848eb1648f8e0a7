//! Rules about the structure of this repository. Nothing depends on this crate.
//!
//! Each rule is a function from sources in memory to [`Violation`]s, so that a test can hand it a
//! planted violation as well as the real tree. `tests/architecture.rs` runs every rule on the
//! tree; `tests/planted` shows that every rule can fail, and that legal input passes.
//!
//! | module | rules |
//! |---|---|
//! | [`layers`] | imports inside a crate run downwards |
//! | [`circles`] | no files of a crate import each other in a circle |
//! | [`crate_graph`] | which crate may depend on which, and on which of its modules; every dependency is used |
//! | [`vocabulary`] | generic crates hold no word of the reference backend: no name of a feature, and none of a list |
//! | [`functions`] | no function of the product is too long |
//! | [`files`] | sizes, names, headers, `mod.rs` without logic, doc comments that say something |
//! | [`roles`] | HTTP types only in four kinds of files of a feature, and no SQL in these; of another feature only service, model and extractor; no feature is imported from outside of them |
//! | [`type_names`] | one type name, one meaning |
//! | [`documents`] | paths, suites and experiments that a document names exist |
//! | [`prose`] | links lead to headings that exist; no sentence stands in two documents |
//! | [`licences`] | no copyleft, no second TLS stack |
//! | [`bans`] | each ban of `clippy.toml` is in force, and suspended only where a list says why |
//!
//! What the rules hold the tree against is in `layers.toml` and `rules.toml`; what is still
//! tolerated is in `exceptions.toml`, which may only get shorter.

pub mod bans;
pub mod circles;
pub mod config;
pub mod crate_graph;
pub mod documents;
pub mod facts;
pub mod files;
pub mod functions;
pub mod layers;
pub mod licences;
pub mod manifests;
pub mod modules;
pub mod parse;
pub mod prose;
pub mod roles;
pub mod tree;
pub mod type_names;
pub mod violation;
pub mod vocabulary;

pub use violation::Violation;
