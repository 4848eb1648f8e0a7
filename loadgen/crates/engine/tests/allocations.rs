//! What a request costs the allocator: in a steady load, nothing.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on ends where it stands"
)]

use std::{
    alloc::{GlobalAlloc, Layout, System},
    cell::Cell,
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpListener},
    sync::{Arc, Mutex},
    thread,
};

use http::Method;
use loadgen_engine::{
    driver::{self, DriverSetup, FlowLoad, Progress},
    flow::{Flow, FlowFuture, Iteration, SingleRequest},
    request::Request,
    sample::OpId,
    schedule,
    suite::{Arrivals, LoadModel, Phase, Windows},
};
use shared::time::Millis;
use tokio_util::sync::CancellationToken;

const REQUESTS: u64 = 600;
/// Requests until buffers have grown.
const WARM_UP: usize = 100;

thread_local! {
    /// Allocations that this thread has made.
    static ALLOCATED: Cell<u64> = const { Cell::new(0) };
}

/// Counts the allocations of each thread.
struct CountingByThread;

#[global_allocator]
static ALLOCATOR: CountingByThread = CountingByThread;

#[expect(unsafe_code, reason = "an allocator is an unsafe trait")]
// SAFETY: every call goes to the system's allocator unchanged.
unsafe impl GlobalAlloc for CountingByThread {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let _thread_ends = ALLOCATED.try_with(|count| count.set(count.get() + 1));
        // SAFETY: the caller keeps the contract, which is the same.
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: as above.
        unsafe { System.dealloc(block, layout) }
    }
}

/// Notes before each request how many allocations its thread has made.
struct Watched {
    flow: SingleRequest,
    seen: Mutex<Vec<u64>>,
}

impl Flow for Watched {
    fn name(&self) -> &'static str {
        self.flow.name()
    }
    fn operations(&self) -> &[OpId] {
        self.flow.operations()
    }
    fn run<'a>(&'a self, it: Iteration<'a>) -> FlowFuture<'a> {
        self.seen.lock().unwrap().push(ALLOCATED.get());
        self.flow.run(it)
    }
}

/// Answers each request of one connection with a body of so many bytes.
fn serve(length: usize) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        stream.set_nodelay(true).unwrap();
        let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n");
        let mut response = head.into_bytes();
        response.resize(response.len() + length, b'x');
        // A request is shorter, and comes in one piece.
        let mut request = [0; 1_024];
        while stream.read(&mut request).is_ok_and(|bytes| bytes > 0) {
            if stream.write_all(&response).is_err() {
                return;
            }
        }
    });
    address
}

/// One user without pauses.
fn closed() -> LoadModel {
    LoadModel::Closed {
        users: 1,
        duration: Millis(30_000),
        think: None,
        iterations: Some(REQUESTS),
    }
}

/// As many arrivals in a second.
fn open() -> LoadModel {
    LoadModel::Open {
        phases: vec![Phase::level(
            format!("{REQUESTS}/s").parse().unwrap(),
            Millis(1_000),
        )],
        arrivals: Arrivals::Constant,
    }
}

/// Sends all requests over one connection, and returns what was seen before each.
fn driven(address: SocketAddr, load: &LoadModel) -> Vec<u64> {
    let watched = Arc::new(Watched {
        flow: SingleRequest::new(Request::get("/"), None),
        seen: Mutex::new(Vec::with_capacity(REQUESTS as usize)),
    });
    let measure = match load {
        LoadModel::Open { .. } => Millis(1_000),
        LoadModel::Closed { duration, .. } => *duration,
    };
    let windows = Windows {
        warm_up: Millis(0),
        measure,
        drain: Millis(10_000),
    };
    let flow: Arc<dyn Flow> = Arc::<Watched>::clone(&watched);
    let data = driver::run(DriverSetup {
        endpoints: vec![address.into()],
        schedule: schedule::plan(load, &[1.0], &windows, 1).unwrap(),
        flows: vec![FlowLoad {
            flow,
            weight: 1.0,
            think: None,
        }],
        timeout: Millis(10_000),
        drain: windows.drain,
        max_users: 1,
        workers: 1,
        seed: 1,
        progress: Arc::new(Progress::new(SingleRequest::operations(&Method::GET))),
        stop: CancellationToken::new(),
    })
    .unwrap();
    assert_eq!(data.total.planned, REQUESTS);
    assert_eq!(data.total.failures(), 0, "{:?}", data.examples);
    std::mem::take(&mut *watched.seen.lock().unwrap())
}

#[test]
fn a_request_of_a_steady_load_allocates_nothing() {
    for (load, length) in [
        (closed(), 2),
        (closed(), 6_000),
        (open(), 2),
        (open(), 6_000),
    ] {
        let seen = driven(serve(length), &load);
        let steady = &seen[WARM_UP..];
        // At the end of a second the recorder puts away its counters.
        let allocated = steady.windows(2).filter(|two| two[0] != two[1]).count();
        let made = steady[steady.len() - 1] - steady[0];
        assert!(
            allocated * 10 < steady.len(),
            "{allocated} of {} requests allocated, {made} times together: {load:?}, {length} bytes",
            steady.len()
        );
    }
}
