use chrono::{DateTime, Utc};
use sqlx::FromRow;
use uuid::Uuid;

use super::{ReadError, Reads};

/// The rhythm in which an active provider is to be synced.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct SyncScheduleRow {
    /// Which provider.
    pub provider_id: Uuid,
    /// From one start to the next, in minutes.
    pub minutes: i32,
    /// When its last sync started; when it was added, where there was none.
    pub since: DateTime<Utc>,
}

impl Reads {
    /// Lists the active providers that are to be synced by themselves.
    ///
    /// # Errors
    /// [`ReadError`]
    pub async fn sync_schedule(&self) -> Result<Vec<SyncScheduleRow>, ReadError> {
        let sql = "
            select p.provider_id, p.sync_interval_minutes as minutes, coalesce(last.started_at, p.created_at) as since
            from providers p
            left join lateral (
                select started_at
                from sync_logs
                where provider_id = p.provider_id
                order by started_position desc
                limit 1
            ) as last on true
            where p.active and not p.deleted and p.sync_interval_minutes is not null";
        Ok(sqlx::query_as(sql).fetch_all(&self.pool).await?)
    }
}
