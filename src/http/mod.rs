//! The HTTP side: GraphQL over HTTP, the bearer token, and what an operator's probes ask.
//!
//! # Shape
//! `router` holds the addresses; `endpoint` takes a GraphQL request through token, media type, body and position to the
//! schema; `media` knows what clients accept; `answer` writes what they get. `request` gives every request its id.
//!
//! # Correctness
//! Follows the GraphQL over HTTP draft: a request that cannot be executed is answered with 400 as
//! `application/graphql-response+json` and with 200 as `application/json`; no mutation goes by GET, and no batches.

mod answer;
mod endpoint;
mod health;
mod media;
mod metrics;
mod request;
mod router;
mod state;
mod token;

pub use router::{router, serve};
pub use state::AppState;
