//! Syncs every provider's catalogue again and again, in the rhythm that the operator has set for it.
//!
//! # Shape
//! [`ScheduledSync`] is the loop: it looks now and then which rhythms there are, `timetable` says which sync is due, and the
//! sync itself is the one that an operator would start.
//!
//! # Correctness
//! Only the process that dispatches syncs. When the next sync is due is no fact, so it is in no event: it follows from the
//! start of the last one, by whoever, and from when the provider was added where there was none. A run that this process
//! has begun is not cut off when its tenure ends: it closes itself, as one that an operator began.
//!
//! # Cost
//! One small statement at each look, and two runs at a time. What a restart finds overdue is spread over some minutes.

mod pace;
mod run;
mod timetable;

pub use pace::SyncPace;
pub use run::{ScheduledSync, ScheduledSyncNeeds};
