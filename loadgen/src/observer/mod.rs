//! Watches while a trial runs: the target through its control plane, processes through `/proc`.

mod host;
mod target;
mod timeline;

pub use host::{Host, Usage, cores};
pub use target::{Control, ControlError};
pub use timeline::{Observation, Timeline};
