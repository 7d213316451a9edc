//! What was seen, summed up for the record: no keys, no links, and as short as it takes.

use rust_decimal::Decimal;

use crate::domain::{
    order::EvidenceSource,
    settlement::{BalanceBefore, Doubt, Reading, Scan, ScanPlan, Verdict, Why},
};

/// How many orders are named.
const NAMED: usize = 5;
/// Longest reason that a provider gives, in characters.
const MOST_CHARACTERS: usize = 200;

/// What was seen at one place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Seen {
    pub(super) asked: EvidenceSource,
    pub(super) answered: String,
    /// What follows from this alone; else what follows from all of the look.
    pub(super) follows: Option<String>,
}

fn seen(asked: EvidenceSource, answered: String) -> Seen {
    Seen { asked, answered, follows: None }
}

pub(super) fn of_list(doubt: &Doubt, reading: &Reading) -> Seen {
    let unclaimed =
        reading.listed.iter().filter(|order| !reading.claimed.contains(&order.api_order_id));
    let alike: Vec<&str> = unclaimed
        .filter(|order| order.resembles(doubt))
        .map(|order| order.api_order_id.as_str())
        .collect();
    let answered = match alike.len() {
        0 => "no order that is like it and claimed by nobody".to_owned(),
        count => format!("{count} like it and claimed by nobody: {}", named(&alike)),
    };
    seen(EvidenceSource::OrdersList, answered)
}

pub(super) fn of_no_list(reason: &str) -> Seen {
    Seen {
        asked: EvidenceSource::OrdersList,
        answered: format!("no list: {}", cut(reason)),
        follows: Some(Verdict::Inconclusive(Why::NoList).to_string()),
    }
}

pub(super) fn of_balance(now: Decimal, before: Option<&BalanceBefore>) -> Seen {
    let now = now.normalize();
    let answered = match before {
        Some(before) => format!("{now}, and {} before", before.amount.normalize()),
        None => format!("{now}, and not known from before"),
    };
    seen(EvidenceSource::Balance, answered)
}

pub(super) fn of_no_balance(reason: &str) -> Seen {
    seen(EvidenceSource::Balance, format!("no balance: {}", cut(reason)))
}

pub(super) fn of_scan(plan: &ScanPlan, scan: Option<&Scan>, failure: Option<&String>) -> Seen {
    let asked = match (plan.ids.first(), plan.ids.last()) {
        (Some(first), Some(last)) => format!("{first} to {last}"),
        _ => "no id in between".to_owned(),
    };
    let found = match (scan, failure) {
        (_, Some(reason)) => format!("no answer: {}", cut(reason)),
        (Some(scan), _) if !scan.controlled => {
            format!("not even order {} is known there now", plan.control)
        }
        (Some(scan), _) if scan.found.is_empty() => "none that nobody claims".to_owned(),
        (Some(scan), _) => {
            let orders = scan.found.iter().map(|order| match order.charge {
                Some(charge) => format!("{} for {}", order.api_order_id, charge.normalize()),
                None => order.api_order_id.clone(),
            });
            let orders: Vec<String> = orders.collect();
            let orders: Vec<&str> = orders.iter().map(String::as_str).collect();
            format!("claimed by nobody: {}", named(&orders))
        }
        (None, None) => "not read".to_owned(),
    };
    seen(EvidenceSource::Statuses, format!("{asked}: {found}"))
}

pub(super) fn of_busy_link(doubt: &Doubt) -> Option<Seen> {
    let answered = "another order for this link was turned away as busy".to_owned();
    doubt.link_was_busy.then(|| Seen {
        asked: EvidenceSource::BusyLink,
        answered,
        follows: Some(Verdict::Inconclusive(Why::LinkWasBusy).to_string()),
    })
}

fn named(orders: &[&str]) -> String {
    let shown = orders.iter().take(NAMED).copied().collect::<Vec<_>>().join(", ");
    match orders.len() {
        ..=NAMED => shown,
        _ => format!("{shown}, …"),
    }
}

fn cut(reason: &str) -> String {
    reason.chars().take(MOST_CHARACTERS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_first_of_many_orders_are_named() {
        assert_eq!(named(&["1", "2"]), "1, 2");
        assert_eq!(named(&["1", "2", "3", "4", "5", "6", "7"]), "1, 2, 3, 4, 5, …");
    }
}
