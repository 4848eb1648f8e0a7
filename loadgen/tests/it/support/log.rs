//! What the server saw, by its own clock.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

/// One answered request; times since the server was started.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Exchange {
    /// When its last byte was read.
    pub(crate) arrived: Duration,
    /// When its answer was handed to the kernel.
    pub(crate) departed: Duration,
}

#[derive(Debug, Default)]
struct Seen {
    connections: u32,
    exchanges: Vec<Exchange>,
}

/// Shared between the server's thread and the test.
#[derive(Debug, Clone, Default)]
pub(crate) struct Log(Arc<Mutex<Seen>>);

impl Log {
    /// Counts a connection and answers with how many there were.
    pub(super) fn connected(&self) -> u32 {
        let mut seen = self.0.lock().unwrap();
        seen.connections += 1;
        seen.connections
    }

    pub(super) fn exchanged(&self, one: Exchange) {
        self.0.lock().unwrap().exchanges.push(one);
    }

    /// Connections that were taken, the program's first check included.
    pub(crate) fn connections(&self) -> u32 {
        self.0.lock().unwrap().connections
    }

    /// Requests with a whole answer.
    pub(crate) fn exchanges(&self) -> Vec<Exchange> {
        self.0.lock().unwrap().exchanges.clone()
    }
}

/// The value at rank `ceil(share * n)`, as the program defines its percentiles.
pub(crate) fn percentile(values: &[f64], share: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let rank = (share * sorted.len() as f64 - 1e-9).ceil() as usize;
    sorted[rank.clamp(1, sorted.len()) - 1]
}
