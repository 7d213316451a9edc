use std::sync::Arc;

use async_graphql::{Context, ID, Object};
use chrono::{Days, DurationRound, NaiveDate, TimeDelta, Utc};

use super::{
    at_hand::OfRow,
    calls::CallSummary,
    dialect::ProviderDialect,
    error::{ApiError, ApiResult},
    health_change::HealthChange,
    input::newest,
    loaders::{LastSyncOf, ServiceCountOf},
    performance::ProviderPerformance,
    related::Related,
    scalars::{DateTime, Decimal},
    sync_log::SyncLog,
    words::{ProviderHealth, ProviderStatus},
};
use crate::{
    domain::{ProviderId, provider::CONCURRENT_CALLS},
    read::{CallHoursOf, HealthLogOf, Performance, ProviderDay, ProviderRow},
};

/// Days that a provider's own figures look back, today among them.
pub(super) const RECENT_DAYS: i32 = 7;

/// Most hours that may be asked for: a week.
const MAX_HOURS: i32 = 168;

/// Most days that may be asked for: a year and a leap day.
const MAX_DAYS: i32 = 366;

#[derive(Debug, Clone)]
pub(super) struct Provider(pub(super) Arc<ProviderRow>);

/// An upstream panel that orders are placed at.
#[Object]
impl Provider {
    async fn id(&self) -> ID {
        ID(self.provider_id().to_string())
    }

    async fn name(&self) -> &str {
        &self.0.name
    }

    async fn api_url(&self) -> &str {
        &self.0.api_url
    }

    /// Last four characters, null for keys under 12; the key itself never leaves the service.
    async fn api_key_hint(&self) -> Option<&str> {
        self.0.api_key_hint.as_deref()
    }

    /// 1 is tried first.
    async fn priority(&self) -> i32 {
        self.0.priority
    }

    async fn status(&self) -> ProviderStatus {
        if self.0.active { ProviderStatus::Active } else { ProviderStatus::Inactive }
    }

    /// UNKNOWN: never asked for an order. DEGRADED: over a tenth of its last twenty attempts failed, or one order is trying whether it works again.
    async fn health(&self) -> ProviderHealth {
        self.0.suspension.health().into()
    }

    /// When it is asked whether it works again. Null where it is not suspended, or where an operator is to say so.
    async fn suspended_until(&self) -> Option<DateTime> {
        self.0.suspension.until().map(DateTime)
    }

    /// Null where it is at work.
    async fn suspended_since(&self) -> Option<DateTime> {
        self.0.suspension.suspended_since.map(DateTime)
    }

    /// Null where it is at work.
    async fn suspension_reason(&self) -> Option<&str> {
        self.0.suspension.suspension_reason.as_deref()
    }

    /// When it, or a service of it, was set aside and put back to work, newest last; `last` is 1 to 1000.
    async fn health_log(
        &self,
        ctx: &Context<'_>,
        #[graphql(default = 50)] last: i32,
    ) -> ApiResult<Vec<HealthChange>> {
        let key = HealthLogOf { provider: self.provider_id(), last: newest(last)? };
        let rows = Related::of(ctx).load_one(key).await?.unwrap_or_default();
        Ok(rows.into_iter().map(HealthChange).collect())
    }

    /// Provider's own currency.
    async fn balance(&self) -> Option<Decimal> {
        self.0.balance.map(Decimal)
    }

    async fn currency(&self) -> Option<&str> {
        self.0.currency.as_deref()
    }

    /// Whole hours until the balance is spent at the pace of the last day, when it was last read. Null where nothing was spent, or no end is in sight.
    async fn runway_hours(&self) -> Option<i64> {
        self.0.runway_hours
    }

    /// Share of attempts that were placed in the last 7 days, 0 to 1; null before the first. Refusals that are the customer's fault do not count.
    async fn success_rate(&self, ctx: &Context<'_>) -> ApiResult<Option<f64>> {
        Ok(self.recent(ctx).await?.success_rate())
    }

    async fn mean_response_ms(&self, ctx: &Context<'_>) -> ApiResult<Option<f64>> {
        Ok(self.recent(ctx).await?.mean_response_ms())
    }

    async fn p95_response_ms(&self, ctx: &Context<'_>) -> ApiResult<Option<f64>> {
        Ok(self.recent(ctx).await?.p95_response_ms())
    }

    async fn service_count(&self, ctx: &Context<'_>) -> ApiResult<i32> {
        let count = Related::of(ctx).load_one(ServiceCountOf(self.provider_id())).await?;
        Ok(count.unwrap_or(0))
    }

