//! Two instances on one database and one Redis: what holds across them, and within which bound.

mod caches;
mod chat;
mod notifications;
mod races;
