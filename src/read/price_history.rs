use std::collections::HashMap;

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use sqlx::FromRow;
use uuid::Uuid;

use super::{ReadError, Reads};
use crate::domain::ServiceId;

/// What a service cost from a moment on.
#[derive(Debug, Clone, FromRow)]
pub struct PricePointRow {
    /// What the provider asked per 1000, in its own currency.
    pub rate: Decimal,
    /// What customers paid per 1000.
    pub price: Decimal,
    /// Since when.
    pub at: DateTime<Utc>,
}

/// How much of which service's history is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct PriceHistoryOf {
    /// Which service.
    pub service: ServiceId,
    /// Its last so many points.
    pub last: i64,
}

#[derive(FromRow)]
struct Row {
    service_id: Uuid,
    last: i64,
    #[sqlx(flatten)]
    point: PricePointRow,
}

impl Reads {
    /// Lists the last points of each service's prices, newest last; services without one are absent.
    ///
    /// # Errors
    /// [`ReadError`]
    pub async fn price_histories(
        &self,
        wanted: &[PriceHistoryOf],
    ) -> Result<HashMap<PriceHistoryOf, Vec<PricePointRow>>, ReadError> {
        let rows: Vec<Row> = sqlx::query_as(
            "select wanted.service_id, wanted.last, h.rate, h.price, h.at
             from unnest($1::uuid[], $2::bigint[]) as wanted (service_id, last)
             cross join lateral (
                 select *
                 from price_history
                 where service_id = wanted.service_id
                 order by position desc
                 limit wanted.last
             ) as h
             order by wanted.service_id, wanted.last, h.position",
        )
        .bind(wanted.iter().map(|wanted| wanted.service.0).collect::<Vec<_>>())
        .bind(wanted.iter().map(|wanted| wanted.last).collect::<Vec<_>>())
        .fetch_all(&self.pool)
        .await?;
        let mut histories: HashMap<PriceHistoryOf, Vec<PricePointRow>> = HashMap::new();
        for Row { service_id, last, point } in rows {
            let key = PriceHistoryOf { service: ServiceId(service_id), last };
            histories.entry(key).or_default().push(point);
        }
        Ok(histories)
    }
}
