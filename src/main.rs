//! The `signalbox` program.

use std::process::ExitCode;

use clap::Parser;
use signalbox::cli::Cli;

#[tokio::main]
async fn main() -> ExitCode {
    let Err(error) = Cli::parse().run().await else { return ExitCode::SUCCESS };
    eprintln!("signalbox: {error:#}");
    ExitCode::FAILURE
}
