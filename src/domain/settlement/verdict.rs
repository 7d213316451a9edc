use std::fmt;

/// What follows from a reading.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// The provider holds it.
    Placed {
        /// Under this id.
        api_order_id: String,
    },
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
    /// It answered an error, or not what was asked.
    #[error("the provider did not answer")]
    NoAnswer,
    /// Which of them is listed cannot be told.
    #[error("another attempt for this link is not decided yet")]
    Rivals,
    /// What was spent may be another's.
    #[error("another attempt at this provider is not decided yet")]
    Others,
    /// So it is not known where to look.
    #[error("no order of ours is known there from before the attempt")]
    NothingKnownBefore,
    /// What is newer may have been entered by hand before.
    #[error(
        "no order of ours is known there from between the declaration as exclusive and the attempt"
    )]
    NothingKnownSinceDeclared,
    /// Panels cut long lists.
    #[error("the list does not reach back to before the attempt")]
    ListTooShort,
    /// What is newer cannot be told by the ids.
    #[error("the provider does not number its orders")]
    NotNumbered,
    /// It may be ours, or entered at the panel by hand.
    #[error("an unclaimed order may be ours")]
    Resembles,
    /// It would prove it, were nobody else ordering there.
    #[error("the provider is not declared exclusive, so that an unclaimed order proves nothing")]
    NotExclusive,
    /// An order that nobody claims may be one of theirs.
    #[error("subscriptions run at this provider, which make orders by themselves")]
    Subscriptions,
    /// Only one of them can be ours.
    #[error("several orders there are claimed by nobody")]
    Several,
    /// It is an order, and not this one as it was sent.
    #[error("an unclaimed order is charged otherwise than ours would be")]
    ChargeDiffers,
    /// One of the readings is wrong, or something happened that nobody told of.
    #[error("the orders there and what the account has spent contradict each other")]
    Contradiction,
    /// It was charged, and cannot be followed without its id.
    #[error("the account has spent as much, and the order's id there is not known")]
    IdUnknown,
    /// There is nothing to compare with.
    #[error("the balance is not known from between the declaration as exclusive and the attempt")]
    NoBalanceBefore,
    /// Orders placed, ended or paid back since, or a top-up.
    #[error("something else has moved the balance since before the attempt")]
    OtherMoves,
    /// A top-up may be of the same amount, and a charge under two cents is lost in rounding.
    #[error("a charge of this amount may be hidden by a top-up or by rounding")]
    MayBeHidden,
    /// Something runs on the link there.
    #[error("the provider called the link busy since, so that it may well hold the order")]
    LinkWasBusy,
    /// The provider may still take it.
    #[error("there is no trace of it yet, and the provider may still take it")]
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

    /// Tells whether it settles the attempt.
    pub fn is_conclusive(&self) -> bool {
        !matches!(self, Self::Inconclusive(_))
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Placed { api_order_id } => write!(f, "placed, as {api_order_id}"),
            Self::NotPlaced => write!(f, "not placed"),
            Self::Inconclusive(why) => write!(f, "held: {why}"),
        }
    }
}
