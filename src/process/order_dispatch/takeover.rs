//! What a new tenure finds on record.

use sqlx::types::Uuid;

use super::DispatchNeeds;
use crate::{
    command::CommandError,
    domain::{
        OrderId, Position, SyncId,
        sync::{SyncCommand, SyncCounts},
    },
    projection::{ReadModel, ReadModels},
};

/// The read model that knows where each order stands.
const ORDERS: &str = "orders";
/// The read model that knows which syncs have ended.
const SYNC_LOGS: &str = "sync_logs";

/// Returns the orders that no provider holds, and up to which position that is known. Both are read in one statement,
/// so it does not matter how far the read model is: what it does not know yet is in the journal after that position.
pub(super) async fn queued_orders(
    needs: &DispatchNeeds,
) -> Result<(Vec<OrderId>, Position), CommandError> {
    let models = ReadModels::embedded();
    let hash = models.iter().find(|model| model.name() == ORDERS).map(ReadModel::hash);
    let (upto, orders): (i64, Vec<Uuid>) = sqlx::query_as(
        "select
             position,
             array(select order_id from orders where status = 'QUEUED' order by number)
         from projection_checkpoints
         where name = $1 and hash = $2
             -- Not while a rebuilt table takes the place of the one that this statement was planned with.
             and 'orders'::regclass = to_regclass('orders')",
    )
    .bind(ORDERS)
    .bind(hash)
    .fetch_one(&needs.reads)
    .await?;
    Ok((orders.into_iter().map(OrderId).collect(), Position(upto)))
}

/// Ends the sync runs that an earlier tenure left open, and removes keys that no provider uses.
pub(super) async fn tidy_up(needs: &DispatchNeeds) -> Result<(), CommandError> {
    needs.commands.read_models_current(&[SYNC_LOGS]).await?;
    close_interrupted_syncs(needs).await?;
    let swept = needs.commands.credentials().sweep().await?;
    if swept > 0 {
        tracing::info!(swept, "removed provider keys that no provider uses");
    }
    Ok(())
}

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
