//! GraphQL over WebSocket, as the protocol `graphql-transport-ws` has it.
//!
//! # Shape
//! `upgrade` lets a connection in; `connection` is its life; `message` knows the protocol's words, `end` why a
//! connection ends.
//!
//! # Correctness
//! A connection says nothing before its client has shown the token, in the header of the upgrade or in
//! `connection_init`. Answers are written one at a time, and the next is made when the last is on its way, so a client
//! that reads slowly costs no memory: its subscriptions go on where they are.

mod connection;
mod end;
mod message;
mod upgrade;

pub(super) use upgrade::upgrade;
