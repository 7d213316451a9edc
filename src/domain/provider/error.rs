use super::{InvalidLimit, InvalidName, InvalidUrl, MAX_PRIORITY};

/// Why a command on a provider was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProviderError {
    /// There is no such provider, or not any more.
    #[error("there is no such provider")]
    NotFound,
    /// It was added before.
    #[error("the provider was already added")]
    AlreadyAdded,
    /// The name cannot be used.
    #[error(transparent)]
    Name(#[from] InvalidName),
    /// The address cannot be used.
    #[error(transparent)]
    Url(#[from] InvalidUrl),
    /// The priority is out of range.
    #[error("the priority is {0}: give a number from 1, tried first, to {MAX_PRIORITY}")]
    Priority(i32),
    /// A limit is out of bounds.
    #[error(transparent)]
    Limit(#[from] InvalidLimit),
    /// Something still depends on the provider.
    #[error("{services} services are associated with the provider: retire them first")]
    HasServices {
        /// How many.
        services: usize,
    },
    /// Orders may still be asked about there.
    #[error("{orders} orders of the provider are open: wait until they have ended")]
    HasOpenOrders {
        /// How many.
        orders: i64,
    },
}
