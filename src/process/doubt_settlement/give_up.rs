//! What becomes of orders that stay in doubt for longer than the policy of their service waits.

use super::{load::InDoubt, settle::DoubtSettlement};
use crate::{command::CommandError, domain::service::DoubtPolicy};

impl DoubtSettlement {
    /// Gives up what is due by the services' policies.
    pub(super) async fn give_up(&self, doubts: &[InDoubt]) {
        for doubt in doubts.iter().filter(|doubt| !doubt.given_up && self.has_a_policy(doubt)) {
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

    fn has_a_policy(&self, doubt: &InDoubt) -> bool {
        self.needs.commands.catalogue().read(|known| {
            let service = known.service(doubt.service());
            let policy = service.and_then(|it| Some(it.aggregate.imported()?.doubt_policy));
            policy.is_some_and(|policy| policy != DoubtPolicy::Hold)
        })
    }
}
