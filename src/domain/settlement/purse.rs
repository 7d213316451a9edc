use chrono::{DateTime, Utc};
use rust_decimal::{Decimal, dec};

use super::{Doubt, Why};
use crate::domain::order::{DeliveryStatus, StatusReading};

/// How far amounts that a provider rounds may lie apart.
const A_CENT: Decimal = dec!(0.01);

/// What is known of our money at a provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Purse {
    /// Since when nobody but us orders there.
    pub declared_at: Option<DateTime<Utc>>,
    /// The last reading from before the attempt.
    pub before: Option<BalanceBefore>,
    /// What the account holds now.
    pub now: Decimal,
    /// Orders of ours that turned out to be held there since that reading.
    pub placed_since: usize,
    /// Every order of ours there that may be paid back; `None` where they are too many to ask about.
    pub own: Option<Vec<OwnOrder>>,
}

/// A balance from before an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BalanceBefore {
    /// What the account held.
    pub amount: Decimal,
    /// When it was asked for.
    pub asked_at: DateTime<Utc>,
}

/// An order of ours that a provider holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnOrder {
    /// What is on record of it.
    pub known: Known,
    /// What the provider says of it now, asked after the balance; `None` where it says nothing.
    pub now: Option<StatusReading>,
}

/// What is on record of an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    /// How far it was.
    pub status: DeliveryStatus,
    /// What the provider charged, where it ever said.
    pub charge: Option<Decimal>,
    /// Since when the provider has said nothing new.
    pub unchanged_since: DateTime<Utc>,
}

/// What an account has spent since before an attempt, all else accounted for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spent {
    /// Nothing.
    Nothing,
    /// This much.
    Just(Decimal),
    /// It cannot be told.
    Unknown(Why),
}

impl Purse {
    /// Holds the balance against our own ledger: it tells something only where nothing else can have moved it.
    pub fn spent(&self) -> Spent {
        let usable = |before: &&BalanceBefore| {
            self.declared_at.is_some_and(|declared| before.asked_at >= declared)
        };
        let Some(before) = self.before.as_ref().filter(usable) else {
            return Spent::Unknown(Why::NoBalanceBefore);
        };
        let ledger_rests = |own: &Vec<OwnOrder>| own.iter().all(|it| it.rests(before.asked_at));
        if self.placed_since > 0 || !self.own.as_ref().is_some_and(ledger_rests) {
            return Spent::Unknown(Why::OtherMoves);
        }
        match before.amount - self.now {
            spent if spent.is_zero() => Spent::Nothing,
            spent if spent > Decimal::ZERO => Spent::Just(spent),
            _ => Spent::Unknown(Why::OtherMoves),
        }
    }
}

impl OwnOrder {
    /// Tells whether nothing of it was paid back since an instant.
    fn rests(&self, since: DateTime<Utc>) -> bool {
        let Some(now) = &self.now else { return false };
        let paid_back =
            |status| matches!(status, DeliveryStatus::Partial | DeliveryStatus::Canceled);
        let Some(status) = DeliveryStatus::of_word(&now.provider_status) else { return false };
        let cheaper = now.charge.zip(self.known.charge).is_some_and(|(now, before)| now < before);
        let as_long_known = status == self.known.status
            && now.charge.is_some()
            && now.charge == self.known.charge
            && self.known.unchanged_since < since;
        match (paid_back(status), paid_back(self.known.status)) {
            (false, false) => !cheaper,
            (true, true) => as_long_known,
            _ => false,
        }
    }
}

impl Doubt {
    /// Tells whether an amount is what the attempt costs, as balances round it.
    pub(super) fn is_worth(&self, amount: Decimal) -> bool {
        self.charge.is_some_and(|charge| alike(charge, amount))
    }

    /// Tells whether its charge could not be missed in a balance. Top-ups are of whole amounts.
    pub(super) fn would_be_seen(&self) -> bool {
        self.charge.is_some_and(|charge| charge >= A_CENT + A_CENT && !near_whole(charge))
    }
}

/// Tells whether two amounts are the same, each of them rounded in its own way.
pub(super) fn alike(one: Decimal, other: Decimal) -> bool {
    (one - other).abs() <= A_CENT
}

fn near_whole(amount: Decimal) -> bool {
    alike(amount, amount.round())
}
