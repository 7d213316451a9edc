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
        input::{id, ids_of_one_call, order_fields},
        order::Order,
        scalars::{BigInt, Json, Position},
        words::SettleDecision,
    },
    process::AskedOrders,
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

/// An order that could not be asked about stands in `errors`, the others in `orders`.
#[derive(SimpleObject)]
struct OrdersPayload {
    orders: Vec<Order>,
    errors: Vec<OrderError>,
    position: Position,
}

/// Why an order could not be asked about: NOT_FOUND, CONFLICT (no provider holds it, its service does not offer this, or the provider says no, in its words) or UNAVAILABLE (the provider, or its answer about this order, is not to be had).
#[derive(SimpleObject)]
struct OrderError {
    order_id: ID,
    code: String,
    message: String,
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

    /// Asks the providers that hold up to 100 orders how they stand, now rather than when they are due.
    async fn refresh_orders(
        &self,
        ctx: &Context<'_>,
        #[graphql(name = "ids")] orders: Vec<ID>,
    ) -> ApiResult<OrdersPayload> {
        let backend = Backend::of(ctx);
        let (operations, orders) = (backend.operations.clone(), ids_of_one_call(&orders)?);
        let asked = backend.run(async move { operations.refresh_orders(orders).await }).await?;
        orders_payload(backend, asked).await
    }

    /// Asks the providers that hold up to 100 orders to cancel them. It is a request: only a later status CANCELED or PARTIAL proves it.
    async fn cancel_orders(
        &self,
        ctx: &Context<'_>,
        #[graphql(name = "ids")] orders: Vec<ID>,
    ) -> ApiResult<OrdersPayload> {
        let backend = Backend::of(ctx);
        let (operations, orders) = (backend.operations.clone(), ids_of_one_call(&orders)?);
        let asked = backend.run(async move { operations.cancel_orders(orders).await }).await?;
        orders_payload(backend, asked).await
    }

    /// Asks the providers that hold up to 100 orders to make up for units that were lost again.
    async fn refill_orders(
        &self,
        ctx: &Context<'_>,
        #[graphql(name = "ids")] orders: Vec<ID>,
    ) -> ApiResult<OrdersPayload> {
        let backend = Backend::of(ctx);
        let (operations, orders) = (backend.operations.clone(), ids_of_one_call(&orders)?);
        let asked = backend.run(async move { operations.refill_orders(orders).await }).await?;
        orders_payload(backend, asked).await
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
    Ok(OrderPayload { order: Order::from(row), position: Position(done.position.0) })
}

async fn orders_payload(backend: &Backend, done: Done<AskedOrders>) -> ApiResult<OrdersPayload> {
    let AskedOrders { orders, errors } = done.value;
    let rows = backend.reads.orders_by_id(&orders).await?;
    let orders: Option<Vec<Order>> =
        orders.iter().map(|id| rows.get(id).cloned().map(Order::from)).collect();
    let errors = errors.into_iter().map(|(order, error)| {
        let (code, message) = ApiError::from(error).into_parts();
        OrderError { order_id: ID(order.to_string()), code: code.to_owned(), message }
    });
    Ok(OrdersPayload {
        orders: orders.ok_or_else(|| ApiError::not_read_yet(done.position))?,
        errors: errors.collect(),
        position: Position(done.position.0),
    })
}
