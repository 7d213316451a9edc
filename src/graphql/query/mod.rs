//! What may be asked.

mod catalogue;
mod coverage;
mod error_texts;
mod logs;
mod orders;
mod providers;

use async_graphql::MergedObject;

/// `first` is 1 to 1000. Providers by priority, services by number, orders and logs newest first, events oldest first.
#[derive(MergedObject, Default)]
pub(crate) struct Query(
    providers::ProviderQueries,
    logs::LogQueries,
    catalogue::ServiceQueries,
    orders::OrderQueries,
    coverage::CoverageQueries,
    error_texts::ErrorTextQueries,
);
