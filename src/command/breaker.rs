//! Commands that set providers and services aside, and put them back to work.

use chrono::{TimeDelta, Utc};

use super::{CommandError, Commands, Done, race::retried};
use crate::{
    domain::{
        Aggregate, AttemptId, Balance, ProviderId, ServiceId,
        order::{Order, Waiting},
        provider::{BackOff, NoBalance, ProviderCommand, Trip, Verdict},
        routing::{Candidate, Decision},
        service::{Imported, Service, ServiceCommand, WaitLimit},
    },
    journal::AppendRequest,
};

/// Longest note, in bytes.
const MAX_NOTE_BYTES: usize = 1000;
/// Longest suspension by hand that has an end: a year.
const MAX_MINUTES: i32 = 366 * 24 * 60;

impl Commands {
    /// Sets a provider aside for what its attempts came to.
    ///
    /// # Errors
    /// `NotFound` where the provider was deleted meanwhile; `Unavailable`.
    pub async fn trip_provider(&self, id: ProviderId, trip: Trip) -> Result<(), CommandError> {
        let back_off = self.back_off();
        let command = || ProviderCommand::Trip { trip: trip.clone(), back_off, now: Utc::now() };
        self.tell_provider("tripProvider", id, command).await.map(drop)
    }

    /// Takes in what the order came to that tried a provider.
    ///
    /// # Errors
    /// As [`trip_provider`](Self::trip_provider).
    pub async fn end_trial(
        &self,
        id: ProviderId,
        attempt_id: AttemptId,
        verdict: Verdict,
    ) -> Result<(), CommandError> {
        // The trial began in an append of its order's, which the catalogue may not have seen yet.
        self.catch_up().await?;
        let back_off = self.back_off();
        let command = || {
            let (verdict, now) = (verdict.clone(), Utc::now());
            ProviderCommand::EndTrial { attempt_id, verdict, back_off, now }
        };
        self.tell_provider("endTrial", id, command).await.map(drop)
    }

    /// Takes in that a provider which is set aside could not even be asked whether it works again.
    ///
    /// # Errors
    /// As [`trip_provider`](Self::trip_provider).
    pub async fn fail_probe(&self, id: ProviderId, reason: String) -> Result<(), CommandError> {
        let command = || self.probe(Err(NoBalance::because(reason.clone())));
        self.tell_provider("probeProvider", id, command).await.map(drop)
    }

    /// Sets a provider aside by an operator's word: for so many minutes, or until the operator says otherwise.
    ///
    /// # Errors
    /// `Invalid` names the field at fault; `NotFound`.
    pub async fn suspend_provider(
        &self,
        id: ProviderId,
        minutes: Option<i32>,
        note: Option<String>,
    ) -> Result<Done<ProviderId>, CommandError> {
        if let Some(minutes) = minutes.filter(|minutes| !(1..=MAX_MINUTES).contains(minutes)) {
            let problem = format!("`minutes` is {minutes}: give 1 to {MAX_MINUTES}");
            return Err(CommandError::invalid("minutes", problem));
        }
        let note = note.as_deref().map(str::trim).filter(|note| !note.is_empty());
        let note = note.unwrap_or("suspended by hand").to_owned();
        if note.len() > MAX_NOTE_BYTES || note.chars().any(char::is_control) {
            let problem = format!("`note` is no line of up to {MAX_NOTE_BYTES} bytes");
            return Err(CommandError::invalid("note", problem));
        }
        let command = || {
            let now = Utc::now();
            let until = minutes.map(|minutes| now + TimeDelta::minutes(i64::from(minutes)));
            ProviderCommand::Suspend { until, note: note.clone(), now }
        };
        self.tell_provider("suspendProvider", id, command).await
    }

    /// Puts a provider back to work by an operator's word.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn resume_provider(&self, id: ProviderId) -> Result<Done<ProviderId>, CommandError> {
        let command = || ProviderCommand::Resume { now: Utc::now() };
        self.tell_provider("resumeProvider", id, command).await
    }

    /// Sets a service aside that its provider refuses.
    ///
    /// # Errors
    /// `NotFound` where it was retired meanwhile; `Unavailable`.
    pub async fn suspend_service(&self, id: ServiceId, reason: String) -> Result<(), CommandError> {
        let suspended = retried!(self, {
            let service = self.service(id, "id")?;
            let command = ServiceCommand::Suspend { reason: reason.clone(), now: Utc::now() };
            let events = service.aggregate.decide(command)?;
            let request = AppendRequest::of_command("suspendService");
            self.change(request.append::<Service>(id, service.version, &events), ()).await
        });
        suspended.map(|done: Done<()>| done.value)
    }

    /// Puts services back to work by an operator's word, all or none.
    ///
    /// # Errors
    /// `NotFound` names the first that is not there; `Invalid` where they are too many.
    pub async fn resume_services(
        &self,
        ids: Vec<ServiceId>,
    ) -> Result<Done<Vec<ServiceId>>, CommandError> {
        let now = Utc::now();
        self.tell_services("resumeServices", ids, vec![ServiceCommand::Resume { now }]).await
    }

    /// Returns how an order waits that nobody can take now; `None` where it is given up: nobody is only set aside, or it
    /// has waited long enough.
    pub fn waiting(&self, order: &Order, decision: &Decision) -> Option<Waiting> {
        if !decision.waits() {
            return None;
        }
        let now = Utc::now();
        let limit = || now + self.wait_limit(order.service_id);
        let until = order.gives_up_at.unwrap_or_else(limit);
        (until > now).then(|| Waiting { until, reason: self.set_aside_in_words(decision) })
    }

    fn wait_limit(&self, service: ServiceId) -> TimeDelta {
        self.parts.catalogue.read(|snapshot| {
            let service = snapshot.service(service).and_then(|found| found.aggregate.imported());
            service.map_or(TimeDelta::zero(), |service| self.wait_limit_of(service))
        })
    }

    pub(super) fn wait_limit_of(&self, service: &Imported) -> TimeDelta {
        service.wait_limit.map_or(self.parts.wait_limit, WaitLimit::span)
    }

    /// Says who could take an order and is set aside.
    pub fn set_aside_in_words(&self, decision: &Decision) -> String {
        let words = self.parts.catalogue.read(|snapshot| {
            let words = |candidate: &Candidate| {
                let provider = snapshot.provider(candidate.provider_id);
                let name = provider.map_or("a provider", |found| &found.aggregate.name);
                format!("{name}: {}", candidate.exclusions_in_words())
            };
            let waiting = decision.candidates.iter().filter(|it| it.is_only_set_aside());
            waiting.map(words).collect::<Vec<String>>()
        });
        format!("all that could take the order are set aside; {}", words.join("; "))
    }

    /// Takes in, of a provider that is set aside, what a balance call came to.
    pub(super) fn probe(&self, reading: Result<Balance, NoBalance>) -> ProviderCommand {
        ProviderCommand::TakeProbe { reading, back_off: self.back_off(), now: Utc::now() }
    }

    fn back_off(&self) -> BackOff {
        BackOff { policy: self.breaker(), random: fastrand::u32(..) }
    }
}
