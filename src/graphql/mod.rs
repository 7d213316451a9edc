//! The GraphQL API: what clients may ask and order, in the words of `schema.graphql`.
//!
//! # Shape
//! One file per noun wraps the rows of [`crate::read`]; `query` and `mutation` hold the entry points by noun. What one
//! object asks of many others goes through `related`, by the keys of `loaders`, and `batching` lets them read once per kind
//! and level; `at_hand` resolves what needs no read. What may be followed is in `subscription`; `limits` says how much one
//! request may ask for.
//!
//! # Correctness
//! A mutation runs on a task of its own, so that a client that hangs up cannot cancel an append half-way. Its payload is
//! read once the read models have reached its position. `error` is the only place that knows how errors look outside.
//!
//! Deleted providers and retired services are absent from lists, and `provider(id)` and `service(id)` answer null for
//! them; orders, attempts and logs go on resolving them.

mod alert;
mod alert_delivery;
mod at_hand;
mod batching;
mod calls;
mod connection;
mod context;
mod coverage;
mod dialect;
mod error;
mod error_text;
mod event;
mod failover_log;
mod foreseen;
mod health_change;
mod input;
mod limits;
mod loaders;
mod mutation;
mod nulls;
mod order;
mod performance;
mod price_point;
mod provider;
mod query;
mod ranking;
mod related;
mod scalars;
mod schema;
mod service;
mod subscription;
mod sync_log;
mod words;

pub(crate) use context::Backend;
pub(crate) use error::{ApiError, code_of};
pub use schema::sdl;
pub(crate) use schema::{Accepted, Api, Kind};
