//! What every route has in common: refusals, headers, the description.

mod admission;
mod compression;
mod docs;
mod headers;
mod health;
mod host;
mod hostile_values;
mod openapi;
mod problems;
mod words;
