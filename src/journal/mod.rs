//! The event journal.

mod error;

pub use error::AppendError;
