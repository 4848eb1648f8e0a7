//! Everything that is known of the reference backend beyond its flows: its switches, its control
//! plane, its accounts, its audit, and which of its switches helps against what.

mod all_instances;
mod application;
pub mod bench_requests;
pub mod database;
mod facts;
pub mod features;
pub mod flows;
pub mod hints;
mod instances;
mod lab_client;
pub mod ledger;
mod prepared;
mod seeded_database;
mod sessions;
mod system;

pub use application::CodeConnect;
pub use lab_client::{LabClient, LabError};
pub use seeded_database::{NOT_TESTED, SeededDatabase};
pub use system::CodeConnectSystem;
