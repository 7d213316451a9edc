//! A panel whose whole truth is known, and what is seen of it.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use rust_decimal::{Decimal, RoundingStrategy, dec};

use crate::domain::{
    order::{DeliveryStatus, StatusReading},
    settlement::{
        Account, AccountUse, Anchor, BalanceBefore, Doubt, Known, ListedOrder, OwnOrder, Purse,
        Reading, Said, Scan, ScanPlan, same_target,
    },
};

pub(super) const LINK: &str = "https://social.example/p/1";
/// The same target in another spelling.
pub(super) const ALIAS: &str = "http://www.social.example/p/1/?from=app";
pub(super) const OTHER_LINK: &str = "https://social.example/p/2";

/// Seconds after the attempt began, as all times here.
pub(super) const SETTLE_AFTER: i64 = 120;

/// Where an order at the panel comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin {
    /// Ours: sent then, and decided then if ever. Whether the panel took it is another matter.
    Ours { sent: i64, decided: Option<i64> },
    /// Entered at the panel by a person.
    ByHand,
}

#[derive(Debug, Clone)]
pub(super) struct Other {
    pub(super) origin: Origin,
    /// When the panel took it, if it did.
    pub(super) taken: Option<i64>,
    pub(super) same_service: bool,
    pub(super) link: &'static str,
    pub(super) same_quantity: bool,
}

/// Money paid back for an order: all, or for a part of it that is not delivered, in percent.
#[derive(Debug, Clone)]
pub(super) struct Refund {
    pub(super) at: i64,
    pub(super) of: usize,
    pub(super) percent: i64,
}

#[derive(Debug, Clone)]
pub(super) struct History {
    pub(super) account: AccountUse,
    /// When the account was declared exclusive, if it is.
    pub(super) declared: i64,
    /// What the attempt costs, to the last digit.
    pub(super) charge: Decimal,
    /// Decimals of a charge and of a balance, and how they are rounded.
    pub(super) charge_places: u32,
    pub(super) balance_places: u32,
    pub(super) rounds_up: bool,
    pub(super) first_id: u64,
    pub(super) steps: Vec<u64>,
    pub(super) others: Vec<Other>,
    /// When the panel took the attempt, if it did; it may be long after.
    pub(super) taken: Option<i64>,
    pub(super) refunds: Vec<Refund>,
    /// When, and how much.
    pub(super) top_ups: Vec<(i64, i64)>,
    /// When the balance was read before.
    pub(super) balance_read: Option<i64>,
    /// When all statuses were asked for, before the readings.
    pub(super) polled: i64,
    /// When evidence is read, twice.
    pub(super) read_at: [i64; 2],
    /// How many of the newest orders the panel lists.
    pub(super) listed: usize,
    /// How the panel writes links.
    pub(super) links: Links,
    /// Of every so many ids the panel says nothing clear.
    pub(super) unclear: Option<usize>,
}

/// How a panel writes the links that it was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Links {
    AsGiven,
    WithoutScheme,
    Canonical,
}

pub(super) fn time(seconds: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::seconds(seconds)
}

/// An order in the panel's book.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) at: i64,
    pub(super) id: u64,
    /// `None` for the attempt in doubt.
    other: Option<Other>,
    exact: Decimal,
    refunds: Vec<(i64, Decimal)>,
}

impl Entry {
    pub(super) fn is_the_attempt(&self) -> bool {
        self.other.is_none()
    }

    /// Sent, and decided at last, where it is ours and that is known.
    fn claimed(&self) -> Option<(i64, i64)> {
        match self.other.as_ref()?.origin {
            Origin::Ours { sent, decided } => decided.map(|decided| (sent, decided)),
            Origin::ByHand => None,
        }
    }

    fn is_claimed(&self, at: i64) -> bool {
        self.claimed().is_some_and(|(_, decided)| decided <= at)
    }

    fn cost(&self, at: i64) -> Decimal {
        let back = self.refunds.iter().filter(|(then, _)| *then <= at);
        self.exact - back.map(|(_, amount)| amount).sum::<Decimal>()
    }

    /// Cancelled, with nothing delivered and all paid back.
    pub(super) fn is_void(&self, at: i64) -> bool {
        self.cost(at).is_zero()
    }

