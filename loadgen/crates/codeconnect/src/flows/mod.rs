//! What users of the reference backend do, in order, and what the right answers look like. One
//! file a feature.

mod auth;
mod bookings;
mod bound;
mod chat;
mod chat_history;
mod feature;
mod memory;
mod mentors;
mod operation;
mod popularity;
mod recordings;
mod registry;
mod searches;
mod world;

pub use auth::{check_login, login_request};
pub use bound::{AppFlow, AppIteration, BoundFlow};
pub use feature::FeatureFlows;
pub use memory::{ChatMemory, FlowMemory};
pub use operation::Op;
pub use popularity::Popularity;
pub use registry::{FEATURES, bind, catalog};
pub use world::{TestAccount, World};
