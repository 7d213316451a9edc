//! What a new tenure finds on record.

use std::time::Duration;

use uuid::Uuid;

use super::DispatchNeeds;
use crate::{
    command::CommandError,
    domain::{
        OrderId, Position, SyncId,
        sync::{SyncCommand, SyncCounts},
    },
    journal::read_head,
};

/// How long the read models may take to reach the journal's end before the take-over is tried again.
const READ_MODELS_LIMIT: Duration = Duration::from_secs(30);

/// The read model that knows where each order stands.
const ORDERS: &str = "orders";

/// Returns the orders that no provider holds, and up to which position that is known: the journal's end, or where the
/// read model of orders has stopped.
pub(super) async fn queued_orders(
    needs: &DispatchNeeds,
) -> Result<(Vec<OrderId>, Position), CommandError> {
    let upto = read_head(needs.commands.journal().pool()).await?;
    let waited = needs.projections.wait_for(upto, READ_MODELS_LIMIT).await;
    waited.map_err(|error| CommandError::Unavailable(error.to_string()))?;
    let models = needs.projections.status();
    let known = models.iter().find(|model| model.name == ORDERS).map(|model| model.position);
    needs.commands.catalogue().reached(upto).await;
    close_interrupted_syncs(needs).await?;
    let swept = needs.commands.credentials().sweep().await?;
    if swept > 0 {
        tracing::info!(swept, "removed provider keys that no provider uses");
    }
    let orders: Vec<Uuid> =
        sqlx::query_scalar("select order_id from orders where status = 'QUEUED' order by number")
            .fetch_all(&needs.reads)
            .await?;
    Ok((orders.into_iter().map(OrderId).collect(), known.unwrap_or_default().min(upto)))
}

/// Ends the sync runs that an earlier tenure left open.
async fn close_interrupted_syncs(needs: &DispatchNeeds) -> Result<(), CommandError> {
    let tenure = needs.commands.claims().tenure().map(|incarnation| incarnation.0);
    let open: Vec<Uuid> = sqlx::query_scalar(
        "select sync_id
         from sync_logs
         where succeeded is null
           and incarnation is distinct from $1",
    )
    .bind(tenure)
    .fetch_all(&needs.reads)
    .await?;
    for id in open {
        let errors = vec!["the program ended during the run".to_owned()];
        let fail = SyncCommand::Fail { counts: SyncCounts::default(), errors };
        match needs.commands.end_sync(SyncId(id), fail).await {
            // Its own run of this process, which lost the lock in between, may have ended it.
            Ok(_) | Err(CommandError::Conflict(_)) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
