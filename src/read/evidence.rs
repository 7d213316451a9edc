use std::collections::HashMap;

use chrono::{DateTime, Utc};
use sqlx::FromRow;
use uuid::Uuid;

use super::{ReadError, Reads, grouped::grouped};
use crate::domain::AttemptId;

/// One look at what became of an attempt in doubt.
#[derive(Debug, Clone, FromRow)]
pub struct EvidenceRow {
    /// Which attempt.
    pub attempt_id: Uuid,
    /// Where it was looked, in the word of `EvidenceSource`.
    pub asked: String,
    /// What was seen there, in words.
    pub answered: String,
    /// What follows from it, in words.
    pub follows: String,
    /// When it was recorded.
    pub at: DateTime<Utc>,
}

impl Reads {
    /// Lists what was seen of each attempt, oldest first; attempts that were never in doubt are absent.
    ///
    /// # Errors
    /// [`ReadError`]
    pub async fn evidence(
        &self,
        attempts: &[AttemptId],
    ) -> Result<HashMap<AttemptId, Vec<EvidenceRow>>, ReadError> {
        let ids: Vec<Uuid> = attempts.iter().map(|id| id.0).collect();
        let rows: Vec<EvidenceRow> = sqlx::query_as(
            "select attempt_id, asked, answered, follows, at
             from evidence
             where attempt_id = any($1)
             order by attempt_id, position",
        )
        .bind(ids)
        .fetch_all(&self.pool)
        .await?;
        Ok(grouped(rows, |row| AttemptId(row.attempt_id)))
    }
}
