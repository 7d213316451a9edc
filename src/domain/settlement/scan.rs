use std::collections::BTreeSet;

use rust_decimal::Decimal;

use super::reading::place;

/// How many ids after the last known one are asked about: three calls, with the known one in each.
pub const IDS_A_SCAN: u64 = 297;

/// Which ids to ask about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScanPlan {
    /// The known order, which every call asks about too: a panel that does not know it now would not know ours.
    pub control: String,
    /// The ids after it.
    pub ids: Vec<String>,
    /// Whether they are all that the attempt can have.
    reaches: bool,
}

/// What a provider says of an id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Said {
    /// An order of our account, with its charge where it says one.
    Ours(Option<Decimal>),
    /// None of our account.
    NotOurs,
    /// Nothing that tells.
    Unclear,
}

/// An order of our account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundOrder {
    /// The provider's id of it.
    pub api_order_id: String,
    /// What it costs, where the provider says so.
    pub charge: Option<Decimal>,
}

/// What asking about ids came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scan {
    /// The orders that nobody claims.
    pub found: Vec<FoundOrder>,
    /// Whether the provider knew the known order in every call.
    pub controlled: bool,
    /// Whether every id that the attempt can have was told of.
    pub whole: bool,
}

impl ScanPlan {
    /// Plans for the ids after the last known one, up to that of an order that was sent when the attempt could not be taken
    /// any more; `None` where ids are not numbers that count up.
    pub fn after(known: &str, later: Option<&str>) -> Option<Self> {
        let first = place(known)?;
        let most = first.checked_add(u128::from(IDS_A_SCAN))?;
        let end = later.and_then(place).filter(|later| *later > first).map(|later| later - 1);
        let last = end.unwrap_or(most).min(most);
        let ids = (first + 1..=last).map(|id| id.to_string()).collect();
        Some(Self { control: known.to_owned(), ids, reaches: end.is_some_and(|end| end <= most) })
    }

    /// Takes in what was said of the known order in each call, and of the ids in their order.
    pub fn read(&self, control: &[Said], said: &[Said], claimed: &BTreeSet<String>) -> Scan {
        let unclaimed = || self.ids.iter().zip(said).filter(|(id, _)| !claimed.contains(*id));
        let found = unclaimed().filter_map(|(id, said)| match said {
            Said::Ours(charge) => Some(FoundOrder { api_order_id: id.clone(), charge: *charge }),
            Said::NotOurs | Said::Unclear => None,
        });
        let told = said.len() == self.ids.len()
            && unclaimed().all(|(_, said)| !matches!(said, Said::Unclear));
        Scan {
            found: found.collect(),
            controlled: control.iter().all(|said| matches!(said, Said::Ours(_))),
            whole: self.reaches && told,
        }
    }
}
