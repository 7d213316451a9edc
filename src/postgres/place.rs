//! Where a private PostgreSQL may live: its data, its lock and its socket.

use std::fs::{self, DirBuilder, File, TryLockError};
use std::io::ErrorKind;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use nix::unistd::Uid;
use tokio::time::sleep;
use uuid::Uuid;

use super::account::Account;
use super::error::{PostgresError, cannot};

/// Marks a data folder that has served an external database.
const EXTERNAL_MARK: &str = "external-database";
/// Names the folder that holds the cluster, where it could not be in the data folder.
const RECORD: &str = "postgres.place";
/// How long the lock of a program that was killed may outlive it.
const LOCK_PATIENCE: Duration = Duration::from_secs(1);
/// Where a cluster goes that cannot be in the data folder.
const ELSEWHERE: &str = "/var/lib";
/// The bytes of a socket's path that the kernel takes, without the closing NUL.
const SOCKET_PATH_LIMIT: usize = 107;

/// Creates `data_dir` where it is missing, closed to everybody but its owner.
///
/// A folder that exists is left as it is. Made by root, the new one belongs to the owner of the folder it stands in,
/// and where that is root too, PostgreSQL's account may pass through it (mode 0710) to its own folder inside.
///
/// # Errors
/// [`PostgresError::File`] when the folder cannot be created.
pub fn create_data_folder(data_dir: &Path) -> Result<(), PostgresError> {
    if data_dir.is_dir() {
        return Ok(());
    }
    let parent = match data_dir.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    create_parent(parent)?;
    create_like(parent, data_dir, 0o700)?;
    let owner = fs::metadata(data_dir).map_err(cannot("read", data_dir))?.uid();
    if owner == 0
        && let Some(gid) = Account::postgres().and_then(|account| account.gid())
    {
        chown(data_dir, None, Some(gid)).map_err(cannot("change the group of", data_dir))?;
        set_mode(data_dir, 0o710)?;
    }
    Ok(())
}

fn create_parent(folder: &Path) -> Result<(), PostgresError> {
    if folder.is_dir() {
        return Ok(());
    }
    let Some(parent) = folder.parent().filter(|parent| !parent.as_os_str().is_empty()) else {
        return create_like(Path::new("."), folder, 0o755);
    };
    create_parent(parent)?;
    create_like(parent, folder, 0o755)
}

/// Makes `folder` with `parent`'s owner where that takes root's rights.
fn create_like(parent: &Path, folder: &Path, mode: u32) -> Result<(), PostgresError> {
    match DirBuilder::new().mode(mode).create(folder) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => return Ok(()),
        made => made.map_err(cannot("create", folder))?,
    }
    let owner = fs::metadata(parent).map_err(cannot("read", parent))?;
    if Uid::effective().is_root() && owner.uid() != 0 {
        chown(folder, Some(owner.uid()), Some(owner.gid()))
            .map_err(cannot("change the owner of", folder))?;
    }
    Ok(())
}

fn set_mode(path: &Path, mode: u32) -> Result<(), PostgresError> {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).map_err(cannot("close", path))
}

/// Records that `data_dir` serves an external database: a private one is refused there from now on.
///
/// # Errors
/// [`PostgresError::File`] when the mark cannot be written.
pub fn mark_external(data_dir: &Path) -> Result<(), PostgresError> {
    create_data_folder(data_dir)?;
    let mark = data_dir.join(EXTERNAL_MARK);
    let text = "The data of this folder is in an external database (DATABASE_URL).\n";
    fs::write(&mark, text).map_err(cannot("write", &mark))
}

/// Holds where one cluster and what belongs to it are.
#[derive(Debug)]
pub(super) struct Place {
    /// The program's data folder, absolute, links resolved.
    data_dir: PathBuf,
    /// The folder that holds the cluster and its lock: the data folder, unless the server cannot enter that.
    home: PathBuf,
    /// Whom the server runs as.
    pub(super) account: Account,
}

impl Place {
    /// Finds the place that `data_dir` already has, or the one that it would get; makes nothing but the data folder.
    pub(super) fn of(data_dir: &Path) -> Result<Self, PostgresError> {
        create_data_folder(data_dir)?;
        let data_dir = fs::canonicalize(data_dir).map_err(cannot("find", data_dir))?;
        let marker = data_dir.join(EXTERNAL_MARK);
        if marker.exists() {
            return Err(PostgresError::ServedExternal { marker });
        }
        let home = recorded_home(&data_dir)?.unwrap_or_else(|| data_dir.clone());
        let account = Account::for_folder(&data_dir)?;
        Ok(Self { data_dir, home, account })
    }

    /// Makes sure that the server can enter the place, if need be by choosing another one before there is any data.
    pub(super) fn settle(mut self, harmless: &Path) -> Result<Self, PostgresError> {
        if self.account.can_enter(&self.home, harmless) {
            return Ok(self);
        }
        if self.has_cluster() || self.home != self.data_dir {
            let account = self.account.to_string();
            return Err(PostgresError::Unreachable { folder: self.home, account });
        }
        self.home = self.move_out()?;
        tracing::warn!(
            data_dir = %self.data_dir.display(),
            postgres = %self.home.display(),
            account = %self.account,
            "PostgreSQL's account cannot enter the data folder, so the database is kept elsewhere"
        );
        Ok(self)
    }

