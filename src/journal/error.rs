/// Why an append did not happen, or is not known to have happened.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AppendError {
    /// A stream's head is not where the caller expected it: somebody else appended. Load again and decide anew.
    #[error("stream {0} is not at the expected version any more")]
    Conflict(String),
    /// The request can never be stored as it is.
    #[error("the events cannot be stored: {0}")]
    Invalid(String),
    /// Nothing was recorded. Try again later.
    #[error("the journal takes no events at present: {0}")]
    Unavailable(String),
    /// The database went away at the commit and did not come back in time to tell. Load again to see.
    #[error(
        "the journal's database went away while it recorded this, so the outcome is not known yet"
    )]
    OutcomeUnknown,
}
