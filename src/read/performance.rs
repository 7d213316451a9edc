use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, NaiveDate, Utc};
use sqlx::FromRow;
use uuid::Uuid;

use super::{ReadError, Reads, p95::bucket_of_p95};
use crate::domain::{
    ProviderId,
    refusal::{FailureClass, Ledger},
};

/// How the attempts at a provider ended that started in some span of time.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Performance {
    /// All attempts that were or may have been sent.
    pub total: i64,
    /// Placed.
    pub placed: i64,
    /// Refused, or settled as not placed.
    pub failed: i64,
    /// In doubt now.
    pub in_doubt: i64,
    /// Those of `failed` and `in_doubt`, by the ledger that they are entered in.
    pub failures: Failures,
    /// Attempts with a measured time.
    pub responses: i64,
    /// Sum of the measured times in milliseconds.
    pub response_ms: i64,
    /// When the last attempt was placed.
    pub last_success: Option<DateTime<Utc>>,
    /// When the last attempt failed.
    pub last_failure: Option<DateTime<Utc>>,
    /// How many measured times fell into each bucket.
    latencies: BTreeMap<i32, i64>,
}

/// Attempts that came to nothing or are in doubt, in the three ledgers of failure.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Failures {
    /// No answer came, or a broken one.
    pub transport: i64,
    /// The provider would not.
    pub provider: i64,
    /// The customer's request would not do.
    pub request: i64,
}

impl Failures {
    fn enter(&mut self, ledger: Ledger, count: i64) {
        *match ledger {
            Ledger::Transport => &mut self.transport,
            Ledger::Provider => &mut self.provider,
            Ledger::Request => &mut self.request,
        } += count;
    }

    fn of_classes(counts: impl IntoIterator<Item = (String, i64)>) -> Self {
        let mut failures = Self::default();
        for (class, count) in counts {
            failures.enter(FailureClass::of_word(&class).ledger(), count);
        }
        failures
    }

    fn merge(&mut self, other: &Self) {
        self.enter(Ledger::Transport, other.transport);
        self.enter(Ledger::Provider, other.provider);
        self.enter(Ledger::Request, other.request);
    }
}

/// A provider's performance on one UTC day: the attempts that started on it.
#[derive(Debug, Clone, PartialEq)]
pub struct ProviderDay {
    /// Whose.
    pub provider_id: ProviderId,
    /// Which day.
    pub day: NaiveDate,
    /// How the attempts ended.
    pub performance: Performance,
}

#[derive(FromRow)]
struct DayRow {
    provider_id: Uuid,
    day: NaiveDate,
    total: i64,
    placed: i64,
    failed: i64,
    in_doubt: i64,
    response_count: i64,
    response_ms_sum: i64,
    last_success: Option<DateTime<Utc>>,
    last_failure: Option<DateTime<Utc>>,
    buckets: Vec<i32>,
    counts: Vec<i64>,
    classes: Vec<String>,
    failures: Vec<i64>,
}

/// Bucket `n` holds the times up to this base to the power of `n`, and above the power before.
const BUCKET_BASE: f64 = 1.1;

impl Performance {
    /// Returns the share of attempts that were placed, 0 to 1; `None` before the first that has ended or is in doubt.
    ///
    /// An attempt in doubt counts as not placed until it is settled. One that is still running does not count, nor does a
    /// refusal that is the customer's fault.
    pub fn success_rate(&self) -> Option<f64> {
        let judged = self.judged();
        (judged > 0).then(|| self.placed as f64 / judged as f64)
    }

    /// Returns how many attempts the success rate is a share of.
    pub fn judged(&self) -> i64 {
        self.placed + self.failed + self.in_doubt - self.failures.request
    }

    /// Returns the mean of the measured times in milliseconds.
    pub fn mean_response_ms(&self) -> Option<f64> {
        (self.responses > 0).then(|| self.response_ms as f64 / self.responses as f64)
    }

    /// Returns the time in milliseconds that 95 of 100 measured times do not exceed, within 5 %.
    pub fn p95_response_ms(&self) -> Option<f64> {
        let counts = self.latencies.iter().map(|(bucket, count)| (*bucket, *count));
        bucket_of_p95(counts).map(bucket_middle)
    }

    /// Takes another span of the same provider in.
    pub fn merge(&mut self, other: &Self) {
        self.total += other.total;
        self.placed += other.placed;
        self.failed += other.failed;
        self.in_doubt += other.in_doubt;
        self.failures.merge(&other.failures);
        self.responses += other.responses;
        self.response_ms += other.response_ms;
        self.last_success = self.last_success.max(other.last_success);
        self.last_failure = self.last_failure.max(other.last_failure);
        for (bucket, count) in &other.latencies {
            *self.latencies.entry(*bucket).or_default() += count;
        }
    }
}

