use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::{FromRow, PgPool, types::Uuid};

use crate::{
    domain::{
        Position, ProviderId,
        provider::{Basis, DELIVERY_DAYS, Measures, PLACEMENT_DAYS},
        refusal::{FailureClass, Ledger},
    },
    projection::ReadModels,
};

/// The read models that providers are measured by.
const MEASURED_BY: [&str; 3] = ["deliveries", "ledgers", "providers"];

/// How every provider has worked lately.
#[derive(Debug, Clone)]
pub(super) struct MeasuredProviders {
    /// Up to where all of it is known, and back from when it counts.
    pub(super) basis: Basis,
    /// What was measured of those that are not deleted.
    pub(super) measures: HashMap<ProviderId, Measures>,
}

#[derive(FromRow)]
struct MeasuresRow {
    basis: i64,
    provider_id: Uuid,
    outcomes: Vec<String>,
    classes: Vec<String>,
    counts: Vec<i64>,
    responses: i64,
    response_ms_sum: i64,
    ended: i64,
    delivered_ppm_sum: i64,
}

/// Measures every provider back from an instant, which must be a whole minute: what began at the first instant of the
/// span counts, and everything after it that is known. One statement sees all tables and their checkpoints at one moment.
pub(super) async fn measured_providers(
    reads: &PgPool,
    as_of: DateTime<Utc>,
) -> Result<MeasuredProviders, sqlx::Error> {
    let models = ReadModels::named(&MEASURED_BY);
    let rows: Vec<MeasuresRow> = sqlx::query_as(
        "with known as (
             select min(position) as basis
             from unnest($1::text[], $2::text[]) as wanted (name, hash)
             join projection_checkpoints using (name, hash)
         ),
         attempted as (
             select provider_id, outcome, coalesce(reclassified_texts.class, attempt_minutes.class) as class,
                    sum(count)::bigint as count, sum(response_count)::bigint as responses,
                    sum(response_ms_sum)::bigint as response_ms_sum
             from attempt_minutes
             left join reclassified_texts using (text)
             where minute >= $3
             group by 1, 2, 3
         ),
         attempts_by_provider as (
             select provider_id, array_agg(outcome) as outcomes, array_agg(class) as classes,
                    array_agg(count) as counts, sum(responses)::bigint as responses,
                    sum(response_ms_sum)::bigint as response_ms_sum
             from attempted
             group by provider_id
         ),
         delivered as (
             select provider_id, count(*) as ended, sum(delivered_ppm)::bigint as delivered_ppm_sum
             from deliveries
             where ended_at >= $4
             group by provider_id
         )
         select basis, provider_id, coalesce(outcomes, '{}') as outcomes, coalesce(classes, '{}') as classes,
                coalesce(counts, '{}') as counts, coalesce(responses, 0) as responses,
                coalesce(response_ms_sum, 0) as response_ms_sum, coalesce(delivered.ended, 0) as ended,
                coalesce(delivered.delivered_ppm_sum, 0) as delivered_ppm_sum
         from (select provider_id from providers where not deleted) as present
         join known on basis is not null
         left join attempts_by_provider using (provider_id)
         left join delivered using (provider_id)",
    )
    .bind(models.iter().map(|model| model.name()).collect::<Vec<_>>())
    .bind(models.iter().map(|model| model.hash()).collect::<Vec<_>>())
    .bind(as_of - TimeDelta::days(PLACEMENT_DAYS.into()))
    .bind(as_of - TimeDelta::days(DELIVERY_DAYS.into()))
    .fetch_all(reads)
    .await?;
    let position = Position(rows.first().map_or(0, |row| row.basis));
    let measures = rows.into_iter().map(MeasuresRow::measures).collect();
    Ok(MeasuredProviders { basis: Basis { position, as_of }, measures })
}

impl MeasuresRow {
    fn measures(self) -> (ProviderId, Measures) {
        let mut measures = Measures {
            responses: self.responses,
            response_ms_sum: self.response_ms_sum,
            ended: self.ended,
            delivered_ppm_sum: self.delivered_ppm_sum,
            ..Measures::default()
        };
        for ((outcome, class), count) in self.outcomes.iter().zip(&self.classes).zip(self.counts) {
            match outcome.as_str() {
                "PLACED" => {
                    measures.placed += count;
                    measures.judged += count;
                }
                _ if FailureClass::of_word(class).ledger() == Ledger::Request => {}
                _ => measures.judged += count,
            }
        }
        (ProviderId(self.provider_id), measures)
    }
}
