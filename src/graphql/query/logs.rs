use async_graphql::{
    Context, ID, InputObject, Object,
    connection::{Connection, EmptyFields},
};

use crate::{
    graphql::{
        alert::Alert,
        calls::ProviderCall,
        connection::connection,
        context::Backend,
        error::ApiResult,
        event::EventConnection,
        failover_log::FailoverLog,
        input::{optional_id, page, page_after, text},
        scalars::{DateTime, Position},
        sync_log::SyncLog,
    },
    read::{EventSelection, FailoverSelection},
};

#[derive(InputObject)]
struct EventFilter {
    /// Type and id, as in `order-0197b0a4-5a3c-7cc0-8000-3f6f1c2d9e11`.
    stream: Option<String>,
    types: Option<Vec<String>>,
    /// Recorded at this instant or later.
    since: Option<DateTime>,
    /// Recorded before this instant.
    until: Option<DateTime>,
}

impl EventFilter {
    fn selection(self) -> ApiResult<EventSelection> {
        let stream = text("stream", self.stream)?;
        let types = self.types.unwrap_or_default();
        for name in &types {
            text("types", Some(name.clone()))?;
        }
        Ok(EventSelection {
            stream: stream.map(|name| name.parse()).transpose()?,
            types: Some(types).filter(|types| !types.is_empty()),
            since: self.since.map(|at| at.0),
            until: self.until.map(|at| at.0),
        })
    }
}

#[derive(Default)]
pub(super) struct LogQueries;

#[Object]
impl LogQueries {
    async fn sync_logs(
        &self,
        ctx: &Context<'_>,
        provider_id: Option<ID>,
        #[graphql(default = 50)] first: i32,
        after: Option<String>,
    ) -> ApiResult<Connection<i64, SyncLog, EmptyFields>> {
        let request = page(first, after.as_deref())?;
        let provider = optional_id("providerId", provider_id.as_ref())?;
        let rows = Backend::of(ctx).reads.sync_logs(provider, request).await?;
        Ok(connection(request.after, rows.map(SyncLog), EmptyFields))
    }

    /// `providerId` is the provider that did not take the order.
    async fn failover_logs(
        &self,
        ctx: &Context<'_>,
        provider_id: Option<ID>,
        order_id: Option<ID>,
        #[graphql(default = 50)] first: i32,
        after: Option<String>,
    ) -> ApiResult<Connection<i64, FailoverLog, EmptyFields>> {
        let request = page(first, after.as_deref())?;
        let selection = FailoverSelection {
            from_provider: optional_id("providerId", provider_id.as_ref())?,
            order: optional_id("orderId", order_id.as_ref())?,
        };
        let rows = Backend::of(ctx).reads.failover_logs(selection, request).await?;
        Ok(connection(request.after, rows.map(FailoverLog), EmptyFields))
    }

    /// Calls to providers, the last one that ended first, for as long as the log keeps them. It is for troubleshooting: under great load calls may be missing in it, and the last second's are not there yet.
    async fn provider_calls(
        &self,
        ctx: &Context<'_>,
        provider_id: Option<ID>,
        #[graphql(default = 50)] first: i32,
        after: Option<String>,
    ) -> ApiResult<Connection<i64, ProviderCall, EmptyFields>> {
        let request = page(first, after.as_deref())?;
        let provider = optional_id("providerId", provider_id.as_ref())?;
        let rows = Backend::of(ctx).reads.call_log(provider, request).await?;
        Ok(connection(request.after, rows.map(ProviderCall), EmptyFields))
    }

    /// What an operator should know of, newest first.
    async fn alerts(
        &self,
        ctx: &Context<'_>,
        #[graphql(default = 50)] first: i32,
        after: Option<String>,
    ) -> ApiResult<Connection<i64, Alert, EmptyFields>> {
        let request = page(first, after.as_deref())?;
        let rows = Backend::of(ctx).reads.alerts(request).await?;
        Ok(connection(request.after, rows.map(Alert), EmptyFields))
    }

    /// The journal, oldest first: `after` takes a position.
    async fn events(
        &self,
        ctx: &Context<'_>,
        filter: Option<EventFilter>,
        #[graphql(default = 100)] first: i32,
        after: Option<Position>,
    ) -> ApiResult<EventConnection> {
        let request = page_after(first, after.map(|position| position.0))?;
        let selection = filter.map(EventFilter::selection).transpose()?.unwrap_or_default();
        let page = Backend::of(ctx).reads.events(&selection, request).await?;
        Ok(EventConnection { after: request.after, page })
    }
}