    fn status(&self, at: i64) -> &'static str {
        match self.cost(at) {
            cost if cost.is_zero() => "Canceled",
            cost if cost < self.exact => "Partial",
            _ if self.at + 20 < at => "In progress",
            _ => "Pending",
        }
    }
}

impl History {
    /// The panel's book, oldest first.
    pub(super) fn book(&self) -> Vec<Entry> {
        let taken = |other: &Other| Some((other.taken?, Some(other.clone())));
        let others = self.others.iter().filter_map(taken);
        let ours = self.taken.map(|at| (at, None));
        let mut orders: Vec<_> = others.chain(ours).collect();
        orders.sort_by_key(|(at, _)| *at);
        let mut id = self.first_id;
        let mut book: Vec<Entry> = vec![];
        for ((at, other), step) in orders.into_iter().zip(self.steps.iter().cycle()) {
            id += step;
            let exact = self.exact(other.as_ref());
            book.push(Entry { at, id, other, exact, refunds: vec![] });
        }
        self.pay_back(&mut book);
        book
    }

    /// What was entered by hand before has ended, where an account is declared exclusive.
    fn pay_back(&self, book: &mut [Entry]) {
        let orders = book.len().max(1);
        for refund in &self.refunds {
            let Some(entry) = book.get_mut(refund.of % orders) else { continue };
            let by_hand = entry.other.as_ref().is_some_and(|it| it.origin == Origin::ByHand);
            let ended = by_hand && self.account == AccountUse::Exclusive;
            if entry.refunds.is_empty() && refund.at > entry.at && !ended {
                let back = entry.exact * Decimal::new(refund.percent, 2);
                entry.refunds.push((refund.at, back));
            }
        }
    }

    fn exact(&self, other: Option<&Other>) -> Decimal {
        let Some(other) = other else { return self.charge };
        let service = if other.same_service { self.charge } else { self.charge + dec!(0.313) };
        if other.same_quantity { service } else { service * dec!(2) }
    }

    fn rounded(&self, amount: Decimal, places: u32) -> Decimal {
        let way = match self.rounds_up {
            true => RoundingStrategy::AwayFromZero,
            false => RoundingStrategy::ToZero,
        };
        amount.round_dp_with_strategy(places, way).normalize()
    }

    fn charge_at(&self, entry: &Entry, at: i64) -> Decimal {
        self.rounded(entry.cost(at), self.charge_places)
    }

    fn balance(&self, book: &[Entry], at: i64) -> Decimal {
        let spent: Decimal =
            book.iter().filter(|entry| entry.at <= at).map(|entry| entry.cost(at)).sum();
        let paid: i64 =
            self.top_ups.iter().filter(|(then, _)| *then <= at).map(|(_, amount)| amount).sum();
        self.rounded(dec!(1000.00042) + Decimal::from(paid) - spent, self.balance_places)
    }

    fn row(&self, entry: &Entry) -> ListedOrder {
        let is = |same: fn(&Other) -> bool| entry.other.as_ref().is_none_or(same);
        let link = entry.other.as_ref().map_or(LINK, |other| other.link);
        let link = match self.links {
            Links::AsGiven => link.to_owned(),
            Links::WithoutScheme => link.replace("https://", ""),
            Links::Canonical if same_target(link, LINK) => LINK.to_owned(),
            Links::Canonical => OTHER_LINK.to_owned(),
        };
        ListedOrder {
            api_order_id: entry.id.to_string(),
            provider_service_id: Some(if is(|it| it.same_service) { "7" } else { "8" }.to_owned()),
            link: Some(link),
            quantity: Some(if is(|it| it.same_quantity) { 100 } else { 200 }),
        }
    }

