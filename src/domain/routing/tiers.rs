//! Sharing the load inside a tier: candidates of the same priority are tried in an order that is drawn by lot for each
//! order, in proportion to their scores.
//!
//! # Correctness
//! The lot is a pure function of the order's id and of recorded scores, in whole numbers, so the same decision is made
//! again from the same facts. Of those that could not take an order the shares fall to the others in proportion.

use std::cmp::Reverse;

use super::{Candidate, CandidateFacts};
use crate::domain::{OrderId, provider::WHOLE_PPM};

/// Brings candidates that are sorted by their tiers into the order in which they are tried inside each: by lot, or the best
/// first where no order asks.
pub(super) fn inside_tiers(candidates: &mut [CandidateFacts], order: Option<OrderId>) {
    for tier in candidates.chunk_by_mut(|one, other| one.tier() == other.tier()) {
        match order {
            Some(order) => draw(tier, order),
            None => tier.sort_by_key(|facts| Reverse(facts.score_ppm)),
        }
    }
}

/// Notes of each candidate that could take the order which share of such orders its tier leaves to it, where it shares.
pub(super) fn note_shares(candidates: &mut [Candidate]) {
    for tier in candidates.chunk_by_mut(|one, other| one.tier() == other.tier()) {
        let usable = || tier.iter().filter(|candidate| candidate.excluded.is_empty());
        let total: i64 = usable().map(Candidate::weight).sum();
        if usable().count() < 2 {
            continue;
        }
        for candidate in tier.iter_mut().filter(|candidate| candidate.excluded.is_empty()) {
            candidate.share_ppm = Some(candidate.weight() * WHOLE_PPM / total.max(1));
        }
    }
}

/// One lot after the other: whose turn it is among those that are left, each as likely as its score weighs.
fn draw(tier: &mut [CandidateFacts], order: OrderId) {
    for place in 0..tier.len() {
        let left = &mut tier[place..];
        let total: u64 = left.iter().map(weight).sum();
        let mut lot = number(order, place as u64) % total.max(1);
        let drawn = left.iter().position(|facts| match lot.checked_sub(weight(facts)) {
            Some(rest) => {
                lot = rest;
                false
            }
            None => true,
        });
        // The others keep their order, whoever was drawn.
        left[..=drawn.unwrap_or_default()].rotate_right(1);
    }
}

fn weight(facts: &CandidateFacts) -> u64 {
    facts.score_ppm.max(1).unsigned_abs()
}

/// A number that looks random, of an order's id and a place: the finaliser of SplitMix64 (Steele, Lea, Flood 2014).
fn number(order: OrderId, place: u64) -> u64 {
    let (high, low) = order.0.as_u64_pair();
    let mut z =
        (high ^ low).wrapping_add(place.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

impl Candidate {
    fn weight(&self) -> i64 {
        self.score_ppm.unwrap_or_default().max(1)
    }

    fn tier(&self) -> (Option<i32>, i32) {
        (self.mapping_priority, self.provider_priority)
    }
}
