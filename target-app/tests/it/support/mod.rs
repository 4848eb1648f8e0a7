//! What the tests stand on: services, a database each, an application each, people, and chat.
//!
//! | file | what it holds |
//! |---|---|
//! | `services` | PostgreSQL and Redis, as `make test` gives them |
//! | `db` | one seeded template a process, a copy of it for each test |
//! | `app` | an application on a free port, its Redis database, and its end |
//! | `client`, `answer` | people with one method an action, and what they are answered |
//! | `document` | every answer is compared with the API's description |
//! | `chat` | one end of a chat socket |
//! | `signal` | one end of a signalling socket |
//! | `builders` | slots, lessons, marks and locks that a test needs and the seed does not have |
//! | `raw` | a connection for bytes that no client sends |
//! | `program` | one run of the built program |
//! | `proxy` | a way to Redis that can be cut |

mod answer;
mod app;
mod builders;
mod chat;
mod client;
mod db;
mod document;
pub(crate) mod program;
mod proxy;
mod raw;
mod redis_database;
mod replica;
mod services;
mod signal;

pub(crate) use answer::Answer;
pub(crate) use app::{LAB_TOKEN, TestApp, WEBHOOK_SECRET, media_dir};
pub(crate) use builders::{
    Lesson, NewSlot, all_strategies, begin_mark, conflicts, lock_slot, right_strategies, student_id,
};
pub(crate) use chat::ChatSocket;
pub(crate) use client::{Anonymous, Client, Lab, Person, send, together};
pub(crate) use db::TestDb;
pub(crate) use proxy::Proxy;
pub(crate) use raw::RawConnection;
pub(crate) use replica::{ReplicaEnd, ReplicaTurn};
pub(crate) use services::services;
pub(crate) use signal::SignalEnd;
