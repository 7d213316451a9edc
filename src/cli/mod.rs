//! The program: one file a subcommand.

mod command;
mod simulate;

pub use command::Cli;
