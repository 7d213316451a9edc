use super::{Doubt, ListedOrder, Reading, reading::place};

/// What follows from a reading.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// The provider never took it.
    NotPlaced,
    /// Neither is proved.
    Inconclusive(Why),
}

/// Why a reading proves nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Why {
    /// Most panels have none.
    #[error("the provider does not list its orders")]
    NoList,
    /// Which of them is listed cannot be told.
    #[error("another attempt for this link is not decided yet")]
    Rivals,
    /// So it is not known where in the list to look.
    #[error("no order of ours is known there from before the attempt")]
    NothingKnownBefore,
    /// Panels cut long lists.
    #[error("the list does not reach back to before the attempt")]
    ListTooShort,
    /// What is newer cannot be told by the ids.
    #[error("the provider does not number its orders")]
    NotNumbered,
    /// It may be ours, or entered at the panel by hand.
    #[error("an unclaimed order may be ours")]
    Resembles,
    /// The provider may still take it.
    #[error("nothing is listed yet, and the provider may still take it")]
    TooEarly,
    /// One reading may be caught in the middle of something.
    #[error("one reading alone proves nothing")]
    Unconfirmed,
}

impl Verdict {
    /// Returns what two readings on end prove together.
    #[must_use]
    pub fn confirmed_by(&self, later: &Self) -> Self {
        match later {
            Self::Inconclusive(_) => later.clone(),
            _ if self == later => later.clone(),
            _ => Self::Inconclusive(Why::Unconfirmed),
        }
    }
}

/// Says what one reading would prove if another one confirmed it.
pub fn judge(doubt: &Doubt, reading: &Reading) -> Verdict {
    newer_unclaimed(doubt, reading)
        .map_or_else(Verdict::Inconclusive, |unclaimed| decide(doubt, reading, &unclaimed))
}

fn decide(doubt: &Doubt, reading: &Reading, unclaimed: &[&ListedOrder]) -> Verdict {
    if unclaimed.iter().any(|order| order.resembles(doubt)) {
        return Verdict::Inconclusive(Why::Resembles);
    }
    if reading.asked_at < doubt.settle_after {
        return Verdict::Inconclusive(Why::TooEarly);
    }
    Verdict::NotPlaced
}

/// Returns what the provider took after what was known before the attempt, and nobody claims. An older one for the same
/// link means that the ids do not tell what is newer.
fn newer_unclaimed<'a>(doubt: &Doubt, reading: &'a Reading) -> Result<Vec<&'a ListedOrder>, Why> {
    if doubt.rivals > 0 {
        return Err(Why::Rivals);
    }
    let known = doubt.known_before.as_deref().ok_or(Why::NothingKnownBefore)?;
    if !reading.listed.iter().any(|order| order.api_order_id == known) {
        return Err(Why::ListTooShort);
    }
    let known = place(known).ok_or(Why::NotNumbered)?;
    let unclaimed =
        reading.listed.iter().filter(|order| !reading.claimed.contains(&order.api_order_id));
    let mut newer = vec![];
    for order in unclaimed {
        match order.place().ok_or(Why::NotNumbered)? {
            place if place > known => newer.push(order),
            _ if order.fits(doubt) => return Err(Why::Resembles),
            _ => {}
        }
    }
    Ok(newer)
}
