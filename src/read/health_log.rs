use std::collections::HashMap;

use chrono::{DateTime, Utc};
use sqlx::FromRow;
use uuid::Uuid;

use super::{ReadError, Reads};
use crate::domain::ProviderId;

/// One time that a provider, or a service of it, was set aside, asked, or put back to work.
#[derive(Debug, Clone, FromRow)]
pub struct HealthChangeRow {
    /// Which service; absent where it is about the whole provider.
    pub service_id: Option<Uuid>,
    /// In the word of `HealthChangeKind`.
    pub change: String,
    /// Why, in words.
    pub reason: Option<String>,
    /// When it is asked whether it works again.
    pub until: Option<DateTime<Utc>>,
    /// When it happened.
    pub at: DateTime<Utc>,
}

/// How much of which provider's log is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct HealthLogOf {
    /// Which provider.
    pub provider: ProviderId,
    /// Its last so many changes.
    pub last: i64,
}

#[derive(FromRow)]
struct Row {
    provider_id: Uuid,
    last: i64,
    #[sqlx(flatten)]
    change: HealthChangeRow,
}

impl Reads {
    /// Lists the last changes of each provider's health, newest last; providers without one are absent.
    ///
    /// # Errors
    /// [`ReadError`]
    pub async fn health_logs(
        &self,
        wanted: &[HealthLogOf],
    ) -> Result<HashMap<HealthLogOf, Vec<HealthChangeRow>>, ReadError> {
        let rows: Vec<Row> = sqlx::query_as(
            "select wanted.provider_id, wanted.last, l.service_id, l.change, l.reason, l.until, l.at
             from unnest($1::uuid[], $2::bigint[]) as wanted (provider_id, last)
             cross join lateral (
                 select *
                 from provider_health_log
                 where provider_id = wanted.provider_id
                 order by position desc
                 limit wanted.last
             ) as l
             order by wanted.provider_id, wanted.last, l.position",
        )
        .bind(wanted.iter().map(|wanted| wanted.provider.0).collect::<Vec<_>>())
        .bind(wanted.iter().map(|wanted| wanted.last).collect::<Vec<_>>())
        .fetch_all(&self.pool)
        .await?;
        let mut logs: HashMap<HealthLogOf, Vec<HealthChangeRow>> = HashMap::new();
        for Row { provider_id, last, change } in rows {
            let key = HealthLogOf { provider: ProviderId(provider_id), last };
            logs.entry(key).or_default().push(change);
        }
        Ok(logs)
    }
}
