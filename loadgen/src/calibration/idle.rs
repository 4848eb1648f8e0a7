//! Memory of a virtual user that only waits, with its connection open.

use std::{
    io,
    net::SocketAddr,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use procfs::process::Process;
use shared::time::Millis;

use super::rounds::{during, setup};
use loadgen_engine::{
    driver::Progress,
    flow::SingleRequest,
    suite::{LoadModel, Think},
};

/// Longest time until all users have had their first response.
const FIRST_RESPONSE_TIMEOUT: Duration = Duration::from_secs(30);
/// For how long a user then waits.
const THINK: Millis = Millis(120_000);

/// Resident bytes for each of so many users that had one answer and now wait; an error where
/// not all had one. Meant for a fresh process: memory that earlier work left is reused.
pub fn idle(target: SocketAddr, users: u32) -> io::Result<f64> {
    let resident = |users: u32| -> io::Result<f64> {
        let load = LoadModel::Closed {
            users,
            duration: THINK,
            think: Some(Think {
                min: THINK,
                max: THINK,
                mean: None,
            }),
            iterations: None,
        };
        let progress = Arc::new(Progress::new(SingleRequest::operations(&http::Method::GET)));
        let setup = setup(target, &load, THINK, Arc::clone(&progress))?;
        let (seen, data) = during(setup, || {
            let begun = Instant::now();
            while progress.snapshot().total.count() < u64::from(users)
                && begun.elapsed() < FIRST_RESPONSE_TIMEOUT
            {
                thread::sleep(Duration::from_millis(20));
            }
            thread::sleep(Duration::from_millis(200));
            resident_bytes().map(|bytes| (bytes, progress.snapshot()))
        })?;
        let (bytes, seen) = seen?;
        if seen.total.failed() > 0 || seen.total.count() < u64::from(users) {
            return Err(io::Error::other(format!(
                "{} of {users} users had their answer, {} failed: {:?}",
                seen.total.count(),
                seen.total.failed(),
                data.examples
            )));
        }
        Ok(bytes)
    };
    // One user first: threads, shard and code that all share are then there already.
    let one = resident(1)?;
    let all = resident(users)?;
    Ok((all - one).max(0.0) / f64::from(users))
}

fn resident_bytes() -> io::Result<f64> {
    let memory = Process::myself()
        .and_then(|process| process.statm())
        .map_err(io::Error::other)?;
    Ok((memory.resident * procfs::page_size()) as f64)
}
