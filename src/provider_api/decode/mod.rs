//! Reading what panels answer: leniently, and never by way of a float.

mod balance;
mod catalogue;
mod reply;
mod row;
mod unexpected;
mod value;

pub(super) use balance::balance;
pub(super) use catalogue::catalogue;
pub use catalogue::{Catalogue, RowError};
pub(super) use reply::{Members, Reply};
pub(super) use unexpected::{Unexpected, excerpt};
