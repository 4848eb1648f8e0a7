//! A server that does exactly what a test has programmed, on a thread of its own in the test's
//! process: delays, a freeze, a queue with one place, and everything that can go wrong.

use std::{
    net::SocketAddr,
    rc::Rc,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    runtime::Builder,
    task::{LocalSet, spawn_local},
    time::{sleep, sleep_until, timeout},
};

use super::log::{Exchange, Log};

/// The outcome of one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answer {
    /// 200 and the whole body.
    Right,
    /// This status, at once, whatever the delay is.
    Fast(u16),
    /// The connection is reset without a byte.
    Reset,
    /// The head and the first half of the body, and then the connection is closed.
    Partial,
    /// Head and half of the body at once, the rest after the delay.
    Slow,
    /// Nothing, ever.
    Never,
}

/// The outcome of the request of this number.
pub(crate) type Answers = fn(usize) -> Answer;

/// The program of the server. Requests are numbered from 0 in the order of their arrival.
pub(crate) struct KnownServer {
    /// How long the answer to a request takes.
    pub(crate) delay: Box<dyn Fn(usize) -> Duration + Send>,
    /// Whether a request waits until the one before it is answered.
    pub(crate) queue: bool,
    /// Counted from the first request, no answer leaves between these two times.
    pub(crate) freeze: Option<(Duration, Duration)>,
    /// The outcome of a request.
    pub(crate) answer: Answers,
    /// After so many connections it stops listening, and every answer ends its connection.
    pub(crate) connections: Option<u32>,
}

impl Default for KnownServer {
    fn default() -> Self {
        Self {
            delay: Box::new(|_| Duration::ZERO),
            queue: false,
            freeze: None,
            answer: |_| Answer::Right,
            connections: None,
        }
    }
}

/// A server that runs until it is dropped.
pub(crate) struct Served {
    address: SocketAddr,
    /// What it saw.
    pub(crate) log: Log,
    end: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Served {
    /// Where to send.
    pub(crate) fn url(&self) -> String {
        format!("http://{}/", self.address)
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.end.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _panicked = thread.join();
        }
    }
}

/// What all connections share.
struct State {
    truth: KnownServer,
    log: Log,
    started: Instant,
    first: std::cell::Cell<Option<Instant>>,
    number: std::cell::Cell<usize>,
    free_at: std::cell::Cell<Option<Instant>>,
}

impl KnownServer {
    /// Every answer takes so long.
    pub(crate) fn after(delay: Duration) -> Self {
        Self {
            delay: Box::new(move |_| delay),
            ..Self::default()
        }
    }

    /// Serves on a free port.
    pub(crate) fn serve(self) -> Served {
        // Thousands of connections have one end here.
        loadgen_engine::driver::raise_file_limit().unwrap();
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        let (log, end) = (Log::default(), Arc::new(AtomicBool::new(false)));
        let (seen, ended) = (log.clone(), Arc::clone(&end));
        let thread = thread::spawn(move || {
            let runtime = Builder::new_current_thread().enable_all().build().unwrap();
            let state = Rc::new(State {
                truth: self,
                log: seen,
                started: Instant::now(),
                first: None.into(),
                number: 0.into(),
                free_at: None.into(),
            });
            LocalSet::new().block_on(&runtime, async move {
                spawn_local(accept(TcpListener::from_std(listener).unwrap(), state));
                while !ended.load(Ordering::Relaxed) {
                    sleep(Duration::from_millis(20)).await;
                }
            });
        });
        Served {
            address,
            log,
            end,
            thread: Some(thread),
        }
    }
}

async fn accept(listener: TcpListener, state: Rc<State>) {
    while let Ok((stream, _)) = listener.accept().await {
        stream.set_nodelay(true).unwrap();
        let taken = state.log.connected();
        spawn_local(connection(stream, Rc::clone(&state)));
        if state.truth.connections == Some(taken) {
            return;
        }
    }
}

async fn connection(mut stream: TcpStream, state: Rc<State>) {
    let mut buffer = Vec::new();
    while read_request(&mut stream, &mut buffer).await {
        let arrived = Instant::now();
        let number = state.number.replace(state.number.get() + 1);
        let answer = (state.truth.answer)(number);
        let Some(()) = state.answer(&mut stream, answer, number, arrived).await else {
            return;
        };
        state.log.exchanged(Exchange {
            arrived: arrived - state.started,
            departed: state.started.elapsed(),
        });
        if state.truth.connections.is_some() {
            return;
        }
    }
}

impl State {
    /// When the answer to a request that came now is due.
    fn due(&self, number: usize, arrived: Instant) -> Instant {
        let first = self.first.get().unwrap_or(arrived);
        self.first.set(Some(first));
        let begin = match self.free_at.get() {
            Some(free) if self.truth.queue => free.max(arrived),
            _ => arrived,
        };
        let mut due = begin + (self.truth.delay)(number);
        if let Some((from, to)) = self.truth.freeze
            && (first + from..first + to).contains(&due)
        {
            due = first + to;
        }
        self.free_at.set(Some(due));
        due
    }

    /// None where the connection is over.
    async fn answer(
        &self,
        stream: &mut TcpStream,
        answer: Answer,
        number: usize,
        arrived: Instant,
    ) -> Option<()> {
        const BODY: &[u8] = b"forty-two";
        let half = &BODY[..4];
        let ok = [head(200, BODY.len()), half.to_vec()].concat();
        match answer {
            Answer::Fast(status) => stream.write_all(&head(status, 0)).await.ok(),
            Answer::Reset => {
                stream.set_zero_linger().ok()?;
                None
            }
            Answer::Partial => {
                stream.write_all(&ok).await.ok()?;
                stream.shutdown().await.ok()?;
                None
            }
            Answer::Never => {
                // Until the other side has had enough.
                let _gone = timeout(Duration::from_hours(1), stream.read_u8()).await;
                None
            }
            Answer::Slow => {
                stream.write_all(&ok).await.ok()?;
                sleep_until(self.due(number, arrived).into()).await;
                stream.write_all(&BODY[4..]).await.ok()
            }
            Answer::Right => {
                sleep_until(self.due(number, arrived).into()).await;
                stream.write_all(&[&ok, &BODY[4..]].concat()).await.ok()
            }
        }
    }
}

fn head(status: u16, length: usize) -> Vec<u8> {
    format!("HTTP/1.1 {status} So\r\ncontent-length: {length}\r\n\r\n").into_bytes()
}

/// False where no further request comes. None has a body.
async fn read_request(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> bool {
    loop {
        if let Some(end) = buffer.windows(4).position(|four| four == b"\r\n\r\n") {
            buffer.drain(..end + 4);
            return true;
        }
        match stream.read_buf(buffer).await {
            Ok(0) | Err(_) => return false,
            Ok(_) => {}
        }
    }
}
