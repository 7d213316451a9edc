//! The `signalbox` program.

use clap::Parser;
use signalbox::cli::Cli;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    Cli::parse().run().await
}
