//! A private PostgreSQL: started with the program, kept running, and stopped with it.
//!
//! # Shape
//! [`PrivatePostgres`] owns one cluster in the data folder and a task that supervises its server. `binaries` finds
//! an installed PostgreSQL, `place` decides where data and socket may live and as whom the server runs, `cluster`
//! makes the cluster, `settings` and `memory` say how it runs, `server` starts, adopts and stops one postmaster, and
//! `processes` reads what the kernel knows of it.
//!
//! # Correctness
//! - One program per cluster: an exclusive lock on a file beside it, which the kernel drops when the program dies.
//! - A program that was killed leaves its server running, and the next start adopts it. The server is not bound to
//!   its parent's death: that signal follows the *thread* that started it, and a runtime's threads come and go.
//! - No TCP port is opened. The only way in is a socket in a folder of mode 0700.

mod account;
mod binaries;
mod cluster;
mod error;
mod memory;
mod place;
mod private;
mod processes;
mod server;
mod settings;

pub use error::PostgresError;
pub use place::{create_data_folder, mark_external};
pub use private::PrivatePostgres;
pub use settings::{Durability, Settings};
