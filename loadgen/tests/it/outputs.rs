//! Outputs that cannot be written: refused before anything starts, or, where that cannot be known,
//! reported after all figures.

use std::{
    ffi::OsStr, fs, os::unix::ffi::OsStrExt as _, path::Path, process::Command, time::Duration,
};

use serde_json::Value;
use sha2::{Digest as _, Sha256};
use shared::hex;

use crate::support::{KnownServer, Ran, alone, finish, loadgen, start, until};

/// Runs `loadgen` with these arguments; results go into `results` unless they say otherwise.
fn ran(arguments: &str, results: &Path) -> Ran {
    let mut command = loadgen(arguments.split_whitespace());
    command.env("LOADGEN_RESULTS", results);
    finish(start(command))
}

#[track_caller]
fn assert_refused(ran: &Ran, named: &str, results: &Path) {
    assert_eq!(ran.code, Some(2), "{ran:?}");
    assert_eq!(ran.stderr.lines().count(), 1, "{}", ran.stderr);
    assert!(ran.stderr.contains(named), "{named}: {}", ran.stderr);
    assert!(!results.join("runs").exists(), "something was stored");
}

#[test]
fn an_output_that_cannot_be_written_is_refused_before_the_load() {
    let server = KnownServer::after(Duration::from_millis(2)).serve();
    let root = tempfile::tempdir().unwrap();
    let (file, results) = (root.path().join("file"), root.path().join("results"));
    fs::write(&file, "x").unwrap();
    let (folder, file) = (root.path().display(), file.display());
    for (flags, named) in [
        (format!("--results {file}"), "--results"),
        ("--results /proc/nope".to_owned(), "--results"),
        (format!("--junit {folder}"), "--junit"),
        ("--junit /proc/nope/x.xml".to_owned(), "--junit"),
        (format!("--junit {file}/x.xml"), "--junit"),
        (format!("--events-to {folder}"), "--events-to"),
        (format!("--events-to {file}/x"), "--events-to"),
    ] {
        let line = format!("http {} --quiet --json -n 5 {flags}", server.url());
        assert_refused(&ran(&line, &results), named, &results);
    }
    // Only connections that look whether the service is there.
    assert_eq!(server.log.exchanges().len(), 0);
}

#[test]
fn a_results_folder_whose_name_is_no_text_holds_a_run_like_any_other() {
    let server = KnownServer::after(Duration::from_millis(2)).serve();
    let root = tempfile::tempdir().unwrap();
    let results = root.path().join(OsStr::from_bytes(b"r\xffsults"));
    let line = format!("http {} --quiet -n 5", server.url());
    let mut command = loadgen(line.split_whitespace());
    command.arg("--results").arg(&results);
    let ran = finish(start(command));
    assert!(results.join("latest/report.html").is_file(), "{ran:?}");
}

#[test]
fn a_catalogue_is_kept_where_its_table_cannot_be_printed() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let published = fs::read(here.join("../results/published/catalogue.json")).unwrap();
    let published: Value = serde_json::from_slice(&published).unwrap();
    // A row of every experiment, so that nothing is measured.
    let row = |file: &Path| {
        let name = file.file_name()?.to_str()?.strip_suffix(".yaml")?;
        let mut row = published[0].clone();
        row["experiment"] = name.into();
        row["origin"]["blocks"] = 100.into();
        row["file_sha256"] = hex::of(&Sha256::digest(fs::read(file).unwrap())).into();
        Some(row)
    };
    let files = fs::read_dir(here.join("experiments")).unwrap();
    let rows: Vec<Value> = files
        .filter_map(|file| row(&file.unwrap().path()))
        .collect();
    let root = tempfile::tempdir().unwrap();
    let earlier = root.path().join("earlier.json");
    fs::write(&earlier, serde_json::to_vec(&rows).unwrap()).unwrap();
    let mut command = loadgen([
        "experiment",
        "run-all",
        "--results",
        "results",
        "--catalogue",
    ]);
    command.arg(&earlier).current_dir(root.path());
    // Without a PostgreSQL in sight: one that is measured all the same fails at once.
    command.env("PATH", "");
    command.stdout(fs::File::options().write(true).open("/dev/full").unwrap());
    let ran = finish(start(command));
    assert_eq!(ran.code, Some(1), "{ran:?}");
    let kept = fs::read_dir(root.path().join("results")).unwrap();
    let named = |file: std::io::Result<fs::DirEntry>| file.unwrap().file_name().into_string();
    let mut endings: Vec<String> = kept
        .filter_map(|file| Some(named(file).ok()?.rsplit_once('.')?.1.to_owned()))
        .collect();
    endings.sort_unstable();
    assert_eq!(endings, ["json", "md"], "{ran:?}");
}

#[test]
fn no_service_is_started_for_outputs_that_cannot_be_written() {
    let root = tempfile::tempdir().unwrap();
    let results = root.path().join("results");
    for (line, named) in [
        ("run smoke --quiet --results /proc/nope", "--results"),
        ("run smoke --quiet --stack-dir /proc/nope", "--stack-dir"),
        ("run smoke --quiet --junit /proc/nope", "--junit"),
        ("demo --quick --quiet --results /proc/nope", "--results"),
        (
            "experiment pool_size --quick --quiet --stack-dir /proc/x",
            "--stack-dir",
        ),
        (
            "stack --services redis --stack-dir /proc/nope",
            "/proc/nope",
        ),
    ] {
        assert_refused(&ran(line, &results), named, &results);
    }
}

