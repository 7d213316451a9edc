//! Commands on what is measured of providers' health.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{CommandError, Commands};
use crate::{
    domain::{
        Aggregate, Balance, Incarnation, ProviderId,
        calls::{CallSums, CallsCommand, ProviderCalls},
        provider::{ProviderCommand, Silence},
    },
    journal::{AppendError, AppendRequest},
};

/// The calls that one process made to one provider in one minute.
#[derive(Debug, Clone)]
pub struct MinuteOfCalls {
    /// Who was called.
    pub provider_id: ProviderId,
    /// When the minute began.
    pub minute: DateTime<Utc>,
    /// Which run of the program called.
    pub caller: Incarnation,
    /// The calls.
    pub sums: CallSums,
}

impl Commands {
    /// Notes what a provider says that our account there holds, where that is news, and the alarms that begin or end with
    /// it.
    ///
    /// # Errors
    /// `NotFound` where the provider was deleted meanwhile; `Unavailable`.
    pub async fn record_balance(
        &self,
        id: ProviderId,
        balance: Balance,
        response_ms: i64,
        read_at: DateTime<Utc>,
    ) -> Result<(), CommandError> {
        let watch = self.parts.balance_watch;
        let command = ProviderCommand::RecordBalance { balance, response_ms, read_at, watch };
        self.tell_provider("recordBalance", id, || command.clone()).await.map(drop)
    }

    /// Notes that a provider does not answer balance calls, unless that is on record.
    ///
    /// # Errors
    /// `NotFound` where the provider was deleted meanwhile; `Unavailable`.
    pub async fn record_silence(
        &self,
        id: ProviderId,
        silence: Silence,
    ) -> Result<(), CommandError> {
        let command = ProviderCommand::RecordSilence(silence);
        self.tell_provider("recordSilence", id, || command.clone()).await.map(drop)
    }

    /// Puts the calls of a minute on record. To do it again changes nothing, so what may have failed is tried again.
    ///
    /// # Errors
    /// `Unavailable` where it is not known to be on record.
    pub async fn sum_calls(&self, calls: MinuteOfCalls) -> Result<(), CommandError> {
        let MinuteOfCalls { provider_id, minute, caller, sums } = calls;
        let stream = stream_of(provider_id, minute, caller);
        let command = CallsCommand::Sum { provider_id, minute, sums };
        let events = ProviderCalls::default()
            .decide(command)
            .map_err(|error| CommandError::Conflict(error.to_string()))?;
        let request =
            AppendRequest::of_command("sumCalls").append::<ProviderCalls>(stream, 0, &events);
        if request.is_empty() {
            return Ok(());
        }
        match self.parts.journal.append(request).await {
            // It was on record before.
            Ok(_) | Err(AppendError::Conflict(_)) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}

/// The same for the same minute of the same run, so that no minute counts twice.
fn stream_of(provider: ProviderId, minute: DateTime<Utc>, caller: Incarnation) -> Uuid {
    let name = format!("{caller} {}", minute.timestamp_millis());
    Uuid::new_v5(&provider.0, name.as_bytes())
}
