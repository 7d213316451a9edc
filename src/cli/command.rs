//! The subcommands by name.

use clap::{Parser, Subcommand};

use super::{
    demo::Demo, migrate::Migrate, replay::Replay, schema::Schema, serve::Serve, simulate::Simulate,
};

/// Routes a reseller panel's orders over several upstream providers, never loses one, never places one twice.
#[derive(Debug, Parser)]
#[command(name = "signalbox", version)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Serve(Box<Serve>),
    Demo(Demo),
    Simulate(Simulate),
    Migrate(Migrate),
    Replay(Replay),
    Schema(Schema),
}

impl Cli {
    /// Runs the subcommand until it is done, or until the program is asked to end.
    ///
    /// # Errors
    /// Whatever the subcommand could not do, in words for the operator.
    pub async fn run(self) -> anyhow::Result<()> {
        match self.command {
            Command::Serve(serve) => serve.run().await,
            Command::Demo(demo) => demo.run().await,
            Command::Simulate(simulate) => simulate.run().await,
            Command::Migrate(migrate) => migrate.run().await,
            Command::Replay(replay) => replay.run().await,
            Command::Schema(schema) => schema.run(),
        }
    }
}
