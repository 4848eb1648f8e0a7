//! Bounded lists: a numbered page or a keyset cursor.

use serde::{Deserialize, Serialize};

/// Items on a page when the request does not say.
pub const DEFAULT_PER_PAGE: u32 = 20;
/// Most items a page may hold.
pub const MAX_PER_PAGE: u32 = 100;
/// Deepest numbered page; beyond it a cursor is asked for.
pub const MAX_PAGE: u32 = 1_000;

/// One page of a list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Page<T> {
    /// The items, in the order that the request asked for.
    pub items: Vec<T>,
    /// How many there are in all; absent where the total is switched off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total: Option<u64>,
    /// 1-based number of this page; 1 for the first page of a keyset walk.
    pub page: u32,
    /// Items a page.
    pub per_page: u32,
    /// Where the next page starts; absent on the last one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}
