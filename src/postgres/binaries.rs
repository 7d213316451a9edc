//! Finding an installed PostgreSQL server.

use std::cmp::Reverse;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::error::PostgresError;

/// The oldest major version whose SQL is enough.
const OLDEST: u32 = 15;

/// Points to the programs of one installed server.
#[derive(Debug, Clone)]
pub(super) struct Binaries {
    folder: PathBuf,
    major: u32,
}

impl Binaries {
    /// Finds a server that is new enough, of version `made_by` where a cluster of that version exists.
    ///
    /// Looks only in `programs` where it is given, else in `PATH`, where `pg_config` points to, and in Debian's
    /// folders, newest first.
    pub(super) fn find(
        programs: Option<&Path>,
        cluster: &Path,
        made_by: Option<u32>,
    ) -> Result<Self, PostgresError> {
        let folders = programs.map_or_else(usual_folders, |folder| vec![folder.to_owned()]);
        let found: Vec<Self> = folders.iter().filter_map(|folder| Self::probe(folder)).collect();
        let suits =
            |one: &&Self| one.major >= OLDEST && made_by.is_none_or(|major| major == one.major);
        if let Some(binaries) = found.iter().find(suits) {
            return Ok(binaries.clone());
        }
        let Some(newest) = found.into_iter().max_by_key(|one| one.major) else {
            let searched: Vec<_> = folders.iter().map(|folder| folder.to_string_lossy()).collect();
            return Err(PostgresError::NotInstalled { searched: searched.join(", ") });
        };
        Err(match made_by {
            Some(made_by) => PostgresError::OtherVersion { cluster: cluster.to_owned(), made_by },
            None => PostgresError::TooOld { found: newest.major, folder: newest.folder },
        })
    }

    fn probe(folder: &Path) -> Option<Self> {
        // Links are resolved, because the server finds its libraries from where it really is.
        let postgres = fs::canonicalize(folder.join("postgres")).ok()?;
        let folder = postgres.parent()?.to_owned();
        let major = major_version(&printed(&postgres, "--version")?)?;
        folder.join("initdb").is_file().then_some(Self { folder, major })
    }

    /// The server.
    pub(super) fn postgres(&self) -> PathBuf {
        self.folder.join("postgres")
    }

    /// The program that makes a cluster.
    pub(super) fn initdb(&self) -> PathBuf {
        self.folder.join("initdb")
    }
}

fn usual_folders() -> Vec<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    folders.extend(printed(Path::new("pg_config"), "--bindir").map(PathBuf::from));
    folders.extend(debian_folders());
    folders
}

fn debian_folders() -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir("/usr/lib/postgresql") else { return Vec::new() };
    let mut versions: Vec<(u32, PathBuf)> = entries
        .flatten()
        .filter_map(|entry| {
            Some((entry.file_name().to_str()?.parse().ok()?, entry.path().join("bin")))
        })
        .collect();
    versions.sort_by_key(|(major, _)| Reverse(*major));
    versions.into_iter().map(|(_, folder)| folder).collect()
}

fn printed(program: &Path, argument: &str) -> Option<String> {
    let output = Command::new(program).arg(argument).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| text.trim().to_owned())
}

/// Reads the major version from `postgres (PostgreSQL) 15.13 (Debian …)`; betas print `18beta1`.
fn major_version(printed: &str) -> Option<u32> {
    let version = printed.strip_prefix("postgres (PostgreSQL) ")?;
    let digits: String = version.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::major_version;

    #[test]
    fn the_major_version_is_read_from_releases_and_betas() {
        let debian = "postgres (PostgreSQL) 15.13 (Debian 15.13-0+deb12u1)";
        assert_eq!(major_version(debian), Some(15));
        assert_eq!(major_version("postgres (PostgreSQL) 18beta1"), Some(18));
        assert_eq!(major_version("edb-postgres 9"), None);
    }
}
