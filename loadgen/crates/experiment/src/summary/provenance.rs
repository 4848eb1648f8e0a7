//! Reads where this process runs, what it is built from and how it was called.

use std::{
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
};

use crate::schema::{HostInfo, LoadedEndpoint, Program, Provenance, Trial};

/// Program, machine and command line of this process.
pub fn provenance() -> Provenance {
    Provenance {
        program: Program {
            version: env!("CARGO_PKG_VERSION").into(),
            commit: stated(option_env!("SOURCE_COMMIT")).or_else(|| {
                let program = std::env::current_exe().ok()?;
                commit(&program, Path::new(env!("CARGO_MANIFEST_DIR")))
            }),
            debug_build: cfg!(debug_assertions),
        },
        host: host(),
        arguments: masked(words(std::env::args_os())),
        variables: variables(std::env::vars_os()),
        endpoints: Vec::new(),
    }
}

/// Where the load of these trials went, each endpoint once.
pub(super) fn endpoints(trials: &[Trial]) -> Vec<LoadedEndpoint> {
    let mut all: Vec<LoadedEndpoint> = Vec::new();
    for one in trials.iter().flat_map(|trial| &trial.endpoints) {
        let same =
            |known: &&mut LoadedEndpoint| known.host == one.host && known.address == one.address;
        match all.iter_mut().find(same) {
            Some(known) => known.connections += one.connections,
            None => all.push(one.clone()),
        }
    }
    all
}

/// The machine this process runs on.
fn host() -> HostInfo {
    let line_of = |path: &str, key: &str| {
        fs::read_to_string(path).ok().and_then(|text| {
            let line = text.lines().find(|line| line.starts_with(key))?;
            Some(line.split_once(':')?.1.trim().to_owned())
        })
    };
    HostInfo {
        kernel: fs::read_to_string("/proc/sys/kernel/osrelease")
            .map_or_else(|_| "unknown".into(), |text| text.trim().to_owned()),
        cpu: line_of("/proc/cpuinfo", "model name").unwrap_or_else(|| "unknown".into()),
        cores: std::thread::available_parallelism().map_or(1, usize::from),
        memory_bytes: line_of("/proc/meminfo", "MemTotal")
            .and_then(|text| text.split_whitespace().next()?.parse::<u64>().ok())
            .map_or(0, |kib| kib * 1024),
    }
}

/// The commit that whoever built the program named, as where its sources were without their history.
fn stated(given: Option<&str>) -> Option<String> {
    let given = given?.trim();
    (!given.is_empty()).then(|| given.to_owned())
}

/// The commit of the checkout that the program's file lies in, read without running git. Not known where it is not the
/// checkout of the sources, as of a program that was copied into another one, nor in a worktree, whose `.git` is a file.
fn commit(program: &Path, sources: &Path) -> Option<String> {
    let checkout = program
        .ancestors()
        .find(|folder| folder.join(".git").exists())?;
    let whole = |path: &Path| fs::canonicalize(path).ok();
    if !whole(sources)?.starts_with(whole(checkout)?) {
        return None;
    }
    commit_of(program, &checkout.join(".git"))
}

/// What HEAD of a git directory points at; absent where it has moved since the program was built, which then is of an
/// earlier commit.
fn commit_of(program: &Path, git: &Path) -> Option<String> {
    let (commit, files) = head(git)?;
    let changed = |file: &Path| fs::metadata(file).and_then(|file| file.modified()).ok();
    let built = changed(program)?;
    files
        .iter()
        .all(|file| changed(file).is_some_and(|moved| moved <= built))
        .then_some(commit)
}

/// What HEAD of a git directory points at, and the files that say so.
fn head(git: &Path) -> Option<(String, Vec<PathBuf>)> {
    let file = git.join("HEAD");
    let head = fs::read_to_string(&file).ok()?;
    let head = head.trim();
    let Some(name) = head.strip_prefix("ref: ") else {
        return Some((head.to_owned(), vec![file]));
    };
    let reference = git.join(name);
    if let Ok(hash) = fs::read_to_string(&reference) {
        return Some((hash.trim().to_owned(), vec![file, reference]));
    }
    let packed = git.join("packed-refs");
    let text = fs::read_to_string(&packed).ok()?;
    let line = text
        .lines()
        .find(|line| line.ends_with(&format!(" {name}")))?;
    Some((line.split(' ').next()?.to_owned(), vec![file, packed]))
}

