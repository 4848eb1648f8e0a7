//! The metrics of a running command for monitoring systems: scraped as Prometheus text, or pushed
//! by OTLP.
//!
//! | file | content |
//! |---|---|
//! | `catalogue` | every metric, with its meaning |
//! | `figures` | the figures, accumulated from events over all trials of a command |
//! | `family` | a metric with its labels and values, for both formats |
//! | `text`, `page` | Prometheus text, and the page that is scraped |
//! | `otlp`, `push` | OTLP messages, and sending them |
//! | `exporter` | the threads that do this beside the load |

pub mod catalogue;
mod exporter;
mod family;
mod figures;
mod otlp;
mod page;
mod push;
mod text;

pub use exporter::{ExportError, Exporter};
pub use push::{InvalidEndpoint, OtlpEndpoint};