    async fn last_sync(&self, ctx: &Context<'_>) -> ApiResult<Option<SyncLog>> {
        let last = Related::of(ctx).load_one(LastSyncOf(self.provider_id())).await?;
        Ok(last.map(SyncLog))
    }

    /// Oldest day first, today last; days without an attempt are absent.
    async fn performance(
        &self,
        ctx: &Context<'_>,
        #[graphql(default = 7)] days: i32,
    ) -> ApiResult<Vec<ProviderPerformance>> {
        let days = self.days(ctx, days).await?;
        Ok(days.into_iter().map(ProviderPerformance).collect())
    }

    /// All calls to it, by hour and action: the oldest first, the running hour last. Hours without a call are absent; a minute shows once it is over.
    async fn call_summaries(
        &self,
        ctx: &Context<'_>,
        #[graphql(default = 24)] hours: i32,
    ) -> ApiResult<Vec<CallSummary>> {
        if !(1..=MAX_HOURS).contains(&hours) {
            let problem = format!("`hours` is {hours}: give 1 to {MAX_HOURS}");
            return Err(ApiError::invalid("hours", problem));
        }
        let since = Utc::now() - TimeDelta::hours(i64::from(hours - 1));
        let since = since.duration_trunc(TimeDelta::hours(1)).unwrap_or(since);
        let key = CallHoursOf { provider: self.provider_id(), since };
        let rows = Related::of(ctx).load_one(key).await?.unwrap_or_default();
        Ok(rows.into_iter().map(CallSummary).collect())
    }

    /// How often the catalogue is synced by itself, with some jitter. Null: never.
    async fn sync_interval_minutes(&self) -> Option<i32> {
        self.0.sync_interval_minutes
    }

    /// What operators note about it.
    async fn description(&self) -> Option<&str> {
        self.0.description.as_deref()
    }

    async fn dialect(&self) -> ApiResult<ProviderDialect> {
        ProviderDialect::of(&self.0.terms)
    }

    /// Orders that may be on their way to it at once.
    async fn concurrent_calls(&self) -> i32 {
        self.0.terms.concurrent_calls.unwrap_or(CONCURRENT_CALLS)
    }

    /// Most calls of any sort in a second; they wait for their turn. Null: no limit.
    async fn requests_per_second(&self) -> Option<f64> {
        self.0.terms.calls_per_1000_s.map(|calls| calls as f64 / 1000.0)
    }

    /// How long an order's answer is waited for. Null: as long as the installation says.
    async fn order_timeout_seconds(&self) -> Option<i32> {
        self.0.terms.order_timeout_s
    }

    /// The same for balance and status.
    async fn read_timeout_seconds(&self) -> Option<i32> {
        self.0.terms.read_timeout_s
    }

    /// The same for lists of services or orders.
    async fn catalogue_timeout_seconds(&self) -> Option<i32> {
        self.0.terms.catalogue_timeout_s
    }

    /// An operator declared that nobody but us orders with our account there: the balance and the ids of orders may then settle what is in doubt.
    async fn exclusive(&self) -> bool {
        self.0.exclusive
    }

    async fn created_at(&self) -> DateTime {
        DateTime(self.0.created_at)
    }
}

impl From<ProviderRow> for Provider {
    fn from(row: ProviderRow) -> Self {
        Self(Arc::new(row))
    }
}

impl OfRow for Provider {
    fn reads(&self, field: &str) -> bool {
        matches!(
            field,
            "successRate"
                | "meanResponseMs"
                | "p95ResponseMs"
                | "serviceCount"
                | "lastSync"
                | "healthLog"
                | "performance"
                | "callSummaries"
        )
    }
}

impl Provider {
    fn provider_id(&self) -> ProviderId {
        ProviderId(self.0.provider_id)
    }

    async fn days(&self, ctx: &Context<'_>, days: i32) -> ApiResult<Vec<ProviderDay>> {
        let key = (self.provider_id(), first_day(days)?);
        Ok(Related::of(ctx).load_one(key).await?.unwrap_or_default())
    }

    async fn recent(&self, ctx: &Context<'_>) -> ApiResult<Performance> {
        let mut sum = Performance::default();
        for day in self.days(ctx, RECENT_DAYS).await? {
            sum.merge(&day.performance);
        }
        Ok(sum)
    }
}

/// Returns the first of so many UTC days that end today.
pub(super) fn first_day(days: i32) -> ApiResult<NaiveDate> {
    let before = u64::try_from(days).ok().filter(|_| (1..=MAX_DAYS).contains(&days));
    before
        .and_then(|days| Utc::now().date_naive().checked_sub_days(Days::new(days - 1)))
        .ok_or_else(|| ApiError::invalid("days", format!("`days` is {days}: give 1 to {MAX_DAYS}")))
}
