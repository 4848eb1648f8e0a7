//! Finds the programs.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use super::error::StackError;
use loadgen_engine::suite::Topology;

/// The programs that an own stack of this shape lacks on this machine, one sentence each; target-app is the
/// given one, where one is.
pub fn missing_programs(topology: Topology, target_program: Option<&Path>) -> Vec<String> {
    let mut programs = vec![postgres()];
    if topology.replica.is_some() {
        programs.push(basebackup());
    }
    programs.extend([redis(), target(target_program)]);
    if topology.pooler.is_some() {
        programs.push(pgbouncer());
    }
    if topology.instances > 1 {
        programs.push(haproxy());
    }
    let missing = programs.into_iter().filter_map(Result::err);
    let mut missing: Vec<String> = missing.map(|error| error.to_string()).collect();
    // The program of a replica is one of PostgreSQL's, which are missing together.
    missing.dedup();
    missing
}

/// The folder of PostgreSQL's programs: that of `initdb`. Distributions keep it out of the
/// `PATH`; of several versions the newest is used.
pub(super) fn postgres() -> Result<PathBuf, StackError> {
    // A link in the PATH may be the only one there: the others are beside its target.
    let in_path = in_path("initdb")
        .and_then(|program| program.canonicalize().ok())
        .and_then(|program| program.parent().map(Path::to_owned))
        .filter(|bin| complete(bin));
    in_path
        .or_else(|| {
            let mut found: Vec<_> = ["/usr/lib/postgresql", "/usr/local/lib/postgresql", "/usr"]
                .into_iter()
                .flat_map(|root| fs::read_dir(root).into_iter().flatten().flatten())
                .filter_map(|entry| Some((version(&entry.file_name().to_string_lossy())?, entry)))
                .map(|(version, entry)| (version, entry.path().join("bin")))
                .filter(|(_, bin)| complete(bin))
                .collect();
            found.sort_by_key(|(version, _)| *version);
            found.pop().map(|(_, bin)| bin)
        })
        .ok_or(StackError::Missing {
            program: "initdb",
            package: "postgresql",
        })
}

/// The program that copies a running PostgreSQL, beside the others; Debian has it in the package of the
/// clients.
pub(super) fn basebackup() -> Result<PathBuf, StackError> {
    let beside = postgres()?.join("pg_basebackup");
    Some(beside)
        .filter(|program| executable(program))
        .ok_or(StackError::Missing {
            program: "pg_basebackup",
            package: "postgresql-client",
        })
}

/// Redis, or Valkey, which is compatible.
pub(super) fn redis() -> Result<PathBuf, StackError> {
    ["redis-server", "valkey-server"]
        .into_iter()
        .find_map(in_path)
        .ok_or(StackError::Missing {
            program: "redis-server",
            package: "redis-server",
        })
}

/// PgBouncer. Distributions keep it and the balancer out of the `PATH` of ordinary users.
pub(super) fn pgbouncer() -> Result<PathBuf, StackError> {
    in_path_or_sbin("pgbouncer").ok_or(StackError::Missing {
        program: "pgbouncer",
        package: "pgbouncer",
    })
}

/// HAProxy, the balancer.
pub(super) fn haproxy() -> Result<PathBuf, StackError> {
    in_path_or_sbin("haproxy").ok_or(StackError::Missing {
        program: "haproxy",
        package: "haproxy",
    })
}

/// pgbench: among PostgreSQL's programs in `bin`, or in the `PATH`.
pub(super) fn pgbench(bin: &Path) -> Result<PathBuf, StackError> {
    let beside = Some(bin.join("pgbench")).filter(|program| executable(program));
    beside
        .or_else(|| in_path("pgbench"))
        .ok_or(StackError::NoBareProgram {
            program: "pgbench",
            package: "postgresql",
        })
}

