//! One run of a catalogue sync: when it ran, what it changed, what was wrong with the list.

mod event;
mod state;
#[cfg(test)]
mod tests;

pub use event::{SyncCounts, SyncEvent, SyncTrigger};
pub use state::{SyncCommand, SyncError, SyncRun};
