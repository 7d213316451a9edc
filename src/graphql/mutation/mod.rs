//! What may be changed.

mod error_texts;
mod orders;
mod providers;
mod services;

use async_graphql::MergedObject;

/// What may be changed.
#[derive(MergedObject, Default)]
pub(crate) struct Mutation(
    providers::ProviderMutations,
    services::ServiceMutations,
    orders::OrderMutations,
    error_texts::ErrorTextMutations,
);
