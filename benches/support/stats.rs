//! Medians, percentiles, and rounds in which two sides take turns.

use std::time::{Duration, Instant};

use anyhow::Result;

/// How often each side is measured.
pub(crate) const ROUNDS: usize = 7;

/// The middle one of some values.
pub(crate) fn median(values: impl IntoIterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.into_iter().collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// The duration under which a share (0 to 1) of all stayed.
pub(crate) fn percentile(mut all: Vec<Duration>, share: f64) -> Duration {
    all.sort_unstable();
    let rank = (all.len() as f64 * share).ceil() as usize;
    all.get(rank.saturating_sub(1)).copied().unwrap_or_default()
}

/// Measures both sides in turns, so that what else the machine does meets both; each goes first in every other round, so
/// that what one leaves to the database meets both, too. A first round of each does not count: neither side is measured
/// while its caches and tables are empty.
pub(crate) async fn in_turns<A, B>(
    mut ours: impl AsyncFnMut() -> Result<A>,
    mut peers: impl AsyncFnMut() -> Result<B>,
) -> Result<(Vec<A>, Vec<B>)> {
    let (mut of_ours, mut of_peers) = (vec![], vec![]);
    ours().await?;
    peers().await?;
    for round in 0..ROUNDS {
        if round % 2 == 0 {
            of_ours.push(ours().await?);
            of_peers.push(peers().await?);
        } else {
            of_peers.push(peers().await?);
            of_ours.push(ours().await?);
        }
    }
    Ok((of_ours, of_peers))
}

/// Measures how many units a second are done by something that does so many.
pub(crate) async fn rate(units: i64, work: impl Future<Output = Result<()>>) -> Result<f64> {
    let begun = Instant::now();
    work.await?;
    Ok(units as f64 / begun.elapsed().as_secs_f64())
}

/// The same in milliseconds.
pub(crate) fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}
