//! What a panel is started with.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::Catalogue;

/// Says how a panel is set up; the default is a small, quick, faultless one on a free loopback port.
#[derive(Clone, Debug)]
pub struct PanelConfig {
    /// Where it listens; port 0 takes a free one.
    pub listen: SocketAddr,
    /// The API key that callers must show.
    pub key: String,
    /// What is on sale.
    pub catalogue: Catalogue,
    /// Drives ids, fates of orders, jitter and the dice of faults.
    pub seed: u64,
    /// What the caller's account holds, in `currency`.
    pub balance: Decimal,
    /// The currency of rates, charges and the balance.
    pub currency: String,
    /// How long every answer takes.
    pub latency: Latency,
    /// How fast orders are worked off.
    pub pace: Pace,
    /// How order ids grow.
    pub ids: IdSteps,
    /// Habits that only some panels have.
    pub switches: Switches,
}

impl Default for PanelConfig {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            key: "simulated".to_owned(),
            catalogue: Catalogue::generate(200, 1),
            seed: 1,
            balance: Decimal::from(10_000),
            currency: "USD".to_owned(),
            latency: Latency::default(),
            pace: Pace::default(),
            ids: IdSteps::default(),
            switches: Switches::default(),
        }
    }
}

/// The delay of every answer: `base_ms`, and up to `jitter_ms` more, in milliseconds.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Latency {
    /// The least delay.
    pub base_ms: u64,
    /// The most that is added to it, evenly spread.
    #[serde(default)]
    pub jitter_ms: u64,
}

impl Latency {
    pub(super) fn draw(self, rng: &mut fastrand::Rng) -> Duration {
        Duration::from_millis(self.base_ms.saturating_add(rng.u64(0..=self.jitter_ms)))
    }
}

/// How fast orders are worked off, and how they end.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pace {
    /// How long an order is Pending; also how long a requested cancellation takes.
    pub pending: Duration,
    /// How long it is In progress after that.
    pub in_progress: Duration,
    /// The share, 0 to 1, of orders that end Partial.
    pub partial_share: f64,
    /// The share, 0 to 1, of orders that end Canceled.
    pub canceled_share: f64,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            pending: Duration::from_secs(10),
            in_progress: Duration::from_secs(60),
            partial_share: 0.05,
            canceled_share: 0.03,
        }
    }
}

/// How order ids grow: by random steps, with other customers' orders in between.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct IdSteps {
    /// The id that the first one is counted from.
    pub start: u64,
    /// The widest gap between two successive ids; at least 1.
    pub widest: u64,
    /// How many orders of other customers come before each own one, on average.
    pub others_per_own: f64,
}

impl Default for IdSteps {
    fn default() -> Self {
        Self { start: 23_500, widest: 3, others_per_own: 2.0 }
    }
}

/// Habits that only some panels have; all are off by default.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Switches {
    /// `action=orders` lists all own orders.
    pub orders_list: bool,
    /// An order is refused while another for the same service and link is active.
    pub busy_links: bool,
    /// Orders and refills are asked about one at a time: no call takes a list.
    pub no_lists: bool,
}
