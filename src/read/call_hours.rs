use std::collections::HashMap;

use chrono::{DateTime, Utc};
use sqlx::FromRow;
use uuid::Uuid;

use super::{ReadError, Reads, p95::bucket_of_p95};
use crate::domain::{ProviderId, calls::DurationBucket};

/// Which hours of a provider are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct CallHoursOf {
    /// Which provider.
    pub provider: ProviderId,
    /// From this hour on.
    pub since: DateTime<Utc>,
}

/// The calls of one action to a provider in one UTC hour.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallHour {
    /// When the hour began.
    pub hour: DateTime<Utc>,
    /// In the panel API's word.
    pub action: String,
    /// How many.
    pub calls: i64,
    /// Those of them that came to nothing.
    pub failed: i64,
    /// Sum of the times that all of them took, in milliseconds.
    pub duration_ms_sum: i64,
    /// How they came to nothing, in the words of `CallOutcome`, and how many each way.
    pub failures: Vec<(String, i64)>,
    durations: Vec<(DurationBucket, i64)>,
}

#[derive(FromRow)]
struct Row {
    provider_id: Uuid,
    since: DateTime<Utc>,
    hour: DateTime<Utc>,
    action: String,
    calls: i64,
    failed: i64,
    duration_ms_sum: i64,
    kinds: Vec<String>,
    kind_counts: Vec<i64>,
    buckets: Vec<i32>,
    bucket_counts: Vec<i64>,
}

impl CallHour {
    /// Returns the mean time in milliseconds.
    pub fn mean_ms(&self) -> Option<f64> {
        (self.calls > 0).then(|| self.duration_ms_sum as f64 / self.calls as f64)
    }

    /// Returns the time in milliseconds that 95 of 100 calls did not exceed, within a sixteenth.
    pub fn p95_ms(&self) -> Option<f64> {
        bucket_of_p95(self.durations.iter().copied()).map(DurationBucket::middle_ms)
    }
}

impl Reads {
    /// Lists the hours of each provider, the oldest first, then by action; hours without a call are absent.
    ///
    /// # Errors
    /// [`ReadError`]
    pub async fn call_hours(
        &self,
        wanted: &[CallHoursOf],
    ) -> Result<HashMap<CallHoursOf, Vec<CallHour>>, ReadError> {
        let rows: Vec<Row> = sqlx::query_as(
            "select wanted.provider_id, wanted.since, h.hour, h.action, h.calls, h.failed, h.duration_ms_sum,
                    f.kinds, f.kind_counts, d.buckets, d.bucket_counts
             from unnest($1::uuid[], $2::timestamptz[]) as wanted (provider_id, since)
             join provider_call_hours as h on h.provider_id = wanted.provider_id and h.hour >= wanted.since
             cross join lateral (
                 select coalesce(array_agg(kind order by kind), '{}') as kinds,
                        coalesce(array_agg(count order by kind), '{}') as kind_counts
                 from provider_call_failures as f
                 where f.provider_id = h.provider_id and f.hour = h.hour and f.action = h.action
             ) as f
             cross join lateral (
                 select coalesce(array_agg(bucket order by bucket), '{}') as buckets,
                        coalesce(array_agg(count order by bucket), '{}') as bucket_counts
                 from provider_call_durations as d
                 where d.provider_id = h.provider_id and d.hour = h.hour and d.action = h.action
             ) as d
             order by h.hour, h.action",
        )
        .bind(wanted.iter().map(|wanted| wanted.provider.0).collect::<Vec<_>>())
        .bind(wanted.iter().map(|wanted| wanted.since).collect::<Vec<_>>())
        .fetch_all(&self.pool)
        .await?;
        let mut hours: HashMap<CallHoursOf, Vec<CallHour>> = HashMap::new();
        for row in rows {
            let key = CallHoursOf { provider: ProviderId(row.provider_id), since: row.since };
            hours.entry(key).or_default().push(row.into());
        }
        Ok(hours)
    }
}

impl From<Row> for CallHour {
    fn from(row: Row) -> Self {
        let buckets = row.buckets.into_iter().map(|n| DurationBucket::numbered(i64::from(n)));
        Self {
            hour: row.hour,
            action: row.action,
            calls: row.calls,
            failed: row.failed,
            duration_ms_sum: row.duration_ms_sum,
            failures: row.kinds.into_iter().zip(row.kind_counts).collect(),
            durations: buckets.zip(row.bucket_counts).collect(),
        }
    }
}
