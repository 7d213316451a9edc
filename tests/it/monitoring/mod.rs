//! Providers are watched, their calls are counted, and operators are told.

mod alerts;
mod balances;
mod calls;
