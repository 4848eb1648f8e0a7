//! Connections to PostgreSQL that belong to nobody: as many as are free, so that no other client gets
//! one. Each has named its user and is asked for a password; from then on it takes a place.

use std::{
    io::{self, Read as _, Write as _},
    net::{Ipv4Addr, SocketAddr, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use tokio_util::sync::CancellationToken;

use super::error::StackError;

/// Most connections that are held.
const MAX_HELD: usize = 4_000;
/// Longest wait for an answer of the server.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(5);
/// Longest wait until every place is taken.
const FILL_TIMEOUT: Duration = Duration::from_mins(1);
/// Connections that are asked for at once: the server makes a process for each.
const WAVE: usize = 32;
/// Pause between two polls for what is free again: the server ends a sign-in that takes a minute.
const POLL_INTERVAL: Duration = Duration::from_millis(50);
/// Protocol 3.0, the first number of a start-up message.
const PROTOCOL: i32 = 196_608;

/// Held connections; dropping it gives them back.
#[derive(Debug)]
pub(super) struct ConnectionHold {
    over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl ConnectionHold {
    /// Takes every free connection of the PostgreSQL on this port, for this user, who is the name of the
    /// database too, and goes on to take what becomes free. Returns when none is left; blocks.
    pub(super) fn take_all(
        port: u16,
        user: &str,
        abort: &CancellationToken,
    ) -> Result<Self, StackError> {
        let over = Arc::<AtomicBool>::default();
        let full = Arc::<AtomicBool>::default();
        let thread = {
            let (over, full, user) = (Arc::clone(&over), Arc::clone(&full), user.to_owned());
            thread::Builder::new()
                .name("hold".to_owned())
                .spawn(move || hold(port, &user, &over, &full))
                .map_err(StackError::io("cannot start a thread"))?
        };
        let held = Self {
            over,
            thread: Some(thread),
        };
        let begun = Instant::now();
        while !full.load(Ordering::Acquire) {
            if abort.is_cancelled() {
                return Err(StackError::Interrupted);
            }
            if begun.elapsed() > FILL_TIMEOUT {
                let error = io::Error::from(io::ErrorKind::TimedOut);
                return Err(StackError::io("PostgreSQL still has free connections")(
                    error,
                ));
            }
            thread::sleep(POLL_INTERVAL);
        }
        Ok(held)
    }
}

impl Drop for ConnectionHold {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Release);
        if let Some(thread) = self.thread.take() {
            // A panic of it has closed the connections as well.
            let _ended = thread.join();
        }
    }
}

fn hold(port: u16, user: &str, over: &AtomicBool, full: &AtomicBool) {
    let mut held: Vec<TcpStream> = Vec::new();
    while !over.load(Ordering::Acquire) {
        held.retain(is_open);
        while held.len() < MAX_HELD && !over.load(Ordering::Acquire) {
            let asked: Vec<TcpStream> = (0..WAVE).filter_map(|_| ask(port, user).ok()).collect();
            let count = asked.len();
            let places: Vec<Option<TcpStream>> = asked
                .into_iter()
                .filter_map(|one| place(one).ok())
                .collect();
            let refused = places.iter().any(Option::is_none);
            held.extend(places.into_iter().flatten());
            if refused {
                full.store(true, Ordering::Release);
            }
            // A server that does not answer is asked again, after a pause.
            if refused || count < WAVE {
                break;
            }
        }
        thread::sleep(POLL_INTERVAL);
    }
}

/// A connection that has asked for a place.
fn ask(port: u16, user: &str) -> io::Result<TcpStream> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let mut stream = TcpStream::connect_timeout(&address, ANSWER_TIMEOUT)?;
    stream.set_read_timeout(Some(ANSWER_TIMEOUT))?;
    stream.write_all(&start_up(user))?;
    Ok(stream)
}

/// The same when it has the place; `None` where the server refuses it.
fn place(mut stream: TcpStream) -> io::Result<Option<TcpStream>> {
    let mut head = [0; 5];
    stream.read_exact(&mut head)?;
    let [kind, length @ ..] = head;
    // `R`: a password is asked for. Anything else is an error.
    if kind != b'R' {
        return Ok(None);
    }
    // The length counts itself.
    let rest = u64::from(u32::from_be_bytes(length)).saturating_sub(4);
    io::copy(&mut (&stream).take(rest), &mut io::sink())?;
    stream.set_nonblocking(true)?;
    Ok(Some(stream))
}

/// Whether the server has neither closed it nor said why it will.
fn is_open(stream: &TcpStream) -> bool {
    matches!(stream.peek(&mut [0]), Err(error) if error.kind() == io::ErrorKind::WouldBlock)
}

/// The first message of a client: its length, the version, names and values.
fn start_up(user: &str) -> Vec<u8> {
    let mut body = PROTOCOL.to_be_bytes().to_vec();
    for text in ["user", user, "database", user, ""] {
        body.extend_from_slice(text.as_bytes());
        body.push(0);
    }
    let length = body.len() as u32 + 4;
    [length.to_be_bytes().as_slice(), &body].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_start_up_message_has_its_length_and_ends_with_an_empty_name() {
        let message = start_up("me");
        assert_eq!(
            message,
            b"\0\0\0\x1d\0\x03\0\0user\0me\0database\0me\0\0".as_slice()
        );
        assert_eq!(message.len(), 0x1d);
    }
}
