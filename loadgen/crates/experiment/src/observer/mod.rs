//! Watches while a trial runs: the target through its control plane, processes through `/proc`.

mod by_second;
mod hiccup;
mod host;
mod machine;
mod observation_log;
mod plan;
mod pooler;
mod replica;
mod server_accumulator;
mod server_figures;
mod timeline;
mod window_accumulator;

pub use hiccup::{HiccupProbe, Hiccups, WakeupLog};
pub use host::{Host, Usage, cores};
pub use machine::{Machine, ThreadUse};
pub use observation_log::ObservationLog;
pub use plan::read_plans;
pub use timeline::{GeneratorUse, LoadSeen, Observation, Timeline};
pub use window_accumulator::WindowFigures;
