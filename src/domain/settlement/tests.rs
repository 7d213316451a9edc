//! Random histories at a panel, of which the truth is known, against what two readings of its list make of them.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use proptest::prelude::*;

use super::{Doubt, ListedOrder, Reading, Verdict, Why, judge};

const LINK: &str = "https://social.example/p/1";

/// Where an order at the panel comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Origin {
    /// Ours, answered or not.
    Claimed,
    /// Ours, in flight: its answer is not on record yet.
    InFlight,
    /// Entered at the panel by a person.
    ByHand,
}

#[derive(Debug, Clone)]
struct Other {
    origin: Origin,
    /// Seconds after the attempt began; below zero before it.
    at: i64,
    same_service: bool,
    same_link: bool,
    same_quantity: bool,
}

#[derive(Debug, Clone)]
struct History {
    first_id: u64,
    steps: Vec<u64>,
    others: Vec<Other>,
    /// When the panel took the attempt, if it did; it may be long after.
    taken_at: Option<i64>,
    /// When the list is read, twice.
    read_at: [i64; 2],
    /// How many of the newest orders the panel lists.
    listed: usize,
    /// A panel that writes links in its own way.
    rewrites_links: bool,
}

const SETTLE_AFTER: i64 = 120;

fn other() -> impl Strategy<Value = Other> {
    let origin = prop_oneof![
        4 => Just(Origin::Claimed),
        1 => Just(Origin::InFlight),
        2 => Just(Origin::ByHand),
    ];
    (origin, -200..300_i64, any::<bool>(), prop::bool::weighted(0.2), any::<bool>()).prop_map(
        |(origin, at, same_service, same_link, same_quantity)| Other {
            origin,
            at,
            same_service,
            same_link,
            same_quantity,
        },
    )
}

fn history() -> impl Strategy<Value = History> {
    (
        1..1_000_000_u64,
        prop::collection::vec(1..50_u64, 16),
        prop::collection::vec(other(), 0..8),
        prop::option::of(0..SETTLE_AFTER),
        (0..200_i64, 1..200_i64),
        prop_oneof![1 => 1..6_usize, 4 => Just(100)],
        prop::bool::weighted(0.1),
    )
        .prop_map(
            |(first_id, steps, others, taken_at, (read, gap), listed, rewrites_links)| {
                let read_at = [read, read + gap];
                History { first_id, steps, others, taken_at, read_at, listed, rewrites_links }
            },
        )
}

fn time(seconds: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::seconds(seconds)
}

/// An order in the panel's book.
#[derive(Debug, Clone)]
struct Entry {
    at: i64,
    /// `None` for the attempt in doubt.
    other: Option<Other>,
    row: ListedOrder,
}

impl History {
    /// The panel's book, oldest first.
    fn book(&self) -> Vec<Entry> {
        let others = self.others.iter().map(|other| (other.at, Some(other.clone())));
        let ours = self.taken_at.map(|at| (at, None));
        let mut entries: Vec<_> = others.chain(ours).collect();
        entries.sort_by_key(|(at, _)| *at);
        let mut id = self.first_id;
        let numbered = entries.into_iter().zip(&self.steps).map(|((at, other), step)| {
            id += step;
            Entry { at, row: self.row(id, other.as_ref()), other }
        });
        numbered.collect()
    }

    fn row(&self, id: u64, other: Option<&Other>) -> ListedOrder {
        let is = |same: fn(&Other) -> bool| other.is_none_or(same);
        let link = if is(|it| it.same_link) { LINK } else { "https://social.example/p/2" };
        let link = if self.rewrites_links { link.replace("https://", "") } else { link.to_owned() };
        ListedOrder {
            api_order_id: id.to_string(),
            provider_service_id: Some(if is(|it| it.same_service) { "7" } else { "8" }.to_owned()),
            link: Some(link),
            quantity: Some(if is(|it| it.same_quantity) { 100 } else { 200 }),
        }
    }

    fn doubt(&self, book: &[Entry]) -> Doubt {
        let origin = |entry: &Entry| entry.other.as_ref().map(|other| other.origin);
        let known = book.iter().rfind(|e| e.at < 0 && origin(e) == Some(Origin::Claimed));
        let rivals = self.others.iter().filter(|o| o.origin == Origin::InFlight && o.same_link);
        Doubt {
            provider_service_id: "7".to_owned(),
            link: LINK.to_owned(),
            quantity: 100,
            settle_after: time(SETTLE_AFTER),
            known_before: known.map(|entry| entry.row.api_order_id.clone()),
            rivals: rivals.count(),
        }
    }

    fn reading(&self, book: &[Entry], at: i64) -> Reading {
        let claimed = book.iter().filter(|entry| {
            entry.other.as_ref().is_some_and(|other| other.origin == Origin::Claimed)
        });
        let seen = book.iter().rev().filter(|entry| entry.at <= at).take(self.listed);
        Reading {
            asked_at: time(at),
            listed: seen.map(|entry| entry.row.clone()).collect(),
            claimed: claimed.map(|entry| entry.row.api_order_id.clone()).collect::<BTreeSet<_>>(),
        }
    }

    fn verdict(&self) -> Verdict {
        let book = self.book();
        let doubt = self.doubt(&book);
        let [earlier, later] = self.read_at.map(|at| judge(&doubt, &self.reading(&book, at)));
        earlier.confirmed_by(&later)
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20_000))]

    #[test]
    fn no_history_is_settled_wrongly(history in history()) {
        match history.verdict() {
            Verdict::NotPlaced => prop_assert_eq!(history.taken_at, None),
            Verdict::Inconclusive(_) => {}
        }
    }
}

fn quiet(taken_at: Option<i64>, read_at: [i64; 2]) -> History {
    let before = Other {
        origin: Origin::Claimed,
        at: -10,
        same_service: true,
        same_link: false,
        same_quantity: true,
    };
    History {
        first_id: 100,
        steps: vec![3; 16],
        others: vec![before],
        taken_at,
        read_at,
        listed: 100,
        rewrites_links: false,
    }
}

#[test]
fn order_that_may_be_ours_is_not_taken_for_none() {
    assert_eq!(quiet(Some(1), [130, 140]).verdict(), Verdict::Inconclusive(Why::Resembles));
}

#[test]
fn order_that_is_listed_nowhere_was_not_placed_but_not_before_its_time() {
    assert_eq!(quiet(None, [130, 140]).verdict(), Verdict::NotPlaced);
    assert_eq!(quiet(None, [10, 119]).verdict(), Verdict::Inconclusive(Why::TooEarly));
    assert_eq!(quiet(None, [119, 130]).verdict(), Verdict::Inconclusive(Why::Unconfirmed));
}

#[test]
fn list_without_what_was_known_before_proves_nothing() {
    let cut = History { listed: 1, ..quiet(Some(1), [130, 140]) };
    assert_eq!(cut.verdict(), Verdict::Inconclusive(Why::ListTooShort));
    let first = History { others: vec![], ..quiet(Some(1), [130, 140]) };
    assert_eq!(first.verdict(), Verdict::Inconclusive(Why::NothingKnownBefore));
}

#[test]
fn link_in_another_spelling_is_not_taken_for_none() {
    let rewritten = History { rewrites_links: true, ..quiet(Some(1), [130, 140]) };
    assert_eq!(rewritten.verdict(), Verdict::Inconclusive(Why::Resembles));
}
