use serde::{Deserialize, Serialize};

use super::{ReservationEvent, Subject};
use crate::domain::Aggregate;

/// What may be asked of a reservation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReservationCommand {
    /// Hold it; asking again as the same holder changes nothing.
    Reserve(Subject),
    /// Give it back; only the holder can.
    Release {
        /// Id of the holder.
        holder: String,
    },
}

/// The state of a reservation: who holds it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Reservation {
    holder: Option<String>,
}

/// Why a reservation was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReservationError {
    /// Another holds it.
    #[error("{subject} is held by {holder}")]
    Taken {
        /// What is held.
        subject: String,
        /// Who holds it.
        holder: String,
    },
}

impl Aggregate for Reservation {
    const TYPE: &'static str = "reservation";
    type Command = ReservationCommand;
    type Event = ReservationEvent;
    type Error = ReservationError;

    fn decide(
        &self,
        command: ReservationCommand,
    ) -> Result<Vec<ReservationEvent>, ReservationError> {
        match (command, &self.holder) {
            (ReservationCommand::Reserve(Subject { name, holder }), None) => {
                Ok(vec![ReservationEvent::Reserved { subject: name, holder }])
            }
            (ReservationCommand::Reserve(subject), Some(holder)) if *holder == subject.holder => {
                Ok(vec![])
            }
            (ReservationCommand::Reserve(subject), Some(holder)) => {
                Err(ReservationError::Taken { subject: subject.name, holder: holder.clone() })
            }
            (ReservationCommand::Release { holder }, Some(held_by)) if holder == *held_by => {
                Ok(vec![ReservationEvent::ReservationReleased {}])
            }
            (ReservationCommand::Release { .. }, _) => Ok(vec![]),
        }
    }

    fn evolve(&mut self, event: &ReservationEvent) {
        self.holder = match event {
            ReservationEvent::Reserved { holder, .. } => Some(holder.clone()),
            ReservationEvent::ReservationReleased {} => None,
        };
    }
}
