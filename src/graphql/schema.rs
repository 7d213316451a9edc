use async_graphql::{
    EmptySubscription, SDLExportOptions, Schema, SchemaBuilder, dataloader::DataLoader,
};

use super::{context::Backend, loaders::Loaders, mutation::Mutation, query::Query};

pub(crate) type ApiSchema = Schema<Query, Mutation, EmptySubscription>;

/// Builds the API on what it needs to answer.
pub(crate) fn schema(backend: Backend) -> ApiSchema {
    // Without a cache, a loader only joins what is asked at the same moment, so nothing is ever stale.
    let loaders = DataLoader::new(Loaders::new(backend.reads.clone()), tokio::spawn);
    builder().data(loaders).data(backend).finish()
}

/// Returns the schema in the schema definition language: the same text in every run, ending in a line break.
pub fn sdl() -> String {
    let options = SDLExportOptions::new().prefer_single_line_descriptions().use_space_ident();
    let text = builder().finish().sdl_with_options(options);
    format!("{}\n", text.trim_end())
}

fn builder() -> SchemaBuilder<Query, Mutation, EmptySubscription> {
    Schema::build(Query::default(), Mutation::default(), EmptySubscription)
}
