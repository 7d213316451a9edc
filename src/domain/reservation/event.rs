use serde::{Deserialize, Serialize};

use crate::domain::aggregate::event_types;

/// What can have happened to a reservation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type")]
pub enum ReservationEvent {
    /// Somebody holds it.
    Reserved {
        /// What is held, in readable form.
        subject: String,
        /// Id of the holder.
        holder: String,
    },
    /// It is free again.
    ReservationReleased {},
}

event_types!(ReservationEvent { Reserved, ReservationReleased });
