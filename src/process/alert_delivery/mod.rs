//! Tells operators of alerts where they are.
//!
//! # Shape
//! [`AlertDelivery`] is the loop, one for each channel: `store` takes over what the read model `alerts` has to tell and says
//! what is due, [`crate::alert_channel`] sends it, and `store` notes what came of it.
//!
//! # Correctness
//! Only the process that dispatches sends. What is to be told is on disk before it is sent, and stays waiting until the
//! receiver has said that it has it: a crash in between sends it again, under the same id. So everything arrives at least
//! once, unless the receiver has been away for a day; then it is given up, visibly. That an alert is over is not told while
//! that it began is still waiting. A channel that is new is told of what begins from then on.
//!
//! # Cost
//! Two small statements at each look. Nothing that routes orders waits for any of it.

mod deliver;
mod pace;
mod store;

pub use deliver::{AlertDelivery, AlertDeliveryNeeds};
pub use pace::DeliveryPace;
