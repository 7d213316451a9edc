use async_graphql::{
    Context, Object, ObjectType, OutputType,
    connection::{Connection, Edge},
};

use super::{
    alert::Alert, at_hand::AtHand, calls::ProviderCall, context::Backend, coverage::CoverageGap,
    error::ApiResult, error_text::ErrorText, failover_log::FailoverLog, order::Order,
    service::Service, sync_log::SyncLog,
};
use crate::read::{OrderSelection, Page, ServiceSelection};

/// A node of a list that is read by key: the key is its cursor.
pub(super) trait Keyed: OutputType {
    fn key(&self) -> i64;
}

impl Keyed for Service {
    fn key(&self) -> i64 {
        i64::from(self.0.number)
    }
}

impl Keyed for AtHand<Order> {
    fn key(&self) -> i64 {
        self.0.row.placed_position
    }
}

impl Keyed for SyncLog {
    fn key(&self) -> i64 {
        self.0.started_position
    }
}

impl Keyed for FailoverLog {
    fn key(&self) -> i64 {
        self.0.position
    }
}

impl Keyed for Alert {
    fn key(&self) -> i64 {
        self.0.position
    }
}

impl Keyed for ProviderCall {
    fn key(&self) -> i64 {
        self.0.call_id
    }
}

impl Keyed for ErrorText {
    fn key(&self) -> i64 {
        self.0.page_key
    }
}

impl Keyed for CoverageGap {
    fn key(&self) -> i64 {
        self.0.key
    }
}

/// Makes a connection of a page that was read after a cursor.
pub(super) fn connection<N: Keyed, F: ObjectType>(
    after: Option<i64>,
    page: Page<N>,
    further_fields: F,
) -> Connection<i64, N, F> {
    let mut connection =
        Connection::with_additional_fields(follows_others(after), page.has_next, further_fields);
    let edges = page.rows.into_iter().map(|node| Edge::new(node.key(), node));
    connection.edges.extend(edges);
    connection
}

/// Tells whether there is something before a page: the node whose cursor it was asked for.
pub(super) fn follows_others(after: Option<i64>) -> bool {
    after.is_some_and(|after| after > 0)
}

/// What a connection of services has besides its edges.
pub(super) struct ServicesTotal(pub(super) ServiceSelection);

#[Object]
impl ServicesTotal {
    /// All that the filter lets through, on whatever page. Counted only where it is asked for.
    async fn total_count(&self, ctx: &Context<'_>) -> ApiResult<i64> {
        Ok(Backend::of(ctx).reads.count_services(&self.0).await?)
    }
}

/// What a connection of orders has besides its edges.
pub(super) struct OrdersTotal(pub(super) OrderSelection);

#[Object]
impl OrdersTotal {
    /// All that the filter lets through, on whatever page. Counted only where it is asked for.
    async fn total_count(&self, ctx: &Context<'_>) -> ApiResult<i64> {
        Ok(Backend::of(ctx).reads.count_orders(&self.0).await?)
    }
}
