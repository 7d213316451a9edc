//! What an order decides while a provider holds it: only what is new becomes an event.

use super::{
    AttemptState, Delivery, DeliveryStatus, Order, OrderError, OrderEvent, Progress, Refill,
    RefillStatus, StatusReading,
};
use crate::domain::{ProviderId, ServiceId};

type Decided = Result<Vec<OrderEvent>, OrderError>;

/// Where an order is held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holding {
    /// Who holds it.
    pub provider_id: ProviderId,
    /// Which service was bought there.
    pub service_id: ServiceId,
    /// The provider's id of the order.
    pub api_order_id: String,
}

impl Order {
    /// Returns where the order is held.
    ///
    /// # Errors
    /// `NotFound`, or `NotHeld` with the reason.
    pub fn holding(&self) -> Result<Holding, OrderError> {
        match &self.progress {
            Progress::AtProvider(_) => self.held(),
            Progress::Absent => Err(OrderError::NotFound),
            Progress::Queued
            | Progress::Deferred(_)
            | Progress::AwaitingLink(_)
            | Progress::Waiting(_) => Err(OrderError::NotHeld("it waits for one")),
            Progress::Attempting => Err(OrderError::NotHeld("one is being asked")),
            Progress::InDoubt => Err(OrderError::NotHeld("one may, which is in doubt")),
            Progress::Failed => Err(OrderError::NotHeld("none took it")),
        }
    }

    fn held(&self) -> Result<Holding, OrderError> {
        let attempt = self.held_by.and_then(|id| self.attempt(id));
        let held = attempt.and_then(|attempt| match &attempt.state {
            AttemptState::Placed(id) if !id.is_empty() => Some(Holding {
                provider_id: attempt.provider_id,
                service_id: attempt.service_id,
                api_order_id: id.clone(),
            }),
            _ => None,
        });
        held.ok_or(OrderError::NotHeld("its id there is not known"))
    }

    /// A reading from elsewhere than where the order is held says nothing of it.
    pub(super) fn record_status(
        &self,
        asked_about: (ProviderId, &str),
        reading: StatusReading,
    ) -> Decided {
        let held = self.holding()?;
        if (held.provider_id, held.api_order_id.as_str()) != asked_about {
            return Ok(vec![]);
        }
        let known = self.delivery.as_ref();
        let is_news = known.is_none_or(|known| known.provider_status != reading.provider_status);
        let unknown = is_news && DeliveryStatus::of_word(&reading.provider_status).is_none();
        let alarm = unknown.then(|| OrderEvent::UnknownStatusSeen {
            provider_id: held.provider_id,
            provider_status: reading.provider_status.clone(),
            refill_id: None,
        });
        let now = Delivery::after(known, reading);
        let changed = (known != Some(&now)).then_some(OrderEvent::OrderStatusChanged {
            provider_id: held.provider_id,
            api_order_id: held.api_order_id,
            status: now.status,
            provider_status: now.provider_status,
            start_count: now.start_count,
            remains: now.remains,
            charge: now.charge,
            currency: now.currency,
            overall: None,
        });
        Ok(self.with_overall([alarm, changed].into_iter().flatten().collect()))
    }

    pub(super) fn record_refill(&self, answer: Result<String, String>) -> Decided {
        let provider_id = self.holding()?.provider_id;
        Ok(match answer {
            Ok(refill_id) if self.refill(&refill_id).is_some() => vec![],
            Ok(refill_id) => vec![OrderEvent::RefillRequested { provider_id, refill_id }],
            Err(reason) => vec![OrderEvent::RefillRefused { provider_id, reason }],
        })
    }

    pub(super) fn record_refill_status(&self, refill_id: &str, word: String) -> Decided {
        let provider_id = self.holding()?.provider_id;
        let refill = self.refill(refill_id).ok_or(OrderError::NoSuchRefill)?;
        if refill.provider_status.as_ref() == Some(&word) {
            return Ok(vec![]);
        }
        let status = RefillStatus::of_word(&word);
        let alarm = status.is_none().then(|| OrderEvent::UnknownStatusSeen {
            provider_id,
            provider_status: word.clone(),
            refill_id: Some(refill_id.to_owned()),
        });
        let changed = OrderEvent::RefillStatusChanged {
            provider_id,
            refill_id: refill_id.to_owned(),
            status: status.unwrap_or(refill.status),
            provider_status: word,
        };
        Ok(alarm.into_iter().chain([changed]).collect())
    }

