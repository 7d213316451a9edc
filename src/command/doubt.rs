//! Commands on orders that nobody knows the whereabouts of.

use chrono::{DateTime, Utc};

use super::{CommandError, Commands, race::retried};
use crate::{
    domain::{
        Aggregate, OrderId, Position,
        order::{Order, OrderCommand},
        service::Service,
    },
    journal::AppendRequest,
};

impl Commands {
    /// Gives an attempt up that has been in doubt since then, where the policy of the ordered service says so by now;
    /// returns where that stands, or `None` where it is to be held.
    ///
    /// # Errors
    /// `Conflict` where the attempt is not in doubt, or the provider could still take it; `NotFound`; `Unavailable`.
    pub async fn give_up_doubt(
        &self,
        id: OrderId,
        attempt: i32,
        since: DateTime<Utc>,
    ) -> Result<Option<Position>, CommandError> {
        retried!(self, {
            let order = self.load::<Order>(id).await?;
            let service_id = order.aggregate.service_id;
            let service = self.catalogue().read(|known| known.service(service_id).cloned());
            let service = service.unwrap_or_default();
            let now = Utc::now();
            let policy = service.aggregate.imported().map(|it| it.doubt_policy);
            let given_up = policy.and_then(|policy| policy.gives_up(since, now));
            let Some((given_up_as, after_minutes)) = given_up else { return Ok(None) };
            let command = OrderCommand::GiveUpDoubt {
                attempt,
                policy: given_up_as,
                after_minutes,
                now,
                next: self.next_candidate(id, &order.aggregate).await?,
            };
            let events = order.aggregate.decide(command)?;
            let told = self.told_to_parent(id, &order.aggregate, &events).await?;
            let request = AppendRequest::of_command("giveUpDoubt")
                .append::<Order>(id, order.version, &events)
                .unless_moved::<Service>(service_id, service.version);
            Ok(Some(self.parts.journal.append(told.add_to(request)).await?.position))
        })
    }
}
