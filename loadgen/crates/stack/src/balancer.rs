//! HAProxy before several instances of the target: least connections for requests; a socket goes to
//! the instance that its person's token chooses, so that a reconnect finds the same one.

use std::{
    fmt::Write as _,
    io::{Read as _, Write as _},
    net::SocketAddr,
    os::unix::net::UnixStream,
    path::{Path, PathBuf},
    process::Command,
    thread,
    time::{Duration, Instant},
};

use rustix::process::Signal;
use tokio_util::sync::CancellationToken;

use super::{
    binaries,
    error::StackError,
    folder::StackFolder,
    process::{ChildProcess, ProcessSpec, accepts_connections, fresh_log, on_free_port},
    supervisor::ProcessSupervisor,
    system_user::SystemUser,
};

/// SIGTERM ends it at once: its clients have ended before.
const SPEC: ProcessSpec = ProcessSpec {
    name: "HAProxy",
    remedy: "install the package haproxy, or run one instance",
    stop_signal: Signal::TERM,
    on_parent_death: Signal::KILL,
    start_timeout: Duration::from_secs(20),
};
/// Longest path of a Unix socket, in bytes.
const MAX_SOCKET_PATH: usize = 107;
/// Longest wait for the requests of an instance that gets no new ones.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(10);
/// Interval at which the number of those requests is read.
const POLL_EVERY: Duration = Duration::from_millis(20);
/// The backends, and how each chooses the instance: of requests; of sockets, where a reconnect with the
/// same token finds the same instance; and of video classes, whose two ends meet in the memory of one.
const BACKENDS: [(&str, &str); 3] = [
    (REQUESTS, "balance leastconn"),
    (
        "sockets",
        "balance hdr(authorization)\n    hash-type consistent",
    ),
    ("classes", "balance uri path-only\n    hash-type consistent"),
];
const REQUESTS: &str = "requests";

/// A running balancer.
#[derive(Debug)]
pub(super) struct Balancer {
    pub(super) process: ChildProcess,
    port: u16,
    /// Socket of its commands.
    commands: PathBuf,
    start: BalancerStart,
    /// Processes that end with the connections that they still have.
    retired: Vec<ChildProcess>,
}

/// What a process of the balancer is started from.
#[derive(Debug)]
struct BalancerStart {
    program: PathBuf,
    settings: PathBuf,
    user: Option<SystemUser>,
    log: PathBuf,
}

impl BalancerStart {
    /// Starts a process; it takes over from the one of that id.
    fn spawn(
        &self,
        supervisor: &ProcessSupervisor,
        from: Option<u32>,
    ) -> Result<ChildProcess, StackError> {
        let mut command = Command::new(&self.program);
        command.arg("-db").arg("-f").arg(&self.settings);
        if let Some(pid) = from {
            command.arg("-sf").arg(pid.to_string());
        }
        SystemUser::take(&mut command, self.user);
        ChildProcess::spawn(supervisor, SPEC, command, self.log.clone())
    }
}

impl Balancer {
    /// `http://127.0.0.1:PORT`.
    pub(super) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Its process, and those that it has taken over from: they work on as long as they have connections.
    pub(super) fn pids(&self) -> impl Iterator<Item = u32> {
        let retired = self.retired.iter().map(ChildProcess::pid);
        std::iter::once(self.process.pid()).chain(retired)
    }

    /// Kills it and starts it again.
    pub(super) fn crash(&mut self, supervisor: &ProcessSupervisor) -> Result<(), StackError> {
        self.process.kill()?;
        // Not by its own command, which may name a process that it took over from.
        self.process = self.start.spawn(supervisor, None)?;
        let port = self.port;
        self.process
            .ready(supervisor.abort(), |_| accepts_connections(port))
    }

    /// Reads its configuration anew: a new process takes over, the running one accepts nothing more and
    /// ends with the connections that it has. Blocks until the new one serves.
    pub(super) fn reload(
        &mut self,
        supervisor: &ProcessSupervisor,
        instances: usize,
    ) -> Result<(), StackError> {
        let new = self.start.spawn(supervisor, Some(self.process.pid()))?;
        let pid_line = format!("Pid: {}", new.pid());
        let old = std::mem::replace(&mut self.process, new);
        self.retired.push(old);
        // Until it has taken over the socket of the commands, the old one answers there.
        let commands = self.commands.clone();
        self.process.ready(supervisor.abort(), |_| {
            let info = command(&commands, "show info").ok()?;
            info.lines().any(|line| line == pid_line).then_some(())
        })?;
        self.wait_for_all(instances, supervisor.abort())
    }

