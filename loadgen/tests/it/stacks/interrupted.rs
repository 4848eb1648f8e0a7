//! A second Ctrl-C while a service is started again, after a restart or a crash, and is not ready: the
//! command ends at once, and nothing of its stack is left.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    thread::sleep,
    time::{Duration, Instant},
};

use crate::support::{finish, loadgen, script, signal, start, until};

/// Time after the first signal, in which the command goes on waiting for the service.
const BETWEEN: Duration = Duration::from_secs(1);
/// Longest time from the second signal to the end. Without an abort it is that of a start: a minute.
const PROMPT: Duration = Duration::from_secs(15);

/// target-app, of which so many processes serve. One that is started after them hangs before it
/// listens, and leaves the file `again`.
fn hanging_target(folder: &Path, processes: usize) -> PathBuf {
    let target = Path::new(env!("CARGO_BIN_EXE_loadgen")).with_file_name("target-app");
    let (marks, path) = (folder.join("marks"), folder.join("target"));
    fs::create_dir(&marks).unwrap();
    let text = format!(
        "#!/bin/sh\n\
         if [ \"$1\" = serve ]; then\n\
         \x20   cd '{marks}' || exit 1\n\
         \x20   count=$(ls | wc -l)\n\
         \x20   if [ \"$count\" -ge {processes} ]; then : >again; exec sleep 600; fi\n\
         \x20   : >\"served$count\"\n\
         \x20   cd - >/dev/null\n\
         fi\n\
         exec '{target}' \"$@\"\n",
        marks = marks.display(),
        target = target.display(),
    );
    script(&path, &text);
    path
}

/// Command lines of the processes that have to do with this folder: it is in their command line, in
/// their environment, or they work in it.
fn processes_of(folder: &Path) -> Vec<String> {
    let name = folder.to_str().unwrap();
    let entries = fs::read_dir("/proc").unwrap().flatten();
    entries
        .filter_map(|entry| {
            let (path, pid) = (entry.path(), entry.file_name());
            let pid: u32 = pid.to_str()?.parse().ok()?;
            let read = |file: &str| {
                let bytes = fs::read(path.join(file)).unwrap_or_default();
                String::from_utf8_lossy(&bytes).replace('\0', " ")
            };
            let line = read("cmdline");
            let works_there =
                fs::read_link(path.join("cwd")).is_ok_and(|cwd| cwd.starts_with(folder));
            (works_there || line.contains(name) || read("environ").contains(name))
                .then(|| format!("{pid} {line}"))
        })
        .collect()
}

/// Runs a command whose stack has so many instances; interrupts it twice when one of them is started
/// again.
fn interrupted_twice(line: &str, instances: usize) {
    let root = tempfile::tempdir().unwrap();
    // PostgreSQL may run as another user, who has to pass.
    fs::set_permissions(root.path(), fs::Permissions::from_mode(0o711)).unwrap();
    let target = hanging_target(root.path(), instances);
    let mut command = loadgen(line.split_whitespace());
    command
        .args(["--scale", "tiny", "--quiet", "--target-bin"])
        .arg(&target)
        .env("TMPDIR", root.path())
        .env("LOADGEN_RESULTS", root.path().join("results"));
    let running = start(command);
    let again = root.path().join("marks/again");
    until(&format!("{line}: nothing was restarted"), || again.exists());
    // loadgen, PostgreSQL, Redis, and what was to be the target.
    let before = processes_of(root.path());
    assert!(before.len() >= 4, "{line}: {before:#?}");
    signal(running.id(), "-INT");
    sleep(BETWEEN);
    let between = processes_of(root.path());
    assert!(
        between.iter().any(|one| one.contains("sleep 600")),
        "{line}: it does not wait for the service: {between:#?}"
    );
    let second = Instant::now();
    signal(running.id(), "-INT");
    let ran = finish(running);
    let took = second.elapsed();
    assert_eq!(ran.code, Some(130), "{line}: {ran:?}");
    assert!(took < PROMPT, "{line}: {took:?}");
    assert_eq!(processes_of(root.path()), Vec::<String>::new(), "{line}");
    let left = fs::read_dir(root.path()).unwrap().flatten();
    let stacks = left.filter(|one| {
        one.file_name()
            .to_string_lossy()
            .starts_with("codeconnect-")
    });
    assert_eq!(stacks.count(), 0, "{line}: the folder of the stack is left");
}

#[test]
fn a_second_ctrl_c_ends_the_restart_before_a_trial_with_the_whole_stack() {
    interrupted_twice("experiment pool_size --quick", 1);
}

#[test]
fn a_second_ctrl_c_ends_the_wait_after_a_crash_with_the_whole_stack() {
    interrupted_twice(
        "run --flow mentors.browse --rate 5/s --warmup 1s --duration 60s --crash target@1s",
        1,
    );
}

#[test]
fn a_second_ctrl_c_ends_a_rolling_restart_with_the_whole_stack() {
    interrupted_twice(
        "run --flow mentors.browse --rate 5/s --warmup 1s --duration 60s --topology scale=2 --crash rolling@1s",
        2,
    );
}