#[test]
fn neither_an_archive_nor_any_of_several_reports_is_written_where_a_folder_is() {
    let root = tempfile::tempdir().unwrap();
    let run = root.path().join("runs/2026-08-30T14-05-11Z_run_x_41e7cc0");
    fs::create_dir_all(&run).unwrap();
    let published = Path::new(env!("CARGO_MANIFEST_DIR")).join("../results/published");
    fs::copy(
        published.join("mentor_cache/summary.json"),
        run.join("summary.json"),
    )
    .unwrap();
    let (out, file) = (root.path().join("out"), root.path().join("file"));
    fs::create_dir_all(out.join("report.md")).unwrap();
    fs::write(&file, "x").unwrap();
    for (line, into, named) in [
        ("results export 41e7cc0", &out, "/out"),
        ("report 41e7cc0 --format md", &out, "/out/report.md"),
        ("report 41e7cc0 --format html,md", &out, "/out/report.md"),
        ("report 41e7cc0 --format html", &file, "/file"),
    ] {
        let ran = ran(&format!("{line} --out {}", into.display()), root.path());
        assert_eq!(ran.code, Some(2), "{line}: {ran:?}");
        assert_eq!(ran.stderr.lines().count(), 1, "{line}: {}", ran.stderr);
        assert!(ran.stderr.contains(named), "{line}: {}", ran.stderr);
        assert_eq!(names(&out), ["report.md"], "{line}");
        assert_eq!(names(root.path()), ["file", "out", "runs"], "{line}");
    }
    assert_eq!(fs::read(&file).unwrap(), b"x");
}

/// What a folder holds.
fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

/// `loadgen` with these arguments, none of whose files may be larger than 64 KiB (128 where the shell
/// counts in kilobytes): less than a short run stores.
fn confined(arguments: &str, results: &Path) -> Ran {
    let program = loadgen(arguments.split_whitespace());
    let mut command = Command::new("sh");
    command
        .args(["-c", "ulimit -f 128 && exec \"$0\" \"$@\""])
        .arg(program.get_program())
        .args(program.get_args());
    alone(&mut command);
    command.env("LOADGEN_RESULTS", results);
    finish(start(command))
}

/// Mounts a disk of 64 KiB; false where that is not permitted.
fn mount_small(disk: &Path) -> bool {
    Command::new("mount")
        .args(["-t", "tmpfs", "-o", "size=64k", "none"])
        .arg(disk)
        .output()
        .is_ok_and(|output| output.status.success())
}

#[test]
fn an_output_that_is_too_small_is_refused_before_the_load() {
    let root = tempfile::tempdir().unwrap();
    let (disk, results) = (root.path().join("disk"), root.path().join("results"));
    fs::create_dir(&disk).unwrap();
    let server = KnownServer::after(Duration::from_millis(2)).serve();
    let at = |name: &str| disk.join(name).display().to_string();
    let http = format!("http {} --quiet --json -n 5", server.url());

    // A limit of this process, which everybody may set.
    for line in [
        format!("{http} --results {}", at("results")),
        format!("run smoke --quiet --results {}", at("results")),
    ] {
        let ran = confined(&line, &results);
        assert_refused(&ran, "--results", &results);
        assert!(ran.stderr.contains("File too large"), "{}", ran.stderr);
    }
    assert_eq!(fs::read_dir(&disk).unwrap().count(), 0);

    // A full disk, which only some may mount: there each flag is refused by its own name.
    if mount_small(&disk) {
        let all = [
            (format!("{http} --results {}", at("results")), "--results"),
            (format!("{http} --junit {}", at("junit.xml")), "--junit"),
            (
                format!("{http} --events-to {}", at("events")),
                "--events-to",
            ),
            (
                format!("run smoke --quiet --stack-dir {}", at("stack")),
                "--stack-dir",
            ),
        ]
        .map(|(line, named)| (ran(&line, &results), named));
        let left = fs::read_dir(&disk).unwrap().count();
        let unmounted = Command::new("umount").arg(&disk).status().unwrap();
        assert!(unmounted.success());
        for (ran, named) in &all {
            assert_refused(ran, named, &results);
        }
        assert_eq!(left, 0);
    } else {
        eprintln!("no disk may be mounted here: only the limit of the process was tried");
    }
    assert_eq!(server.log.exchanges().len(), 0);
}

#[test]
fn figures_are_printed_even_if_a_file_cannot_be_written_at_the_end() {
    let server = KnownServer::after(Duration::from_millis(2)).serve();
    let root = tempfile::tempdir().unwrap();
    for flag in ["--junit", "--events-to"] {
        let line = format!("http {} --quiet --json -n 5 {flag} /dev/full", server.url());
        let ran = ran(&line, root.path());
        assert_eq!((ran.code, ran.outcome("ok")), (Some(1), 5), "{ran:?}");
        assert!(ran.stderr.contains("/dev/full"), "{}", ran.stderr);
    }
    assert!(
        Path::new("/dev/full")
            .metadata()
            .is_ok_and(|full| !full.is_file())
    );
}

#[test]
fn figures_are_printed_even_if_the_result_folder_goes_away() {
    let server = KnownServer::after(Duration::from_millis(2)).serve();
    let root = tempfile::tempdir().unwrap();
    let words = format!("http {} --quiet --json -c 2 -d 8s", server.url());
    let mut command = loadgen(words.split(' '));
    command.env("LOADGEN_RESULTS", root.path());
    let running = start(command);
    until("nothing is sent", || !server.log.exchanges().is_empty());
    // At once: a folder that is still written into cannot be emptied.
    fs::rename(root.path().join("runs"), root.path().join("gone")).unwrap();
    fs::write(root.path().join("runs"), "").unwrap();
    let ran = finish(running);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(ran.outcome("ok") > 20, "{ran:?}");
    assert_eq!(ran.stderr.lines().count(), 1, "{}", ran.stderr);
    assert!(ran.stderr.contains("not complete"), "{}", ran.stderr);
}
