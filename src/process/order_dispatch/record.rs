//! Putting an outcome on record: it is never dropped, however long the database stays away.

use std::time::Duration;

use chrono::{TimeDelta, Utc};
use tokio::time::sleep;

use super::drive::{Drive, Step};
use crate::{
    command::{CommandError, Loaded, Ticket, held_order},
    domain::{
        Aggregate, AttemptId, ServiceId,
        order::{NextStep, Order, OrderCommand, OrderEvent, ProviderAnswer},
        refusal::AfterRefusal,
        reservation::{Reservation, ReservationCommand, ReservationError, Subject},
        routing::Exclusion,
    },
    journal::AppendError,
};

/// Between two tries to record an outcome.
const PAUSE: Duration = Duration::from_millis(200);

/// What one try to record came to.
enum Tried {
    Recorded(Step),
    /// The order, or the reservation of the provider's order id, stands elsewhere.
    Raced,
    Unavailable,
    /// The events themselves cannot be stored.
    Unstorable(String),
}

impl Drive {
    /// Records what became of an attempt, with what follows from it.
    pub(super) async fn record(&mut self, attempt: AttemptId, mut answer: ProviderAnswer) -> Step {
        let mut reservation = None;
        loop {
            match self.try_record(attempt, &answer, &reservation).await {
                Tried::Recorded(step) => return step,
                Tried::Unstorable(reason) => {
                    tracing::error!(order = %self.id, %reason, "a provider's answer cannot be stored");
                    answer = in_doubt("the provider's answer could not be stored");
                }
                // A catalogue that cannot catch up now is caught up with on the next try.
                Tried::Raced => drop(self.commands().catch_up().await),
                Tried::Unavailable => sleep(PAUSE).await,
            }
            (reservation, answer) = self.reload_for(attempt, answer).await;
        }
    }

    async fn try_record(
        &mut self,
        attempt: AttemptId,
        answer: &ProviderAnswer,
        reservation: &Option<Loaded<Reservation>>,
    ) -> Tried {
        let Ok((next, ticket)) = self.after(attempt, answer).await else {
            return Tried::Unavailable;
        };
        let command =
            OrderCommand::RecordAnswer { attempt_id: attempt, answer: answer.clone(), next };
        let events = match self.order.decide(command) {
            Ok(events) if events.is_empty() => return Tried::Recorded(Step::Reload),
            Ok(events) => events,
            Err(error) => {
                // The claim itself is not on record, so there is nothing to answer for.
                tracing::warn!(order = %self.id, %error, "an answer without an attempt");
                return Tried::Recorded(Step::Reload);
            }
        };
        let Ok(told) = self.commands().told_to_parent(self.id, &self.order, &events).await else {
            return Tried::Unavailable;
        };
        let mut request = told.add_to(self.request("recordAnswer", &events));
        if let Some((subject, stream)) = held_order(self.id, &events) {
            let held = reservation.clone().unwrap_or_default();
            let reserve = ReservationCommand::Reserve(subject);
            // Another order holds it: looked at again, the answer proves nothing.
            let Ok(reserved) = held.aggregate.decide(reserve) else { return Tried::Raced };
            request = request.append::<Reservation>(stream, held.version, &reserved);
        }
        let started = ticket.filter(|ticket| starts(&events, ticket));
        if let Some(ticket) = &started {
            request = ticket.guard(request, self.id);
        }
        match self.commands().journal().append(request).await {
            Ok(_) => {
                self.follow(&events);
                self.report(&events);
                self.tell_health(&events);
                Tried::Recorded(step_after(answer, started))
            }
            Err(AppendError::Conflict(_)) => Tried::Raced,
            Err(AppendError::Invalid(reason)) => Tried::Unstorable(reason),
            Err(AppendError::Unavailable(_) | AppendError::OutcomeUnknown) => Tried::Unavailable,
        }
    }

    /// Looks again at the order, and at who holds the provider's order id.
    async fn reload_for(
        &mut self,
        attempt: AttemptId,
        answer: ProviderAnswer,
    ) -> (Option<Loaded<Reservation>>, ProviderAnswer) {
        loop {
            match self.try_reload_for(attempt, &answer).await {
                Ok((reservation, None)) => return (reservation, answer),
                Ok((reservation, Some(instead))) => return (reservation, instead),
                Err(error) => tracing::debug!(order = %self.id, %error, "cannot load an order"),
            }
            sleep(PAUSE).await;
        }
    }

