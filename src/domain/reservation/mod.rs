//! A claim on something that may exist once: a provider's name, or a provider's order id.
//!
//! The reservation's stream stands in the same append as the event that needs it, so two holders cannot both succeed.

mod event;
mod state;
mod subject;
#[cfg(test)]
mod tests;

pub use event::ReservationEvent;
pub use state::{Reservation, ReservationCommand, ReservationError};
pub use subject::Subject;
