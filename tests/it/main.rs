//! The integration tests: one binary, real PostgreSQL, no mocks.

#![allow(clippy::unwrap_used, reason = "a helper that fails should fail its test")]

mod architecture;
mod architecture_source;
mod golden;
mod golden_catalogue;
mod golden_followed;
mod golden_orders;
mod graphql_answers;
mod graphql_bulk;
mod graphql_events;
mod graphql_facts;
mod graphql_http;
mod graphql_inputs;
mod graphql_installation;
mod graphql_limits;
mod graphql_mutations;
mod graphql_queries;
mod graphql_rankings;
mod graphql_schema;
mod journal;
mod mapping_services;
mod operation;
mod orders;
mod private_postgres;
mod program_serve;
mod projections;
mod projections_history;
mod projections_states;
mod provider_commands;
mod provider_connection;
mod provider_keys;
mod rebuild_history;
mod status_poll;
mod status_requests;
mod subscription_client;
mod subscription_events;
mod subscription_protocol;
mod subscription_things;
mod support;
mod sync_broken;
mod sync_interrupted;
mod sync_large;
mod sync_lists;