    /// Sends nothing new to an instance, counted from 0, and waits until its requests have ended;
    /// sockets stay until the instance closes them.
    pub(super) fn drain(
        &self,
        instance: usize,
        abort: &CancellationToken,
    ) -> Result<(), StackError> {
        self.set_state(instance, "drain")?;
        let begun = Instant::now();
        while self.requests(instance)? > 0 {
            if abort.is_cancelled() {
                return Err(StackError::Interrupted);
            }
            if begun.elapsed() > DRAIN_TIMEOUT {
                break;
            }
            thread::sleep(POLL_EVERY);
        }
        Ok(())
    }

    /// Sends to it again, from the next health check that it passes.
    pub(super) fn resume(&self, instance: usize) -> Result<(), StackError> {
        self.set_state(instance, "ready")
    }

    /// Waits until every instance is believed to be ready.
    pub(super) fn wait_for_all(
        &mut self,
        instances: usize,
        stop: &CancellationToken,
    ) -> Result<(), StackError> {
        let commands = self.commands.clone();
        self.process.ready(stop, |_| {
            let servers = stat(&commands).ok()?;
            let up = servers.iter().filter(|one| one.is_up).count();
            (up == instances * BACKENDS.len()).then_some(())
        })
    }

    fn set_state(&self, instance: usize, state: &str) -> Result<(), StackError> {
        for (backend, _) in BACKENDS {
            let name = server_name(instance);
            command(
                &self.commands,
                &format!("set server {backend}/{name} state {state}"),
            )
            .map_err(StackError::io("HAProxy takes no command"))?;
        }
        Ok(())
    }

    fn requests(&self, instance: usize) -> Result<u64, StackError> {
        let servers = stat(&self.commands).map_err(StackError::io("HAProxy takes no command"))?;
        let name = server_name(instance);
        let of = |one: &&ServerState| one.backend == REQUESTS && one.server == name;
        Ok(servers.iter().find(of).map_or(0, |one| one.sessions))
    }
}

/// The socket of its commands, in a folder of its own, because it is made by the user that the balancer runs
/// as; refused where its path is too long for one.
pub(super) fn commands_in(folder: &StackFolder) -> Result<PathBuf, StackError> {
    let commands = folder.join("balancer").join("commands");
    if commands.as_os_str().len() > MAX_SOCKET_PATH - ".12345.tmp".len() {
        return Err(StackError::LongPath(commands));
    }
    Ok(commands)
}

/// Starts it before these instances.
pub(super) fn start(
    supervisor: &ProcessSupervisor,
    folder: &StackFolder,
    instances: &[SocketAddr],
    stop: &CancellationToken,
) -> Result<Balancer, StackError> {
    let program = binaries::haproxy()?;
    let user = SystemUser::for_service()?;
    let commands = commands_in(folder)?;
    let own = folder.join("balancer");
    std::fs::create_dir_all(&own)
        .map_err(StackError::io(format!("cannot make {}", own.display())))?;
    let (process, port, start) = on_free_port(|port| {
        let file = folder.write_secret("haproxy.cfg", &settings(port, &commands, instances))?;
        if let Some(user) = user {
            user.own(&own)?;
            user.own(&file)?;
        }
        let start = BalancerStart {
            program: program.clone(),
            settings: file,
            user,
            log: fresh_log(folder.join("haproxy.log")),
        };
        let mut process = start.spawn(supervisor, None)?;
        process.ready(stop, |_| accepts_connections(port))?;
        Ok((process, port, start))
    })?;
    let mut balancer = Balancer {
        process,
        port,
        commands,
        start,
        retired: Vec::new(),
    };
    balancer.wait_for_all(instances.len(), stop)?;
    Ok(balancer)
}

fn server_name(instance: usize) -> String {
    format!("instance{}", instance + 1)
}

fn settings(port: u16, commands: &Path, instances: &[SocketAddr]) -> String {
    let health = shared::paths::HEALTH_READY;
    let classes = shared::paths::SESSION_SIGNAL
        .split('{')
        .next()
        .unwrap_or_default();
    let mut text = format!(
        "global\n\
         \x20   nbthread 1\n\
         \x20   fd-hard-limit 65536\n\
         \x20   log stdout format raw daemon notice\n\
         \x20   stats socket {commands} mode 600 level admin\n\
         defaults\n\
         \x20   mode http\n\
         \x20   log global\n\
         \x20   timeout connect 2s\n\
         \x20   # An instance that is busy answers late, and is not away: without any the load has nowhere to go.\n\
         \x20   timeout check 5s\n\
         \x20   timeout client 75s\n\
         \x20   timeout server 75s\n\
         \x20   timeout tunnel 1h\n\
         \x20   # An instance that cannot be connected to has seen nothing of the request.\n\
         \x20   retries 3\n\
         \x20   option redispatch 1\n\
         \x20   option httpchk\n\
         \x20   http-check send meth GET uri {health} ver HTTP/1.1 hdr Host 127.0.0.1\n\
         \x20   default-server check inter 1s fastinter 200ms downinter 200ms fall 3 rise 1 observe layer4 error-limit 3 on-error mark-down\n\
         frontend clients\n\
         \x20   bind 127.0.0.1:{port}\n\
         \x20   use_backend classes if {{ hdr(upgrade) -i websocket }} {{ path_beg {classes} }}\n\
         \x20   use_backend sockets if {{ hdr(upgrade) -i websocket }}\n\
         \x20   default_backend requests\n",
        commands = commands.display()
    );
    for (backend, balance) in BACKENDS {
        // Writing to a String cannot fail.
        let _infallible = writeln!(text, "backend {backend}\n    {balance}");
        for (index, address) in instances.iter().enumerate() {
            let _infallible = writeln!(text, "    server {} {address}", server_name(index));
        }
    }
    text
}

