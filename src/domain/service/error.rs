use rust_decimal::Decimal;

use crate::domain::provider::MAX_PRIORITY;

/// Why a command on a service was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ServiceError {
    /// There is no such service, or it was retired.
    #[error("there is no such service")]
    NotFound,
    /// Both services are the same provider's.
    #[error("both services are sold by the same provider: a backup must be another provider's")]
    SameProvider,
    /// An order for one would not fit the other.
    #[error(
        "the service is of type `{kind}`, the backup of type `{backup_kind}`: both must be of the same type"
    )]
    OtherKind {
        /// Type of the service.
        kind: String,
        /// Type of the would-be backup.
        backup_kind: String,
    },
    /// Every candidate stands in every decision.
    #[error("the service has {0} backups, and more are not taken: unmap one first")]
    TooManyBackups(usize),
    /// The two are not mapped.
    #[error("the service has no such backup")]
    NotMapped,
    /// The priority is out of range.
    #[error("the priority is {0}: give a number from 1, tried first, to {MAX_PRIORITY}")]
    Priority(i32),
    /// Prices are not below zero.
    #[error("the price {0} is below zero")]
    NegativePrice(Decimal),
    /// A markup below -100 % would pay the customer.
    #[error("the markup {0} % is not between -100 and 100000")]
    Markup(Decimal),
    /// A category is a line of text.
    #[error("the category must be 1 to 200 printable characters")]
    Category,
    /// Orders may still be asked about.
    #[error("{orders} orders of the service are open: wait until they have ended")]
    HasOpenOrders {
        /// How many.
        orders: i64,
    },
}
