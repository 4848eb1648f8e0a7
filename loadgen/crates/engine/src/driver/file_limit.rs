//! The limit of open files, and so of connections, of this process.

use rustix::{
    io,
    process::{Resource, Rlimit, getrlimit, setrlimit},
};

/// Raises the soft limit of open files to the hard limit and returns it.
pub fn raise_file_limit() -> io::Result<u64> {
    let hard = getrlimit(Resource::Nofile).maximum;
    setrlimit(
        Resource::Nofile,
        Rlimit {
            current: hard,
            maximum: hard,
        },
    )?;
    // rustix reports "no limit" as `None`.
    Ok(hard.unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_limit_is_the_hard_one_and_raising_it_again_is_harmless() {
        let first = super::raise_file_limit().unwrap();
        assert!(first >= 256);
        assert_eq!(super::raise_file_limit().unwrap(), first);
    }
}
