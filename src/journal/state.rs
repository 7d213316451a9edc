use tokio::sync::watch;

use super::{AppendError, batch::Answers};

/// Whether the journal takes events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JournalState {
    /// Nothing has been refused since the last batch was recorded.
    Ready,
    /// The database refuses or cannot be reached, in these words. It is tried again every second.
    Refusing(String),
}

impl JournalState {
    /// Returns why nothing is taken, where nothing is.
    pub fn refusal(&self) -> Option<&str> {
        match self {
            Self::Ready => None,
            Self::Refusing(reason) => Some(reason),
        }
    }
}

/// Notes what a batch's answers tell of the database, and logs where that is news.
pub(super) fn note(state: &watch::Sender<JournalState>, answers: &Answers) {
    match answers.last() {
        None => {}
        Some(Err(error @ (AppendError::Unavailable(_) | AppendError::OutcomeUnknown))) => {
            refuse(state, error.to_string());
        }
        // A conflict, or an event that cannot be stored, was found by a database that works.
        Some(Ok(_) | Err(AppendError::Conflict(_) | AppendError::Invalid(_))) => take(state),
    }
}

/// Notes that nothing can be recorded at present.
pub(super) fn refuse(state: &watch::Sender<JournalState>, reason: String) {
    let refusing = JournalState::Refusing(reason);
    if *state.borrow() == refusing {
        return;
    }
    tracing::error!(reason = refusing.refusal(), "the journal takes no events");
    state.send_replace(refusing);
}

fn take(state: &watch::Sender<JournalState>) {
    let ready = |known: &mut JournalState| {
        std::mem::replace(known, JournalState::Ready) != JournalState::Ready
    };
    if state.send_if_modified(ready) {
        tracing::info!("the journal takes events again");
    }
}
