//! Programs that load a service of a stack past every application: what the service itself can do.
//!
//! No secret is among their arguments, which every user of the machine can read: pgbench gets the
//! password in its environment, and redis-benchmark a user that has none and may read one key.

use std::{
    fmt,
    io::{self, Read as _, Write as _},
    net::{Ipv4Addr, SocketAddr, TcpStream},
    path::PathBuf,
    process::Command,
    time::Duration,
};

use super::{
    binaries,
    error::StackError,
    postgres::{self, NAME, Postgres},
    redis::RedisServer,
};

/// The database of pgbench.
const DATABASE: &str = "bare_pgbench";
/// The user of redis-benchmark.
const READER: &str = "bare_reader";
/// The key that it reads.
const KEY: &str = "bare:value";
/// Longest wait for a reply of Redis.
const REPLY_LIMIT: Duration = Duration::from_secs(5);
/// Longest line of a reply that is read.
const MAX_LINE: usize = 512;

/// The bare programs of a stack that has PostgreSQL and Redis. They reach it as long as it runs.
#[derive(Clone)]
pub struct BarePrograms {
    postgres_bin: PathBuf,
    postgres_port: u16,
    postgres_password: String,
    redis_port: u16,
    redis_password: String,
}

impl fmt::Debug for BarePrograms {
    /// The passwords are left out.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BarePrograms")
            .field("postgres_port", &self.postgres_port)
            .field("redis_port", &self.redis_port)
            .finish_non_exhaustive()
    }
}

impl BarePrograms {
    pub(super) fn of(postgres: &Postgres, redis: &RedisServer) -> Self {
        Self {
            postgres_bin: postgres.bin.clone(),
            postgres_port: postgres.port,
            postgres_password: postgres.password.clone(),
            redis_port: redis.port,
            redis_password: redis.password.clone(),
        }
    }

    /// Makes and fills a database for pgbench: two commands, one after the other. Its scale is 1, which
    /// are 100 000 rows; it stays in memory, as the rows do that the reference backend is asked for.
    pub fn pgbench_setup(&self) -> Result<[Command; 2], StackError> {
        let mut create = self.reaching(self.postgres_bin.join("createdb"));
        create.arg(DATABASE);
        let mut fill = self.pgbench()?;
        fill.args(["--initialize", "--scale", "1", "--quiet"]);
        Ok([create, fill])
    }

    /// `pgbench -S -M prepared`: so many clients that read one row by key, for so many seconds.
    pub fn pgbench_select(&self, clients: u32, seconds: u32) -> Result<Command, StackError> {
        let mut command = self.pgbench()?;
        command
            .args(["--select-only", "--protocol", "prepared", "--no-vacuum"])
            .args(["--client", &clients.to_string()])
            .args(["--time", &seconds.to_string()]);
        Ok(command)
    }

    fn pgbench(&self) -> Result<Command, StackError> {
        let program = binaries::pgbench(&self.postgres_bin)?;
        let mut command = self.reaching(program);
        command.env("PGDATABASE", DATABASE);
        Ok(command)
    }

    /// Where the server is, as PostgreSQL's programs read it; nothing of the caller's settings.
    fn reaching(&self, program: PathBuf) -> Command {
        let mut command = postgres::client(program);
        command
            .env("PGHOST", "127.0.0.1")
            .env("PGPORT", self.postgres_port.to_string())
            .env("PGUSER", NAME)
            .env("PGPASSWORD", &self.postgres_password);
        command
    }

