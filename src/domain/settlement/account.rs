use chrono::{DateTime, Utc};

use super::{Doubt, FoundOrder, Scan, Spent, Verdict, Why, purse::alike};

/// What a provider without a list says of our account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// When it was first asked.
    pub asked_at: DateTime<Utc>,
    /// What the account has spent since before the attempt.
    pub spent: Spent,
    /// Which ids after the last known one are orders of ours; `None` where it cannot be asked so.
    pub scan: Option<Scan>,
}

impl Account {
    /// Tells whether every id that the attempt can have was told of.
    fn is_whole(&self) -> bool {
        self.scan.as_ref().is_some_and(|scan| scan.whole)
    }
}

/// Says what one reading of the account would prove if another one confirmed it.
pub fn judge_account(doubt: &Doubt, account: &Account) -> Verdict {
    if !doubt.is_exclusive() {
        return Verdict::Inconclusive(Why::NotExclusive);
    }
    if doubt.others > 0 {
        return Verdict::Inconclusive(Why::Others);
    }
    if doubt.subscriptions > 0 {
        return Verdict::Inconclusive(Why::Subscriptions);
    }
    let found = match &account.scan {
        Some(scan) if !scan.controlled => return Verdict::Inconclusive(Why::NoAnswer),
        Some(scan) => scan.found.as_slice(),
        None => &[],
    };
    match found {
        [] => without_trace(doubt, account),
        [order] => the_one(doubt, account, order),
        _ => Verdict::Inconclusive(Why::Several),
    }
}

/// An order that nobody claims, at a provider where nobody but us orders, and only one attempt is in doubt. It may still have
/// been entered by hand before the provider was declared exclusive, with the attempt's own beyond the ids asked about.
fn the_one(doubt: &Doubt, account: &Account, order: &FoundOrder) -> Verdict {
    let Some(charge) = order.charge.filter(|charge| doubt.costs(*charge)) else {
        return Verdict::Inconclusive(Why::ChargeDiffers);
    };
    let since_declared = doubt.anchor.as_ref().is_some_and(|anchor| anchor.since_declared);
    let whole = account.is_whole();
    let placed = || Verdict::Placed { api_order_id: order.api_order_id.clone() };
    match account.spent {
        Spent::Just(amount) if !alike(amount, charge) => Verdict::Inconclusive(Why::Contradiction),
        Spent::Nothing => Verdict::Inconclusive(Why::Contradiction),
        Spent::Just(_) if since_declared || whole => placed(),
        Spent::Unknown(_) if since_declared => placed(),
        Spent::Just(_) | Spent::Unknown(_) => Verdict::Inconclusive(Why::NothingKnownSinceDeclared),
    }
}

/// No id is known that could be the attempt's. Either they were all asked about, or nothing was charged.
fn without_trace(doubt: &Doubt, account: &Account) -> Verdict {
    let whole = account.is_whole();
    let held = match account.spent {
        _ if doubt.link_was_busy => Why::LinkWasBusy,
        Spent::Just(_) if whole => Why::Contradiction,
        Spent::Just(amount) if doubt.is_worth(amount) => Why::IdUnknown,
        Spent::Just(_) => Why::OtherMoves,
        _ if account.asked_at < doubt.settle_after => Why::TooEarly,
        _ if whole => return Verdict::NotPlaced,
        Spent::Unknown(why) => why,
        Spent::Nothing if !doubt.would_be_seen() => Why::MayBeHidden,
        Spent::Nothing => return Verdict::NotPlaced,
    };
    Verdict::Inconclusive(held)
}
