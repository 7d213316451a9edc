use std::collections::HashMap;

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use sqlx::FromRow;
use uuid::Uuid;

use super::{ReadError, Reads};
use crate::domain::{ProviderId, provider::Activation};

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
    /// How often its catalogue is synced by itself; absent for never.
    pub sync_interval_minutes: Option<i32>,
    /// When it was added.
    pub created_at: DateTime<Utc>,
}

macro_rules! select_providers {
    ($rest:literal) => {
        concat!(
            "select provider_id, name, api_url, api_key_hint, priority, active and not deleted as active,
                    balance, currency, sync_interval_minutes, created_at
             from providers ",
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
