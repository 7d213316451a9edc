//! Orders end to end: a whole installation, real PostgreSQL, panels that misbehave.

mod failover;
mod outcomes;
