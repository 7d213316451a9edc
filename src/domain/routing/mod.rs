//! Which provider an order goes to: a pure function of recorded facts, written down with its reasons.

mod decision;

pub use decision::{Candidate, CandidateFacts, Decision, Exclusion, Request, Strategy, decide};
