use std::collections::HashMap;

use chrono::NaiveDate;
use sqlx::{FromRow, PgPool, types::Uuid};

use crate::{
    domain::{
        Position, ProviderId,
        provider::{DELIVERY_DAYS, Measures, PLACEMENT_DAYS},
    },
    projection::{ReadModel, ReadModels},
};

/// The read models that providers are measured by.
const MEASURED_BY: [&str; 3] = ["deliveries", "provider_performance", "providers"];

/// How every provider has worked lately, up to a position of the journal.
#[derive(Debug, Clone, Default)]
pub(super) struct MeasuredProviders {
    /// Up to where all of it is known.
    pub(super) basis: Position,
    /// What was measured of those that are not deleted.
    pub(super) measures: HashMap<ProviderId, Measures>,
}

#[derive(FromRow)]
struct MeasuresRow {
    basis: i64,
    provider_id: Uuid,
    judged: i64,
    placed: i64,
    responses: i64,
    response_ms_sum: i64,
    ended: i64,
    delivered_ppm_sum: i64,
}

/// Measures every provider over the days up to `today`. One statement sees all tables and their checkpoints at one
/// moment.
pub(super) async fn measured_providers(
    reads: &PgPool,
    today: NaiveDate,
) -> Result<MeasuredProviders, sqlx::Error> {
    let models = ReadModels::embedded();
    let models: Vec<&ReadModel> =
        models.iter().filter(|model| MEASURED_BY.contains(&model.name())).collect();
    let rows: Vec<MeasuresRow> = sqlx::query_as(
        "with known as (
             select min(position) as basis
             from unnest($1::text[], $2::text[]) as wanted (name, hash)
             join projection_checkpoints using (name, hash)
         ),
         attempted as (
             select provider_id, sum(placed + failed + in_doubt - customer_faults)::bigint as judged,
                    sum(placed)::bigint as placed, sum(response_count)::bigint as responses,
                    sum(response_ms_sum)::bigint as response_ms_sum
             from provider_days
             where day > $3::date - $4::int
             group by provider_id
         ),
         delivered as (
             select provider_id, count(*) as ended, sum(delivered_ppm)::bigint as delivered_ppm_sum
             from deliveries
             where ended_on > $3::date - $5::int
             group by provider_id
         )
         select basis, provider_id, coalesce(judged, 0) as judged, coalesce(attempted.placed, 0) as placed,
                coalesce(attempted.responses, 0) as responses,
                coalesce(attempted.response_ms_sum, 0) as response_ms_sum,
                coalesce(delivered.ended, 0) as ended,
                coalesce(delivered.delivered_ppm_sum, 0) as delivered_ppm_sum
         from (select provider_id from providers where not deleted) as present
         join known on basis is not null
         left join attempted using (provider_id)
         left join delivered using (provider_id)",
    )
    .bind(models.iter().map(|model| model.name()).collect::<Vec<_>>())
    .bind(models.iter().map(|model| model.hash()).collect::<Vec<_>>())
    .bind(today)
    .bind(PLACEMENT_DAYS)
    .bind(DELIVERY_DAYS)
    .fetch_all(reads)
    .await?;
    let basis = Position(rows.first().map_or(0, |row| row.basis));
    let measures = rows.into_iter().map(MeasuresRow::measures).collect();
    Ok(MeasuredProviders { basis, measures })
}

impl MeasuresRow {
    fn measures(self) -> (ProviderId, Measures) {
        let measures = Measures {
            judged: self.judged,
            placed: self.placed,
            responses: self.responses,
            response_ms_sum: self.response_ms_sum,
            ended: self.ended,
            delivered_ppm_sum: self.delivered_ppm_sum,
        };
        (ProviderId(self.provider_id), measures)
    }
}