/// Returns the time that is nearest, by share, to all times of a bucket: at most 5 % off.
fn bucket_middle(bucket: i32) -> f64 {
    2.0 * BUCKET_BASE.powi(bucket) / (BUCKET_BASE + 1.0)
}

impl From<DayRow> for ProviderDay {
    fn from(row: DayRow) -> Self {
        Self {
            provider_id: ProviderId(row.provider_id),
            day: row.day,
            performance: Performance {
                total: row.total,
                placed: row.placed,
                failed: row.failed,
                in_doubt: row.in_doubt,
                failures: Failures::of_classes(row.classes.into_iter().zip(row.failures)),
                responses: row.response_count,
                response_ms: row.response_ms_sum,
                last_success: row.last_success,
                last_failure: row.last_failure,
                latencies: row.buckets.into_iter().zip(row.counts).collect(),
            },
        }
    }
}

macro_rules! select_days {
    ($from:literal) => {
        concat!(
            "select d.provider_id, d.day, d.total, d.placed, d.failed, d.in_doubt, d.response_count, d.response_ms_sum,
                    d.last_success, d.last_failure, l.buckets, l.counts, f.classes, f.failures
             from ",
            $from,
            " cross join lateral (
                  select coalesce(array_agg(b.bucket), '{}') as buckets, coalesce(array_agg(b.count), '{}') as counts
                  from provider_latency_buckets b
                  where b.provider_id = d.provider_id and b.day = d.day
              ) as l
              cross join lateral (
                  select coalesce(array_agg(class), '{}') as classes, coalesce(array_agg(count), '{}') as failures
                  from (
                      select coalesce(reclassified_texts.class, failure_days.class) as class, count
                      from failure_days
                      left join reclassified_texts using (text)
                      where failure_days.provider_id = d.provider_id and failure_days.day = d.day
                  ) as by_class
              ) as f
              order by d.day, d.provider_id"
        )
    };
}

impl Reads {
    /// Lists every provider's days from `since` on, oldest first; days without an attempt are absent.
    ///
    /// # Errors
    /// [`ReadError`]
    pub async fn all_provider_days(&self, since: NaiveDate) -> Result<Vec<ProviderDay>, ReadError> {
        let sql = select_days!("(select * from provider_days where day >= $1) as d");
        let rows: Vec<DayRow> = sqlx::query_as(sql).bind(since).fetch_all(&self.pool).await?;
        Ok(rows.into_iter().map(ProviderDay::from).collect())
    }

    /// Lists the days of each provider from each date on, oldest first; where there is none, the key is absent.
    ///
    /// # Errors
    /// [`ReadError`]
    pub async fn provider_days(
        &self,
        keys: &[(ProviderId, NaiveDate)],
    ) -> Result<HashMap<(ProviderId, NaiveDate), Vec<ProviderDay>>, ReadError> {
        let ids: Vec<Uuid> = keys.iter().map(|(id, _)| id.0).collect();
        let since = keys.iter().map(|(_, since)| *since).min().unwrap_or_default();
        let sql = select_days!(
            "(select * from provider_days where provider_id = any($1) and day >= $2) as d"
        );
        let rows: Vec<DayRow> =
            sqlx::query_as(sql).bind(ids).bind(since).fetch_all(&self.pool).await?;
        let days: Vec<ProviderDay> = rows.into_iter().map(ProviderDay::from).collect();
        let of_key = |(id, since): (ProviderId, NaiveDate)| {
            let within = |day: &&ProviderDay| day.provider_id == id && day.day >= since;
            ((id, since), days.iter().filter(within).cloned().collect())
        };
        Ok(keys.iter().copied().map(of_key).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn latencies(counts: impl IntoIterator<Item = (i32, i64)>) -> Performance {
        Performance { latencies: counts.into_iter().collect(), ..Performance::default() }
    }

    #[test]
    fn success_rate_leaves_out_what_is_the_customers_fault_or_still_runs() {
        let day = Performance {
            total: 12,
            placed: 6,
            failed: 4,
            failures: Failures { request: 3, ..Failures::default() },
            in_doubt: 1,
            ..Performance::default()
        };
        assert_eq!(day.success_rate(), Some(0.75));
        assert_eq!(Performance::default().success_rate(), None);
    }

    #[test]
    fn p95_lies_in_the_bucket_that_holds_the_95th_of_100() {
        let middle = |bucket| Some(bucket_middle(bucket));
        assert_eq!(latencies([(10, 95), (40, 5)]).p95_response_ms(), middle(10));
        assert_eq!(latencies([(10, 94), (40, 6)]).p95_response_ms(), middle(40));
        assert_eq!(latencies([(7, 1)]).p95_response_ms(), middle(7));
        assert_eq!(latencies([]).p95_response_ms(), None);
    }

    #[test]
    fn merged_days_count_together() {
        let mut week = latencies([(10, 94)]);
        week.merge(&latencies([(10, 1), (40, 5)]));
        assert_eq!(week.p95_response_ms(), Some(bucket_middle(10)));
    }
}
