//! The `signalbox` program.

use std::process::ExitCode;

use clap::Parser;
use signalbox::cli::Cli;

// Answers and events are made of very many small strings: see docs/SPEED.md.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main]
async fn main() -> ExitCode {
    let Err(error) = Cli::parse().run().await else { return ExitCode::SUCCESS };
    eprintln!("signalbox: {error:#}");
    ExitCode::FAILURE
}
