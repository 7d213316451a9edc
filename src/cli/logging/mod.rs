//! What the program writes about itself: lines on standard error, and traces for a collector where one is named.

#[cfg(feature = "otlp")]
mod otlp;
mod start;

pub(super) use start::{LogFormat, Logging};
