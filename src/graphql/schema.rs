use std::time::Duration;

use async_graphql::{
    EmptySubscription, Request, Response, SDLExportOptions, Schema, SchemaBuilder,
    dataloader::DataLoader,
};

use super::{
    batching::{Batched, Waiting},
    context::Backend,
    error::with_codes,
    loaders::Loaders,
    mutation::Mutation,
    query::Query,
};
use crate::read::Reads;

/// The schema on what it needs to answer.
pub(crate) struct Api {
    schema: Schema<Query, Mutation, EmptySubscription>,
    reads: Reads,
}

impl Api {
    pub(crate) fn new(backend: Backend) -> Self {
        Self { reads: backend.reads.clone(), schema: builder().data(backend).finish() }
    }

    /// Answers a request; each error has a code.
    pub(crate) async fn execute(&self, request: Request) -> Response {
        let waiting = Waiting::default();
        let queue = waiting.clone();
        // No cache, since a later mutation of the same request must not see what an earlier one read.
        let loaders =
            DataLoader::new(Loaders::new(self.reads.clone()), move |read| queue.push(read))
                .delay(Duration::ZERO);
        let resolvers = self.schema.execute(request.data(loaders));
        with_codes(Batched::new(resolvers, waiting).await)
    }
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
