//! A fake panel for trying things on: by hand, in the demo, and under the tests.
//!
//! It speaks panel API v2 as panels speak it, sells a generated or a given catalogue, charges a balance exactly,
//! works its orders off by the clock, and misbehaves on request while it runs. It shares no code with the client
//! that is tried on it, so that one misreading of the protocol cannot hide in both.
//!
//! # Shape
//! One [`Panel`] listens on one address. `/api/v2` answers the actions `services`, `add`, `status`, `refill`,
//! `refill_status`, `cancel`, `balance` and, where switched on, `orders`, by form, query string or JSON body;
//! the key may stand in `key`, in `Authorization: Bearer` or in `X-API-Key`. A [`FaultRule`] says which calls go
//! wrong, how, and whether before or after the panel acted on them.
//!
//! # Control over HTTP
//! The same things that [`Panel`] offers to a program are reached under `/_sim` on the same port, without a key:
//!
//! | request | what it does |
//! |---|---|
//! | `GET /_sim` | counts, balance, latency, switches, faults |
//! | `GET /_sim/faults` | the rules in force |
//! | `PUT /_sim/faults` | replaces all rules by a list |
//! | `POST /_sim/faults` | adds one rule after the others |
//! | `DELETE /_sim/faults` | ends all faults |
//! | `GET /_sim/orders` | every order that was accepted, oldest first |
//! | `PUT /_sim/orders/{id}` | `{"status":"Disputed"}` is answered from now on; `{"status":null}` ends that |
//! | `PUT /_sim/orders/{id}/end` | `{"remains":400}`: it ends now, with so many units undelivered |
//! | `GET /_sim/requests` | the last calls and how each was sent, without their keys |
//! | `PUT /_sim/balance` | `{"balance":"12.5"}` |
//! | `PUT /_sim/latency` | `{"base_ms":50,"jitter_ms":100}` |
//! | `PUT /_sim/switches` | `{"orders_list":true,"busy_links":true,"no_lists":true}`, any of them |
//! | `GET /_sim/catalogue` | the rows on sale |
//! | `PUT /_sim/catalogue` | replaces all rows |
//! | `POST /_sim/catalogue` | adds a row |
//! | `PATCH /_sim/catalogue/{service}` | merges fields into a row: a new price, or another product under an old id |
//! | `DELETE /_sim/catalogue/{service}` | takes a row away |
//!
//! A rule is `{"fault":…}` with, if wanted, `"action":"add"` (default: every action), `"share":0.5` (of the calls,
//! default 1), `"remaining":10` (how often yet, default without end) and `"moment":"after"` (default `before`). Faults are
//! `{"refuse":"Not enough funds on balance"}`, `{"too_many_requests":{"retry_after_seconds":3,"body":"json"}}` (body
//! `json`, `text`, `html` or `empty`), `{"unavailable":{"retry_after_seconds":3}}` (HTTP 503), `"server_error"`, `{"html":503}`, `{"slow_ms":3000}`, `"silent"`, `"reset"`,
//! `"truncated"` and `"empty_list"`. The first rule that hits a call decides it.
//!
//! # Correctness
//! The same seed and the same calls in the same order give the same catalogue, ids, charges and faults. All state
//! stands behind one lock that is never held across an await. As at a real panel, a client that hangs up does not
//! stop a call that has arrived: a slow panel may accept an order that nobody waits for any more.

mod actions;
mod catalogue;
mod config;
mod control;
mod faults;
mod orders;
mod panel;
mod params;
mod replies;
mod server;
mod state;
#[cfg(test)]
mod tests;

pub use actions::Action;
pub use catalogue::{Catalogue, CatalogueError};
pub use config::{IdSteps, Latency, Pace, PanelConfig, Switches};
pub use faults::{Fault, FaultRule, Moment, RateLimitBody};
pub use orders::{AcceptedOrder, OrderStatus};
pub use panel::{Panel, StartError};
pub use params::Sent;
pub use state::{PanelState, RecordedRequest};
