use chrono::TimeDelta;

use super::SuspensionCause;
use crate::domain::refusal::{Ledger, RefusalClass};

/// How an attempt at a provider ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The provider took the order.
    Placed,
    /// It certainly did not.
    Refused {
        /// What the refusal says.
        class: RefusalClass,
        /// For how long the provider asks to be left alone, where it does.
        retry_after: Option<TimeDelta>,
    },
    /// It gave no answer that settles whether it took the order.
    InDoubt {
        /// For how long the provider asks to be left alone, where it does.
        retry_after: Option<TimeDelta>,
    },
    /// Nobody asked it.
    NotSent,
}

/// What an attempt's end means for the provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bearing {
    /// It works.
    Good,
    /// It failed.
    Failure,
    /// It is of no use until something has changed.
    OutOfUse(SuspensionCause),
    /// One of its services is of no use; the others may be.
    ServiceOutOfUse,
    /// Nothing: the request was at fault, or nobody was asked.
    None,
}

impl Outcome {
    /// Returns what the end means for the provider.
    pub fn bearing(self) -> Bearing {
        match self {
            Self::Placed => Bearing::Good,
            Self::InDoubt { retry_after: Some(_) } => {
                Bearing::OutOfUse(SuspensionCause::RetryAfter)
            }
            Self::InDoubt { retry_after: None } => Bearing::Failure,
            Self::NotSent => Bearing::None,
            Self::Refused { class: RefusalClass::WalletEmpty, .. } => {
                Bearing::OutOfUse(SuspensionCause::WalletEmpty)
            }
            Self::Refused { class: RefusalClass::BadKey, .. } => {
                Bearing::OutOfUse(SuspensionCause::BadKey)
            }
            Self::Refused { class: RefusalClass::ServiceGone, .. } => Bearing::ServiceOutOfUse,
            Self::Refused { class, retry_after } => match (class.ledger(), retry_after) {
                (Ledger::Request, _) => Bearing::None,
                (Ledger::Provider, Some(_)) => Bearing::OutOfUse(SuspensionCause::RetryAfter),
                (Ledger::Provider | Ledger::Transport, _) => Bearing::Failure,
            },
        }
    }

    /// Returns for how long the provider asks to be left alone, where it does.
    pub fn retry_after(self) -> Option<TimeDelta> {
        match self {
            Self::Refused { retry_after, .. } | Self::InDoubt { retry_after } => retry_after,
            Self::Placed | Self::NotSent => None,
        }
    }
}
