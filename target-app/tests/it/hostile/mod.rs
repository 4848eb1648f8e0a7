//! Clients that break the rules of HTTP, of WebSocket or of the API, as raw bytes.
//!
//! | file | contents |
//! |---|---|
//! | `battery` | sends every row, many times, to the built program and looks at the process |
//! | `row` | one exchange, and what requests are made of |
//! | `heads` | request lines and headers |
//! | `bodies` | lengths, chunks and JSON |
//! | `values` | queries, ranges, credentials, upgrades |
//! | `frames` | frames of the chat socket |

mod battery;
mod bodies;
mod frames;
mod heads;
mod row;
mod values;
