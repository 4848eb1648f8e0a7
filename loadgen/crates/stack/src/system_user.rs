//! The user that services run as which refuse to run as root.

use std::{
    fs,
    os::unix::{fs::chown, process::CommandExt as _},
    path::Path,
    process::Command,
};

use super::{error::StackError, folder::is_root};

/// A user that owns little.
#[derive(Debug, Clone, Copy)]
pub(super) struct SystemUser {
    uid: u32,
    gid: u32,
}

impl SystemUser {
    /// Whom to run a service as if loadgen runs as root; `None` where it does not.
    pub(super) fn for_service() -> Result<Option<Self>, StackError> {
        is_root().then(unprivileged).transpose()
    }

    /// Gives a file or folder to it.
    pub(super) fn own(self, path: &Path) -> Result<(), StackError> {
        chown(path, Some(self.uid), Some(self.gid)).map_err(StackError::io(format!(
            "cannot give {} to the user that services run as",
            path.display()
        )))
    }

    /// Options with which a file system that is mounted belongs to it, after others.
    pub(super) fn mount_options(self) -> String {
        format!(",uid={},gid={}", self.uid, self.gid)
    }

    /// Makes a command run as `user`, in a folder that every user may enter.
    pub(super) fn take(command: &mut Command, user: Option<Self>) {
        if let Some(Self { uid, gid }) = user {
            command.uid(uid).gid(gid);
        }
        command.current_dir("/");
    }
}

/// The user of PostgreSQL's package, or one that owns nothing.
fn unprivileged() -> Result<SystemUser, StackError> {
    let users = fs::read_to_string("/etc/passwd").unwrap_or_default();
    ["postgres", "nobody"]
        .into_iter()
        .find_map(|name| user_in(&users, name))
        .ok_or(StackError::NoUser)
}

fn user_in(users: &str, name: &str) -> Option<SystemUser> {
    let line = users
        .lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
    let mut fields = line.split(':').skip(1);
    Some(SystemUser {
        uid: fields.next()?.parse().ok()?,
        gid: fields.next()?.parse().ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_is_found_by_its_whole_name() {
        let users = "root:x:0:0:root:/root:/bin/sh\npostgres2:x:9:9::/:\npostgres:x:101:104:PG:/:";
        let user = user_in(users, "postgres").unwrap();
        assert_eq!((user.uid, user.gid), (101, 104));
        assert!(user_in(users, "nobody").is_none());
    }
}
