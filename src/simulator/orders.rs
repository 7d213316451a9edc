//! What a panel has sold: its orders, their progress by the clock, and what they cost.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use serde::Serialize;

use super::config::{IdSteps, Pace};

/// One reading of both clocks: progress goes by the steady one, records by the other.
#[derive(Clone, Copy, Debug)]
pub(super) struct Now {
    pub(super) steady: Instant,
    pub(super) utc: DateTime<Utc>,
}

impl Now {
    pub(super) fn read() -> Self {
        Self { steady: Instant::now(), utc: Utc::now() }
    }
}

/// An order as the panel's own books show it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AcceptedOrder {
    /// The panel's id for it.
    pub id: u64,
    /// The id of the service, as the catalogue writes it.
    pub service: String,
    /// The link, or the user name where a service takes no link.
    pub link: String,
    /// Units sold; drip-feed counts all runs, a package counts as 1.
    pub quantity: u64,
    /// What it costs after refunds, in the panel's currency.
    pub charge: Decimal,
    /// How far it is.
    pub status: OrderStatus,
    /// Units not delivered yet, or never.
    pub remains: u64,
    /// The count that the link had before.
    pub start_count: u64,
    /// When it was accepted.
    pub received_at: DateTime<Utc>,
    /// All parameters as they came, without the key.
    pub params: BTreeMap<String, String>,
}

/// How far an order is, in the words of panels.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd, Serialize)]
pub enum OrderStatus {
    /// Accepted and not begun.
    Pending,
    /// Being delivered.
    #[serde(rename = "In progress")]
    InProgress,
    /// Delivered wholly.
    Completed,
    /// Ended with a part delivered; the rest was paid back.
    Partial,
    /// Ended with nothing delivered; all was paid back.
    Canceled,
}

impl OrderStatus {
    /// The status as the API writes it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "Pending",
            Self::InProgress => "In progress",
            Self::Completed => "Completed",
            Self::Partial => "Partial",
            Self::Canceled => "Canceled",
        }
    }
}

/// What is needed to accept an order.
#[derive(Debug)]
pub(super) struct NewOrder {
    pub(super) service: String,
    pub(super) link: String,
    pub(super) quantity: u64,
    pub(super) unit_price: Decimal,
    pub(super) params: BTreeMap<String, String>,
}

/// One order, with the end that was drawn for it when it was accepted.
#[derive(Debug)]
pub(super) struct Order {
    new: NewOrder,
    start_count: u64,
    received_at: DateTime<Utc>,
    starts: Instant,
    works_for: Duration,
    ends: Instant,
    end: OrderStatus,
    remains_at_end: u64,
    pub(super) cancel_asked: bool,
    /// What is said of it in place of its status.
    said: Option<String>,
}

impl Order {
    pub(super) fn service(&self) -> &str {
        &self.new.service
    }

    pub(super) fn status(&self, now: Now) -> OrderStatus {
        if now.steady >= self.ends {
            return self.end;
        }
        if now.steady < self.starts { OrderStatus::Pending } else { OrderStatus::InProgress }
    }

    /// The status as the API answers it.
    pub(super) fn word(&self, now: Now) -> &str {
        self.said.as_deref().unwrap_or_else(|| self.status(now).as_str())
    }

    pub(super) fn remains(&self, now: Now) -> u64 {
        if now.steady >= self.ends {
            return self.remains_at_end;
        }
        let worked = now.steady.saturating_duration_since(self.starts).as_millis();
        let whole = self.works_for.as_millis().max(1);
        let delivered = u128::from(self.new.quantity) * worked / whole;
        let delivered = u64::try_from(delivered).unwrap_or(u64::MAX);
        self.new.quantity.saturating_sub(delivered).max(self.remains_at_end)
    }

    pub(super) fn charge(&self, now: Now) -> Decimal {
        let returned = if now.steady >= self.ends { self.remains_at_end } else { 0 };
        self.new.unit_price * Decimal::from(self.new.quantity - returned)
    }

    /// Decides that it ends then, with so many units undelivered.
    fn end_at(&mut self, ends: Instant, remains: u64) {
        self.ends = ends;
        self.remains_at_end = remains.min(self.new.quantity);
        self.end = match self.remains_at_end {
            0 => OrderStatus::Completed,
            all if all == self.new.quantity => OrderStatus::Canceled,
            _ => OrderStatus::Partial,
        };
    }

    fn show(&self, id: u64, now: Now) -> AcceptedOrder {
        AcceptedOrder {
            id,
            service: self.new.service.clone(),
            link: self.new.link.clone(),
            quantity: self.new.quantity,
            charge: self.charge(now).normalize(),
            status: self.status(now),
            remains: self.remains(now),
            start_count: self.start_count,
            received_at: self.received_at,
            params: self.new.params.clone(),
        }
    }