    /// Makes a home outside the data folder and records it there.
    fn move_out(&self) -> Result<PathBuf, PostgresError> {
        let home = Path::new(ELSEWHERE).join(format!("signalbox-{}", Uuid::now_v7().simple()));
        DirBuilder::new().mode(0o700).create(&home).map_err(cannot("create", &home))?;
        self.account.give(&home)?;
        let record = self.data_dir.join(RECORD);
        fs::write(&record, home.as_os_str().as_bytes()).map_err(cannot("write", &record))?;
        Ok(home)
    }

    /// Takes the lock that admits one program; the kernel releases it when that program dies.
    ///
    /// A child that a killed program was just starting holds its lock until the child runs, so it is tried for a while.
    pub(super) async fn lock(&self) -> Result<File, PostgresError> {
        let path = self.home.join("postgres.lock");
        let file = self.account.open(&path)?;
        let patience = Instant::now() + LOCK_PATIENCE;
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(file),
                Err(TryLockError::WouldBlock) if Instant::now() < patience => {
                    sleep(Duration::from_millis(20)).await;
                }
                Err(TryLockError::WouldBlock) => {
                    return Err(PostgresError::InUse { folder: self.home.clone() });
                }
                Err(TryLockError::Error(error)) => return Err(cannot("lock", &path)(error)),
            }
        }
    }

    /// The cluster's folder.
    pub(super) fn cluster(&self) -> PathBuf {
        self.home.join("postgres")
    }

    /// The folder in which a cluster is made before it gets its name.
    pub(super) fn unfinished_cluster(&self) -> PathBuf {
        self.home.join("postgres.unfinished")
    }

    /// The server's log.
    pub(super) fn log(&self) -> PathBuf {
        self.data_dir.join("postgres.log")
    }

    /// The major version that made the cluster, where there is one.
    pub(super) fn cluster_version(&self) -> Option<u32> {
        fs::read_to_string(self.cluster().join("PG_VERSION")).ok()?.trim().parse().ok()
    }

    fn has_cluster(&self) -> bool {
        // Not by reading inside it, which a folder that became unreachable would deny.
        fs::symlink_metadata(self.cluster()).is_ok()
    }

    /// Removes the cluster and what was made beside it.
    pub(super) fn remove(&self) -> Result<(), PostgresError> {
        for folder in [self.cluster(), self.unfinished_cluster(), self.home.join("socket")] {
            remove_folder(&folder)?;
        }
        if self.home == self.data_dir {
            return Ok(());
        }
        remove_folder(&self.home)?;
        let record = self.data_dir.join(RECORD);
        fs::remove_file(&record).map_err(cannot("remove", &record))
    }

    /// Makes a folder of mode 0700 for the socket: beside the cluster, or a short one where that path is too long.
    pub(super) fn make_socket_folder(&self) -> Result<PathBuf, PostgresError> {
        let id = Uuid::new_v5(&Uuid::NAMESPACE_URL, self.home.as_os_str().as_bytes());
        let short = format!("signalbox-{}", id.simple());
        let runtime =
            std::env::var_os("XDG_RUNTIME_DIR").filter(|_| matches!(self.account, Account::Own));
        let candidates = [
            Some(self.home.join("socket")),
            runtime.map(|folder| PathBuf::from(folder).join(&short)),
            Some(std::env::temp_dir().join(&short)),
        ];
        let folder = candidates
            .into_iter()
            .flatten()
            .find(|folder| {
                folder.is_absolute() && socket_in(folder).as_os_str().len() <= SOCKET_PATH_LIMIT
            })
            .unwrap_or_else(|| Path::new("/tmp").join(&short));
        self.make_private(&folder)?;
        Ok(folder)
    }

    /// Makes `folder`, or accepts it when nobody else can have put anything into it.
    fn make_private(&self, folder: &Path) -> Result<(), PostgresError> {
        match DirBuilder::new().mode(0o700).create(folder) {
            Ok(()) => return self.account.give(folder),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            Err(error) => return Err(cannot("create", folder)(error)),
        }
        let found = fs::symlink_metadata(folder).map_err(cannot("read", folder))?;
        let private =
            found.is_dir() && found.uid() == self.account.uid() && found.mode() & 0o077 == 0;
        if private {
            Ok(())
        } else {
            Err(PostgresError::ForeignFolder { folder: folder.to_owned() })
        }
    }
}

/// The socket that PostgreSQL makes in `folder`.
pub(super) fn socket_in(folder: &Path) -> PathBuf {
    folder.join(format!(".s.PGSQL.{}", super::private::PORT))
}

fn recorded_home(data_dir: &Path) -> Result<Option<PathBuf>, PostgresError> {
    let record = data_dir.join(RECORD);
    let home = match fs::read_to_string(&record) {
        Ok(home) => PathBuf::from(home),
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(cannot("read", &record)(error)),
    };
    // Checked, because the record may have been written by somebody with fewer rights than the program.
    let ours = home.parent() == Some(Path::new(ELSEWHERE))
        && home.file_name().is_some_and(|name| name.as_bytes().starts_with(b"signalbox-"));
    if ours && home.is_dir() {
        Ok(Some(home))
    } else {
        Err(PostgresError::DataGone { record, home })
    }
}

fn remove_folder(folder: &Path) -> Result<(), PostgresError> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(cannot("remove", folder)(error)),
        _ => Ok(()),
    }
}
