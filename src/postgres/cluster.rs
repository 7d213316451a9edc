//! Making a cluster.

use std::fs::{self, DirBuilder, File};
use std::os::unix::fs::DirBuilderExt;

use tokio::process::Command;

use super::binaries::Binaries;
use super::error::{PostgresError, cannot};
use super::place::Place;
use super::server;
use super::settings::Durability;

/// The database's only user, its superuser: who may enter the socket's folder may do everything anyway.
pub(super) const USER: &str = "signalbox";

/// Makes the cluster where there is none.
///
/// It is made under another name and renamed, so a start that is killed half-way leaves no half of a cluster.
pub(super) async fn make_if_missing(
    place: &Place,
    binaries: &Binaries,
    durability: Durability,
) -> Result<(), PostgresError> {
    if place.cluster_version().is_some() {
        return Ok(());
    }
    tracing::info!(cluster = %place.cluster().display(), "making a private PostgreSQL cluster");
    let unfinished = place.unfinished_cluster();
    if unfinished.exists() {
        server::deserted(&unfinished).await?;
        fs::remove_dir_all(&unfinished).map_err(cannot("remove", &unfinished))?;
    }
    DirBuilder::new().mode(0o700).create(&unfinished).map_err(cannot("create", &unfinished))?;
    place.account.give(&unfinished)?;
    initdb(place, binaries, durability).await?;
    let cluster = place.cluster();
    fs::rename(&unfinished, &cluster).map_err(cannot("rename", &unfinished))?;
    let home = cluster.parent().unwrap_or(&cluster);
    File::open(home).and_then(|folder| folder.sync_all()).map_err(cannot("sync", home))
}

async fn initdb(
    place: &Place,
    binaries: &Binaries,
    durability: Durability,
) -> Result<(), PostgresError> {
    let program = binaries.initdb();
    let unfinished = place.unfinished_cluster();
    let mut command = Command::from(place.account.command(&program));
    // Byte order for sorting, and Unicode for what is a letter, which trigrams and `lower` need.
    command.args(["--auth=trust", "--encoding=UTF8", "--locale=C", "--lc-ctype=C.UTF-8"]);
    command.args(["--data-checksums", "--no-instructions", "--username", USER, "--pgdata"]);
    command.arg(&unfinished).current_dir(&unfinished).kill_on_drop(true);
    if durability == Durability::Volatile {
        command.arg("--no-sync");
    }
    let output = command.output().await.map_err(cannot("run", &program))?;
    if output.status.success() {
        return Ok(());
    }
    let output = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    Err(PostgresError::InitdbFailed { output })
}
