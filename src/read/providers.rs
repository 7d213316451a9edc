use std::collections::HashMap;

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use sqlx::FromRow;
use uuid::Uuid;

use super::{ReadError, Reads};
use crate::domain::{
    ProviderId,
    provider::{Activation, Measures, Score, SuspensionCause},
    routing::Exclusion,
};

/// A provider as it stands.
#[derive(Debug, Clone, FromRow)]
pub struct ProviderRow {
    /// Its id.
    pub provider_id: Uuid,
    /// Unique among those that are not deleted.
    pub name: String,
    /// Where its API is.
    pub api_url: String,
    /// The key's last four characters, for keys that are long enough.
    pub api_key_hint: Option<String>,
    /// 1 is tried first.
    pub priority: i32,
    /// Whether orders may go to it; false once deleted.
    pub active: bool,
    /// What our account there holds, in its own currency.
    pub balance: Option<Decimal>,
    /// That currency.
    pub currency: Option<String>,
    /// Whole hours until that is spent at the pace of the last day; absent where no end is in sight.
    pub runway_hours: Option<i64>,
    /// How often its catalogue is synced by itself; absent for never.
    pub sync_interval_minutes: Option<i32>,
    /// Whether nobody but us orders with our account there.
    pub exclusive: bool,
    /// When it was added.
    pub created_at: DateTime<Utc>,
    /// What operators note about it.
    pub description: Option<String>,
    /// How it is called.
    #[sqlx(flatten)]
    pub terms: TermsRow,
    /// How good it has proved to be.
    #[sqlx(flatten)]
    pub standing: StandingRow,
    /// Whether it is set aside.
    #[sqlx(flatten)]
    pub suspension: SuspensionRow,
}

/// Whether a provider is set aside, and how its last attempts ended.
#[derive(Debug, Clone, Default, FromRow)]
pub struct SuspensionRow {
    /// Since when; absent where it is not set aside.
    pub suspended_since: Option<DateTime<Utc>>,
    suspended_until: Option<DateTime<Utc>>,
    /// Why, in words.
    pub suspension_reason: Option<String>,
    suspension_cause: Option<String>,
    half_open: bool,
    recent: Option<String>,
}

/// How a provider does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Health {
    /// Nothing has been asked of it yet.
    Unknown,
    /// It takes orders.
    Healthy,
    /// Over a tenth of its last twenty attempts failed, or it is being tried whether it works again.
    Degraded,
    /// It is set aside.
    Suspended,
}

impl SuspensionRow {
    /// Judges how the provider does.
    pub fn health(&self) -> Health {
        let recent = self.recent.as_deref().unwrap_or_default();
        let failed = recent.bytes().filter(|mark| *mark == b'-').count();
        match self.suspended_since {
            Some(_) if self.half_open => Health::Degraded,
            Some(_) => Health::Suspended,
            None if recent.is_empty() => Health::Unknown,
            None if failed * 10 > recent.len() => Health::Degraded,
            None => Health::Healthy,
        }
    }

    /// Returns why orders do not go to the provider, where it is set aside.
    pub fn exclusion(&self) -> Option<Exclusion> {
        self.suspended_since.filter(|_| !self.half_open)?;
        let cause = self.suspension_cause.clone().map(serde_json::Value::String);
        let cause = cause.and_then(|word| serde_json::from_value(word).ok());
        Some(Exclusion::ProviderSuspended {
            cause: cause.unwrap_or(SuspensionCause::Operator),
            until: self.suspended_until,
        })
    }

    /// Returns when it is asked whether it works again; `None` where it was, or where an operator is to say so.
    pub fn until(&self) -> Option<DateTime<Utc>> {
        self.suspended_until.filter(|_| !self.half_open)
    }

    /// Tells whether the next order there tries if it works again.
    pub fn is_half_open(&self) -> bool {
        self.half_open
    }
}