/// What the balancer knows of a server.
struct ServerState {
    backend: String,
    server: String,
    sessions: u64,
    is_up: bool,
}

/// The servers of all backends, from `show stat`: CSV with a head.
fn stat(commands: &Path) -> std::io::Result<Vec<ServerState>> {
    Ok(read_stat(&command(commands, "show stat")?))
}

fn read_stat(text: &str) -> Vec<ServerState> {
    let mut lines = text.lines();
    let head: Vec<&str> = lines
        .next()
        .unwrap_or_default()
        .trim_start_matches("# ")
        .split(',')
        .collect();
    let column = |name: &str| head.iter().position(|one| *one == name);
    let (Some(sessions), Some(status)) = (column("scur"), column("status")) else {
        return Vec::new();
    };
    lines
        .filter_map(|line| {
            let cells: Vec<&str> = line.split(',').collect();
            let (backend, server) = (*cells.first()?, *cells.get(1)?);
            server.starts_with("instance").then(|| ServerState {
                backend: backend.to_owned(),
                server: server.to_owned(),
                sessions: cells
                    .get(sessions)
                    .and_then(|cell| cell.parse().ok())
                    .unwrap_or(0),
                is_up: cells.get(status).is_some_and(|cell| cell.starts_with("UP")),
            })
        })
        .collect()
}

fn command(socket: &Path, text: &str) -> std::io::Result<String> {
    let mut stream = UnixStream::connect(socket)?;
    stream.set_read_timeout(Some(Duration::from_secs(2)))?;
    writeln!(stream, "{text}")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_instance_is_a_server_of_each_backend() {
        let instances = [4_001, 4_002].map(|port| SocketAddr::from(([127, 0, 0, 1], port)));
        let text = settings(4_000, Path::new("/tmp/commands"), &instances);
        assert!(text.contains("bind 127.0.0.1:4000\n"));
        for line in [
            "server instance1 127.0.0.1:4001\n",
            "server instance2 127.0.0.1:4002\n",
        ] {
            assert_eq!(text.matches(line).count(), BACKENDS.len(), "{line}");
        }
    }

    #[test]
    fn the_balancer_of_compose_has_the_same_settings() {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../deploy/haproxy.cfg");
        let compose = std::fs::read_to_string(file).unwrap();
        let has = |line: &str| compose.lines().any(|one| one.trim() == line);
        let own = settings(4_000, Path::new("/tmp/commands"), &[]);
        // Addresses differ, and the commands are for restarts of the own stack.
        let differs = |line: &&str| {
            ["bind ", "stats socket "]
                .iter()
                .any(|begin| line.starts_with(begin))
        };
        for line in own.lines().map(str::trim).filter(|line| !differs(line)) {
            assert!(has(line), "deploy/haproxy.cfg lacks `{line}`");
        }
        for (backend, _) in BACKENDS {
            let (_, rest) = compose
                .split_once(&format!("\nbackend {backend}\n"))
                .unwrap();
            let servers = rest.split("\nbackend ").next().unwrap();
            let count = |word: &str| {
                servers
                    .lines()
                    .filter(|line| line.trim().starts_with(word))
                    .count()
            };
            assert_eq!(
                (count("server "), count("server-template ")),
                (1, 1),
                "{backend}"
            );
        }
    }

    #[test]
    fn what_the_balancer_says_of_its_servers_is_read_by_column() {
        let text = "# pxname,svname,qcur,scur,status\n\
            requests,FRONTEND,,3,OPEN\n\
            requests,instance1,0,2,UP\n\
            requests,instance2,0,0,DOWN\n\
            requests,BACKEND,0,2,UP\n";
        let servers = read_stat(text);
        let read: Vec<(&str, u64, bool)> = servers
            .iter()
            .map(|one| (one.server.as_str(), one.sessions, one.is_up))
            .collect();
        assert_eq!(read, [("instance1", 2, true), ("instance2", 0, false)]);
    }
}
