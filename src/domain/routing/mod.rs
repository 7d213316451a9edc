//! Which provider an order goes to: a pure function of recorded facts, written down with its reasons.

mod advice;
mod coverage;
mod decision;
mod tiers;

pub use advice::{PriorityAdvice, Standing, advise, advise_on_backups};
pub use coverage::{BackupFacts, CoverageGap, CoverageProblem, Sale, coverage_gaps};
pub use decision::{Candidate, CandidateFacts, Decision, Exclusion, Request, Strategy, decide};