/// The load generator that comes with Redis, or that of Valkey.
pub(super) fn redis_benchmark() -> Result<PathBuf, StackError> {
    ["redis-benchmark", "valkey-benchmark"]
        .into_iter()
        .find_map(in_path)
        .ok_or(StackError::NoBareProgram {
            program: "redis-benchmark",
            package: "redis-tools",
        })
}

/// target-app: as given, beside this program, `$TARGET_APP_BIN`, or in the `PATH`.
pub fn target(given: Option<&Path>) -> Result<PathBuf, StackError> {
    if let Some(given) = given {
        let why = match fs::metadata(given) {
            Ok(_) if executable(given) => return Ok(given.to_owned()),
            Ok(found) if found.is_dir() => "it is a folder",
            Ok(_) => "it is no executable file",
            Err(_) => "it was not found",
        };
        return Err(StackError::NoGivenTarget {
            path: given.to_owned(),
            why,
        });
    }
    let beside = env::current_exe().ok().and_then(|own| {
        let folder = own.parent()?;
        // Tests and examples are one folder deeper than the programs.
        [Some(folder), folder.parent()]
            .into_iter()
            .flatten()
            .map(|folder| folder.join("target-app"))
            .find(|program| executable(program))
    });
    let named = || {
        let named = PathBuf::from(env::var_os("TARGET_APP_BIN")?);
        executable(&named).then_some(named)
    };
    match beside.or_else(named).or_else(|| in_path("target-app")) {
        Some(program) => Ok(program),
        None => Err(StackError::NoTarget),
    }
}

fn in_path(program: &str) -> Option<PathBuf> {
    env::split_paths(&env::var_os("PATH")?)
        .map(|folder| folder.join(program))
        .find(|path| executable(path))
}

fn in_path_or_sbin(program: &str) -> Option<PathBuf> {
    let beside = || {
        let folders = ["/usr/sbin", "/usr/local/sbin"];
        let paths = folders.map(|folder| Path::new(folder).join(program));
        paths.into_iter().find(|path| executable(path))
    };
    in_path(program).or_else(beside)
}

fn executable(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    fs::metadata(path).is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
}

/// Whether a folder has all of the programs that are needed.
fn complete(bin: &Path) -> bool {
    ["initdb", "postgres", "pg_isready", "createdb"]
        .into_iter()
        .all(|program| executable(&bin.join(program)))
}

/// `15` of `15`, and of `pgsql-15`.
fn version(folder: &str) -> Option<u32> {
    folder.strip_prefix("pgsql-").unwrap_or(folder).parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_program_is_reported_with_where_to_get_it() {
        for (given, why) in [
            ("/nowhere/target-app", "it was not found"),
            ("/tmp", "it is a folder"),
            ("/dev/null", "it is no executable file"),
        ] {
            let text = target(Some(Path::new(given))).unwrap_err().to_string();
            let said = format!("{given} cannot be target-app: {why}");
            assert!(text.starts_with(&said), "{text}");
            assert!(text.ends_with("with --target-bin"), "{text}");
        }
        let missing = StackError::Missing {
            program: "initdb",
            package: "postgresql",
        };
        assert!(missing.to_string().contains("apt-get install postgresql"));
    }

    #[test]
    fn a_given_target_program_that_is_not_there_is_missing_beside_what_else_is() {
        let given = Path::new("/nowhere/target-app");
        let single = missing_programs(Topology::SINGLE, Some(given));
        assert!(single.iter().any(|one| one.contains("/nowhere/target-app")));
        let large = Topology {
            instances: 2,
            pooler: Some(20),
            ..Topology::SINGLE
        };
        let all = missing_programs(large, Some(given));
        let more = [pgbouncer().is_err(), haproxy().is_err()];
        let more = more.into_iter().filter(|lacks| *lacks).count();
        assert_eq!(all.len(), single.len() + more, "{all:?}");
    }

    #[test]
    fn versions_are_numbers_and_not_words() {
        assert_eq!(version("15"), Some(15));
        assert_eq!(version("pgsql-9"), Some(9));
        assert_eq!(version("local"), None);
    }
}
