//! Between the wire and the handlers: extractors, and the layers around every route.

mod admission;
mod client_address;
mod compression;
mod extract;
mod field;
mod full_body;
mod host;
mod idempotency;
mod layers;
mod read_again;
mod request_id;
mod scrape;
mod single_headers;
mod slowdown;

pub use admission::admission;
pub use compression::compress;
pub use extract::{Current, Json, Path, Query, json_bytes};
pub use field::read_object;
pub use idempotency::IdempotencyKey;
pub use layers::{method_not_allowed, no_such_path, observe, time_limit};
pub use request_id::RequestId;
pub use scrape::scrape;
