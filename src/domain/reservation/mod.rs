//! A claim on something that may exist once: a provider's name, or a provider's order id.
//!
//! The reservation's stream stands in the same append as the event that needs it, so two holders cannot both succeed.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{Aggregate, OrderId, ProviderId, aggregate::event_types, provider::ProviderName};

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

/// Who wants to hold what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    name: String,
    holder: String,
}

impl Subject {
    /// A provider's name, compared without case.
    pub fn provider_name(name: &ProviderName, holder: ProviderId) -> Self {
        Self {
            name: format!("provider name {}", name.as_str().to_lowercase()),
            holder: holder.to_string(),
        }
    }

    /// A provider's id of one of our orders.
    pub fn provider_order(provider: ProviderId, api_order_id: &str, holder: OrderId) -> Self {
        Self {
            name: format!("order {api_order_id} at provider {provider}"),
            holder: holder.to_string(),
        }
    }

    /// Id of the reservation's stream: a digest, since what providers call their orders has any length.
    pub fn stream_id(&self) -> String {
        Sha256::digest(self.name.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
    }
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