    /// An accepted request is on record once; a status proves later what came of it.
    pub(super) fn record_cancel(&self, answer: Result<(), String>) -> Decided {
        let provider_id = self.holding()?.provider_id;
        Ok(match answer {
            Ok(()) if self.cancel_requested => vec![],
            Ok(()) => vec![OrderEvent::CancelRequested { provider_id }],
            Err(reason) => vec![OrderEvent::CancelRefused { provider_id, reason }],
        })
    }

    /// Takes in what happened while a provider holds it.
    pub(super) fn follow(&mut self, event: &OrderEvent) {
        match event {
            OrderEvent::OrderStatusChanged {
                status,
                provider_status,
                start_count,
                remains,
                charge,
                currency,
                ..
            } => {
                self.delivery = Some(Delivery {
                    status: *status,
                    provider_status: provider_status.clone(),
                    start_count: *start_count,
                    remains: *remains,
                    charge: *charge,
                    currency: currency.clone(),
                });
            }
            OrderEvent::RefillRequested { refill_id, .. } => {
                let refill_id = refill_id.clone();
                let status = RefillStatus::Pending;
                self.refills.push(Refill { refill_id, status, provider_status: None });
            }
            OrderEvent::RefillStatusChanged { refill_id, status, provider_status, .. } => {
                let mut refills = self.refills.iter_mut();
                if let Some(refill) = refills.find(|refill| refill.refill_id == *refill_id) {
                    refill.status = *status;
                    refill.provider_status = Some(provider_status.clone());
                }
            }
            OrderEvent::CancelRequested { .. } => self.cancel_requested = true,
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use rust_decimal::dec;

    use super::*;
    use crate::domain::{
        Aggregate, AttemptId, Incarnation,
        order::{Attempt, OrderCommand},
    };

    fn held() -> Order {
        let attempt = Attempt {
            number: 1,
            attempt_id: AttemptId::default(),
            provider_id: ProviderId::default(),
            service_id: ServiceId::default(),
            provider_service_id: "7".to_owned(),
            incarnation: Incarnation::default(),
            settle_after: chrono::DateTime::default(),
            is_trial: false,
            state: AttemptState::Placed("23501".to_owned()),
        };
        let progress = Progress::AtProvider(attempt.provider_id);
        let held_by = Some(attempt.attempt_id);
        Order { progress, held_by, attempts: vec![attempt], ..Order::default() }
    }

    fn reading(word: &str) -> StatusReading {
        StatusReading { provider_status: word.to_owned(), ..StatusReading::default() }
    }

    fn read(order: &mut Order, reading: StatusReading) -> Vec<OrderEvent> {
        let Holding { provider_id, api_order_id, .. } = order.holding().unwrap();
        tell(order, OrderCommand::RecordStatus { provider_id, api_order_id, reading })
    }

    fn tell(order: &mut Order, command: OrderCommand) -> Vec<OrderEvent> {
        let events = order.decide(command).unwrap();
        events.iter().for_each(|event| order.evolve(event));
        events
    }

    fn types(events: &[OrderEvent]) -> Vec<&'static str> {
        events.iter().map(crate::domain::Event::event_type).collect()
    }

    #[test]
    fn changed_status_is_an_event_and_the_same_again_is_none() {
        let mut order = held();
        let said = StatusReading { remains: Some(157), ..reading("In progress") };
        assert_eq!(types(&read(&mut order, said.clone())), ["OrderStatusChanged"]);
        assert_eq!(read(&mut order, said), []);
        assert_eq!(order.delivery.unwrap().status, DeliveryStatus::InProgress);
    }

    #[test]
    fn number_that_an_answer_leaves_out_stays_as_it_was() {
        let mut order = held();
        let whole = StatusReading {
            start_count: Some(3572),
            charge: Some(dec!(0.27819)),
            ..reading("In progress")
        };
        read(&mut order, whole);
        assert_eq!(read(&mut order, reading("In progress")), []);
        let delivery = order.delivery.unwrap();
        assert_eq!((delivery.start_count, delivery.charge), (Some(3572), Some(dec!(0.27819))));
    }

    #[test]
    fn nothing_remaining_does_not_complete_an_order() {
        let mut order = held();
        read(&mut order, StatusReading { remains: Some(0), ..reading("Pending") });
        assert_eq!(order.delivery.unwrap().status, DeliveryStatus::Pending);
    }

    #[test]
    fn unknown_word_raises_one_alarm_and_leaves_the_order_as_open_as_it_was() {
        let mut order = held();
        read(&mut order, reading("In progress"));
        let expected = ["UnknownStatusSeen", "OrderStatusChanged"];
        assert_eq!(types(&read(&mut order, reading("Disputed"))), expected);
        let moved = StatusReading { remains: Some(5), ..reading("Disputed") };
        assert_eq!(types(&read(&mut order, moved)), ["OrderStatusChanged"]);
        let delivery = order.delivery.unwrap();
        assert_eq!(delivery.status, DeliveryStatus::InProgress);
        assert_eq!(delivery.provider_status, "Disputed");
    }

    #[test]
    fn ended_order_reverts() {
        let mut order = held();
        read(&mut order, reading("Completed"));
        assert_eq!(types(&read(&mut order, reading("In progress"))), ["OrderStatusChanged"]);
        assert_eq!(order.delivery.unwrap().status, DeliveryStatus::InProgress);
    }

    #[test]
    fn reading_from_elsewhere_says_nothing() {
        let mut order = held();
        let elsewhere = OrderCommand::RecordStatus {
            provider_id: order.holding().unwrap().provider_id,
            api_order_id: "1".to_owned(),
            reading: reading("Canceled"),
        };
        assert_eq!(tell(&mut order, elsewhere), []);
    }

    #[test]
    fn order_that_nobody_holds_cannot_be_followed() {
        let mut order = held();
        order.progress = Progress::InDoubt;
        let refused = order.decide(OrderCommand::RecordCancel { answer: Ok(()) });
        assert_eq!(refused, Err(OrderError::NotHeld("one may, which is in doubt")));
        let absent = Order::default().decide(OrderCommand::RecordCancel { answer: Ok(()) });
        assert_eq!(absent, Err(OrderError::NotFound));
    }

    #[test]
    fn refill_is_requested_once_and_followed() {
        let mut order = held();
        let taken = OrderCommand::RecordRefill { answer: Ok("9".to_owned()) };
        assert_eq!(types(&tell(&mut order, taken.clone())), ["RefillRequested"]);
        assert_eq!(tell(&mut order, taken), []);
        let said = |word: &str| OrderCommand::RecordRefillStatus {
            refill_id: "9".to_owned(),
            provider_status: word.to_owned(),
        };
        assert_eq!(types(&tell(&mut order, said("Rejected"))), ["RefillStatusChanged"]);
        assert_eq!(tell(&mut order, said("Rejected")), []);
        let expected = ["UnknownStatusSeen", "RefillStatusChanged"];
        assert_eq!(types(&tell(&mut order, said("Lost"))), expected);
        assert_eq!(order.refill("9").unwrap().status, RefillStatus::Rejected);
    }

    #[test]
    fn refusals_are_on_record_each_time_and_an_accepted_cancel_once() {
        let mut order = held();
        let refused = OrderCommand::RecordCancel { answer: Err("too late".to_owned()) };
        assert_eq!(types(&tell(&mut order, refused.clone())), ["CancelRefused"]);
        assert_eq!(types(&tell(&mut order, refused)), ["CancelRefused"]);
        let taken = OrderCommand::RecordCancel { answer: Ok(()) };
        assert_eq!(types(&tell(&mut order, taken.clone())), ["CancelRequested"]);
        assert_eq!(tell(&mut order, taken), []);
        let refused = OrderCommand::RecordRefill { answer: Err("no".to_owned()) };
        assert_eq!(types(&tell(&mut order, refused)), ["RefillRefused"]);
    }
}
