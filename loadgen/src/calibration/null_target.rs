//! A target that does nothing: a fixed answer to every request. It runs in a
//! process of its own, so that neither its memory nor its files are the generator's.

use std::{
    io::{self, BufRead as _, BufReader, Write},
    net::SocketAddr,
    process::{Child, Command, Stdio},
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpSocket, TcpStream},
    runtime::Builder,
    task::{LocalSet, spawn_local},
};

/// The response: the headers that the reference backend sends with each.
pub(super) const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\n\
content-type: application/json\r\n\
x-request-id: 0198d1c6-5f3e-7c41-9a0e-3f6d2b7a4c15\r\n\
x-content-type-options: nosniff\r\n\
server-timing: admission;dur=0.000, pool;dur=0.000, db;dur=0.000, redis;dur=0.000, hash;dur=0.000, total;dur=0.012, \
queries;desc=\"0\", commands;desc=\"0\", pings;desc=\"0\", hits;desc=\"0\", misses;desc=\"0\"\r\n\
cache-control: no-store\r\n\
content-length: 15\r\n\
date: Sat, 28 Nov 2026 12:00:00 GMT\r\n\r\n\
{\"status\":\"ok\"}";
/// Connections that may wait to be taken.
const WAITING: u32 = 4_096;

/// The running process; dropping it ends it.
#[derive(Debug)]
pub struct NullTarget {
    /// Where it listens.
    pub address: SocketAddr,
    child: Child,
}

impl NullTarget {
    /// Starts it with this command, which calls [`serve`].
    pub fn start(mut command: Command) -> io::Result<Self> {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut line = String::new();
        if let Some(out) = child.stdout.take() {
            BufReader::new(out).read_line(&mut line)?;
        }
        if let Ok(address) = line.trim().parse() {
            return Ok(Self { address, child });
        }
        let _ended = child.kill();
        let _reaped = child.wait();
        Err(io::Error::other("the null target did not start"))
    }
}

impl Drop for NullTarget {
    fn drop(&mut self) {
        let _ended = self.child.kill();
        let _reaped = self.child.wait();
    }
}

/// Serves on a free port, writes the address as one line, and returns when standard input ends.
///
/// One that is `awake` never sleeps. To wake a sleeping one costs the sender of a request about
/// as much as sending it, and a faster client finds it asleep less often: a comparison of two
/// clients would measure that.
pub fn serve(out: &mut impl Write, awake: bool) -> io::Result<()> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let (end, ended) = tokio::sync::oneshot::channel::<()>();
    std::thread::spawn(move || {
        let _gone = io::copy(&mut io::stdin(), &mut io::sink());
        drop(end);
    });
    LocalSet::new().block_on(&runtime, async move {
        let socket = TcpSocket::new_v4()?;
        socket.bind(SocketAddr::from(([127, 0, 0, 1], 0)))?;
        let listener = socket.listen(WAITING)?;
        writeln!(out, "{}", listener.local_addr()?)?;
        out.flush()?;
        spawn_local(async move {
            loop {
                if let Ok((stream, _)) = listener.accept().await {
                    spawn_local(answer(stream));
                }
            }
        });
        if awake {
            // Takes its turns with the connections, so that the thread never sleeps.
            spawn_local(async {
                loop {
                    tokio::task::yield_now().await;
                }
            });
        }
        let _parent_gone = ended.await;
        Ok(())
    })
}

/// Answers once for every empty line; the requests of a calibration have no body.
async fn answer(mut stream: TcpStream) {
    let _slower = stream.set_nodelay(true);
    let mut buffer = [0; 1_024];
    let mut matched = 0;
    while let Ok(read) = stream.read(&mut buffer).await {
        if read == 0 {
            return;
        }
        for byte in &buffer[..read] {
            matched = match (byte, matched) {
                (b'\r', 0 | 2) | (b'\n', 1 | 3) => matched + 1,
                (b'\r', _) => 1,
                _ => 0,
            };
            if matched == 4 {
                matched = 0;
                if stream.write_all(ANSWER).await.is_err() {
                    return;
                }
            }
        }
    }
}
