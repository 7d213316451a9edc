use std::sync::Arc;

use async_graphql::{Context, ID, Object};

use super::{
    at_hand::{AtHand, OfRow},
    error::{ApiError, ApiResult},
    event::Event,
    foreseen::Foreseen,
    loaders::{self, AttemptsOf, ChildrenOf, DecisionOf, EvidenceOf, RefillsOf, TimelineOf},
    provider::Provider,
    related::Related,
    scalars::{BigInt, DateTime, Decimal, Json},
    service::Service,
    words::{AttemptOutcome, EvidenceSource, OrderStatus, RefillStatus, of_word},
};
use crate::{
    domain::{AttemptId, OrderId, ProviderId, ServiceId},
    read::{AttemptRow, EvidenceRow, OrderRow, RefillRow},
};

#[derive(Debug, Clone)]
pub(super) struct Order {
    pub(super) row: OrderRow,
    pub(super) foreseen: Foreseen,
}

impl From<OrderRow> for Order {
    fn from(row: OrderRow) -> Self {
        Self { row, foreseen: Foreseen::default() }
    }
}

/// What a customer bought.
#[Object]
impl Order {
    async fn id(&self) -> ID {
        ID(self.row.order_id.to_string())
    }

    /// Short number, what the panel API answers as `order`.
    async fn number(&self) -> i32 {
        self.row.number
    }

    async fn service(&self, ctx: &Context<'_>) -> ApiResult<Service> {
        loaders::service(ctx, ServiceId(self.row.service_id)).await
    }

    async fn link(&self) -> &str {
        &self.row.link
    }

    async fn quantity(&self) -> BigInt {
        BigInt(self.row.quantity)
    }

    /// What the customer pays; for an order of a remainder nothing more.
    async fn charge(&self) -> Decimal {
        Decimal(self.row.charge)
    }

    /// What the provider charges, once known.
    async fn cost(&self) -> Option<Decimal> {
        self.row.cost.map(Decimal)
    }

    async fn status(&self) -> ApiResult<OrderStatus> {
        of_word(&self.row.status)
    }

    /// The customer's order of which this one orders the remainder.
    async fn parent(&self, ctx: &Context<'_>) -> ApiResult<Option<Order>> {
        match self.row.parent_id {
            Some(id) => loaders::order(ctx, OrderId(id)).await.map(Some),
            None => Ok(None),
        }
    }

    /// The orders for what providers left undelivered of this one, oldest first. `status` and `remains` are those of all of it.
    async fn children(&self, ctx: &Context<'_>) -> ApiResult<Vec<Order>> {
        let rows = Related::of(ctx).load_one(ChildrenOf(self.order_id())).await?;
        Ok(rows.unwrap_or_default().into_iter().map(Order::from).collect())
    }

    /// Why what a provider left undelivered was not ordered at the next candidate.
    async fn remainder_reason(&self) -> Option<&str> {
        self.row.remainder_reason.as_deref()
    }

    /// The provider's own word, as last read.
    async fn provider_status(&self) -> Option<&str> {
        self.row.provider_status.as_deref()
    }

    async fn provider(&self, ctx: &Context<'_>) -> ApiResult<Option<AtHand<Provider>>> {
        if let Some(row) = &self.foreseen.provider {
            return Ok(Some(AtHand(Provider(Arc::clone(row)))));
        }
        match self.row.provider_id {
            Some(id) => loaders::provider(ctx, ProviderId(id)).await.map(AtHand).map(Some),
            None => Ok(None),
        }
    }

    async fn api_order_id(&self) -> Option<&str> {
        self.row.api_order_id.as_deref()
    }

    /// Until when it is not tried again, or when it is given up; null where it does not wait, or waits for another order on
    /// its link.
    async fn waits_until(&self) -> Option<DateTime> {
        self.row.waits_until.map(DateTime)
    }

    /// What it waits for: its link, or providers that are suspended. Null where it does not wait.
    async fn waiting_reason(&self) -> Option<&str> {
        self.row.waiting_reason.as_deref()
    }

    async fn start_count(&self) -> Option<BigInt> {
        self.row.start_count.map(BigInt)
    }

    async fn remains(&self) -> Option<BigInt> {
        self.row.remains.map(BigInt)
    }

    /// The refills that the provider took, oldest first.
    async fn refills(&self, ctx: &Context<'_>) -> ApiResult<Vec<Refill>> {
        let rows = Related::of(ctx).load_one(RefillsOf(self.order_id())).await?;
        Ok(rows.unwrap_or_default().into_iter().map(Refill).collect())
    }

    /// How far the last refill is; null where none was taken.
    async fn refill_status(&self, ctx: &Context<'_>) -> ApiResult<Option<RefillStatus>> {
        let rows = Related::of(ctx).load_one(RefillsOf(self.order_id())).await?.unwrap_or_default();
        rows.last().map(|last| of_word(&last.status)).transpose()
    }

