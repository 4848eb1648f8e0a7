//! The border between measuring and what is measured. Trials, experiments and verdicts see an
//! application through these traits alone.

mod application;
mod consistency;
mod http_service;
mod settings;
#[cfg(any(test, feature = "fixtures"))]
mod shop;
mod under_test;

pub use application::{AdmissionSwitch, Application};
pub use consistency::{ConsistencyRecord, Freshness, MAX_STALE_AGES, WriteCounts};
pub use http_service::{HttpApplication, HttpService};
pub use settings::Settings;
#[cfg(any(test, feature = "fixtures"))]
pub use shop::Shop;
pub use under_test::{
    Audited, Endpoints, InForce, PrepareRequest, PreparedSystem, SystemError, SystemUnderTest,
};
