//! What timetables have in common.

use std::time::Duration;

use tokio::time::Instant;

use crate::domain::ProviderId;

/// A wait that is up to such a part shorter or longer, so that what began together does not stay together.
pub(super) fn spread(wait: Duration, part: f64) -> Duration {
    wait.mul_f64(1.0 - part + 2.0 * part * fastrand::f64())
}

/// A part of a wait, evenly drawn: what was begun before this process joins in as if it had been there all along.
pub(super) fn anywhere_in(wait: Duration) -> Duration {
    wait.mul_f64(fastrand::f64())
}

/// Finds up to so many providers whose time has come, the longest due first; one without a time is under way.
pub(super) fn longest_due(
    times: impl Iterator<Item = (ProviderId, Option<Instant>)>,
    most: usize,
    now: Instant,
) -> Vec<ProviderId> {
    let due = times.filter_map(|(id, due)| Some((due.filter(|due| *due <= now)?, id)));
    let mut due: Vec<(Instant, ProviderId)> = due.collect();
    due.sort_unstable();
    due.truncate(most);
    due.into_iter().map(|(_, id)| id).collect()
}
