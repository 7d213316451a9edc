use chrono::{DateTime, Utc};
use sqlx::{FromRow, QueryBuilder};
use uuid::Uuid;

use super::{Page, PageRequest, ReadError, Reads};
use crate::domain::{OrderId, ProviderId};

/// One attempt that came to nothing, and where the order went.
#[derive(Debug, Clone, FromRow)]
pub struct FailoverLogRow {
    /// Where it stands in the journal; the key of pages.
    pub position: i64,
    /// Whose attempt.
    pub order_id: Uuid,
    /// Who did not take the order.
    pub from_provider_id: Uuid,
    /// Who was tried next.
    pub to_provider_id: Option<Uuid>,
    /// Why the first did not take it.
    pub reason: String,
    /// When.
    pub at: DateTime<Utc>,
}

/// Which failovers are asked for.
#[derive(Debug, Clone, Copy, Default)]
pub struct FailoverSelection {
    /// Away from this provider.
    pub from_provider: Option<ProviderId>,
    /// Of this order.
    pub order: Option<OrderId>,
}

impl Reads {
    /// Lists failovers, newest first, from the key on, which is a position.
    ///
    /// # Errors
    /// [`ReadError`]
    pub async fn failover_logs(
        &self,
        selection: FailoverSelection,
        page: PageRequest,
    ) -> Result<Page<FailoverLogRow>, ReadError> {
        let mut query = QueryBuilder::new(
            "select position, order_id, from_provider_id, to_provider_id, reason, at
             from failover_logs
             where true",
        );
        if let Some(provider) = selection.from_provider {
            query.push(" and from_provider_id = ").push_bind(provider.0);
        }
        if let Some(order) = selection.order {
            query.push(" and order_id = ").push_bind(order.0);
        }
        if let Some(after) = page.after {
            query.push(" and position < ").push_bind(after);
        }
        query.push(" order by position desc limit ").push_bind(page.limit());
        Ok(page.page(query.build_query_as().fetch_all(&self.pool).await?))
    }
}
