//! The runner that folds the journal into read models.
//!
//! # Shape
//! A read model is one file in `projections/`: a header that says which question it answers and which events it folds,
//! its tables, and a function `fold(after_position, upto_position)`. Its tables stand in a schema named by the file's
//! name and hash, so a changed file is built beside the old one, and two versions of the program each read their own.
//! One task per model folds batch after batch, as soon as the journal is known to have grown.
//!
//! What a model lacks at a start is *built* (`build`, `builder`): filled beside in large batches, without the indexes that
//! no key needs, two slices at a time where the file says that their order does not matter (`slices`), and *swapped* in
//! (`swap`). [`Replay`] does the same at an operator's word, or compares (`verify`), or
//! leaves the past for inspection. Analysts add files in a folder ([`ModelSet`]); those run with rights of their own
//! (`role`) on connections of their own. docs/PROJECTIONS.md shows how.
//!
//! # Correctness
//! A batch and the checkpoint behind it are one transaction, so every event is folded exactly once, whatever dies. The
//! lock on the checkpoint's row elects who folds; of several processes each batch is folded by one. A crash of the
//! database may take the last batches back, checkpoint included, since they do not wait for the disk; the journal does.
//! A model that fails stops alone: the position that it stops at and the database's words are in its status.
//! A swap is the renaming of schemas, in one transaction with the checkpoint. Who builds holds a lock and leaves a note of
//! what it builds, by which the next one sweeps what a dead one left.
//!
//! # Cost
//! At rest one short query every quarter of a second; after an append a few milliseconds until all models have it, of
//! which the database works three. Then a model rests for 200 ms or six times as long as its fold took, up to 300 ms, and
//! waits for its turn in the one session that folds (`turns`), unless somebody waits for it: what comes together is
//! folded in one go, and appends keep the processors. A range without an event that the model folds moves its checkpoint
//! alone. Batches grow with the load, to 10,000 positions: 100,000 events of orders take a model 0.3 to 1 s.
//! docs/PROJECTIONS.md holds what a rebuild takes.

mod build;
mod builder;
mod error;
mod fold;
mod folder;
mod install;
mod model;
mod progress;
mod rebuild;
mod replay;
mod role;
mod runner;
mod slices;
mod start;
mod status;
mod swap;
mod sweep;
mod turns;
mod verify;

pub use build::BuildStep;
pub use error::{ProjectionError, WaitError};
pub use folder::{ModelSet, RefusedFile};
pub use model::{Origin, ReadModel, ReadModels, search_path};
pub use progress::{ProjectionStatus, RebuildStatus};
pub use rebuild::rebuild;
pub use replay::{Inspection, Replay, position_at};
pub use start::Projections;
pub use sweep::sweep;
pub use verify::{Difference, Verdict};
