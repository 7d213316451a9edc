//! Orders end to end: a whole installation, real PostgreSQL, panels that misbehave.

mod crash;
mod dispatch;
mod draining;
mod evidence;
mod failover;
mod outcomes;
mod placing;
mod secrets;
mod settlement;
mod settlement_policies;
mod settling;
mod sharing;
mod tenure;

pub(crate) use settling::let_the_waiting_time_pass;
