//! One balance call, and what is new on record.

use chrono::{DateTime, Utc};
use tokio::time::Instant;

use super::{run::BalanceMonitor, timetable::Timetable};
use crate::{
    command::CommandError,
    domain::{Balance, ProviderId, provider::NoBalance},
    provider_api::{CallFailure, Timed},
};

/// What a balance call came to.
#[derive(Debug)]
pub(super) struct Look {
    provider: ProviderId,
    answer: Answer,
}

#[derive(Debug)]
enum Answer {
    Balance {
        balance: Balance,
        response_ms: i64,
        read_at: DateTime<Utc>,
    },
    Failed(NoBalance),
    /// Nothing is known of the provider by it.
    NotAsked,
}

impl BalanceMonitor {
    /// Asks one provider.
    pub(super) async fn ask(&self, provider: ProviderId) -> Look {
        let answer = match self.endpoints.of(provider).await {
            Ok(endpoint) => match self.needs.client.balance(&endpoint).await {
                Ok(Timed { value, response_ms }) => {
                    Answer::Balance { balance: value, response_ms, read_at: Utc::now() }
                }
                Err(CallFailure { reason, retry_after, .. }) => {
                    Answer::Failed(NoBalance { reason, retry_after })
                }
            },
            Err(error) if error.may_pass() => Answer::NotAsked,
            Err(error) => Answer::Failed(NoBalance::because(error.to_string())),
        };
        Look { provider, answer }
    }

    /// Puts on record what is new. What cannot be recorded now is found out anew by the next call.
    pub(super) async fn take(&self, look: Look, timetable: &mut Timetable) {
        let (provider, commands, now) = (look.provider, &self.needs.commands, Utc::now());
        let taken = match look.answer {
            Answer::Balance { balance, response_ms, read_at } => {
                timetable.answered(provider, Instant::now());
                commands.record_balance(provider, balance, response_ms, read_at).await
            }
            Answer::Failed(NoBalance { reason, retry_after }) => {
                self.rests.take(provider, retry_after, Instant::now());
                tracing::debug!(%provider, reason, "a provider does not say what its account holds");
                match timetable.failed(provider, reason, (Instant::now(), now)) {
                    Some(silence) => commands.record_silence(provider, silence).await,
                    None => Ok(()),
                }
            }
            Answer::NotAsked => {
                timetable.not_asked(provider, Instant::now());
                Ok(())
            }
        };
        match taken {
            // Deleted meanwhile.
            Ok(()) | Err(CommandError::NotFound(_)) => {}
            Err(error) => tracing::debug!(%provider, %error, "a balance cannot be recorded"),
        }
    }
}
