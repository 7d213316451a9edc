use std::collections::HashMap;

use chrono::{DateTime, Utc};
use sqlx::FromRow;
use uuid::Uuid;

use super::{Page, PageRequest, ReadError, Reads};
use crate::domain::{ProviderId, SyncId};

/// One run of a catalogue sync.
#[derive(Debug, Clone, FromRow)]
pub struct SyncLogRow {
    /// Its id.
    pub sync_id: Uuid,
    /// Whose catalogue.
    pub provider_id: Uuid,
    /// What set it off, in the word of `SyncTrigger`.
    pub trigger: String,
    /// When it started.
    pub started_at: DateTime<Utc>,
    /// Where in the journal it started; the key of pages.
    pub started_position: i64,
    /// When it ended; absent while it runs.
    pub finished_at: Option<DateTime<Utc>>,
    /// New services.
    pub imported: i32,
    /// Repriced, changed, back in the list, or their id reused.
    pub updated: i32,
    /// No longer in the provider's list.
    pub delisted: i32,
    /// As before.
    pub unchanged: i32,
    /// By row, or what stopped the run.
    pub errors: Vec<String>,
    /// Whether it ended well; absent while it runs.
    pub succeeded: Option<bool>,
}

macro_rules! sync_log_columns {
    () => {
        "l.sync_id, l.provider_id, l.trigger, l.started_at, l.started_position, l.finished_at,
         l.imported::int as imported, l.updated::int as updated, l.delisted::int as delisted,
         l.unchanged::int as unchanged, l.errors, l.succeeded"
    };
}

impl Reads {
    /// Lists runs, of one provider or of all, newest first, from the key on, which is the position of a run's start.
    ///
    /// # Errors
    /// [`ReadError`]
    pub async fn sync_logs(
        &self,
        provider: Option<ProviderId>,
        page: PageRequest,
    ) -> Result<Page<SyncLogRow>, ReadError> {
        let mut query = sqlx::QueryBuilder::new(concat!(
            "select ",
            sync_log_columns!(),
            " from sync_logs l where true"
        ));
        if let Some(provider) = provider {
            query.push(" and l.provider_id = ").push_bind(provider.0);
        }
        if let Some(after) = page.after {
            query.push(" and l.started_position < ").push_bind(after);
        }
        query.push(" order by l.started_position desc limit ").push_bind(page.limit());
        Ok(page.page(query.build_query_as().fetch_all(&self.pool).await?))
    }

    /// Finds a run.
    ///
    /// # Errors
    /// [`ReadError`]
    pub async fn sync_log(&self, id: SyncId) -> Result<Option<SyncLogRow>, ReadError> {
        let sql = concat!("select ", sync_log_columns!(), " from sync_logs l where l.sync_id = $1");
        Ok(sqlx::query_as(sql).bind(id.0).fetch_optional(&self.pool).await?)
    }

    /// Finds the run of each provider that started last; providers without one are absent.
    ///
    /// # Errors
    /// [`ReadError`]
    pub async fn last_syncs(
        &self,
        providers: &[ProviderId],
    ) -> Result<HashMap<ProviderId, SyncLogRow>, ReadError> {
        let ids: Vec<Uuid> = providers.iter().map(|id| id.0).collect();
        let sql = concat!(
            "select ",
            sync_log_columns!(),
            " from unnest($1::uuid[]) as wanted (provider_id)
              cross join lateral (
                  select *
                  from sync_logs
                  where provider_id = wanted.provider_id
                  order by started_position desc
                  limit 1
              ) as l"
        );
        let rows: Vec<SyncLogRow> = sqlx::query_as(sql).bind(ids).fetch_all(&self.pool).await?;
        Ok(rows.into_iter().map(|row| (ProviderId(row.provider_id), row)).collect())
    }
}
