use chrono::{DateTime, Utc};
use sqlx::FromRow;
use uuid::Uuid;

use super::{Page, PageRequest, ReadError, Reads};

/// Something that an operator should know of.
#[derive(Debug, Clone, FromRow)]
pub struct AlertRow {
    /// Where in the journal it stands; the key of pages.
    pub position: i64,
    /// What it is, in the word of `AlertKind`.
    pub kind: String,
    /// Whose doing.
    pub provider_id: Option<Uuid>,
    /// Which service it is about.
    pub service_id: Option<Uuid>,
    /// Which order it is about.
    pub order_id: Option<Uuid>,
    /// What happened, in words.
    pub message: String,
    /// When.
    pub at: DateTime<Utc>,
    /// Since when it is over, of one that lasts.
    pub ended_at: Option<DateTime<Utc>>,
}

impl Reads {
    /// Lists alerts, newest first, from the key on.
    ///
    /// # Errors
    /// [`ReadError`]
    pub async fn alerts(&self, page: PageRequest) -> Result<Page<AlertRow>, ReadError> {
        let rows = sqlx::query_as(
            "select position, kind, provider_id, service_id, order_id, message, at, ended_at
             from alerts
             where position < coalesce($1, 9223372036854775807)
             order by position desc
             limit $2",
        )
        .bind(page.after)
        .bind(page.limit());
        Ok(page.page(rows.fetch_all(&self.pool).await?))
    }
}
