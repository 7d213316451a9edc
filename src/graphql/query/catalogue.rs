use async_graphql::{Context, ID, InputObject, Object, connection::Connection};

use crate::{
    graphql::{
        connection::{ServicesTotal, connection},
        context::Backend,
        error::ApiResult,
        input::{id_or_number, optional_id, page, text},
        service::Service,
    },
    read::ServiceSelection,
};

#[derive(InputObject)]
struct ServiceFilter {
    provider_id: Option<ID>,
    /// Exactly this one.
    category: Option<String>,
    /// Part of a name, in any case.
    search: Option<String>,
    enabled: Option<bool>,
    listed: Option<bool>,
}

impl ServiceFilter {
    fn selection(self) -> ApiResult<ServiceSelection> {
        Ok(ServiceSelection {
            provider: optional_id("providerId", self.provider_id.as_ref())?,
            category: text("category", self.category)?,
            search: text("search", self.search)?,
            enabled: self.enabled,
            listed: self.listed,
        })
    }
}

#[derive(Default)]
pub(super) struct ServiceQueries;

#[Object]
impl ServiceQueries {
    async fn services(
        &self,
        ctx: &Context<'_>,
        filter: Option<ServiceFilter>,
        #[graphql(default = 50)] first: i32,
        after: Option<String>,
    ) -> ApiResult<Connection<i64, Service, ServicesTotal>> {
        let request = page(first, after.as_deref())?;
        let selection = filter.map(ServiceFilter::selection).transpose()?.unwrap_or_default();
        let rows = Backend::of(ctx).reads.services(&selection, request).await?;
        Ok(connection(request.after, rows.map(Service), ServicesTotal(selection)))
    }

    /// By `id` or `number`. Null for one that is not there or was retired.
    async fn service(
        &self,
        ctx: &Context<'_>,
        id: Option<ID>,
        number: Option<i32>,
    ) -> ApiResult<Option<Service>> {
        let id = id_or_number(id.as_ref(), number)?;
        Ok(Backend::of(ctx).reads.service(id, number).await?.map(Service))
    }
}
