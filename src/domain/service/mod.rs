//! A service as customers buy it: imported from one provider, kept in step with that provider's catalogue, backed by
//! equivalents at others.

mod command;
mod counter;
mod error;
mod event;
mod kind;
mod listing;
mod price_watch;
mod pricing;
mod state;
mod suspension;
#[cfg(test)]
mod tests;
mod wait_limit;

pub use command::{Equivalent, ForSale, LinkLock, RemainderPolicy, ServiceCommand};
pub use error::ServiceError;
pub use event::ServiceEvent;
pub use kind::{Requirements, ServiceKind, Units};
pub use listing::ServiceListing;
pub use price_watch::PriceWatch;
pub use pricing::Pricing;
pub use state::{Backup, Imported, Service};
pub use suspension::{ServiceResumedBy, ServiceStanding};
pub use wait_limit::{InvalidWaitLimit, WaitLimit};
