//! Commands on orders that a provider holds.

use super::{CommandError, Commands, race::retried};
use crate::{
    domain::{
        Aggregate, OrderId, Position,
        order::{Order, OrderCommand},
    },
    journal::AppendRequest,
};

impl Commands {
    /// Puts on record what the provider that holds an order said; returns where, or `None` where it was nothing new.
    /// `name` says in the events' metadata what it was asked.
    ///
    /// # Errors
    /// `Conflict` where no provider holds the order; `NotFound`; `Unavailable`.
    pub async fn follow_up(
        &self,
        name: &str,
        id: OrderId,
        command: OrderCommand,
    ) -> Result<Option<Position>, CommandError> {
        retried!(self, {
            let order = self.load::<Order>(id).await?;
            let events = order.aggregate.decide(command.clone())?;
            if events.is_empty() {
                return Ok(None);
            }
            let (events, child) = self.with_remainder(id, &order.aggregate, events).await?;
            let told = self.told_to_parent(id, &order.aggregate, &events).await?;
            let request = AppendRequest::of_command(name);
            let request = request.append::<Order>(id, order.version, &events);
            let request = child.add_to(told.add_to(request));
            Ok(Some(self.parts.journal.append(request).await?.position))
        })
    }
}
