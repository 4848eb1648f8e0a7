//! What the reference backend costs against the bare parts it stands on: PostgreSQL under pgbench, Redis
//! under redis-benchmark, its own memory, the password hash alone, and statements without an application.

mod bare_load;
mod booking;
mod cached_page;
mod comparison;
mod interleaved;
mod logins;
mod measure;
mod own_load;
mod read_by_key;
mod running;

pub use comparison::{
    AimLimit, AimVerdict, OtherRoutes, PartComparison, PartSide, PartUnit, TargetComparison,
};
pub use measure::compare_target;
pub use running::{TargetBench, TargetPlan};
