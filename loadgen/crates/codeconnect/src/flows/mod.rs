//! What flows of every feature are made of.

mod account_token;
mod bound;
mod drawn_place;
mod feature;
mod memory;
mod operation;
mod popularity;
mod reservations;
mod searches;
mod world;

pub use account_token::AccountToken;
pub use bound::{AppFlow, AppIteration, BoundFlow, until_failure};
pub use drawn_place::DrawnPlace;
pub use feature::{CachedReads, FeatureFlows};
pub use memory::{ChatMemory, DatabaseMemory, FlowMemory};
pub use operation::Op;
pub use popularity::Popularity;
pub use reservations::{Reservation, Reservations};
pub use searches::{NEXT_PAGE, searches};
pub use world::{AdminAccount, MentorAccount, TestAccount, World};

pub use loadgen_engine::flow::FlowFuture;
