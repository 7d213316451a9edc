//! How upstream panels are spoken to: the panel API v2 goes out in the panel's dialect, and whatever comes back is read
//! leniently.
//!
//! # Shape
//! [`PanelClient`] makes a call: `guard` judges the address, `encode` and `speak` write it in the panel's dialect,
//! `transport` sends it once and
//! reads a bounded answer, `decode` reads that, and `redact` takes the key out of every text that leaves. Numbers are
//! decoded from the JSON text, never by way of a float.
//!
//! # Correctness
//! What an `add` came to is one pure function, `outcome::of`: PLACED only where an order id was read, REFUSED only
//! where nothing was sent or a listed refusal was read, and in doubt otherwise. For that to hold no call is ever
//! repeated, redirected or sent by way of a proxy here: trying again is a decision of the caller's.
//!
//! About orders that a provider holds it is asked by lists of ids. Only where the panel answers that it takes no lists is
//! it asked again, one by one.
//!
//! # Cost
//! An `add` opens a connection of its own, because a request on a reused one may be sent twice. A catalogue of 10,000
//! rows is decoded in one pass over rows that borrow from the answer, off the threads that serve others.

mod client;
mod decode;
mod encode;
mod error;
mod follow;
mod guard;
mod meanings;
mod outcome;
mod redact;
mod speak;
#[cfg(test)]
mod tests;
mod transport;
mod watch;

pub use client::{CallLimits, ClientUnavailable, Endpoint, PanelClient, Timed, Timeouts};
pub use decode::{AnswerFor, Catalogue, RowError, means_no_order};
pub use encode::NewOrder;
pub use error::CallFailure;
pub use follow::IDS_A_CALL;
pub use outcome::{AddAnswer, AddReply};
pub use watch::{CallRecord, CallWatch, FailedCall};
