//! What a provider says of an order that it holds, and what its words mean here.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

/// How far a provider is with an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum DeliveryStatus {
    /// Taken and not begun.
    Pending,
    /// In the provider's hands, not delivering.
    Processing,
    /// Delivering.
    InProgress,
    /// Ended, delivered as far as the provider ever meant to.
    Completed,
    /// Ended with a part delivered; the charge has shrunk to it.
    Partial,
    /// Ended with nothing delivered.
    Canceled,
}

impl DeliveryStatus {
    /// Finds what a provider's word means, without regard to case, spaces, `_` and `-`; `None` for a word that is not
    /// listed, which means nothing.
    ///
    /// Subscriptions are *active* or *paused* while they may still deliver, and *expired* when their term is over: what
    /// was not posted in it was never charged. *Error* and *fail* mean that somebody at the provider has to look; the
    /// order may go on after that, so it stays open.
    pub fn of_word(word: &str) -> Option<Self> {
        Some(match plain(word).as_str() {
            "pending" => Self::Pending,
            "processing" | "error" | "fail" | "failed" => Self::Processing,
            "inprogress" | "active" | "paused" => Self::InProgress,
            "completed" | "complete" | "expired" => Self::Completed,
            "partial" => Self::Partial,
            "canceled" | "cancelled" | "refunded" => Self::Canceled,
            _ => return None,
        })
    }

    /// Tells whether nothing more is expected. A dispute may still revert it.
    pub fn has_ended(self) -> bool {
        matches!(self, Self::Completed | Self::Partial | Self::Canceled)
    }
}

/// What a provider says of an order, in its own words and numbers.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct StatusReading {
    /// The word for how far it is.
    pub provider_status: String,
    /// The count before delivery, where a number is given.
    pub start_count: Option<i64>,
    /// Units not delivered yet, where a number is given; may be negative, and zero proves nothing.
    pub remains: Option<i64>,
    /// What the provider charges, where a number is given.
    pub charge: Option<Decimal>,
    /// In this currency.
    pub currency: Option<String>,
}

/// What is known of an order at its provider. A number that an answer leaves out stays as it was last read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivery {
    /// How far it is; after a word that means nothing, as far as before.
    pub status: DeliveryStatus,
    /// The provider's own word.
    pub provider_status: String,
    /// The count before delivery.
    pub start_count: Option<i64>,
    /// Units not delivered yet.
    pub remains: Option<i64>,
    /// What the provider charges.
    pub charge: Option<Decimal>,
    /// In this currency.
    pub currency: Option<String>,
}

impl Delivery {
    /// Takes a reading in after what was known before it.
    pub(super) fn after(known: Option<&Self>, reading: StatusReading) -> Self {
        let StatusReading { provider_status, start_count, remains, charge, currency } = reading;
        let before = known.map_or(DeliveryStatus::Pending, |known| known.status);
        Self {
            status: DeliveryStatus::of_word(&provider_status).unwrap_or(before),
            provider_status,
            start_count: start_count.or(known.and_then(|known| known.start_count)),
            remains: remains.or(known.and_then(|known| known.remains)),
            charge: charge.or(known.and_then(|known| known.charge)),
            currency: currency.or_else(|| known.and_then(|known| known.currency.clone())),
        }
    }
}

/// How far a provider is with a refill.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum RefillStatus {
    /// Taken and not begun.
    Pending,
    /// Delivering.
    InProgress,
    /// Ended, delivered.
    Completed,
    /// Ended, refused by the provider.
    Rejected,
    /// Ended without having worked.
    Error,
}

impl RefillStatus {
    /// Finds what a provider's word means, as [`DeliveryStatus::of_word`] does.
    pub fn of_word(word: &str) -> Option<Self> {
        Some(match plain(word).as_str() {
            "pending" => Self::Pending,
            "inprogress" | "processing" => Self::InProgress,
            "completed" | "complete" => Self::Completed,
            "rejected" | "canceled" | "cancelled" => Self::Rejected,
            "error" | "fail" | "failed" => Self::Error,
            _ => return None,
        })
    }

    /// Tells whether nothing more is expected.
    pub fn has_ended(self) -> bool {
        matches!(self, Self::Completed | Self::Rejected | Self::Error)
    }
}

/// A refill that a provider took.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refill {
    /// The provider's id of it.
    pub refill_id: String,
    /// How far it is.
    pub status: RefillStatus,
    /// The provider's own word; `None` before it was first asked.
    pub provider_status: Option<String>,
}

fn plain(word: &str) -> String {
    let kept = word.chars().filter(|c| !c.is_whitespace() && !matches!(c, '_' | '-'));
    kept.flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn word_means_the_same_in_every_spelling() {
        for word in ["In progress", "IN_PROGRESS", "in-progress", "Inprogress", " In Progress "] {
            assert_eq!(DeliveryStatus::of_word(word), Some(DeliveryStatus::InProgress), "{word}");
        }
        for word in ["Canceled", "Cancelled", "CANCELED", "Refunded"] {
            assert_eq!(DeliveryStatus::of_word(word), Some(DeliveryStatus::Canceled), "{word}");
        }
    }

    #[test]
    fn unlisted_word_means_nothing() {
        for word in ["", "Disputed", "Completed?", "success", "1", "partially completed"] {
            assert_eq!(DeliveryStatus::of_word(word), None, "{word}");
            assert_eq!(RefillStatus::of_word(word), None, "{word}");
        }
    }

    #[test]
    fn trouble_at_the_provider_ends_nothing() {
        for word in ["Error", "Fail", "Failed", "Active", "Paused", "Processing"] {
            assert!(!DeliveryStatus::of_word(word).unwrap().has_ended(), "{word}");
        }
    }
}
