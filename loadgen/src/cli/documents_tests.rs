//! Flags that a document gives to a command are flags of that command, and variables are those of flags.

use std::{ffi::OsString, fs, path::Path};

use clap::{Command, CommandFactory as _};
use shared::usage::unknown_variable;

use super::flags::{Cli, command};

/// Documents outside of `docs` with commands in them.
const DOCUMENTS: [&str; 8] = [
    "README.md",
    "ARCHITECTURE.md",
    "CONTRIBUTING.md",
    "docker-compose.yml",
    "loadgen/experiments/README.md",
    "loadgen/suites/README.md",
    "results/README.md",
    "results/published/README.md",
];

/// Each document with its text; a line that goes on after `\` is one line.
fn documents() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut paths: Vec<_> = DOCUMENTS.iter().map(|name| root.join(name)).collect();
    let guides = fs::read_dir(root.join("docs")).unwrap();
    paths.extend(guides.map(|entry| entry.unwrap().path()));
    paths.retain(|path| path.is_file());
    let read = |path: &Path| fs::read_to_string(path).unwrap().replace("\\\n", " ");
    paths
        .iter()
        .map(|path| (path.display().to_string(), read(path)))
        .collect()
}

/// What follows `loadgen` in a line, up to the end of the call.
fn calls(line: &str) -> Vec<&str> {
    const ENDS: [char; 7] = ['`', '|', ';', '&', '#', '>', '…'];
    let found = line.match_indices("loadgen ").filter(|(at, _)| {
        let before = line[..*at].chars().next_back();
        before.is_none_or(|before| [' ', '`', '/', '('].contains(&before))
    });
    found
        .filter_map(|(at, name)| line[at + name.len()..].split(ENDS).next())
        .collect()
}

/// The flags of a call that its command does not have, and how many it gives; nothing where no command is named.
fn unknown_flags(program: &Command, call: &str) -> (Vec<String>, usize) {
    let mut words = call.split_whitespace().peekable();
    let outer = words.next().and_then(|word| program.find_subcommand(word));
    let Some(outer) = outer else {
        return (Vec::new(), 0);
    };
    let nested = words.peek().and_then(|word| outer.find_subcommand(word));
    let named = nested.unwrap_or(outer);
    let flags: Vec<&str> = words
        .take_while(|word| *word != "--")
        .filter_map(|word| word.strip_prefix("--"))
        .map(|flag| {
            let end = flag.find(|c: char| !c.is_ascii_alphanumeric() && c != '-');
            &flag[..end.unwrap_or(flag.len())]
        })
        .collect();
    let has = |flag: &str| {
        let mut longs = named.get_arguments().filter_map(clap::Arg::get_long);
        ["help", "version"].contains(&flag) || longs.any(|long| long == flag)
    };
    let unknown = flags.iter().filter(|flag| !has(flag));
    (
        unknown.map(|flag| (*flag).to_owned()).collect(),
        flags.len(),
    )
}

#[test]
fn every_flag_that_a_document_gives_to_a_command_is_one_of_that_command() {
    let program = command();
    let mut given = 0;
    for (path, text) in documents() {
        for call in text.lines().flat_map(calls) {
            let (unknown, flags) = unknown_flags(&program, call);
            assert!(
                unknown.is_empty(),
                "{path}: `loadgen {call}`: there is no {unknown:?}"
            );
            given += flags;
        }
    }
    assert!(given > 100, "{given}");
}

#[test]
fn every_variable_that_a_document_or_a_deployment_names_is_one_of_a_flag() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let deployed = [
        "deploy/loadgen.sh",
        "deploy/kubernetes/coordinator.yaml",
        "deploy/kubernetes/workers.yaml",
        "scripts/compose-keys.sh",
    ]
    .map(|name| {
        (
            name.to_owned(),
            fs::read_to_string(root.join(name)).unwrap(),
        )
    });
    let mut named = 0;
    for (path, text) in documents().into_iter().chain(deployed) {
        let names = text
            .split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_')
            .filter(|word| word.starts_with("LOADGEN_"));
        named += names.clone().count();
        let unknown = unknown_variable("LOADGEN_", &Cli::command(), names.map(OsString::from));
        assert_eq!(unknown, None, "{path}");
    }
    assert!(named > 15, "{named}");
}

#[test]
fn a_flag_of_another_command_is_found_and_prose_is_no_call() {
    let program = command();
    let found = |line: &str| -> Vec<String> {
        let calls = calls(line).into_iter();
        calls
            .flat_map(|call| unknown_flags(&program, call).0)
            .collect()
    };
    assert_eq!(found("`loadgen validate x --quick`, then more"), ["quick"]);
    assert_eq!(
        found("target/release/loadgen results list --keep 3"),
        ["keep"]
    );
    for right in [
        "`loadgen results prune --keep 3 --dry-run`, `--nothing`",
        "loadgen stack --services=postgres -- cargo test --workspace",
        "what loadgen starts --later is prose",
        "loadgen run core --quiet | tee --append log",
    ] {
        assert!(found(right).is_empty(), "{right}");
    }
}
