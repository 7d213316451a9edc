//! Signalbox routes a reseller panel's orders over several upstream providers, never loses one, never places one
//! twice, and can show why it did what it did.
//!
//! # Map, in the direction of the data
//!
//! | module | what happens there |
//! |---|---|
//! | [`http`], [`graphql`] | a request comes in and becomes a command or a read |
//! | [`command`] | state is loaded, the domain decides, events are appended |
//! | [`domain`] | the rules: pure, synchronous, without clock or I/O |
//! | [`journal`] | events are made durable, in one gapless order |
//! | [`projection`] | events are folded into tables by the files in `projections/` |
//! | [`read`] | those tables are read |
//! | [`process`] | the only loops: events in, provider calls, commands out |
//! | [`provider_api`] | how upstream panels are spoken to |
//! | [`alert_channel`] | how operators are told of alerts |
//!
//! [`app`] puts them together. Beside the flow stand [`credentials`] (sealed provider keys), [`postgres`] (the private
//! database), [`migration`] (the database's shape), [`metrics`] and [`request_id`] (what operators see of it all),
//! [`pace`] (calls at a distance),
//! [`simulator`] (a fake panel) and [`cli`] (the program).

pub mod alert_channel;
pub mod app;
pub mod cli;
pub mod command;
pub mod credentials;
pub mod domain;
pub mod graphql;
pub mod http;
pub mod journal;
pub mod metrics;
pub mod migration;
mod outage;
pub mod pace;
pub mod postgres;
pub mod process;
pub mod projection;
pub mod provider_api;
pub mod read;
pub mod request_id;
pub mod simulator;
mod vital;
