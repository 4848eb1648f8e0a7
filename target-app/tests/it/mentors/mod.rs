//! Discovery, profiles, availability and reviews.

mod availability;
mod bounds;
mod detail;
mod filters;
mod own_profile;
mod paging;
mod reviews;
mod shapes;
mod sorting;
