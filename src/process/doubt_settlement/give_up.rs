//! What becomes of orders that stay in doubt for longer than the policy of their service waits.

use chrono::Utc;
use tokio::time::sleep;

use super::{
    load::{self, InDoubt},
    settle::DoubtSettlement,
};
use crate::command::CommandError;

impl DoubtSettlement {
    /// Gives up what is due by the services' policies, again and again, whatever the looks at providers are waiting for.
    pub(super) async fn keep_giving_up(&self) {
        loop {
            match load::in_doubt(&self.needs.reads).await {
                Ok(doubts) => self.give_up(&doubts).await,
                Err(error) => tracing::debug!(%error, "cannot look up what is in doubt"),
            }
            sleep(self.needs.pace.look).await;
        }
    }

    async fn give_up(&self, doubts: &[InDoubt]) {
        for doubt in doubts.iter().filter(|doubt| !doubt.given_up && self.is_due(doubt)) {
            let given_up =
                self.needs.commands.give_up_doubt(doubt.order(), doubt.number, doubt.since).await;
            match given_up {
                Ok(None) => {}
                Ok(Some(_)) => tracing::warn!(
                    order = %doubt.order(),
                    attempt = doubt.number,
                    "an order was given up in doubt, as its service's policy says"
                ),
                // Settled meanwhile, or the provider may still take it.
                Err(CommandError::Conflict(_)) => {}
                Err(error) => {
                    tracing::debug!(order = %doubt.order(), %error, "cannot give up an order in doubt");
                }
            }
        }
    }

    /// The command loads the order, so it is not asked before the time has come.
    fn is_due(&self, doubt: &InDoubt) -> bool {
        let now = Utc::now();
        self.needs.commands.catalogue().read(|known| {
            let service = known.service(doubt.service());
            let policy = service.and_then(|it| Some(it.aggregate.imported()?.doubt_policy));
            policy.is_some_and(|policy| policy.gives_up(doubt.since, now).is_some())
        })
    }
}
