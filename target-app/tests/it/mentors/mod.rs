//! Discovery, profiles, availability and reviews.

mod availability;
mod bounds;
mod detail;
mod filters;
pub(crate) mod operations;
mod own_profile;
mod paging;
mod pipelined;
mod reviews;
mod shapes;
mod sorting;