    pub(super) fn start_count(&self) -> u64 {
        self.start_count
    }
}

/// All orders of one panel, and the balance that pays for them.
#[derive(Debug)]
pub(super) struct OrderBook {
    orders: BTreeMap<u64, Order>,
    /// When each running order ends, soonest first: its refund is due then.
    due: BTreeSet<(Instant, u64)>,
    refills: BTreeMap<u64, Instant>,
    last_id: u64,
    ids: IdSteps,
    pace: Pace,
    pub(super) balance: Decimal,
}

impl OrderBook {
    pub(super) fn new(ids: IdSteps, pace: Pace, balance: Decimal) -> Self {
        Self {
            orders: BTreeMap::new(),
            due: BTreeSet::new(),
            refills: BTreeMap::new(),
            last_id: ids.start,
            ids,
            pace,
            balance,
        }
    }

    /// Pays back what orders that have ended did not deliver; every look at the book begins with it.
    pub(super) fn settle(&mut self, now: Now) {
        while let Some(&(ends, id)) = self.due.first()
            && ends <= now.steady
        {
            self.due.pop_first();
            let order = &self.orders[&id];
            self.balance += order.new.unit_price * Decimal::from(order.remains_at_end);
        }
    }

    /// Charges an order to the balance and gives it the next id.
    pub(super) fn accept(&mut self, new: NewOrder, rng: &mut fastrand::Rng, now: Now) -> u64 {
        let id = self.next_id(rng);
        let starts = now.steady + self.pace.pending;
        let ends = starts + self.pace.in_progress;
        let (end, remains_at_end) = self.draw_end(new.quantity, rng);
        self.balance -= new.unit_price * Decimal::from(new.quantity);
        self.due.insert((ends, id));
        let order = Order {
            new,
            start_count: rng.u64(0..50_000),
            received_at: now.utc,
            starts,
            works_for: self.pace.in_progress,
            ends,
            end,
            remains_at_end,
            cancel_asked: false,
            said: None,
        };
        self.orders.insert(id, order);
        id
    }

    fn next_id(&mut self, rng: &mut fastrand::Rng) -> u64 {
        // Evenly between none and twice the rate, so that the rate is the mean.
        let others = (rng.f64() * self.ids.others_per_own * 2.0).round() as u64;
        for _ in 0..=others {
            self.last_id += rng.u64(1..=self.ids.widest.max(1));
        }
        self.last_id
    }

    fn draw_end(&self, quantity: u64, rng: &mut fastrand::Rng) -> (OrderStatus, u64) {
        let draw = rng.f64();
        if draw < self.pace.canceled_share {
            return (OrderStatus::Canceled, quantity);
        }
        if draw < self.pace.canceled_share + self.pace.partial_share && quantity > 1 {
            return (OrderStatus::Partial, rng.u64(1..quantity));
        }
        (OrderStatus::Completed, 0)
    }

    pub(super) fn get(&self, id: &str) -> Option<&Order> {
        self.orders.get(&id.parse().ok()?)
    }

    /// Lets the API answer a word in place of an order's status, or the status again; `None` where there is no such order.
    pub(super) fn say(&mut self, id: u64, word: Option<String>) -> Option<()> {
        self.orders.get_mut(&id)?.said = word;
        Some(())
    }

    pub(super) fn is_link_busy(&self, service: &str, link: &str) -> bool {
        self.due.iter().any(|(_, id)| {
            let order = &self.orders[id].new;
            order.service == service && order.link == link
        })
    }

    /// Sets an order on its way to Canceled, or to Partial where it has begun; `None` where it has ended.
    pub(super) fn cancel(&mut self, id: &str, now: Now) -> Option<()> {
        let id = id.parse().ok()?;
        let order = self.orders.get_mut(&id)?;
        if now.steady >= order.ends || order.cancel_asked {
            return None;
        }
        let remains = order.remains(now);
        self.due.remove(&(order.ends, id));
        order.cancel_asked = true;
        order.end_at(order.ends.min(now.steady + self.pace.pending), remains);
        self.due.insert((order.ends, id));
        Some(())
    }

    /// Ends an order now, with so many units undelivered; `None` where none of this id runs.
    pub(super) fn end(&mut self, id: u64, remains: u64, now: Now) -> Option<()> {
        let order = self.orders.get_mut(&id).filter(|order| now.steady < order.ends)?;
        self.due.remove(&(order.ends, id));
        order.end_at(now.steady, remains);
        self.due.insert((order.ends, id));
        Some(())
    }

    /// Begins a refill and returns its id.
    pub(super) fn refill(&mut self, now: Now) -> u64 {
        let id = self.refills.len() as u64 + 1;
        self.refills.insert(id, now.steady);
        id
    }

