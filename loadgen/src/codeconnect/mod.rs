//! Everything that is known of the reference backend beyond its flows: its switches, its control
//! plane, its accounts, its audit.

mod application;
mod lab_client;
mod prepared;
mod sessions;
mod system;

pub use application::CodeConnect;
pub use lab_client::{LabClient, LabError};
pub use system::CodeConnectSystem;
