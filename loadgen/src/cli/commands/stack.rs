//! `loadgen stack`: PostgreSQL, Redis and target-app for other programs.

use std::{
    env, fs,
    io::{self, Write as _},
    os::unix::{fs::PermissionsExt as _, process::ExitStatusExt as _},
    path::Path,
    process::{ExitStatus, Stdio},
};

use rustix::process::{Pid, Signal, kill_process};
use tokio::process::{Child, Command};
use tokio_util::sync::CancellationToken;

use crate::{
    cli::{
        failure::Failure,
        flags::{StackArgs, StackService},
        output::closed_pipe,
        plan::resolve_settings,
        session::{CleanupSlot, StackAddresses, start_stack, with_own_stack},
    },
    exit,
};
use loadgen_experiment::events::Publisher;
use loadgen_stack::{ServiceSet, StackOptions};

/// Starts the services, runs the command or waits for Ctrl-C, stops the services.
pub(in crate::cli) fn run(args: &StackArgs) -> Result<u8, Failure> {
    let services = services(&args.services)?;
    // A wrong profile is refused before anything is started.
    resolve_settings(&args.profile, &[])?;
    if let Some(program) = args.command.first() {
        check_program(program)?;
    }
    with_own_stack("stopping the services", async |options, running, events| {
        let options = StackOptions {
            services,
            ..options
        };
        work(args, options, running, events).await
    })
}

async fn work(
    args: &StackArgs,
    options: StackOptions,
    running: &CleanupSlot,
    events: Publisher,
) -> Result<u8, Failure> {
    let stop = options.stop.clone();
    let options = StackOptions {
        keep_in: args.stack_dir.clone(),
        scale: args.scale,
        seed: args.seed,
        topology: args.topology,
        durable: !args.no_fsync,
        target_bin: args.target_bin.clone(),
        profile: args.profile.clone(),
        ..options
    };
    let variables = variables(&start_stack(options, running).await?);
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

/// Refuses a command that is no program before services are started for it.
fn check_program(program: &str) -> Result<(), Failure> {
    let is_program = |path: &Path| {
        let found = fs::metadata(path);
        found.is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
    };
    let is_found = match env::var_os("PATH") {
        _ if program.contains('/') => is_program(Path::new(program)),
        Some(path) => env::split_paths(&path).any(|folder| is_program(&folder.join(program))),
        // The system has a list of its own then.
        None => true,
    };
    if is_found {
        Ok(())
    } else {
        Err(Failure::Usage(format!(
            "`{program}` is no program that can be started: name one that is in the PATH, or give its path"
        )))
    }
}

fn services(wanted: &[StackService]) -> Result<ServiceSet, Failure> {
    let services = ServiceSet {
        postgres: wanted.contains(&StackService::Postgres),
        redis: wanted.contains(&StackService::Redis),
        target: wanted.contains(&StackService::Target),
    };
    if services.target && !(services.postgres && services.redis) {
        return Err(Failure::usage(
            "target-app needs PostgreSQL and Redis: --services postgres,redis,target",
        ));
    }
    Ok(services)
}

/// Environment variables with the addresses of the services that were started.
fn variables(at: &StackAddresses) -> Vec<(&'static str, String)> {
    [
        ("DATABASE_URL", at.database_url.clone()),
        ("PGBOUNCER_URL", at.pgbouncer_url.clone()),
        ("REPLICA_URL", at.replica_url.clone()),
        ("REDIS_URL", at.redis_url.clone()),
        ("TARGET_URL", at.load_url.clone().unwrap_or_default()),
        ("INSTANCE_URLS", at.instance_urls.join(",")),
        ("LAB_TOKEN", at.lab_token.clone()),
    ]
    .into_iter()
    .filter(|(_, value)| !value.is_empty())
    .collect()
}

/// Prints the addresses, and waits for Ctrl-C.
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
    // Ctrl-C is the normal end of this command.
    Ok(exit::PASSED)
}

/// Waits for the command; passes a signal to this process on to it.
async fn follow(mut child: Child, stop: &CancellationToken) -> Result<u8, Failure> {
    let status = tokio::select! {
        status = child.wait() => status,
        () = stop.cancelled() => {
            // At a terminal it got Ctrl-C itself; a second signal does no harm.
            if let Some(pid) = child.id() {
                terminate(pid);
            }
            child.wait().await
        }
    };
    status.map(code).map_err(Failure::internal)
}

/// Sends SIGTERM. The child has not been waited for, so its process id cannot belong to another
/// process yet.
fn terminate(pid: u32) {
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw);
    if let Some(pid) = pid {
        // An error means that it has ended meanwhile.
        let _ended = kill_process(pid, Signal::TERM);
    }
}

/// The command's exit code, or 128 plus the signal, as shells report it.
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
        assert!(services(&[StackService::Target]).is_err());
        assert!(services(&[StackService::Redis]).is_ok());
        let all = [
            StackService::Postgres,
            StackService::Redis,
            StackService::Target,
        ];
        assert_eq!(services(&all).unwrap(), ServiceSet::ALL);
    }

    #[test]
    fn a_command_that_is_no_program_is_refused() {
        for program in ["sh", "/bin/sh"] {
            assert!(check_program(program).is_ok(), "{program}");
        }
        for program in [
            "no-such-program",
            "/bin/no-such-program",
            "/etc/passwd",
            "/",
        ] {
            let error = check_program(program).unwrap_err().to_string();
            assert!(error.starts_with(&format!("`{program}`")), "{error}");
        }
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
