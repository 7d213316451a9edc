//! The journal on real PostgreSQL.

mod batches;
mod crash;
mod outages;
mod outcomes;
mod parts;
mod processes;
mod races;
mod stock;
