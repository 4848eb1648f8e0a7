//! Limits of the process that the system sets.

use std::io;

/// Raises the number of files that may be open to the most that is allowed; returns the number.
///
/// The usual 1,024 would end a run with 3,000 connections, with errors that look like the
/// network's.
#[expect(unsafe_code, reason = "the standard library has no call for it")]
pub fn raise_open_files() -> io::Result<u64> {
    let mut limit = libc::rlimit {
        rlim_cur: 0,
        rlim_max: 0,
    };
    // SAFETY: the pointer is to a local of the type that the call wants.
    if unsafe { libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut limit) } != 0 {
        return Err(io::Error::last_os_error());
    }
    if limit.rlim_cur < limit.rlim_max {
        limit.rlim_cur = limit.rlim_max;
        // SAFETY: as above; the call only reads it.
        if unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &raw const limit) } != 0 {
            return Err(io::Error::last_os_error());
        }
    }
    Ok(limit.rlim_cur)
}

#[cfg(test)]
mod tests {
    #[test]
    fn raising_the_limit_twice_gives_the_same_number() {
        let first = super::raise_open_files().unwrap();
        assert!(first > 0);
        assert_eq!(super::raise_open_files().unwrap(), first);
    }
}
