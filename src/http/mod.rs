//! The HTTP side: GraphQL over HTTP, the bearer token, and what an operator's probes ask.
//!
//! # Shape
//! `router` holds the addresses; `endpoint`, `stream` and `websocket` let clients in and write what they get, each in its
//! way; `request` makes of a body or a URL what the schema takes; `media` knows what clients accept; `answer` says with
//! which status; `trace` gives every request its id.
//!
//! # Correctness
//! Follows the GraphQL over HTTP draft: a request that is not executed is answered with 400 (or 503, where waiting helps) as
//! `application/graphql-response+json` and with 200 as `application/json`; no mutation goes by GET, and no batches.

mod answer;
mod endpoint;
mod graphiql;
mod health;
mod media;
mod metrics;
mod request;
mod router;
mod state;
mod stream;
mod token;
mod trace;
mod websocket;

pub use router::{router, serve};
pub use state::AppState;
