//! The figures of a running command for monitoring systems: scraped as Prometheus text, or pushed
//! by OTLP.
//!
//! | file | what it holds |
//! |---|---|
//! | `catalogue` | every metric, with its meaning |
//! | `figures` | the figures as the events tell them, growing over all trials of a command |
//! | `family` | a figure with its labels, for both ways out |
//! | `text`, `page` | Prometheus text, and the page that is scraped |
//! | `otlp`, `push` | OTLP messages, and the one who sends them |
//! | `shared` | the figures between the threads |
//! | `exporter` | the threads that keep all of it away from the load |

pub mod catalogue;
mod exporter;
mod family;
mod figures;
mod otlp;
mod page;
mod push;
mod shared;
mod text;

pub use exporter::{ExportError, Exporter};
pub use push::{BadCollector, Collector};
