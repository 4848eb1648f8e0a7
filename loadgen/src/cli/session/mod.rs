//! What a command runs in: services and lab client, event sinks, interrupt handling, the result
//! folder.

mod distribution;
mod github;
mod interrupt;
mod job_template;
mod measured;
mod open;
mod outputs;
mod own_stack;
mod page_readers;
mod runtime;
mod services;
mod single_run;
mod sinks;
mod stack_control;

pub(super) use distribution::Distribution;
pub(super) use interrupt::{CleanupSlot, listen, nothing_left_to_stop, signalled};
pub(super) use job_template::job_template;
pub(super) use measured::MeasuredSession;
pub(super) use open::{StackAddresses, connect, start_stack};
pub(super) use outputs::check_file;
pub(super) use own_stack::with_own_stack;
pub(super) use page_readers::close_when_left;
pub(super) use runtime::{local_runtime, task_runtime};
pub(super) use services::{ServiceSource, find_targets, refuse_remote};
pub(super) use single_run::SingleRun;
pub(super) use sinks::{announce_page, open_page};
