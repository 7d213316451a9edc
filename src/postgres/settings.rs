//! How a private PostgreSQL is to run.

use std::path::PathBuf;

use super::memory;

/// Says what a commit is worth when the machine loses power.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Durability {
    /// A commit is on disk when it is acknowledged.
    #[default]
    Durable,
    /// Nothing is forced to disk, for tests: a crash of the database alone loses nothing, one of the machine all.
    Volatile,
}

/// Holds what may differ between two private servers.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Whether commits reach the disk.
    pub durability: Durability,
    /// How many connections the server accepts.
    pub max_connections: u16,
    /// The folder of the `postgres` and `initdb` programs; `None` searches the usual places.
    pub programs: Option<PathBuf>,
}

impl Default for Settings {
    fn default() -> Self {
        Self { durability: Durability::Durable, max_connections: 100, programs: None }
    }
}

impl Settings {
    /// The server's `name=value` settings, which win over its configuration files.
    pub(super) fn for_server(&self) -> Vec<String> {
        let mut settings = vec![
            // No TCP: nothing collides with another server's port, and nobody else gets in.
            "listen_addresses=".to_owned(),
            "unix_socket_permissions=0700".to_owned(),
            format!("max_connections={}", self.max_connections),
            // Compiling a plan costs more than these short statements gain by it.
            "jit=off".to_owned(),
            "timezone=UTC".to_owned(),
            "log_timezone=UTC".to_owned(),
            "log_checkpoints=off".to_owned(),
        ];
        match self.durability {
            // Under load a checkpoint every few hundred megabytes would write most pages to the log once more.
            Durability::Durable => settings.extend([
                format!("shared_buffers={}MB", memory::shared_buffers()),
                "max_wal_size=2GB".to_owned(),
                // Whoever needs a new file of the log first would write it twice, and every commit waits meanwhile.
                "wal_init_zero=off".to_owned(),
            ]),
            Durability::Volatile => {
                settings.extend(["fsync=off", "full_page_writes=off"].map(str::to_owned));
            }
        }
        settings
    }
}