/// How the variables that stand for flags begin.
const FLAG_VARIABLES: &str = "LOADGEN_";

/// Words that need be no text, as a path need not: what is none in them is replaced.
fn words(all: impl IntoIterator<Item = OsString>) -> impl Iterator<Item = String> {
    let all = all.into_iter();
    all.map(|word| word.to_string_lossy().into_owned())
}

/// The variables that stand for flags in the order of their names, without what must not be kept.
fn variables(all: impl IntoIterator<Item = (OsString, OsString)>) -> Vec<String> {
    let kept = all.into_iter().filter_map(|(name, value)| {
        let name = name.into_string().ok()?;
        if !name.starts_with(FLAG_VARIABLES) {
            return None;
        }
        let shown = if is_secret(&name) {
            "***".to_owned()
        } else {
            masked_urls(&value.to_string_lossy())
        };
        Some(format!("{name}={shown}"))
    });
    let mut kept: Vec<String> = kept.collect();
    kept.sort_unstable();
    kept
}

/// The value of a variable, which may be several URLs, each without its user part and query. A comma before anything
/// but a URL may be of a password or of a query, and divides nothing.
fn masked_urls(value: &str) -> String {
    let mut all: Vec<String> = Vec::new();
    for part in value.split(',') {
        match all.last_mut() {
            Some(last) if !part.contains("://") => {
                last.push(',');
                last.push_str(part);
            }
            _ => all.push(part.to_owned()),
        }
    }
    let shown: Vec<String> = all
        .iter()
        .map(|one| without_query(&without_credentials(one)))
        .collect();
    shown.join(",")
}

/// Whether an option or a variable has a value that must not be kept.
fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    ["token", "password", "secret", "key", "header", "body"]
        .iter()
        .any(|word| name.contains(word))
}

/// The words of a command line without what must not be kept: the value of an option that
/// names a token, password, secret, key, header or body, and user part and query of a URL.
fn masked(arguments: impl IntoIterator<Item = String>) -> Vec<String> {
    let mut words = Vec::new();
    let mut hide_next = false;
    for word in arguments {
        if hide_next {
            words.push("***".into());
            hide_next = false;
            continue;
        }
        if word.starts_with("--") {
            if let Some((option, _)) = word.split_once('=') {
                if is_secret(option) {
                    words.push(format!("{option}=***"));
                    continue;
                }
            } else {
                hide_next = is_secret(&word);
            }
        } else if word.starts_with("-H") || word.starts_with("-b") {
            // Header and body of a request, in one word or two.
            hide_next = word.len() == 2;
            words.push(if hide_next {
                word
            } else {
                format!("{}***", &word[..2])
            });
            continue;
        }
        words.push(without_query(&without_credentials(&word)));
    }
    words
}

/// `scheme://host/path?***` for a URL with a query.
fn without_query(word: &str) -> String {
    match word.split_once('?') {
        Some((path, _)) if path.contains("://") => format!("{path}?***"),
        _ => word.to_owned(),
    }
}

/// `scheme://user:password@host` with the part before `@` masked.
fn without_credentials(word: &str) -> String {
    let Some((scheme, rest)) = word.split_once("://") else {
        return word.into();
    };
    let authority = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    match rest[..authority].rfind('@') {
        Some(at) => format!("{scheme}://***{}", &rest[at..]),
        None => word.into(),
    }
}

#[cfg(test)]
mod tests {
    use std::{
        fs::File,
        time::{Duration, SystemTime},
    };

    use super::*;

    #[test]
    fn secrets_on_the_command_line_are_not_kept() {
        let words = masked(
            [
                "loadgen",
                "--lab-token",
                "s3cret",
                "--database-url=postgres://u:p@w@h:1/d",
                "--token=x",
                "a.yaml",
            ]
            .map(String::from),
        );
        assert_eq!(
            words,
            [
                "loadgen",
                "--lab-token",
                "***",
                "--database-url=postgres://***@h:1/d",
                "--token=***",
                "a.yaml"
            ]
        );
    }

