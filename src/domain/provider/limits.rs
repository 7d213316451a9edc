use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Orders on their way to a provider at once, unless an operator says otherwise.
pub const CONCURRENT_CALLS: i32 = 64;
/// Most that may be set.
const MOST_CONCURRENT_CALLS: i32 = 1_000;
/// Slowest and fastest rate, in calls per 1000 s.
const RATES: (i64, i64) = (1, 1_000_000);
/// Bounds of a call's time limit, in seconds. A connection alone may take ten of those of an order; an order that is
/// given up before would be in doubt where nothing was sent.
const ORDER_TIMEOUTS: (i32, i32) = (15, 300);
const READ_TIMEOUTS: (i32, i32) = (1, 300);
const CATALOGUE_TIMEOUTS: (i32, i32) = (1, 900);

/// How hard and how patiently a provider is called. What is absent is the installation's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct ProviderLimits {
    /// Orders on their way to it at once.
    pub concurrent_calls: Option<i32>,
    /// Calls of any sort, in 1000 seconds; absent for as many as come.
    pub calls_per_1000_s: Option<i64>,
    /// Time limit of an order's call, in seconds.
    pub order_timeout_s: Option<i32>,
    /// Time limit of a call about balance or orders, in seconds.
    pub read_timeout_s: Option<i32>,
    /// Time limit of a call for a list of services or orders, in seconds.
    pub catalogue_timeout_s: Option<i32>,
}

/// New limits; what is absent stays, and an inner `None` goes back to the installation's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LimitChanges {
    /// Orders at once.
    pub concurrent_calls: Option<Option<i32>>,
    /// Calls in 1000 seconds.
    pub calls_per_1000_s: Option<Option<i64>>,
    /// Seconds for an order.
    pub order_timeout_s: Option<Option<i32>>,
    /// Seconds for balance and orders.
    pub read_timeout_s: Option<Option<i32>>,
    /// Seconds for lists.
    pub catalogue_timeout_s: Option<Option<i32>>,
}

/// A limit out of bounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidLimit {
    /// Orders at once.
    #[error("{0} calls at once: give 1 to {MOST_CONCURRENT_CALLS}, or null for {CONCURRENT_CALLS}")]
    ConcurrentCalls(i32),
    /// The rate.
    #[error("the rate is out of bounds: give 0.001 to 1000 calls a second, or null for no limit")]
    Rate,
    /// An order's time limit.
    #[error("{0} s for an order: give {least} to {most}, or null for the default", least = ORDER_TIMEOUTS.0, most = ORDER_TIMEOUTS.1)]
    OrderTimeout(i32),
    /// The time limit of balance and orders.
    #[error("{0} s for a reading call: give {least} to {most}, or null for the default", least = READ_TIMEOUTS.0, most = READ_TIMEOUTS.1)]
    ReadTimeout(i32),
    /// The time limit of lists.
    #[error("{0} s for a list: give {least} to {most}, or null for the default", least = CATALOGUE_TIMEOUTS.0, most = CATALOGUE_TIMEOUTS.1)]
    CatalogueTimeout(i32),
}

impl ProviderLimits {
    /// Returns how many orders may be on their way at once.
    pub fn concurrent_calls(&self) -> usize {
        let calls = self.concurrent_calls.unwrap_or(CONCURRENT_CALLS);
        usize::try_from(calls).unwrap_or(1).max(1)
    }

    /// Returns the least time from one call to the next, where there is one.
    pub fn call_interval(&self) -> Option<Duration> {
        let calls = self.calls_per_1000_s.and_then(|calls| u64::try_from(calls).ok())?;
        Duration::from_secs(1000).checked_div(u32::try_from(calls).ok()?)
    }

    /// Returns the time limit of an order's call.
    pub fn order_timeout(&self) -> Option<Duration> {
        seconds(self.order_timeout_s)
    }

    /// Returns the time limit of a call about balance or orders.
    pub fn read_timeout(&self) -> Option<Duration> {
        seconds(self.read_timeout_s)
    }

    /// Returns the time limit of a call for a list.
    pub fn catalogue_timeout(&self) -> Option<Duration> {
        seconds(self.catalogue_timeout_s)
    }

    /// Takes changes in.
    ///
    /// # Errors
    /// [`InvalidLimit`] names the first that is out of bounds.
    pub fn changed(&self, changes: LimitChanges) -> Result<Self, InvalidLimit> {
        let changed = Self {
            concurrent_calls: changes.concurrent_calls.unwrap_or(self.concurrent_calls),
            calls_per_1000_s: changes.calls_per_1000_s.unwrap_or(self.calls_per_1000_s),
            order_timeout_s: changes.order_timeout_s.unwrap_or(self.order_timeout_s),
            read_timeout_s: changes.read_timeout_s.unwrap_or(self.read_timeout_s),
            catalogue_timeout_s: changes.catalogue_timeout_s.unwrap_or(self.catalogue_timeout_s),
        };
        changed.check()?;
        Ok(changed)
    }

    fn check(&self) -> Result<(), InvalidLimit> {
        if self.calls_per_1000_s.is_some_and(|calls| calls < RATES.0 || calls > RATES.1) {
            return Err(InvalidLimit::Rate);
        }
        within(self.concurrent_calls, (1, MOST_CONCURRENT_CALLS))
            .map_err(InvalidLimit::ConcurrentCalls)?;
        within(self.order_timeout_s, ORDER_TIMEOUTS).map_err(InvalidLimit::OrderTimeout)?;
        within(self.read_timeout_s, READ_TIMEOUTS).map_err(InvalidLimit::ReadTimeout)?;
        within(self.catalogue_timeout_s, CATALOGUE_TIMEOUTS).map_err(InvalidLimit::CatalogueTimeout)
    }
}

fn seconds(given: Option<i32>) -> Option<Duration> {
    given.and_then(|seconds| u64::try_from(seconds).ok()).map(Duration::from_secs)
}

fn within(given: Option<i32>, (least, most): (i32, i32)) -> Result<(), i32> {
    match given {
        Some(value) if !(least..=most).contains(&value) => Err(value),
        _ => Ok(()),
    }
}
