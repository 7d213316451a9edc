//! The program: one file a subcommand.

mod command;
mod demo;
mod installation;
mod logging;
mod migrate;
mod monitoring;
mod rebuild_progress;
mod replay;
mod schema;
mod serve;
mod signals;
mod simulate;

pub use command::Cli;
