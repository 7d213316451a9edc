use super::{Doubt, ListedOrder, Reading, Spent, Verdict, Why, reading::place};

/// Says what one reading of the list would prove if another one confirmed it.
pub fn judge(doubt: &Doubt, reading: &Reading) -> Verdict {
    if doubt.rivals > 0 {
        return Verdict::Inconclusive(Why::Rivals);
    }
    match newer_unclaimed(doubt, reading) {
        Ok(newer) => decide(doubt, reading, &newer),
        Err(why) => the_only_one(doubt, reading).unwrap_or(Verdict::Inconclusive(why)),
    }
}

fn decide(doubt: &Doubt, reading: &Reading, newer: &[&ListedOrder]) -> Verdict {
    let mut alike = newer.iter().filter(|order| order.resembles(doubt));
    match (alike.next(), alike.next()) {
        (None, _) => without_trace(doubt, reading),
        (Some(order), None) if order.fits(doubt) => the_one(doubt, reading, order),
        _ => Verdict::Inconclusive(Why::Resembles),
    }
}

fn without_trace(doubt: &Doubt, reading: &Reading) -> Verdict {
    if doubt.link_was_busy {
        return Verdict::Inconclusive(Why::LinkWasBusy);
    }
    if matches!(spent(doubt, reading), Spent::Just(amount) if doubt.is_worth(amount)) {
        return Verdict::Inconclusive(Why::Contradiction);
    }
    if reading.asked_at < doubt.settle_after {
        return Verdict::Inconclusive(Why::TooEarly);
    }
    Verdict::NotPlaced
}

/// Exactly one order that nobody claims is what was asked for. It is the attempt's where none can have been entered by
/// hand since the last that is known, or where the account has spent the charge of just one.
fn the_one(doubt: &Doubt, reading: &Reading, order: &ListedOrder) -> Verdict {
    if !doubt.is_exclusive() {
        return Verdict::Inconclusive(Why::NotExclusive);
    }
    if doubt.subscriptions > 0 {
        return Verdict::Inconclusive(Why::Subscriptions);
    }
    let since_declared = doubt.anchor.as_ref().is_some_and(|anchor| anchor.since_declared);
    match spent(doubt, reading) {
        Spent::Just(amount) if doubt.is_worth(amount) => placed(order),
        Spent::Unknown(_) if since_declared => placed(order),
        Spent::Unknown(_) => Verdict::Inconclusive(Why::NothingKnownSinceDeclared),
        Spent::Just(_) | Spent::Nothing => Verdict::Inconclusive(Why::Contradiction),
    }
}

/// Where no order of ours is known from before, the only order that is like ours is ours if the account has spent the charge
/// of just one.
fn the_only_one(doubt: &Doubt, reading: &Reading) -> Option<Verdict> {
    if doubt.anchor.is_some() || !doubt.is_exclusive() || doubt.subscriptions > 0 {
        return None;
    }
    let Spent::Just(amount) = spent(doubt, reading) else { return None };
    let mut alike = unclaimed(reading).filter(|order| order.resembles(doubt));
    let only = alike.next().filter(|_| alike.next().is_none())?;
    (only.fits(doubt) && doubt.is_worth(amount)).then(|| placed(only))
}

fn placed(order: &ListedOrder) -> Verdict {
    Verdict::Placed { api_order_id: order.api_order_id.clone() }
}

/// What was spent may be another attempt's, while one is not decided, or a subscription's.
fn spent(doubt: &Doubt, reading: &Reading) -> Spent {
    match (doubt.others, doubt.subscriptions) {
        (0, 0) => reading.spent,
        (0, _) => Spent::Unknown(Why::Subscriptions),
        _ => Spent::Unknown(Why::Others),
    }
}

fn unclaimed(reading: &Reading) -> impl Iterator<Item = &ListedOrder> {
    reading.listed.iter().filter(|order| !reading.claimed.contains(&order.api_order_id))
}

/// Returns what the provider took after what was known before the attempt, and nobody claims. An older one for the same
/// link means that the ids do not tell what is newer.
fn newer_unclaimed<'a>(doubt: &Doubt, reading: &'a Reading) -> Result<Vec<&'a ListedOrder>, Why> {
    let anchor = doubt.anchor.as_ref().ok_or(Why::NothingKnownBefore)?;
    let known = &anchor.api_order_id;
    if !reading.listed.iter().any(|order| order.api_order_id == *known) {
        return Err(Why::ListTooShort);
    }
    let known = place(known).ok_or(Why::NotNumbered)?;
    let mut newer = vec![];
    for order in unclaimed(reading) {
        match order.place().ok_or(Why::NotNumbered)? {
            place if place > known => newer.push(order),
            _ if order.fits(doubt) => return Err(Why::Resembles),
            _ => {}
        }
    }
    Ok(newer)
}
