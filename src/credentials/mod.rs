//! Provider keys, sealed at rest.
//!
//! A key is sealed under a fresh id before the event that names the id is appended, so an event never points to nothing;
//! a key whose event never came is swept.

mod seal;
mod store;

pub use seal::{InvalidSealingKey, SealingKey};
pub use store::{CredentialError, Credentials, hint};
