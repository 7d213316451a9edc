//! `signalbox demo`: orders fail over between simulated panels before one's eyes.
//!
//! Everything is real but the panels: a private PostgreSQL, the journal, the dispatcher, the API.

mod cast;
mod narrator;
mod stage;
mod summary;

pub(super) use stage::Demo;
