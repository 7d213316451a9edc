//! A disk that is full, under a private PostgreSQL.

use std::{
    fs::{self, File, Permissions},
    io::Write,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::{Value, json};
use signalbox::{
    app::DatabaseConfig,
    domain::reservation::{Reservation, ReservationEvent},
    journal::{AppendError, AppendRequest, Journal},
    postgres::Durability,
};
use tempfile::TempDir;

use crate::support::{
    api::{PLACE, until},
    running::Running,
    shop::{Shop, assert_gapless},
};

/// A file system of its own, of 256 MB; unmounted with this value.
struct SmallDisk {
    folder: TempDir,
}

impl SmallDisk {
    /// `None` where this account may not mount.
    fn mount() -> Option<Self> {
        let mode = Permissions::from_mode(0o755);
        let folder = tempfile::Builder::new().permissions(mode).tempdir().unwrap();
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=256m,mode=0755", "none"])
            .arg(folder.path())
            .output();
        let good = mounted.is_ok_and(|output| output.status.success());
        good.then_some(Self { folder })
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn filler(&self) -> PathBuf {
        self.path().join("filler")
    }

    /// Takes all that is free.
    fn fill(&self) {
        let mut file = File::options().create(true).append(true).open(self.filler()).unwrap();
        for size in [1 << 20, 4096] {
            while file.write_all(&vec![0; size]).is_ok() {}
        }
    }

    fn free(&self) {
        fs::remove_file(self.filler()).unwrap();
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(self.path()).status();
    }
}

/// Appends half a megabyte at a time, until the disk is full; returns why it was refused.
async fn write_until_refused(journal: &Journal) -> String {
    for number in 0..1000 {
        let subject = (0..500_000).map(|_| fastrand::alphanumeric()).collect();
        let event = ReservationEvent::Reserved { subject, holder: "test".to_owned() };
        let request = AppendRequest::of_command("test");
        let request = request.append::<Reservation>(format!("ballast {number}"), 0, &[event]);
        match journal.append(request).await {
            Ok(_) => {}
            Err(error @ (AppendError::Unavailable(_) | AppendError::OutcomeUnknown)) => {
                return error.to_string();
            }
            Err(error) => panic!("{error}"),
        }
    }
    panic!("the disk is too large to fill");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn full_disk_refuses_orders_and_takes_them_again_once_there_is_room() {
    let Some(disk) = SmallDisk::mount() else {
        eprintln!("skipped: only root can mount the small disk that this test fills");
        return;
    };
    let data_dir = disk.path().join("data");
    let running = Running::start_with(|config| {
        config.database = DatabaseConfig::Private(Durability::Durable);
        config.data_dir = data_dir;
        config.secret_key = None;
    })
    .await;
    let shop = Shop::open(&running, 1).await;
    let journal = running.app.commands().journal().clone();
    let before = running.place(shop.order("https://social.example/p/before")).await;
    assert_eq!(running.order_at_rest(&before).await["status"], "PENDING");

    disk.fill();
    let reason = write_until_refused(&journal).await;
    // Where the journal's own files do not fit any more; a log that does not fit takes the server down.
    assert!(reason.contains("No space left") || reason.contains("went away"), "{reason}");
    let mut refusal = Value::Null;
    until("an order is refused", async || {
        let input = json!({"input": shop.order("https://social.example/p/refused")});
        refusal = running.ask(PLACE, input).await;
        refusal.get("errors").is_some()
    })
    .await;
    assert_eq!(refusal["errors"][0]["extensions"]["code"], "UNAVAILABLE", "{refusal}");
    assert_eq!(running.readiness().await["ready"], false);

    disk.free();
    until("it is ready again", async || running.readiness().await["ready"] == true).await;
    running.dispatches().await;
    let after = running.place(shop.order("https://social.example/p/after")).await;
    assert_eq!(running.order_at_rest(&after).await["status"], "PENDING");
    running.all_at_rest().await;
    let census = shop.census(journal.pool()).await;
    assert_eq!(census.in_doubt + census.failed, 0, "{census:?}");
    assert!(census.placed >= 2, "{census:?}");
    assert_gapless(journal.pool()).await;
    running.stop().await;
}
