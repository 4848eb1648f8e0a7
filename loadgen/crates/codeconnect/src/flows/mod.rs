//! What flows of every feature are made of.

mod bound;
mod claims;
mod feature;
mod memory;
mod operation;
mod popularity;
mod searches;
mod world;

pub use bound::{AppFlow, AppIteration, BoundFlow};
pub use claims::{Claim, Claims};
pub use feature::{CachedReads, FeatureFlows};
pub use memory::{ChatMemory, FlowMemory};
pub use operation::Op;
pub use popularity::Popularity;
pub use searches::{NEXT_PAGE, searches};
pub use world::{MentorAccount, TestAccount, World};
