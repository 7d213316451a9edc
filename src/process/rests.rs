//! Providers that asked to be left alone, by a `Retry-After`.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use chrono::TimeDelta;
use tokio::time::{Instant, sleep_until};

use crate::domain::{ProviderId, provider::BreakerPolicy};

/// Until when each asked to be left alone by one kind of call. It is no fact: after a restart each is asked once. Cheap to
/// clone; clones share it.
#[derive(Debug, Clone)]
pub(super) struct Rests {
    policy: BreakerPolicy,
    until: Arc<Mutex<HashMap<ProviderId, Instant>>>,
}

impl Rests {
    /// Makes one in which nobody rests yet; the policy says how long anybody may ask for.
    pub(super) fn under(policy: BreakerPolicy) -> Self {
        Self { policy, until: Arc::default() }
    }

    /// Leaves a provider alone for as long as it asks, where it does; never for less than it asked before.
    pub(super) fn take(&self, provider: ProviderId, asked: Option<TimeDelta>, now: Instant) {
        let Some(asked) = asked else { return };
        let until = now + self.policy.rest(asked).to_std().unwrap_or_default();
        let mut rests = self.rests();
        let known = rests.entry(provider).or_insert(until);
        *known = until.max(*known);
    }

    /// Tells whether a provider may be asked.
    pub(super) fn is_over(&self, provider: ProviderId, now: Instant) -> bool {
        self.rests().get(&provider).is_none_or(|until| *until <= now)
    }

    /// Waits until a provider may be asked.
    pub(super) async fn over(&self, provider: ProviderId) {
        while let Some(until) = self.until(provider) {
            sleep_until(until).await;
        }
    }

    fn until(&self, provider: ProviderId) -> Option<Instant> {
        self.rests().get(&provider).copied().filter(|until| Instant::now() < *until)
    }

    fn rests(&self) -> MutexGuard<'_, HashMap<ProviderId, Instant>> {
        self.until.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use uuid::Uuid;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn seconds(asked: i64) -> Option<TimeDelta> {
        Some(TimeDelta::seconds(asked))
    }

    #[test]
    fn provider_rests_for_as_long_as_it_asks_up_to_an_hour_and_others_do_not() {
        let (rests, now) = (Rests::under(BreakerPolicy::default()), Instant::now());
        let [one, other] = [1, 2].map(|n| ProviderId(Uuid::from_u128(n)));
        rests.take(one, seconds(30), now);
        assert!(!rests.is_over(one, now + 29 * SECOND) && rests.is_over(one, now + 30 * SECOND));
        assert!(rests.is_over(other, now));
        rests.take(one, seconds(86_400), now);
        assert!(
            !rests.is_over(one, now + 3599 * SECOND) && rests.is_over(one, now + 3600 * SECOND)
        );
    }

    #[test]
    fn shorter_wish_ends_no_longer_one() {
        let (rests, now) = (Rests::under(BreakerPolicy::default()), Instant::now());
        let provider = ProviderId::default();
        rests.take(provider, seconds(30), now);
        rests.take(provider, seconds(1), now);
        rests.take(provider, None, now);
        assert!(!rests.is_over(provider, now + 29 * SECOND));
    }

    #[tokio::test]
    async fn who_waits_goes_on_once_the_rest_is_over() {
        let (rests, began) = (Rests::under(BreakerPolicy::default()), Instant::now());
        let provider = ProviderId::default();
        rests.over(provider).await;
        rests.take(provider, Some(TimeDelta::milliseconds(60)), began);
        rests.over(provider).await;
        assert!(began.elapsed() >= Duration::from_millis(60));
    }
}