    /// Stores a value of so many bytes, and makes the user that may read it and nothing else. A reset of
    /// the reference backend removes the value again.
    pub fn store_value(&self, bytes: usize) -> Result<(), StackError> {
        let key_pattern = format!("~{KEY}");
        let value = vec![b'x'; bytes];
        let commands: [&[&[u8]]; 3] = [
            &[b"AUTH", self.redis_password.as_bytes()],
            &[
                b"ACL",
                b"SETUSER",
                READER.as_bytes(),
                b"on",
                b"nopass",
                key_pattern.as_bytes(),
                b"+get",
            ],
            &[b"SET", KEY.as_bytes(), &value],
        ];
        let send = || -> io::Result<()> {
            let address = SocketAddr::from((Ipv4Addr::LOCALHOST, self.redis_port));
            let mut stream = TcpStream::connect_timeout(&address, REPLY_LIMIT)?;
            stream.set_read_timeout(Some(REPLY_LIMIT))?;
            stream.set_write_timeout(Some(REPLY_LIMIT))?;
            commands
                .iter()
                .try_for_each(|words| redis_command(&mut stream, words))
        };
        send().map_err(StackError::io(
            "Redis cannot be prepared for redis-benchmark",
        ))
    }

    /// redis-benchmark: so many clients that get the stored value, so many times in all; it prints CSV.
    pub fn redis_benchmark_get(&self, clients: u32, requests: u64) -> Result<Command, StackError> {
        let mut command = Command::new(binaries::redis_benchmark()?);
        command
            .args(["-h", "127.0.0.1", "-p", &self.redis_port.to_string()])
            // Any password is right for a user without one, but the program asks for one.
            .args(["--user", READER, "-a", "none"])
            .args(["-c", &clients.to_string(), "-n", &requests.to_string()])
            .args(["--csv", "GET", KEY]);
        Ok(command)
    }
}

/// Sends one command in the protocol of Redis and reads its reply; an error where that is one.
fn redis_command(stream: &mut TcpStream, words: &[&[u8]]) -> io::Result<()> {
    let mut request = format!("*{}\r\n", words.len()).into_bytes();
    for word in words {
        request.extend_from_slice(format!("${}\r\n", word.len()).as_bytes());
        request.extend_from_slice(word);
        request.extend_from_slice(b"\r\n");
    }
    stream.write_all(&request)?;
    let (mut line, mut byte) = (Vec::new(), [0]);
    while !line.ends_with(b"\r\n") && line.len() < MAX_LINE {
        stream.read_exact(&mut byte)?;
        line.push(byte[0]);
    }
    let line = String::from_utf8_lossy(&line);
    if line.starts_with('+') {
        Ok(())
    } else {
        Err(io::Error::other(line.trim().to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use std::{net::TcpListener, thread};

    use super::*;

    fn programs(redis_port: u16) -> BarePrograms {
        BarePrograms {
            postgres_bin: PathBuf::from("/nowhere"),
            postgres_port: 1,
            postgres_password: "hush".to_owned(),
            redis_port,
            redis_password: "hush".to_owned(),
        }
    }

    #[test]
    fn no_password_is_among_the_arguments_or_in_a_debug_text() {
        let all = programs(2);
        let mut commands = vec![all.reaching(PathBuf::from("psql"))];
        // Where they are not installed there is nothing to look at.
        commands.extend(all.redis_benchmark_get(1, 1));
        commands.extend(all.pgbench_select(1, 1));
        for command in &commands {
            let arguments: Vec<_> = command.get_args().collect();
            assert!(!format!("{arguments:?}").contains("hush"), "{arguments:?}");
        }
        assert!(!format!("{all:?}").contains("hush"));
    }

    #[test]
    fn a_refusal_of_redis_is_reported_in_its_own_words() {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let serving = thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = [0; 64];
            let read = stream.read(&mut request).unwrap();
            stream.write_all(b"-WRONGPASS invalid\r\n").unwrap();
            request[..read].to_vec()
        });
        let error = programs(port).store_value(3).unwrap_err().to_string();
        assert!(error.contains("WRONGPASS invalid"), "{error}");
        let request = serving.join().unwrap();
        assert_eq!(request, b"*2\r\n$4\r\nAUTH\r\n$4\r\nhush\r\n");
    }
}