/// How a provider is called, in the words of its events; an absent limit is the installation's.
#[derive(Debug, Clone, FromRow)]
pub struct TermsRow {
    /// HTTP method.
    pub method: String,
    /// Where parameters stand.
    pub encoding: String,
    /// Where the key stands.
    pub key_place: String,
    /// Orders on their way to it at once.
    pub concurrent_calls: Option<i32>,
    /// Calls in 1000 seconds.
    pub calls_per_1000_s: Option<i64>,
    /// Seconds for an order.
    pub order_timeout_s: Option<i32>,
    /// Seconds for balance and orders.
    pub read_timeout_s: Option<i32>,
    /// Seconds for lists.
    pub catalogue_timeout_s: Option<i32>,
}

/// How good a provider has proved to be; all absent before it was measured.
#[derive(Debug, Clone, Default, FromRow)]
pub struct StandingRow {
    score_ppm: Option<i64>,
    placement_ppm: Option<i64>,
    speed_ppm: Option<i64>,
    delivery_ppm: Option<i64>,
    judged: Option<i64>,
    placed: Option<i64>,
    responses: Option<i64>,
    response_ms_sum: Option<i64>,
    ended: Option<i64>,
    delivered_ppm_sum: Option<i64>,
}

impl StandingRow {
    /// Returns the score; that which is expected of everybody before the first measurement.
    pub fn score(&self) -> Score {
        let known = || {
            Some(Score {
                score_ppm: self.score_ppm?,
                placement_ppm: self.placement_ppm?,
                speed_ppm: self.speed_ppm?,
                delivery_ppm: self.delivery_ppm?,
            })
        };
        known().unwrap_or_default()
    }

    /// Returns what the score was computed from.
    pub fn measures(&self) -> Measures {
        Measures {
            judged: self.judged.unwrap_or_default(),
            placed: self.placed.unwrap_or_default(),
            responses: self.responses.unwrap_or_default(),
            response_ms_sum: self.response_ms_sum.unwrap_or_default(),
            ended: self.ended.unwrap_or_default(),
            delivered_ppm_sum: self.delivered_ppm_sum.unwrap_or_default(),
        }
    }
}

macro_rules! select_providers {
    ($rest:literal) => {
        concat!(
            "select provider_id, name, api_url, api_key_hint, priority, active and not deleted as active,
                    balance, currency, runway_hours, sync_interval_minutes, exclusive, created_at, description, method,
                    encoding, key_place, concurrent_calls, calls_per_1000_s, order_timeout_s, read_timeout_s,
                    catalogue_timeout_s, score_ppm, placement_ppm, speed_ppm, delivery_ppm, judged, placed, responses,
                    response_ms_sum, ended, delivered_ppm_sum, suspended_since, suspended_until, suspension_cause,
                    suspension_reason, half_open, recent
             from providers
             left join provider_outcomes using (provider_id) ",
            $rest
        )
    };
}

impl Reads {
    /// Lists the providers that are not deleted, by priority.
    ///
    /// # Errors
    /// [`ReadError`]
    pub async fn providers(
        &self,
        activation: Option<Activation>,
    ) -> Result<Vec<ProviderRow>, ReadError> {
        let active = activation.map(|activation| activation == Activation::Active);
        let sql = select_providers!(
            "where not deleted and ($1::boolean is null or active = $1)
             order by priority, provider_id"
        );
        Ok(sqlx::query_as(sql).bind(active).fetch_all(&self.pool).await?)
    }

    /// Finds a provider, unless it is deleted.
    ///
    /// # Errors
    /// [`ReadError`]
    pub async fn provider(&self, id: ProviderId) -> Result<Option<ProviderRow>, ReadError> {
        let sql = select_providers!("where provider_id = $1 and not deleted");
        Ok(sqlx::query_as(sql).bind(id.0).fetch_optional(&self.pool).await?)
    }

    /// Finds providers, deleted or not: history names both.
    ///
    /// # Errors
    /// [`ReadError`]
    pub async fn providers_by_id(
        &self,
        ids: &[ProviderId],
    ) -> Result<HashMap<ProviderId, ProviderRow>, ReadError> {
        let ids: Vec<Uuid> = ids.iter().map(|id| id.0).collect();
        let rows: Vec<ProviderRow> =
            sqlx::query_as(select_providers!("where provider_id = any($1)"))
                .bind(ids)
                .fetch_all(&self.pool)
                .await?;
        Ok(rows.into_iter().map(|row| (ProviderId(row.provider_id), row)).collect())
    }
}
