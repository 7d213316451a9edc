//! The event journal: one gapless order over everything that ever happened.
//!
//! # Shape
//! The table `events` is what a stock `PostgresEventRepository` reads, with a position, a time and an id added. Appends
//! go through [`Journal::append`] to one task, which judges what has come together (`judge`), and sends it as one
//! call of the SQL function `append_events` (`batch`), which spares itself a look at streams that the task has moved
//! itself (`known_heads`). [`Follower`] reads what was appended, in order, and what this process appended lately from
//! memory (`tail`); where streams end is asked for many at once (`heads`).
//!
//! # Correctness
//! The function takes a lock before it looks at heads, so positions have no gaps and commits follow their order, with
//! any number of processes. An acknowledged request is on disk; one whose outcome cannot be told is reported as such.
//!
//! # Cost
//! A batch is one round trip and one fsync, however many requests share it.

mod announcer;
mod appender;
mod batch;
mod error;
mod follow;
mod handle;
mod heads;
mod judge;
mod known_heads;
mod measure;
mod request;
mod session;
mod state;
mod tail;
mod text;

pub use error::AppendError;
pub use follow::{Filter, Follower, Page, RecordedEvent};
pub use handle::{Journal, read_head};
pub use request::{AppendRequest, Appended, StreamId};
pub use state::JournalState;
