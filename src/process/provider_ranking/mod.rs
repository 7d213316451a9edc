//! Computes again and again how good each provider has proved to be, and puts on record what is new.
//!
//! # Correctness
//! The score is computed in one place, `domain::provider::Score`, from whole numbers that one statement reads at one
//! position of the journal. Score, numbers and position stand in the event, so a replay shows what was known and what was
//! made of it, without computing it again.

mod measure;
mod rank;

pub use rank::{ProviderRankingNeeds, ProviderRankings};