    /// Returns the reservation of the provider's order id; and what the answer comes to instead, where another order
    /// holds that id, which then proves nothing.
    async fn try_reload_for(
        &mut self,
        attempt: AttemptId,
        answer: &ProviderAnswer,
    ) -> Result<(Option<Loaded<Reservation>>, Option<ProviderAnswer>), CommandError> {
        let Loaded { aggregate, version, .. } = self.commands().load::<Order>(self.id).await?;
        self.order = aggregate;
        self.version = version;
        let ProviderAnswer::Placed { api_order_id, .. } = answer else { return Ok((None, None)) };
        let Some(attempt) = self.order.attempt(attempt) else { return Ok((None, None)) };
        let subject = Subject::provider_order(attempt.provider_id, api_order_id, self.id);
        let held = self.commands().load::<Reservation>(subject.stream_id()).await?;
        match held.aggregate.decide(ReservationCommand::Reserve(subject)) {
            Ok(_) => Ok((Some(held), None)),
            Err(ReservationError::Taken { holder, .. }) => {
                let reason = format!(
                    "the provider answered order id {api_order_id}, under which it holds order {holder}"
                );
                // An attempt that is decided or given up does not record it.
                tracing::warn!(order = %self.id, reason, "an order id that another order has");
                Ok((None, Some(in_doubt(&reason))))
            }
        }
    }

    /// Plans where the order goes if this answer did not place it. A claim comes with its permit in hand.
    async fn after(
        &self,
        attempt: AttemptId,
        answer: &ProviderAnswer,
    ) -> Result<(NextStep, Option<Ticket>), CommandError> {
        let ProviderAnswer::Refused { class, .. } = answer else {
            return Ok((NextStep::GiveUp(None), None));
        };
        match class.then() {
            AfterRefusal::Nowhere => Ok((NextStep::GiveUp(None), None)),
            AfterRefusal::SameProviderLater => Ok((NextStep::Wait(self.busy_link_over()), None)),
            AfterRefusal::NextCandidate => {
                let refused = self.order.attempt(attempt).map(|attempt| {
                    let last_word = attempt.is_exhausting(*class);
                    (attempt.service_id, last_word.then_some(Exclusion::AlreadyTried))
                });
                self.next_candidate(refused).await
            }
        }
    }

    async fn next_candidate(
        &self,
        refused: Option<(ServiceId, Option<Exclusion>)>,
    ) -> Result<(NextStep, Option<Ticket>), CommandError> {
        let barred = |id: ServiceId| match &refused {
            Some((service, exclusion)) if *service == id => exclusion.clone(),
            _ => self.order.bars(id),
        };
        let route = self.commands().route_surely(self.id, &self.order, barred).await?;
        let Some(provider) = route.decision.choice().map(|candidate| candidate.provider_id) else {
            return Ok((self.commands().without_candidate(&self.order, route.decision), None));
        };
        let ticket = match self.stopping() {
            true => None,
            false => self.commands().claims().try_claim(&route),
        };
        Ok(match ticket {
            Some(ticket) => (NextStep::Start(ticket.claim.clone()), Some(ticket)),
            None => (NextStep::Queue(provider), None),
        })
    }

    fn busy_link_over(&self) -> chrono::DateTime<Utc> {
        let pace = &self.shared.needs.pace;
        let doublings = u32::try_from(self.order.busy_link_count()).unwrap_or(u32::MAX).min(16);
        let wait = pace.busy_link.saturating_mul(1 << doublings).min(pace.busy_link_at_most);
        Utc::now() + TimeDelta::from_std(wait).unwrap_or(TimeDelta::minutes(15))
    }
}

fn step_after(answer: &ProviderAnswer, started: Option<Ticket>) -> Step {
    match (answer, started) {
        (_, Some(ticket)) => Step::Send(Box::new(ticket)),
        (ProviderAnswer::NotSent { .. }, None) => Step::ReloadLater,
        (_, None) => Step::Look,
    }
}

fn starts(events: &[OrderEvent], ticket: &Ticket) -> bool {
    events.iter().any(|event| {
        matches!(event, OrderEvent::AttemptStarted { attempt_id, .. }
            if *attempt_id == ticket.claim.attempt_id)
    })
}

/// An attempt that nothing came back from that says anything of the provider.
pub(super) fn in_doubt(reason: &str) -> ProviderAnswer {
    ProviderAnswer::InDoubt {
        reason: reason.to_owned(),
        text: None,
        response_ms: None,
        retry_after_seconds: None,
    }
}
