//! One planted violation of each ban of `clippy.toml`, each of which expects that clippy refuses it. Where a ban
//! is not in force, or names nothing that exists, its expectation is not met and `make lint` fails. A test of
//! `guards` fails for a ban that has none here.

#![expect(dead_code, reason = "clippy reads them, and nobody calls them")]

#[expect(clippy::disallowed_methods, reason = "planted")]
fn time_of_day_by_chrono() -> chrono::DateTime<chrono::Utc> {
    chrono::Utc::now()
}

#[expect(clippy::disallowed_methods, reason = "planted")]
fn time_of_day() -> std::time::SystemTime {
    std::time::SystemTime::now()
}

#[expect(clippy::disallowed_methods, reason = "planted")]
fn chance() -> rand::rngs::ThreadRng {
    rand::rng()
}

#[expect(clippy::disallowed_methods, reason = "planted")]
fn queue_of_tasks() {
    drop(tokio::sync::mpsc::unbounded_channel::<u8>());
}

#[expect(clippy::disallowed_methods, reason = "planted")]
fn queue_of_threads() {
    drop(std::sync::mpsc::channel::<u8>());
}
