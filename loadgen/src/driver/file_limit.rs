//! How many files, and so connections, this process may have open.

use std::io;

/// Raises the soft limit to the hard one and answers with it.
pub fn raise_file_limit() -> io::Result<u64> {
    let mut limit = libc::rlimit {
        rlim_cur: 0,
        rlim_max: 0,
    };
    #[expect(unsafe_code, reason = "std knows no limits")]
    // SAFETY: `limit` is valid to read and write for both calls, which keep no pointer to it.
    let done = unsafe {
        if libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut limit) == 0 {
            limit.rlim_cur = limit.rlim_max;
            libc::setrlimit(libc::RLIMIT_NOFILE, &raw const limit) == 0
        } else {
            false
        }
    };
    if done {
        Ok(limit.rlim_cur)
    } else {
        Err(io::Error::last_os_error())
    }
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
