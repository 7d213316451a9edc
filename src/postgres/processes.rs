//! What the kernel and `postmaster.pid` know of a cluster's processes.

use std::fs;
use std::path::{Path, PathBuf};

use nix::unistd::Pid;

/// The processes that work in `cluster`: a postmaster and all its workers, or an `initdb`.
pub(super) fn of_cluster(cluster: &Path) -> Vec<Pid> {
    within(cluster).into_iter().filter(|pid| is_postgres(*pid)).collect()
}

/// All processes that work in `folder`, also those that were just forked and do not have their own name yet.
pub(super) fn within(folder: &Path) -> Vec<Pid> {
    let Ok(entries) = fs::read_dir("/proc") else { return Vec::new() };
    entries
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok().map(Pid::from_raw))
        .filter(|pid| is_within(*pid, folder))
        .collect()
}

/// Whether `pid` is a live PostgreSQL process of `cluster`, and not another that got the same number later.
pub(super) fn works_in(pid: Pid, cluster: &Path) -> bool {
    is_within(pid, cluster) && is_postgres(pid)
}

fn is_within(pid: Pid, folder: &Path) -> bool {
    // A process that is dead but not yet reaped has no working folder.
    fs::read_link(format!("/proc/{pid}/cwd")).is_ok_and(|cwd| cwd == folder)
}

fn is_postgres(pid: Pid) -> bool {
    fs::read_to_string(format!("/proc/{pid}/comm"))
        .is_ok_and(|name| ["postgres", "initdb"].contains(&name.trim()))
}

/// A running postmaster and the folder of its socket.
#[derive(Debug)]
pub(super) struct Postmaster {
    pub(super) pid: Pid,
    pub(super) socket_folder: PathBuf,
}

impl Postmaster {
    /// The postmaster that runs in `cluster` and has made its socket; a stale `postmaster.pid` counts for nothing.
    pub(super) fn running_in(cluster: &Path) -> Option<Self> {
        let file = fs::read_to_string(cluster.join("postmaster.pid")).ok()?;
        let mut lines = file.lines();
        let pid = Pid::from_raw(lines.next()?.trim().parse().ok()?);
        // Lines two to four: data folder, start time, port.
        let socket_folder = lines.nth(3).filter(|line| !line.is_empty()).map(PathBuf::from)?;
        works_in(pid, cluster).then_some(Self { pid, socket_folder })
    }
}
