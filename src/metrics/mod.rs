//! What the program measures of itself, for Prometheus.
//!
//! # Shape
//! `catalogue` names every metric, with its help text; `recorder` keeps the values and writes them as text; `record` is
//! what the other modules call, one function for each thing that happens. What merely *is* (a queue's length, a read
//! model's lag) is not counted along the way but looked at when it is asked for, by [`crate::http`].
//!
//! # Correctness
//! Labels come from closed sets (outcomes, actions, event types, read models) and from the providers' names, so the
//! number of series is bounded. Nothing here holds a link, a key or a customer.
//!
//! # Cost
//! Some tens of nanoseconds for each value. There is one set of values in a process, and before [`install`] nothing is
//! kept at all.

mod catalogue;
mod record;
mod recorder;

pub use record::{
    AppendOutcome, AttemptOutcome, Delivery, Gauges, ModelGauges, PoolGauges, alert_told,
    append_answered, attempt_ended, batch_written, call_not_logged, events_recorded, graphql_error,
    provider_called, request_served, sync_ended,
};
pub use recorder::{install, keep, render};
