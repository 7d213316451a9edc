//! What a provider's refusal lets a router do.

mod class;
mod texts;

pub use class::{AfterRefusal, Ledger, RefusalClass};
