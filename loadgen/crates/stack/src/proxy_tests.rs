//! Each fault of a link, on real sockets.

use std::{
    io::{ErrorKind, Read as _, Write as _},
    net::{Shutdown, TcpListener, TcpStream},
    sync::mpsc::{Receiver, sync_channel},
    thread,
    time::Instant,
};

use super::*;

/// Longest wait for bytes or for the end of a connection, on a machine that is busy.
const PATIENCE: Duration = Duration::from_mins(1);

/// A proxy before a service that sends back what it gets, and a message for each connection that the
/// service has seen end.
fn echo() -> (FaultProxy, Receiver<()>) {
    let (port, ends) = echo_service();
    (FaultProxy::start(port).unwrap(), ends)
}

/// Port of such a service.
fn echo_service() -> (u16, Receiver<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let (ended, ends) = sync_channel(100);
    thread::spawn(move || {
        for stream in listener.incoming() {
            let (mut stream, ended) = (stream.unwrap(), ended.clone());
            thread::spawn(move || {
                let mut bytes = [0; 4_096];
                while let Ok(length) = stream.read(&mut bytes)
                    && length > 0
                    && stream.write_all(&bytes[..length]).is_ok()
                {}
                let _nobody_asks = ended.send(());
            });
        }
    });
    (port, ends)
}

fn connect(proxy: &FaultProxy) -> TcpStream {
    try_connect(proxy).unwrap()
}

fn try_connect(proxy: &FaultProxy) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(("127.0.0.1", proxy.port()))?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// What the first read of a new connection finds. The end of one that is closed at once may come before
/// it is known here that it was opened.
fn read_anew(proxy: &FaultProxy) -> io::Result<usize> {
    try_connect(proxy)?.read(&mut [0; 8])
}

/// Sends bytes and waits until they are back; how long that took.
fn there_and_back(stream: &mut TcpStream, bytes: &[u8]) -> io::Result<Duration> {
    let begun = Instant::now();
    stream.write_all(bytes)?;
    let mut back = vec![0; bytes.len()];
    stream.read_exact(&mut back)?;
    assert_eq!(back, bytes);
    Ok(begun.elapsed())
}

/// What a read finds in a short time.
fn read_soon(stream: &mut TcpStream) -> io::Result<usize> {
    let short = Some(Duration::from_millis(300));
    stream.set_read_timeout(short).unwrap();
    let read = stream.read(&mut [0; 8]);
    let long = Some(PATIENCE);
    stream.set_read_timeout(long).unwrap();
    read
}

fn is_reset(found: &io::Result<usize>) -> bool {
    matches!(found, Err(error) if error.kind() == ErrorKind::ConnectionReset)
}

fn is_silent(found: &io::Result<usize>) -> bool {
    matches!(found, Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut))
}

#[test]
fn without_a_fault_everything_passes_in_order_and_an_end_is_passed_on() {
    let (proxy, ends) = echo();
    let mut stream = connect(&proxy);
    let bytes: Vec<u8> = (0..200_000_u32).map(|number| number as u8).collect();
    let mut writer = stream.try_clone().unwrap();
    let sent = bytes.clone();
    let sending = thread::spawn(move || {
        writer.write_all(&sent).unwrap();
        writer.shutdown(Shutdown::Write).unwrap();
    });
    let mut back = Vec::new();
    stream.read_to_end(&mut back).unwrap();
    assert!(back == bytes);
    sending.join().unwrap();
    ends.recv_timeout(PATIENCE).unwrap();
}

#[test]
fn a_slow_link_delays_each_direction_of_a_connection_that_was_open_before() {
    let (proxy, _ends) = echo();
    let mut stream = connect(&proxy);
    there_and_back(&mut stream, b"before").unwrap();
    proxy.set(Some(LinkFault::Slow));
    let times: Vec<Duration> = (0..5)
        .map(|_| there_and_back(&mut stream, b"slow").unwrap())
        .collect();
    let least = LEAST_DELAY * 2;
    assert!(times.iter().all(|time| *time >= least), "{times:?}");
    let mean = times.iter().sum::<Duration>() / 5;
    assert!(mean > least, "no jitter: {times:?}");
    proxy.set(None);
    there_and_back(&mut stream, b"after").unwrap();
}

