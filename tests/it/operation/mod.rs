//! What operators rely on: measures, traces, probes, stops, and a database in trouble.

mod alerts;
mod clock;
mod disk;
mod measures;
mod read_only;
mod requests;
mod secrets;
mod stopping;
