use std::collections::HashMap;

use chrono::{DateTime, Utc};
use sqlx::FromRow;

use super::{ReadError, Reads};
use crate::domain::Position;

/// What became of telling operators of an alert, over one channel.
#[derive(Debug, Clone, FromRow)]
pub struct AlertDeliveryRow {
    /// Which channel.
    pub channel: String,
    /// That it was raised, or that it has ended, in the word of `AlertNews`.
    pub tells: String,
    /// How it stands, in the word of `DeliveryState`.
    pub state: String,
    /// Tries so far.
    pub tries: i32,
    /// Why the last of them came to nothing.
    pub reason: Option<String>,
    /// When it is tried next; once it is not tried any more, since when.
    pub at: DateTime<Utc>,
}

#[derive(FromRow)]
struct Row {
    alert: i64,
    #[sqlx(flatten)]
    delivery: AlertDeliveryRow,
}

impl Reads {
    /// Lists the deliveries of each alert, by its position; alerts without one are absent.
    ///
    /// # Errors
    /// [`ReadError`]
    pub async fn alert_deliveries(
        &self,
        alerts: &[Position],
    ) -> Result<HashMap<Position, Vec<AlertDeliveryRow>>, ReadError> {
        let rows: Vec<Row> = sqlx::query_as(
            "select alert, channel, tells, state, tries, reason, at
             from alert_deliveries
             where alert = any($1)
             order by alert, channel, tells desc",
        )
        .bind(alerts.iter().map(|position| position.0).collect::<Vec<_>>())
        .fetch_all(&self.pool)
        .await?;
        let mut deliveries: HashMap<Position, Vec<AlertDeliveryRow>> = HashMap::new();
        for Row { alert, delivery } in rows {
            deliveries.entry(Position(alert)).or_default().push(delivery);
        }
        Ok(deliveries)
    }
}