#[test]
fn a_narrow_link_passes_so_many_bytes_a_second() {
    let (proxy, _ends) = echo();
    let mut stream = connect(&proxy);
    proxy.set(Some(LinkFault::Narrow));
    let time = there_and_back(&mut stream, &[7; NARROW_BYTES_PER_S / 4]).unwrap();
    // A quarter of a second; the way back begins before the way there has ended.
    assert!(time >= Duration::from_millis(200), "{time:?}");
}

#[test]
fn connections_are_reset_until_it_is_over() {
    let (proxy, ends) = echo();
    let mut old = connect(&proxy);
    there_and_back(&mut old, b"before").unwrap();
    proxy.set(Some(LinkFault::Reset));
    let found = old.read(&mut [0; 8]);
    assert!(is_reset(&found), "{found:?}");
    ends.recv_timeout(PATIENCE).unwrap();
    let found = read_anew(&proxy);
    assert!(is_reset(&found), "{found:?}");
    proxy.set(None);
    there_and_back(&mut connect(&proxy), b"after").unwrap();
}

#[test]
fn in_a_blackhole_nothing_passes_and_nothing_is_lost() {
    let (proxy, _ends) = echo();
    let mut old = connect(&proxy);
    there_and_back(&mut old, b"before").unwrap();
    proxy.set(Some(LinkFault::Blackhole));
    let mut new = connect(&proxy);
    for stream in [&mut old, &mut new] {
        stream.write_all(b"waits").unwrap();
        let found = read_soon(stream);
        assert!(is_silent(&found), "{found:?}");
    }
    proxy.set(None);
    for stream in [&mut old, &mut new] {
        let mut back = [0; 5];
        stream.read_exact(&mut back).unwrap();
        assert_eq!(&back, b"waits");
    }
}

#[test]
fn of_a_half_open_connection_only_the_service_sees_the_end() {
    let (proxy, ends) = echo();
    let mut old = connect(&proxy);
    there_and_back(&mut old, b"before").unwrap();
    proxy.set(Some(LinkFault::HalfOpen));
    ends.recv_timeout(PATIENCE).unwrap();
    let mut new = connect(&proxy);
    for stream in [&mut old, &mut new] {
        stream.write_all(b"lost").unwrap();
        let found = read_soon(stream);
        assert!(is_silent(&found), "{found:?}");
    }
    proxy.set(None);
    for stream in [&mut old, &mut new] {
        let found = stream.read(&mut [0; 8]);
        assert!(is_reset(&found) || matches!(found, Ok(0)), "{found:?}");
    }
    there_and_back(&mut connect(&proxy), b"after").unwrap();
}

#[test]
fn a_service_that_is_not_there_is_not_there_through_the_proxy_either() {
    // No program is given this port: one that has just become free may be the next that another test gets.
    let proxy = FaultProxy::start(1).unwrap();
    let found = read_anew(&proxy);
    assert!(is_reset(&found) || matches!(found, Ok(0)), "{found:?}");
}

#[test]
fn new_connections_are_led_to_another_service_and_open_ones_stay() {
    let (proxy, ends) = echo();
    let mut old = connect(&proxy);
    there_and_back(&mut old, b"before").unwrap();
    let (other, other_ends) = echo_service();
    proxy.lead_to(other);
    let mut new = connect(&proxy);
    there_and_back(&mut new, b"elsewhere").unwrap();
    there_and_back(&mut old, b"as before").unwrap();
    drop(new);
    other_ends.recv_timeout(PATIENCE).unwrap();
    assert!(ends.try_recv().is_err());
}
