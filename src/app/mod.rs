//! The whole installation, put together.
//!
//! # Shape
//! [`App::start`] opens the database, starts the journal, the read models, the dispatcher and the HTTP side, in that
//! order; [`App::stop`] ends them in the other. Everything that differs between installations is in [`AppConfig`].

mod config;
mod database;
mod first_provider;
mod monitoring;
mod running;
mod secret;
mod tasks;

pub use config::{AppConfig, DatabaseConfig, FirstProvider, RANKING_PACE};
pub use database::{Database, DatabaseError};
pub use monitoring::Monitoring;
pub use running::{App, StartError, read_models};
pub use secret::SecretError;
