//! `signalbox schema`: the GraphQL schema as served.

use std::io::Write;

use clap::Args;

use crate::graphql::sdl;

/// Print the GraphQL schema, as it stands in schema.graphql
#[derive(Debug, Args)]
pub(super) struct Schema {}

impl Schema {
    pub(super) fn run(self) -> anyhow::Result<()> {
        std::io::stdout().write_all(sdl().as_bytes())?;
        Ok(())
    }
}
