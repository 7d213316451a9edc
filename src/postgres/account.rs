//! The account that the server runs as: PostgreSQL refuses to be root.

use std::fs::{self, File};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, fchown, lchown};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};

use nix::fcntl::OFlag;
use nix::unistd::{Gid, Uid, User};

use super::error::{PostgresError, cannot};

/// Names whom the server runs as.
#[derive(Debug, Clone)]
pub(super) enum Account {
    /// The program's own account, which is not root.
    Own,
    /// Another one, because the program runs as root.
    Other { uid: u32, gid: u32, name: String },
}

impl Account {
    /// Chooses the owner of `folder`, or `postgres` where that owner is root.
    pub(super) fn for_folder(folder: &Path) -> Result<Self, PostgresError> {
        if !Uid::effective().is_root() {
            return Ok(Self::Own);
        }
        let owner = fs::metadata(folder).map_err(cannot("read", folder))?;
        if owner.uid() != 0 {
            return Ok(Self::owner_of(&owner));
        }
        Self::postgres().ok_or(PostgresError::NoAccount)
    }

    /// The account of the distribution's packages, where it exists.
    pub(super) fn postgres() -> Option<Self> {
        let user = User::from_name("postgres").ok().flatten()?;
        Some(Self::Other { uid: user.uid.as_raw(), gid: user.gid.as_raw(), name: user.name })
    }

    fn owner_of(owner: &fs::Metadata) -> Self {
        let user = User::from_uid(Uid::from_raw(owner.uid())).ok().flatten();
        let gid = user.as_ref().map_or(Gid::from_raw(owner.gid()), |user| user.gid).as_raw();
        let name = user.map_or_else(|| owner.uid().to_string(), |user| user.name);
        Self::Other { uid: owner.uid(), gid, name }
    }

    /// The group to let into a folder that stays root's.
    pub(super) fn gid(&self) -> Option<u32> {
        match self {
            Self::Own => None,
            Self::Other { gid, .. } => Some(*gid),
        }
    }

    /// The uid that files made for the server belong to.
    pub(super) fn uid(&self) -> u32 {
        match self {
            Self::Own => Uid::effective().as_raw(),
            Self::Other { uid, .. } => *uid,
        }
    }

    /// Makes `path` this account's.
    pub(super) fn give(&self, path: &Path) -> Result<(), PostgresError> {
        match self {
            Self::Own => Ok(()),
            Self::Other { uid, gid, .. } => {
                lchown(path, Some(*uid), Some(*gid)).map_err(cannot("change the owner of", path))
            }
        }
    }

    /// Opens a file of this account's for appending, and makes it where it is missing.
    ///
    /// Links are not followed: whoever owns the folder must not point root at another file.
    pub(super) fn open(&self, path: &Path) -> Result<File, PostgresError> {
        let file = File::options()
            .create(true)
            .append(true)
            .mode(0o600)
            .custom_flags(OFlag::O_NOFOLLOW.bits())
            .open(path)
            .map_err(cannot("open", path))?;
        if let Self::Other { uid, gid, .. } = self {
            fchown(&file, Some(*uid), Some(*gid)).map_err(cannot("change the owner of", path))?;
        }
        Ok(file)
    }

    /// A command that runs as this account, knows none of the program's secrets, and is not hit by its Ctrl-C.
    pub(super) fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        // The program's environment holds keys, and PGPORT and its kin would steer the server.
        command.env_clear().env("LC_ALL", "C").env("TZ", "UTC").stdin(Stdio::null());
        for name in ["PATH", "LD_LIBRARY_PATH"] {
            if let Some(value) = std::env::var_os(name) {
                command.env(name, value);
            }
        }
        command.process_group(0);
        if let Self::Other { uid, gid, .. } = self {
            command.uid(*uid).gid(*gid);
        }
        command
    }

    /// Whether this account can enter `folder`, found out by trying it with a harmless program.
    pub(super) fn can_enter(&self, folder: &Path, harmless: &Path) -> bool {
        let mut command = self.command(harmless);
        command.arg("--version").current_dir(folder).stdout(Stdio::null()).stderr(Stdio::null());
        command.status().is_ok_and(|status| status.success())
    }
}

impl std::fmt::Display for Account {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Own => formatter.write_str("this account"),
            Self::Other { name, .. } => formatter.write_str(name),
        }
    }
}
