//! Why a command did not happen.

use crate::domain::{
    Position,
    order::{InvalidFields, OrderError},
    provider::{InvalidLimit, InvalidName, InvalidSyncInterval, InvalidUrl, ProviderError},
    service::{InvalidWaitLimit, ServiceError},
    sync::SyncError,
};
use crate::journal::AppendError;

/// Why a command did not happen. The first five are the caller's to mend, the last two the operator's.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    /// An input breaks a rule.
    #[error("{problem}")]
    Invalid {
        /// The input's field, as the GraphQL API names it.
        field: String,
        /// What is wrong and what would be right.
        problem: String,
    },
    /// There is no such thing.
    #[error("{0}")]
    NotFound(String),
    /// The state of things forbids it.
    #[error("{0}")]
    Conflict(String),
    /// No provider can take the order.
    #[error("{0}")]
    Unroutable(String),
    /// It happened, but its result could not be read in time.
    #[error("the change stands at position {0}, but the read models have not got there in time")]
    NotReadYet(Position),
    /// The database, or what else is needed, is not to be had at present.
    #[error("{0}")]
    Unavailable(String),
    /// A fault of ours.
    #[error("{0}")]
    Internal(String),
}

impl CommandError {
    /// An input that breaks a rule.
    pub fn invalid(field: &str, problem: impl std::fmt::Display) -> Self {
        Self::Invalid { field: field.to_owned(), problem: problem.to_string() }
    }
}

impl From<ProviderError> for CommandError {
    fn from(error: ProviderError) -> Self {
        match error {
            ProviderError::NotFound => Self::NotFound(error.to_string()),
            ProviderError::Name(_) => Self::invalid("name", error),
            ProviderError::Url(_) => Self::invalid("apiUrl", error),
            ProviderError::Priority(_) => Self::invalid("priority", error),
            ProviderError::Limit(limit) => Self::invalid(limit_field(limit), error),
            ProviderError::AlreadyAdded
            | ProviderError::HasServices { .. }
            | ProviderError::HasOpenOrders { .. } => Self::Conflict(error.to_string()),
        }
    }
}

fn limit_field(limit: InvalidLimit) -> &'static str {
    match limit {
        InvalidLimit::ConcurrentCalls(_) => "concurrentCalls",
        InvalidLimit::Rate => "requestsPerSecond",
        InvalidLimit::OrderTimeout(_) => "orderTimeoutSeconds",
        InvalidLimit::ReadTimeout(_) => "readTimeoutSeconds",
        InvalidLimit::CatalogueTimeout(_) => "catalogueTimeoutSeconds",
    }
}

impl From<InvalidName> for CommandError {
    fn from(error: InvalidName) -> Self {
        ProviderError::from(error).into()
    }
}

impl From<InvalidSyncInterval> for CommandError {
    fn from(error: InvalidSyncInterval) -> Self {
        Self::invalid("syncIntervalMinutes", error)
    }
}

impl From<InvalidUrl> for CommandError {
    fn from(error: InvalidUrl) -> Self {
        ProviderError::from(error).into()
    }
}

impl From<InvalidWaitLimit> for CommandError {
    fn from(error: InvalidWaitLimit) -> Self {
        Self::invalid("waitMinutes", error)
    }
}

impl From<ServiceError> for CommandError {
    fn from(error: ServiceError) -> Self {
        match error {
            ServiceError::NotFound => Self::NotFound(error.to_string()),
            ServiceError::Priority(_) => Self::invalid("priority", error),
            ServiceError::NegativePrice(_) => Self::invalid("price", error),
            ServiceError::Markup(_) => Self::invalid("markupPercent", error),
            ServiceError::Category => Self::invalid("category", error),
            ServiceError::SameProvider | ServiceError::OtherKind { .. } => {
                Self::invalid("backupServiceId", error)
            }
            ServiceError::NotMapped => Self::NotFound(error.to_string()),
            ServiceError::HasOpenOrders { .. } | ServiceError::TooManyBackups(_) => {
                Self::Conflict(error.to_string())
            }
        }
    }
}

impl From<OrderError> for CommandError {
    fn from(error: OrderError) -> Self {
        match error {
            OrderError::NotFound | OrderError::NoSuchAttempt | OrderError::NoSuchRefill => {
                Self::NotFound(error.to_string())
            }
            OrderError::ApiOrderIdMissing => Self::invalid("apiOrderId", error),
            OrderError::AlreadyPlaced
            | OrderError::NotFree(_)
            | OrderError::NotHeld(_)
            | OrderError::NotInDoubt
            | OrderError::TooEarly(_) => Self::Conflict(error.to_string()),
        }
    }
}

impl From<SyncError> for CommandError {
    fn from(error: SyncError) -> Self {
        Self::Conflict(error.to_string())
    }
}

impl From<InvalidFields> for CommandError {
    fn from(error: InvalidFields) -> Self {
        Self::invalid(error.field(), &error)
    }
}

impl From<AppendError> for CommandError {
    fn from(error: AppendError) -> Self {
        match error {
            AppendError::Conflict(_) => {
                Self::Conflict("something else changed at the same time: try again".to_owned())
            }
            AppendError::Invalid(_) => Self::Internal(error.to_string()),
            AppendError::Unavailable(_) | AppendError::OutcomeUnknown => {
                Self::Unavailable(error.to_string())
            }
        }
    }
}
