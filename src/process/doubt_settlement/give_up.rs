//! What becomes of orders that stay in doubt for longer than the policy of their service waits.

use super::{load::InDoubt, settle::DoubtSettlement};
use crate::command::CommandError;

impl DoubtSettlement {
    /// Gives up what is due by the services' policies.
    pub(super) async fn give_up(&self, doubts: &[InDoubt]) {
        for doubt in doubts.iter().filter(|doubt| !doubt.given_up) {
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
}
