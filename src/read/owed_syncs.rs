use uuid::Uuid;

use super::{ReadError, Reads};
use crate::domain::ProviderId;

impl Reads {
    /// Lists the active providers that refuse a service which their list had, and whose list has not been read to its end
    /// since.
    ///
    /// # Errors
    /// [`ReadError`]
    pub async fn owed_syncs(&self) -> Result<Vec<ProviderId>, ReadError> {
        let sql = "
            select distinct s.provider_id
            from services s
            join providers p using (provider_id)
            where s.suspended_since is not null
                and not s.retired
                and p.active
                and not p.deleted
                and not exists (
                    select
                    from sync_logs l
                    where l.provider_id = s.provider_id
                        and l.succeeded
                        and l.started_at >= s.suspended_since
                )";
        let ids: Vec<Uuid> = sqlx::query_scalar(sql).fetch_all(&self.pool).await?;
        Ok(ids.into_iter().map(ProviderId).collect())
    }
}
