use chrono::{DateTime, Utc};
use sqlx::FromRow;
use uuid::Uuid;

use super::{Page, PageRequest, ReadError, Reads};
use crate::domain::ProviderId;

/// A call to a provider, as it was logged.
#[derive(Debug, Clone, FromRow)]
pub struct CallLogRow {
    /// Its number; the key of pages.
    pub call_id: i64,
    /// Who was called.
    pub provider_id: Uuid,
    /// What was asked for, in the panel API's word.
    pub action: String,
    /// How it ended, in the word of `CallOutcome`.
    pub outcome: String,
    /// Status of the answer, where one began.
    pub http_status: Option<i32>,
    /// How long it took, in milliseconds.
    pub duration_ms: i64,
    /// How it came to nothing, in words.
    pub reason: Option<String>,
    /// When it began.
    pub started_at: DateTime<Utc>,
}

impl Reads {
    /// Lists the calls that are still in the log, of one provider or of all, the last one that ended first, from the key on.
    ///
    /// # Errors
    /// [`ReadError`]
    pub async fn call_log(
        &self,
        provider: Option<ProviderId>,
        page: PageRequest,
    ) -> Result<Page<CallLogRow>, ReadError> {
        let mut query = sqlx::QueryBuilder::new(
            "select call_id, provider_id, action, outcome, http_status, duration_ms, reason, started_at
             from provider_call_log
             where true",
        );
        if let Some(provider) = provider {
            query.push(" and provider_id = ").push_bind(provider.0);
        }
        if let Some(after) = page.after {
            query.push(" and call_id < ").push_bind(after);
        }
        query.push(" order by call_id desc limit ").push_bind(page.limit());
        Ok(page.page(query.build_query_as().fetch_all(&self.pool).await?))
    }
}
