//! Queries over the read models.

pub mod open_orders;
