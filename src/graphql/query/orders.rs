use async_graphql::{Context, ID, InputObject, Object, connection::Connection};

use crate::{
    graphql::{
        at_hand::AtHand,
        connection::{OrdersTotal, connection},
        context::Backend,
        error::ApiResult,
        foreseen::foresee,
        input::{id_or_number, optional_id, page, text},
        order::Order,
        words::{OrderStatus, word_of},
    },
    read::{OrderSelection, Page},
};

#[derive(InputObject)]
struct OrderFilter {
    status: Option<Vec<OrderStatus>>,
    /// Held by this provider, in doubt there, or just being placed there.
    provider_id: Option<ID>,
    service_id: Option<ID>,
    /// Exactly this one.
    link: Option<String>,
}

impl OrderFilter {
    fn selection(self) -> ApiResult<OrderSelection> {
        let words = |statuses: Vec<OrderStatus>| statuses.into_iter().map(word_of).collect();
        Ok(OrderSelection {
            statuses: self.status.map(words).transpose()?,
            provider: optional_id("providerId", self.provider_id.as_ref())?,
            service: optional_id("serviceId", self.service_id.as_ref())?,
            link: text("link", self.link)?,
        })
    }
}

#[derive(Default)]
pub(super) struct OrderQueries;

#[Object]
impl OrderQueries {
    async fn orders(
        &self,
        ctx: &Context<'_>,
        filter: Option<OrderFilter>,
        #[graphql(default = 50)] first: i32,
        after: Option<String>,
    ) -> ApiResult<Connection<i64, AtHand<Order>, OrdersTotal>> {
        let request = page(first, after.as_deref())?;
        let selection = filter.map(OrderFilter::selection).transpose()?.unwrap_or_default();
        let page = Backend::of(ctx).reads.orders(&selection, request).await?;
        let orders = foresee(ctx, page.rows).await.into_iter().map(AtHand).collect();
        let page = Page { rows: orders, has_next: page.has_next };
        Ok(connection(request.after, page, OrdersTotal(selection)))
    }

    /// By `id` or `number`. Null for one that is not there.
    async fn order(
        &self,
        ctx: &Context<'_>,
        id: Option<ID>,
        number: Option<i32>,
    ) -> ApiResult<Option<Order>> {
        let id = id_or_number(id.as_ref(), number)?;
        Ok(Backend::of(ctx).reads.order(id, number).await?.map(Order::from))
    }
}
