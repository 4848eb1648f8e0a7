//! Figures that a document states for the same phases, to stand beside those that were measured.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A document with results of its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Document {
    /// What it is called, with its date.
    pub title: String,
    /// How its machine and its load differ from those of this experiment, in sentences.
    pub differs: String,
    /// Its phases, in their order.
    pub phases: Vec<DocumentPhase>,
}

/// A phase of a document, and the operation here that it is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DocumentPhase {
    /// Number and name, as the document has them.
    pub name: String,
    /// The operation whose figures stand beside it.
    pub operation: String,
    /// The kind of cache whose hit ratio does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache: Option<String>,
    /// What it is to reach, in the document's words.
    pub target: String,
    /// What the document found before its optimizations.
    #[serde(default)]
    pub before: DocumentFigures,
    /// What it found after them.
    #[serde(default)]
    pub after: DocumentFigures,
}

/// Figures in the document's own words; absent where it states none.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct DocumentFigures {
    /// Requests that were made.
    pub attempts: Option<String>,
    /// Requests that succeeded.
    pub successful: Option<String>,
    /// Share that succeeded.
    pub success: Option<String>,
    /// 97.5th percentile of the response time.
    pub p97_5: Option<String>,
    /// Median of the response time.
    pub p50: Option<String>,
    /// Requests or bytes a second.
    pub throughput: Option<String>,
    /// Share of look-ups that a cache answered.
    pub hit_ratio: Option<String>,
    /// Its own judgement.
    pub status: Option<String>,
}