    async fn attempts(&self, ctx: &Context<'_>) -> ApiResult<Vec<AtHand<Attempt>>> {
        let rows = match &self.foreseen.attempts {
            Some(rows) => rows.clone(),
            None => {
                let rows = Related::of(ctx).load_one(AttemptsOf(self.order_id())).await?;
                rows.unwrap_or_default().into_iter().map(Arc::new).collect()
            }
        };
        Ok(rows.into_iter().map(Attempt).map(AtHand).collect())
    }

    /// Every event of this order, oldest first.
    async fn timeline(&self, ctx: &Context<'_>) -> ApiResult<Vec<Event>> {
        let rows = Related::of(ctx).load_one(TimelineOf(self.order_id())).await?;
        Ok(rows.unwrap_or_default().into_iter().map(Event).collect())
    }

    async fn created_at(&self) -> DateTime {
        DateTime(self.row.created_at)
    }
}

impl OfRow for Order {
    fn reads(&self, field: &str) -> bool {
        match field {
            "provider" => self.foreseen.provider.is_none(),
            "attempts" => self.foreseen.attempts.is_none(),
            "parent" => self.row.parent_id.is_some(),
            _ => matches!(field, "service" | "refills" | "refillStatus" | "children" | "timeline"),
        }
    }
}

impl Order {
    fn order_id(&self) -> OrderId {
        OrderId(self.row.order_id)
    }
}

#[derive(Debug, Clone)]
pub(super) struct Attempt(Arc<AttemptRow>);

/// One try of an order at a provider.
#[Object]
impl Attempt {
    async fn number(&self) -> i32 {
        self.0.number
    }

    async fn provider(&self, ctx: &Context<'_>) -> ApiResult<Provider> {
        loaders::provider(ctx, ProviderId(self.0.provider_id)).await
    }

    async fn service(&self, ctx: &Context<'_>) -> ApiResult<Service> {
        loaders::service(ctx, ServiceId(self.0.service_id)).await
    }

    async fn outcome(&self) -> ApiResult<AttemptOutcome> {
        of_word(&self.0.outcome)
    }

    /// The provider's own words, or what went wrong on the way.
    async fn reason(&self) -> Option<&str> {
        self.0.reason.as_deref()
    }

    async fn api_order_id(&self) -> Option<&str> {
        self.0.api_order_id.as_deref()
    }

    async fn response_ms(&self) -> Option<f64> {
        self.0.response_ms.map(|ms| ms as f64)
    }

    async fn started_at(&self) -> DateTime {
        DateTime(self.0.started_at)
    }

    /// What was looked at to find out what became of it while it was in doubt, oldest first.
    async fn evidence(&self, ctx: &Context<'_>) -> ApiResult<Vec<Evidence>> {
        let key = EvidenceOf(AttemptId(self.0.attempt_id));
        let rows = Related::of(ctx).load_one(key).await?.unwrap_or_default();
        Ok(rows.into_iter().map(Evidence).collect())
    }

    /// Why this provider: every candidate with score and reasons, as recorded when it was chosen.
    async fn decision(&self, ctx: &Context<'_>) -> ApiResult<Json> {
        let key = DecisionOf((OrderId(self.0.order_id), self.0.number));
        let decision = Related::of(ctx).load_one(key).await?;
        decision.map(Json).ok_or_else(|| ApiError::not_yet_there("the decision"))
    }
}

impl OfRow for Attempt {
    fn reads(&self, field: &str) -> bool {
        matches!(field, "provider" | "service" | "evidence" | "decision")
    }
}

#[derive(Debug, Clone)]
pub(super) struct Evidence(EvidenceRow);

/// One look at what became of an attempt in doubt. One that says the same as the last is not kept.
#[Object]
impl Evidence {
    /// Where it was looked.
    async fn asked(&self) -> ApiResult<EvidenceSource> {
        of_word(&self.0.asked)
    }

    /// What was seen there.
    async fn answered(&self) -> &str {
        &self.0.answered
    }

    /// What follows from it.
    async fn follows(&self) -> &str {
        &self.0.follows
    }

    async fn at(&self) -> DateTime {
        DateTime(self.0.at)
    }
}

#[derive(Debug, Clone)]
pub(super) struct Refill(RefillRow);

/// What a provider took on to make up for units that were lost again.
#[Object]
impl Refill {
    /// The provider's id of it.
    async fn api_refill_id(&self) -> &str {
        &self.0.refill_id
    }

    async fn status(&self) -> ApiResult<RefillStatus> {
        of_word(&self.0.status)
    }

    /// The provider's own word, as last read.
    async fn provider_status(&self) -> Option<&str> {
        self.0.provider_status.as_deref()
    }

    async fn requested_at(&self) -> DateTime {
        DateTime(self.0.requested_at)
    }
}
