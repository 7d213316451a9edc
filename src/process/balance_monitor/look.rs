//! One balance call, and what is new on record.

use chrono::Utc;
use tokio::time::Instant;

use super::{run::BalanceMonitor, timetable::Timetable};
use crate::{
    command::CommandError,
    domain::{Balance, ProviderId},
};

/// What a balance call came to.
#[derive(Debug)]
pub(super) struct Look {
    provider: ProviderId,
    answer: Answer,
}

#[derive(Debug)]
enum Answer {
    Balance(Balance),
    Failed(String),
    /// Nothing is known of the provider by it.
    NotAsked,
}

impl BalanceMonitor {
    /// Asks one provider.
    pub(super) async fn ask(&self, provider: ProviderId) -> Look {
        let answer = match self.endpoints.of(provider).await {
            Ok(endpoint) => match self.needs.client.balance(&endpoint).await {
                Ok(balance) => Answer::Balance(balance.value),
                Err(failure) => Answer::Failed(failure.reason),
            },
            Err(error) if error.may_pass() => Answer::NotAsked,
            Err(error) => Answer::Failed(error.to_string()),
        };
        Look { provider, answer }
    }

    /// Puts on record what is new. What cannot be recorded now is found out anew by the next call.
    pub(super) async fn take(&self, look: Look, timetable: &mut Timetable) {
        let (provider, commands, now) = (look.provider, &self.needs.commands, Utc::now());
        let taken = match look.answer {
            Answer::Balance(balance) => {
                timetable.answered(provider, Instant::now());
                commands.record_balance(provider, balance, now).await
            }
            Answer::Failed(reason) => {
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
