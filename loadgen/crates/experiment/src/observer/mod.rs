//! Watches while a trial runs: the target through its control plane, processes through `/proc`.

mod by_second;
mod hiccup;
mod host;
mod look_log;
mod machine;
mod plan;
mod pooler;
mod replica;
mod server_figures;
mod server_fold;
mod timeline;
mod window_fold;

pub use hiccup::{Course, Hiccups, Sleeper};
pub use host::{Host, Usage, cores};
pub use look_log::LookLog;
pub use machine::{Machine, ThreadUse};
pub use plan::read_plans;
pub use timeline::{GeneratorUse, LoadSeen, Observation, Timeline};
pub use window_fold::WindowFigures;