    /// What is known beside the attempt at a time.
    pub(super) fn doubt(&self, book: &[Entry], at: i64) -> Doubt {
        let before = book.iter().filter_map(|entry| Some((entry, entry.claimed()?)));
        let known = before.filter(|(_, (_, decided))| *decided < 0).max_by_key(|(e, _)| e.id);
        let is_open = |other: &&Other| match other.origin {
            Origin::Ours { sent, decided } => sent <= at && decided.is_none_or(|then| then > at),
            Origin::ByHand => false,
        };
        let open = || self.others.iter().filter(is_open);
        Doubt {
            provider_service_id: "7".to_owned(),
            link: LINK.to_owned(),
            quantity: 100,
            charge: Some(self.charge),
            settle_after: time(SETTLE_AFTER),
            account: self.account,
            anchor: known.map(|(entry, (sent, _))| Anchor {
                api_order_id: entry.id.to_string(),
                since_declared: sent >= self.declared,
            }),
            others: open().count(),
            rivals: open().filter(|other| same_target(other.link, LINK)).count(),
            subscriptions: 0,
            link_was_busy: false,
        }
    }

    pub(super) fn reading(&self, book: &[Entry], at: i64) -> Reading {
        let seen = book.iter().rev().filter(|entry| entry.at <= at).take(self.listed);
        Reading {
            asked_at: time(at),
            listed: seen.map(|entry| self.row(entry)).collect(),
            claimed: claimed(book, at),
            spent: self.purse(book, at).spent(),
        }
    }

    pub(super) fn account(&self, book: &[Entry], at: i64) -> Account {
        let spent = self.purse(book, at).spent();
        Account { asked_at: time(at), spent, scan: self.scan(book, at) }
    }

    fn purse(&self, book: &[Entry], at: i64) -> Purse {
        let exclusive = self.account == AccountUse::Exclusive;
        let since = |then: i64| {
            let decided = book.iter().filter_map(|entry| Some(entry.claimed()?.1));
            decided.filter(|decided| (then + 1..=at).contains(decided)).count()
        };
        let own = book.iter().filter(|entry| entry.is_claimed(at));
        Purse {
            declared_at: exclusive.then(|| time(self.declared)),
            before: self.balance_read.map(|then| BalanceBefore {
                amount: self.balance(book, then),
                asked_at: time(then),
            }),
            now: self.balance(book, at),
            placed_since: self.balance_read.map_or(0, since),
            own: Some(own.map(|entry| self.own(entry, at)).collect()),
        }
    }

    fn own(&self, entry: &Entry, at: i64) -> OwnOrder {
        let reading = |at| StatusReading {
            provider_status: entry.status(at).to_owned(),
            charge: Some(self.charge_at(entry, at)),
            ..StatusReading::default()
        };
        let decided = entry.claimed().map_or(at, |(_, decided)| decided);
        let polled = self.polled.min(at);
        let known = match polled >= decided.max(entry.at) {
            true => {
                let status = DeliveryStatus::of_word(entry.status(polled)).unwrap();
                let charge = Some(self.charge_at(entry, polled));
                Known { status, charge, unchanged_since: time(polled) }
            }
            false => Known {
                status: DeliveryStatus::Pending,
                charge: None,
                unchanged_since: time(decided),
            },
        };
        OwnOrder { known, now: Some(reading(at)) }
    }

    fn scan(&self, book: &[Entry], at: i64) -> Option<Scan> {
        let known = self.doubt(book, at).anchor?;
        let later = book.iter().filter(|entry| {
            entry.claimed().is_some_and(|(sent, decided)| sent >= SETTLE_AFTER && decided <= at)
        });
        let later = later.map(|entry| entry.id).min().map(|id| id.to_string());
        let plan = ScanPlan::after(&known.api_order_id, later.as_deref())?;
        let said = |(nth, id): (usize, &String)| {
            let entry = book.iter().find(|entry| entry.id.to_string() == *id && entry.at <= at);
            match (self.unclear, entry) {
                (Some(every), _) if nth % every == 0 => Said::Unclear,
                (_, Some(entry)) => Said::Ours(Some(self.charge_at(entry, at))),
                (_, None) => Said::NotOurs,
            }
        };
        let said: Vec<Said> = plan.ids.iter().enumerate().map(said).collect();
        Some(plan.read(&[Said::Ours(None)], &said, &claimed(book, at)))
    }
}

fn claimed(book: &[Entry], at: i64) -> BTreeSet<String> {
    book.iter().filter(|entry| entry.is_claimed(at)).map(|entry| entry.id.to_string()).collect()
}
