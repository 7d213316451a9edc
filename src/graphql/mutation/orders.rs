use async_graphql::{Context, ID, InputObject, Object, SimpleObject};

use crate::{
    command::{Done, PlaceOrder, SettleAttempt},
    domain::{
        OrderId,
        order::{HOUSE_ACCOUNT, OrderRequest},
    },
    graphql::{
        context::Backend,
        error::{ApiError, ApiResult},
        input::{id, order_fields},
        order::Order,
        scalars::{BigInt, Json, Position},
        words::SettleDecision,
    },
};

/// `fields` carries what the service's type asks for beside link and quantity, by the panel API's names: comments, runs, interval, username, …
#[derive(InputObject)]
struct PlaceOrderInput {
    service_id: ID,
    link: String,
    quantity: Option<BigInt>,
    fields: Option<Json>,
    idempotency_key: Option<String>,
}

impl PlaceOrderInput {
    fn command(self) -> ApiResult<PlaceOrder> {
        Ok(PlaceOrder {
            service_id: id("serviceId", &self.service_id)?,
            request: OrderRequest {
                link: self.link,
                quantity: self.quantity.map(|quantity| quantity.0),
                fields: order_fields(self.fields.map(|fields| fields.0))?,
            },
            idempotency_key: self.idempotency_key,
            account: HOUSE_ACCOUNT.to_owned(),
        })
    }
}

#[derive(InputObject)]
struct SettleAttemptInput {
    order_id: ID,
    attempt: i32,
    decision: SettleDecision,
    api_order_id: Option<String>,
    note: String,
}

impl SettleAttemptInput {
    fn command(self) -> ApiResult<SettleAttempt> {
        Ok(SettleAttempt {
            order_id: id("orderId", &self.order_id)?,
            attempt: self.attempt,
            settled_as: self.decision.into(),
            api_order_id: self.api_order_id,
            note: self.note,
        })
    }
}

#[derive(SimpleObject)]
struct OrderPayload {
    order: Order,
    position: Position,
}

#[derive(Default)]
pub(super) struct OrderMutations;

#[Object]
impl OrderMutations {
    /// Answers once the order is durable; it is routed after that. The same idempotencyKey answers the same order; with other parameters CONFLICT. No candidate at all: UNROUTABLE, and nothing is recorded.
    async fn place_order(
        &self,
        ctx: &Context<'_>,
        input: PlaceOrderInput,
    ) -> ApiResult<OrderPayload> {
        let backend = Backend::of(ctx);
        let command = input.command()?;
        let commands = backend.commands.clone();
        let done = backend.run(async move { commands.place_order(command).await }).await?;
        order_payload(backend, done).await
    }

    /// An operator's word on an attempt in doubt.
    async fn settle_attempt(
        &self,
        ctx: &Context<'_>,
        input: SettleAttemptInput,
    ) -> ApiResult<OrderPayload> {
        let backend = Backend::of(ctx);
        let command = input.command()?;
        let commands = backend.commands.clone();
        let done = backend.run(async move { commands.settle_attempt(command).await }).await?;
        order_payload(backend, done).await
    }
}

async fn order_payload(backend: &Backend, done: Done<OrderId>) -> ApiResult<OrderPayload> {
    let row = backend.reads.order(Some(done.value), None).await?;
    let row = row.ok_or_else(|| ApiError::not_read_yet(done.position))?;
    Ok(OrderPayload { order: Order(row), position: Position(done.position.0) })
}