    pub(super) fn refill_status(&self, id: &str, now: Now) -> Option<&'static str> {
        let began = self.refills.get(&id.parse().ok()?)?;
        let age = now.steady.saturating_duration_since(*began);
        Some(match age {
            age if age < self.pace.pending => "Pending",
            age if age < self.pace.pending + self.pace.in_progress => "In progress",
            _ => "Completed",
        })
    }

    pub(super) fn show_all(&self, now: Now) -> Vec<AcceptedOrder> {
        self.orders.iter().map(|(id, order)| order.show(*id, now)).collect()
    }

    /// How many orders stand at each status.
    pub(super) fn count(&self, now: Now) -> BTreeMap<OrderStatus, usize> {
        let mut counts = BTreeMap::new();
        for order in self.orders.values() {
            *counts.entry(order.status(now)).or_default() += 1;
        }
        counts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    fn book(partial_share: f64, canceled_share: f64) -> OrderBook {
        let pace = Pace { pending: MINUTE, in_progress: MINUTE, partial_share, canceled_share };
        OrderBook::new(IdSteps::default(), pace, Decimal::from(100))
    }

    fn accept(book: &mut OrderBook, now: Now) -> String {
        let new = NewOrder {
            service: "7".to_owned(),
            link: "https://example.com/a".to_owned(),
            quantity: 1000,
            unit_price: Decimal::new(15, 4),
            params: BTreeMap::new(),
        };
        book.accept(new, &mut fastrand::Rng::with_seed(3), now).to_string()
    }

    fn later(now: Now, by: Duration) -> Now {
        Now { steady: now.steady + by, ..now }
    }

    #[test]
    fn an_order_is_charged_and_completes_by_the_clock() {
        let (mut book, now) = (book(0.0, 0.0), Now::read());
        let id = accept(&mut book, now);
        assert_eq!(book.balance, Decimal::new(985, 1));
        let seen = [0, 60, 90, 120].map(|seconds| {
            let now = later(now, Duration::from_secs(seconds));
            let order = book.get(&id).unwrap();
            (order.status(now).as_str(), order.remains(now))
        });
        let expected =
            [("Pending", 1000), ("In progress", 1000), ("In progress", 500), ("Completed", 0)];
        assert_eq!(seen, expected);
        book.settle(later(now, MINUTE * 3));
        assert_eq!(book.balance, Decimal::new(985, 1));
    }

    #[test]
    fn what_a_partial_order_did_not_deliver_is_paid_back_once() {
        let (mut book, now) = (book(1.0, 0.0), Now::read());
        let id = accept(&mut book, now);
        let end = later(now, MINUTE * 2);
        book.settle(end);
        book.settle(end);
        let order = book.get(&id).unwrap();
        assert_eq!(order.status(end), OrderStatus::Partial);
        assert!(order.remains(end) > 0);
        assert_eq!(book.balance + order.charge(end), Decimal::from(100));
    }

    #[test]
    fn a_cancelled_order_is_paid_back_only_when_the_cancellation_is_done() {
        let (mut book, now) = (book(0.0, 0.0), Now::read());
        let id = accept(&mut book, now);
        book.cancel(&id, now).unwrap();
        assert_eq!(book.get(&id).unwrap().status(now), OrderStatus::Pending);
        assert_eq!(book.cancel(&id, now), None);
        book.settle(later(now, MINUTE));
        assert_eq!(book.balance, Decimal::from(100));
        assert_eq!(book.get(&id).unwrap().status(later(now, MINUTE)), OrderStatus::Canceled);
    }

    #[test]
    fn an_order_that_is_ended_before_its_time_is_paid_back_in_part_and_cannot_end_again() {
        for (remains, status) in [
            (0, OrderStatus::Completed),
            (400, OrderStatus::Partial),
            (1000, OrderStatus::Canceled),
        ] {
            let (mut book, now) = (book(0.0, 0.0), Now::read());
            let id = accept(&mut book, now);
            let number = id.parse().unwrap();
            book.end(number, remains, now).unwrap();
            book.settle(now);
            let order = book.get(&id).unwrap();
            assert_eq!((order.status(now), order.remains(now)), (status, remains));
            assert_eq!(book.balance + order.charge(now), Decimal::from(100));
            assert_eq!(book.end(number, 0, now), None);
        }
    }

    #[test]
    fn ids_grow_by_random_steps() {
        let (mut book, now) = (book(0.0, 0.0), Now::read());
        let mut rng = fastrand::Rng::with_seed(1);
        let ids: Vec<u64> = (0..100).map(|_| book.next_id(&mut rng)).collect();
        let steps: BTreeSet<u64> = ids.windows(2).map(|pair| pair[1] - pair[0]).collect();
        assert!(steps.len() > 4 && !steps.contains(&0), "{steps:?}");
        assert_eq!(book.count(now).len(), 0);
    }
}
