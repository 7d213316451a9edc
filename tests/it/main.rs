//! The integration tests: one binary, real PostgreSQL, no mocks.

#![allow(clippy::unwrap_used, reason = "a helper that fails should fail its test")]

mod graphql_facts;
mod graphql_http;
mod graphql_inputs;
mod graphql_installation;
mod graphql_queries;
mod graphql_schema;
mod mapping_services;
mod order_failover;
mod private_postgres;
mod program_serve;
mod projections;
mod projections_history;
mod projections_states;
mod provider_commands;
mod provider_connection;
mod provider_keys;
mod rebuild_history;
mod support;
mod sync_broken;
mod sync_interrupted;
mod sync_large;
mod sync_lists;