    #[test]
    fn variables_that_stand_for_flags_are_kept_without_their_secrets() {
        let all = [
            ("PATH", "/bin"),
            ("LOADGEN_TARGET", "http://u:p@a:1,http://v:q@b:2"),
            ("LOADGEN_DB", "postgres://u:p,w@c:3/db?sslkey=a,b"),
            ("LOADGEN_DIFFERS", "commit,data"),
            ("LOADGEN_LAB_TOKEN", "s3cret"),
            ("LOADGEN_HEADER", "x-key: hush"),
            ("LOADGEN_AA", "true"),
        ];
        let all = all.map(|(name, value)| (OsString::from(name), OsString::from(value)));
        assert_eq!(
            variables(all),
            [
                "LOADGEN_AA=true",
                "LOADGEN_DB=postgres://***@c:3/db?***",
                "LOADGEN_DIFFERS=commit,data",
                "LOADGEN_HEADER=***",
                "LOADGEN_LAB_TOKEN=***",
                "LOADGEN_TARGET=http://***@a:1,http://***@b:2",
            ]
        );
    }

    #[test]
    fn a_packed_reference_is_found() {
        let git = tempfile::tempdir().unwrap();
        fs::write(git.path().join("HEAD"), "ref: refs/heads/main\n").unwrap();
        fs::write(
            git.path().join("packed-refs"),
            "# pack-refs\nabc123 refs/heads/main\n",
        )
        .unwrap();
        let (commit, files) = head(git.path()).unwrap();
        assert_eq!(commit, "abc123");
        assert_eq!(files.len(), 2);
    }

    #[test]
    fn a_program_in_a_worktree_is_not_of_the_commit_of_a_checkout_around_it() {
        let folder = tempfile::tempdir().unwrap();
        let (git, tree) = (folder.path().join(".git"), folder.path().join("tree"));
        fs::create_dir_all(&git).unwrap();
        fs::create_dir_all(&tree).unwrap();
        fs::write(git.join("HEAD"), "abc123\n").unwrap();
        for folder in [folder.path(), tree.as_path()] {
            fs::write(folder.join("program"), "").unwrap();
        }
        let of = |program: PathBuf| commit(&program, &tree);
        assert_eq!(of(folder.path().join("program")).as_deref(), Some("abc123"));
        fs::write(tree.join(".git"), "gitdir: ../.git/worktrees/tree\n").unwrap();
        assert_eq!(of(tree.join("program")), None);
    }

    #[test]
    fn a_program_that_was_copied_into_another_checkout_is_of_no_commit_of_it() {
        let folder = tempfile::tempdir().unwrap();
        let [sources, other] = ["sources", "other"].map(|name| folder.path().join(name));
        fs::create_dir_all(&sources).unwrap();
        fs::create_dir_all(other.join(".git")).unwrap();
        fs::write(other.join(".git/HEAD"), "abc123\n").unwrap();
        fs::write(other.join("program"), "").unwrap();
        let of = |sources: &Path| commit(&other.join("program"), sources);
        assert_eq!(of(&other).as_deref(), Some("abc123"));
        assert_eq!(of(&sources), None);
        assert_eq!(of(&folder.path().join("gone")), None);
    }

    #[test]
    fn a_commit_that_was_named_for_the_build_is_taken_and_an_empty_name_is_none() {
        assert_eq!(stated(Some(" abc123\n")).as_deref(), Some("abc123"));
        for none in [None, Some(""), Some(" ")] {
            assert_eq!(stated(none), None);
        }
    }

    #[test]
    fn a_program_that_was_built_before_the_commit_is_not_of_it() {
        let folder = tempfile::tempdir().unwrap();
        let git = folder.path().join(".git");
        let program = folder.path().join("program");
        let (head, reference) = (git.join("HEAD"), git.join("refs/heads/main"));
        fs::create_dir_all(git.join("refs/heads")).unwrap();
        fs::write(&head, "ref: refs/heads/main\n").unwrap();
        fs::write(&reference, "abc123\n").unwrap();
        fs::write(&program, "").unwrap();
        let at = |file: &Path, second: u64| {
            let time = SystemTime::UNIX_EPOCH + Duration::from_secs(second);
            File::options()
                .write(true)
                .open(file)
                .and_then(|file| file.set_modified(time))
                .unwrap();
        };
        for (head_at, reference_at, built_at, known) in [
            (100, 100, 200, true),
            (100, 200, 200, true),
            // A commit, and another branch, since the program was built.
            (100, 300, 200, false),
            (300, 100, 200, false),
        ] {
            at(&head, head_at);
            at(&reference, reference_at);
            at(&program, built_at);
            let found = commit_of(&program, &git);
            assert_eq!(
                found.is_some(),
                known,
                "{head_at} {reference_at} {built_at}"
            );
        }
    }
}
