use chrono::{DateTime, Utc};
use rust_decimal::{Decimal, RoundingStrategy};

use crate::domain::Link;

/// An attempt in doubt, and what is known beside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Doubt {
    /// What the provider calls the service.
    pub provider_service_id: String,
    /// The link as it was sent.
    pub link: String,
    /// Units ordered.
    pub quantity: i64,
    /// What the provider should charge for it, by its rate; absent where that cannot be told.
    pub charge: Option<Decimal>,
    /// From when on the provider cannot take it any more.
    pub settle_after: DateTime<Utc>,
    /// Who orders at that provider.
    pub account: AccountUse,
    /// The highest id under which the provider held an order of ours before the attempt began.
    pub anchor: Option<Anchor>,
    /// Other attempts at this provider of which it is not known yet what became of them.
    pub others: usize,
    /// Those of them that are for the same target.
    pub rivals: usize,
    /// Subscriptions of ours that run there: each makes orders by itself, which nobody claims.
    pub subscriptions: usize,
    /// Whether the provider turned another order away because its link, which is this one's, was busy, though nothing else
    /// of ours was under way on it.
    pub link_was_busy: bool,
}

/// Who orders with our account at a provider, as the operator declared it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccountUse {
    /// Nobody but us.
    Exclusive,
    /// Others may: people at the panel, or other programs.
    Shared,
}

/// An order of ours that a provider held before an attempt began.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Anchor {
    /// The provider's id of it.
    pub api_order_id: String,
    /// Whether it came after the account was declared exclusive: then nothing newer was entered by hand.
    pub since_declared: bool,
}

impl Doubt {
    pub(super) fn is_exclusive(&self) -> bool {
        self.account == AccountUse::Exclusive
    }

    /// Tells whether a charge is what the attempt should cost, in any rounding to two decimals or more.
    pub(super) fn costs(&self, charge: Decimal) -> bool {
        self.charge.is_some_and(|expected| rounds_to(expected, charge))
    }
}

fn rounds_to(exact: Decimal, said: Decimal) -> bool {
    use RoundingStrategy::{AwayFromZero, MidpointAwayFromZero, MidpointNearestEven, ToZero};
    let ways = [ToZero, AwayFromZero, MidpointAwayFromZero, MidpointNearestEven];
    exact == said
        || (2..=8)
            .any(|places| ways.iter().any(|way| exact.round_dp_with_strategy(places, *way) == said))
}

/// Tells whether two links may be spellings of the same target: what [`Link::canonical`] takes for one, and more. Case, the
/// query and the fragment do not tell targets apart either, since what a panel makes of them is not known.
pub fn same_target(one: &str, other: &str) -> bool {
    target(one) == target(other) || canonical(one).is_some_and(|it| canonical(other) == Some(it))
}

fn canonical(link: &str) -> Option<String> {
    Link::try_new(link).ok().map(|link| link.canonical())
}

fn target(link: &str) -> String {
    let link = link.trim().to_lowercase();
    let link = link.split_once("://").map_or(link.as_str(), |(_, rest)| rest);
    let link = link.split(['?', '#']).next().unwrap_or_default();
    let link = link.strip_prefix("www.").or_else(|| link.strip_prefix("m.")).unwrap_or(link);
    link.trim_start_matches('@').trim_end_matches('/').to_owned()
}

#[cfg(test)]
mod tests {
    use rust_decimal::dec;

    use super::*;

    #[test]
    fn charge_fits_in_any_rounding_and_no_other_does() {
        for said in [dec!(0.27819), dec!(0.27), dec!(0.28), dec!(0.278), dec!(0.2782), dec!(0.279)]
        {
            assert!(rounds_to(dec!(0.27819), said), "{said}");
        }
        for said in [dec!(0.26), dec!(0.29), dec!(0.277), dec!(0.3), dec!(0)] {
            assert!(!rounds_to(dec!(0.27819), said), "{said}");
        }
    }

    #[test]
    fn target_is_the_same_in_every_spelling() {
        let spellings = [
            "https://www.social.example/p/Ab?x=1",
            "http://social.example/p/ab/",
            "social.example/p/AB#top",
        ];
        for spelling in spellings {
            assert!(same_target(spelling, spellings[0]), "{spelling}");
        }
        assert!(same_target("https://youtu.be/abc", "https://www.youtube.com/watch?v=abc"));
        assert!(same_target("https://twitter.com/some/status/1", "x.com/some/status/1"));
        assert!(!same_target("https://social.example/p/1", "https://social.example/p/2"));
    }
}
