//! The border between measuring and what is measured. Trials, experiments and verdicts see an
//! application through these traits alone.

mod application;
mod http_service;
mod promises;
mod settings;
#[cfg(any(test, feature = "fixtures"))]
mod shop;
mod under_test;

pub use application::Application;
pub use http_service::{HttpApplication, HttpService};
pub use promises::{Freshness, MAX_STALE_AGES, Promises, WriteCounts};
pub use settings::Settings;
#[cfg(any(test, feature = "fixtures"))]
pub use shop::Shop;
pub use under_test::{
    Audited, Endpoints, InForce, PrepareRequest, PreparedSystem, SystemError, SystemUnderTest,
};
