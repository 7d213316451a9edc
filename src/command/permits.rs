//! How many orders may be on their way to a provider at once, and at which distance.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::claims::lock;
use crate::{
    domain::{ProviderId, provider::ProviderLimits},
    pace::{Pace, Turns},
};

/// One desk for each provider.
#[derive(Debug, Default)]
pub(super) struct Permits {
    desks: Mutex<HashMap<ProviderId, Arc<Desk>>>,
}

/// Hands out the permits of one provider, in the order in which they are asked for.
#[derive(Debug)]
struct Desk {
    permits: Arc<Semaphore>,
    size: Mutex<Size>,
    pace: Pace,
}

/// How many permits there are, and how many there should be: those in use go when they come back.
#[derive(Debug, Default)]
struct Size {
    there: usize,
    wanted: usize,
}

/// The right to send one order: given back when dropped.
#[derive(Debug)]
pub struct SendPermit {
    permit: Option<OwnedSemaphorePermit>,
    desk: Arc<Desk>,
}

impl Permits {
    /// Takes a permit if one is free and its turn begins now.
    pub(super) fn try_take(
        &self,
        provider: ProviderId,
        limits: &ProviderLimits,
    ) -> Option<SendPermit> {
        let desk = self.desk(provider, limits);
        let permit = desk.permits.clone().try_acquire_owned().ok()?;
        let turn = desk.pace.every(limits.call_interval()).try_take();
        let permit = SendPermit { permit: Some(permit), desk };
        turn.then_some(permit)
    }

    /// Waits for a permit, and for its turn.
    pub(super) async fn take(
        &self,
        provider: ProviderId,
        limits: &ProviderLimits,
    ) -> Option<SendPermit> {
        let desk = self.desk(provider, limits);
        let permit = desk.permits.clone().acquire_owned().await.ok()?;
        let permit = SendPermit { permit: Some(permit), desk };
        permit.desk.pace.every(limits.call_interval()).take().await;
        Some(permit)
    }

    /// Returns the turns that all calls to a provider share.
    pub(super) fn turns(&self, provider: ProviderId, limits: &ProviderLimits) -> Turns {
        self.desk(provider, limits).pace.every(limits.call_interval())
    }

    fn desk(&self, provider: ProviderId, limits: &ProviderLimits) -> Arc<Desk> {
        let mut desks = lock(&self.desks);
        let desk = desks.entry(provider).or_insert_with(|| {
            let permits = Arc::new(Semaphore::new(0));
            Arc::new(Desk { permits, size: Mutex::default(), pace: Pace::default() })
        });
        desk.resize(limits.concurrent_calls());
        desk.clone()
    }
}

impl Desk {
    fn resize(&self, wanted: usize) {
        let mut size = lock(&self.size);
        size.wanted = wanted;
        if size.there < wanted {
            self.permits.add_permits(wanted - size.there);
            size.there = wanted;
        } else if size.there > wanted {
            size.there -= self.permits.forget_permits(size.there - wanted);
        }
    }

    fn take_back(&self, permit: OwnedSemaphorePermit) {
        let mut size = lock(&self.size);
        if size.there > size.wanted {
            size.there -= 1;
            permit.forget();
        }
    }
}

impl Drop for SendPermit {
    fn drop(&mut self) {
        if let Some(permit) = self.permit.take() {
            self.desk.take_back(permit);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::{Instant, timeout};
    use uuid::Uuid;

    use super::*;

    const PANEL: ProviderId = ProviderId(Uuid::from_u128(1));

    fn at_once(calls: i32) -> ProviderLimits {
        ProviderLimits { concurrent_calls: Some(calls), ..ProviderLimits::default() }
    }

    #[test]
    fn so_many_may_be_on_their_way_as_the_provider_takes() {
        let permits = Permits::default();
        let held: Vec<_> = (0..3).map(|_| permits.try_take(PANEL, &at_once(2))).collect();
        assert_eq!(held.iter().flatten().count(), 2);
        assert!(permits.try_take(ProviderId(Uuid::from_u128(2)), &at_once(2)).is_some());
        drop(held);
        assert!(permits.try_take(PANEL, &at_once(2)).is_some());
    }

    #[tokio::test]
    async fn new_limit_holds_at_once_also_while_others_wait() {
        let permits = Permits::default();
        let held: Vec<_> = (0..3).map(|_| permits.try_take(PANEL, &at_once(3)).unwrap()).collect();
        assert!(permits.try_take(PANEL, &at_once(4)).is_some(), "one more");
        let limits = at_once(1);
        let mut waits = Box::pin(permits.take(PANEL, &limits));
        let moment = Duration::from_millis(20);
        assert!(timeout(moment, &mut waits).await.is_err());
        let mut held = held.into_iter();
        drop((held.next(), held.next()));
        assert!(timeout(moment, &mut waits).await.is_err(), "one is still on its way");
        drop(held);
        let permit = timeout(Duration::from_secs(5), waits).await.unwrap();
        assert!(permits.try_take(PANEL, &at_once(1)).is_none());
        drop(permit);
        assert!(permits.try_take(PANEL, &at_once(1)).is_some());
    }

    #[tokio::test]
    async fn permit_comes_with_its_turn() {
        let permits = Permits::default();
        let limits = ProviderLimits { calls_per_1000_s: Some(20_000), ..ProviderLimits::default() };
        let began = Instant::now();
        for n in 0..4_u32 {
            permits.take(PANEL, &limits).await.unwrap();
            assert!(began.elapsed() >= n * Duration::from_millis(50));
        }
        assert!(permits.try_take(PANEL, &limits).is_none());
        permits.turns(PANEL, &limits).take().await;
        assert!(began.elapsed() >= Duration::from_millis(200));
    }
}
