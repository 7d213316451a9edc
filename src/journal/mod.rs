//! The event journal.
