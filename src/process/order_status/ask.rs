//! One call about up to a hundred orders or refills, and what is new on record.

use futures_util::{StreamExt, stream};
use tokio::time::Instant;

use super::{
    poll::Shared,
    watch::{Kind, Line, Said, Subject},
};
use crate::{
    domain::order::OrderCommand,
    provider_api::{AnswerFor, CallFailure, Endpoint},
};

/// How many orders of a batch are loaded and appended to at once: what waits together shares a commit.
const AT_ONCE: usize = 32;

/// What to ask one provider in one call.
#[derive(Debug)]
pub(super) struct Batch {
    pub(super) line: Line,
    pub(super) asked: Vec<Asked>,
}

/// One of them.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) subject: Subject,
    /// The provider's id of it.
    pub(super) id_there: String,
    /// What was said last, and is on record.
    pub(super) last: Option<Said>,
}

/// What came of a batch.
#[derive(Debug)]
pub(super) struct Finished {
    pub(super) line: Line,
    /// What was said and is on record.
    pub(super) said: Vec<(Subject, Option<Said>)>,
    /// Whether the call itself failed.
    pub(super) failed: bool,
}

impl Shared {
    /// Asks once the provider may be asked, and records what is new.
    pub(super) async fn ask(&self, batch: Batch) -> Finished {
        let Batch { line, asked } = batch;
        self.rests.over(line.0).await;
        let answers = match self.call(line, &asked).await {
            Ok(answers) => answers,
            Err(reason) => {
                tracing::warn!(provider = %line.0, reason, "a provider does not say how its orders stand");
                let said = asked.into_iter().map(|asked| (asked.subject, asked.last)).collect();
                return Finished { line, said, failed: true };
            }
        };
        let taken = asked.into_iter().zip(answers).map(|(asked, answer)| async {
            let subject = asked.subject.clone();
            (subject, self.take(line, asked, answer).await)
        });
        let said = stream::iter(taken).buffer_unordered(AT_ONCE).collect().await;
        Finished { line, said, failed: false }
    }

    async fn call(&self, line: Line, asked: &[Asked]) -> Result<Vec<AnswerFor<Said>>, String> {
        let (provider, kind) = line;
        let endpoint = self.endpoints.of(provider).await.map_err(|error| error.to_string())?;
        let ids: Vec<String> = asked.iter().map(|asked| asked.id_there.clone()).collect();
        let called = match kind {
            Kind::Orders => self.orders(&endpoint, &ids).await,
            Kind::Refills => self.refills(&endpoint, &ids).await,
        };
        called.map_err(|failure| {
            self.rests.take(provider, failure.retry_after, Instant::now());
            failure.reason
        })
    }

    async fn orders(
        &self,
        endpoint: &Endpoint,
        ids: &[String],
    ) -> Result<Vec<AnswerFor<Said>>, CallFailure> {
        let answers = self.needs.client.statuses(endpoint, ids).await?.value;
        Ok(answers.into_iter().map(|answer| answer.map(Said::Order)).collect())
    }

    async fn refills(
        &self,
        endpoint: &Endpoint,
        ids: &[String],
    ) -> Result<Vec<AnswerFor<Said>>, CallFailure> {
        let answers = self.needs.client.refill_statuses(endpoint, ids).await?.value;
        Ok(answers.into_iter().map(|answer| answer.map(Said::Refill)).collect())
    }

    /// Returns what was said once it is on record.
    async fn take(&self, line: Line, asked: Asked, answer: AnswerFor<Said>) -> Option<Said> {
        let order = asked.subject.order();
        let said = match answer {
            AnswerFor::Found(said) => said,
            AnswerFor::Error(words) => {
                tracing::debug!(%order, words, "a provider answers an error about an order");
                return None;
            }
            AnswerFor::Missing => return None,
        };
        if asked.last.as_ref() == Some(&said) {
            return Some(said);
        }
        let command = match said.clone() {
            Said::Order(reading) => OrderCommand::RecordStatus {
                provider_id: line.0,
                api_order_id: asked.id_there,
                reading,
            },
            Said::Refill(provider_status) => {
                OrderCommand::RecordRefillStatus { refill_id: asked.id_there, provider_status }
            }
        };
        match self.needs.commands.follow_up("pollStatus", order, command).await {
            Ok(_) => Some(said),
            Err(error) => {
                tracing::debug!(%order, %error, "cannot record how an order stands");
                None
            }
        }
    }
}
