//! `loadgen stack`: PostgreSQL, Redis and target-app for whatever else wants them.

use std::{
    io::{self, Write as _},
    os::unix::process::ExitStatusExt as _,
    process::{ExitStatus, Stdio},
    sync::Arc,
};

use tokio::process::{Child, Command};
use tokio_util::sync::CancellationToken;

use super::{
    args::{Service, StackArgs},
    interrupt::{self, Held},
    outcome::{Failure, closed_pipe},
    overrides,
    services::{Addresses, start},
};
use crate::{
    events::{self, Publisher},
    exit,
    live::{Live, TerminalCapabilities},
    stack::{Services, Stack, StackOptions},
};

/// Starts the services, runs the command or waits for Ctrl-C, takes them down.
pub(super) fn run(args: &StackArgs) -> Result<u8, Failure> {
    let services = services(&args.services)?;
    // A wrong profile is told before anything is started.
    overrides::settings(&args.profile, &[])?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .map_err(Failure::internal)?;
    let (events, receiver) = events::channel();
    let live = Live::start(receiver, TerminalCapabilities::of_stderr());
    let running: Held<Stack> = interrupt::held();
    let done = runtime.block_on(work(args, services, &running, events));
    interrupt::release(&running);
    runtime.shutdown_background();
    live.finish();
    done
}

async fn work(
    args: &StackArgs,
    services: Services,
    running: &Held<Stack>,
    events: Publisher,
) -> Result<u8, Failure> {
    let stop = CancellationToken::new();
    interrupt::listen(
        "stopping the services",
        stop.clone(),
        Arc::clone(running),
        events.clone(),
    )
    .map_err(Failure::internal)?;
    let told = events.clone();
    let options = StackOptions {
        keep_in: args.stack_dir.clone(),
        scale: args.scale,
        seed: args.seed,
        services,
        durable: !args.no_fsync,
        target_bin: args.target_bin.clone(),
        profile: args.profile.clone(),
        stop: stop.clone(),
        log: Arc::new(move |what| told.stage(what, None)),
        ..StackOptions::default()
    };
    let variables = variables(&start(options, running).await?);
    let Some((program, words)) = args.command.split_first() else {
        return wait(&variables, &stop, &events).await;
    };
    let child = Command::new(program)
        .args(words)
        .envs(variables)
        .stdin(Stdio::inherit())
        .kill_on_drop(true)
        .spawn()
        .map_err(|error| Failure::Usage(format!("`{program}` cannot be started: {error}")))?;
    follow(child, &stop).await
}

fn services(wanted: &[Service]) -> Result<Services, Failure> {
    let services = Services {
        postgres: wanted.contains(&Service::Postgres),
        redis: wanted.contains(&Service::Redis),
        target: wanted.contains(&Service::Target),
    };
    if services.target && !(services.postgres && services.redis) {
        return Err(Failure::usage(
            "target-app needs PostgreSQL and Redis: --services postgres,redis,target",
        ));
    }
    Ok(services)
}

/// What the services are called in the environment of a command; only those that are there.
fn variables(at: &Addresses) -> Vec<(&'static str, String)> {
    [
        ("DATABASE_URL", &at.database_url),
        ("REDIS_URL", &at.redis_url),
        ("TARGET_URL", &at.target_url),
        ("LAB_TOKEN", &at.lab_token),
    ]
    .into_iter()
    .filter(|(_, value)| !value.is_empty())
    .map(|(name, value)| (name, value.clone()))
    .collect()
}

/// Says where everything is, and waits for Ctrl-C.
async fn wait(
    variables: &[(&str, String)],
    stop: &CancellationToken,
    events: &Publisher,
) -> Result<u8, Failure> {
    {
        let mut out = io::stdout().lock();
        let written = variables
            .iter()
            .try_for_each(|(name, value)| writeln!(out, "export {name}='{value}'"))
            .and_then(|()| out.flush());
        if let Err(error) = written {
            closed_pipe(error)?;
        }
    }
    events.stage("running; Ctrl-C stops the services", None);
    stop.cancelled().await;
    // Ctrl-C is how this command is meant to end.
    Ok(exit::PASSED)
}

/// Waits for the command; a signal to this process is passed on to it.
async fn follow(mut child: Child, stop: &CancellationToken) -> Result<u8, Failure> {
    let status = tokio::select! {
        status = child.wait() => status,
        () = stop.cancelled() => {
            // Of a terminal's Ctrl-C it has its own copy; a second one does no harm.
            if let Some(pid) = child.id() {
                terminate(pid);
            }
            child.wait().await
        }
    };
    status.map(code).map_err(Failure::internal)
}

fn terminate(pid: u32) {
    let Ok(pid) = libc::pid_t::try_from(pid) else {
        return;
    };
    #[expect(unsafe_code, reason = "std sends no signal but SIGKILL")]
    // SAFETY: a system call with two numbers; the child has not been waited for, so its process
    // id cannot belong to another process yet.
    let _gone = unsafe { libc::kill(pid, libc::SIGTERM) };
}

/// The command's exit code, or 128 and the signal as shells say it.
fn code(status: ExitStatus) -> u8 {
    let code = status
        .code()
        .or_else(|| status.signal().map(|signal| 128 + signal));
    code.and_then(|code| u8::try_from(code).ok())
        .unwrap_or(exit::INTERNAL)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_without_its_services_is_refused() {
        assert!(services(&[Service::Target]).is_err());
        assert!(services(&[Service::Redis]).is_ok());
        let all = [Service::Postgres, Service::Redis, Service::Target];
        assert_eq!(services(&all).unwrap(), Services::ALL);
    }

    #[tokio::test]
    async fn the_exit_code_is_the_command_s() {
        let stop = CancellationToken::new();
        for (script, expected) in [("exit 7", 7), ("exit 0", 0), ("kill -TERM $$", 143)] {
            let child = Command::new("sh").args(["-c", script]).spawn().unwrap();
            assert_eq!(follow(child, &stop).await.unwrap(), expected);
        }
        let child = Command::new("sleep").arg("60").spawn().unwrap();
        stop.cancel();
        assert_eq!(follow(child, &stop).await.unwrap(), 143);
    }
}
