//! What a new tenure finds on record.

use futures_util::TryStreamExt;
use sqlx::types::Uuid;

use super::DispatchNeeds;
use crate::{
    command::{CommandError, LinkedOrder},
    domain::{
        Link, OrderId, Position, ServiceId, SyncId,
        sync::{SyncCommand, SyncCounts},
    },
    projection::ReadModels,
};

/// The read model that knows where each order stands.
const ORDERS: &str = "orders";
/// The read model that knows which syncs have ended.
const SYNC_LOGS: &str = "sync_logs";

/// An open order, or none, and how far the read model is.
#[derive(Debug, sqlx::FromRow)]
struct Row {
    position: i64,
    order_id: Option<Uuid>,
    number: i64,
    service_id: Uuid,
    link: String,
    is_queued: bool,
    is_asked: bool,
    is_remainder: bool,
}

/// Puts the orders that are open in line on their links. Returns those that no provider holds, and up to which position
/// that is known. All is read in one statement, so it does not matter how far the read model is: what it does not know yet
/// is in the journal after that position.
pub(super) async fn open_orders(
    needs: &DispatchNeeds,
) -> Result<(Vec<OrderId>, Position), CommandError> {
    let models = ReadModels::named(&[ORDERS]);
    let hash = models.first().map(|model| model.hash());
    let mut rows = sqlx::query_as::<_, Row>(
        "select
             position,
             order_id,
             coalesce(number, 0) as number,
             coalesce(service_id, gen_random_uuid()) as service_id,
             coalesce(link, '') as link,
             coalesce(status = 'QUEUED', false) as is_queued,
             provider_id is not null as is_asked,
             parent_id is not null as is_remainder
         from projection_checkpoints
         left join orders
             on orders.status in ('QUEUED', 'IN_DOUBT', 'PENDING', 'PROCESSING', 'IN_PROGRESS')
         where name = $1 and hash = $2
             -- Not while a rebuilt table takes the place of the one that this statement was planned with.
             and 'orders'::regclass = to_regclass('orders')
         order by placed_position",
    )
    .bind(ORDERS)
    .bind(hash)
    .fetch(&needs.reads);
    let (mut queued, mut upto) = (vec![], None);
    while let Some(row) = rows.try_next().await? {
        upto = Some(Position(row.position));
        queued.extend(stand_in_line(needs, row));
    }
    let not_there =
        || CommandError::Unavailable("the read model of orders is not there".to_owned());
    Ok((queued, upto.ok_or_else(not_there)?))
}

/// Returns the order where no provider holds it.
fn stand_in_line(needs: &DispatchNeeds, row: Row) -> Option<OrderId> {
    let order_id = OrderId(row.order_id?);
    let (number, service_id) = (row.number, ServiceId(row.service_id));
    if let Ok(link) = Link::try_new(&row.link)
        && !row.is_remainder
    {
        let order = LinkedOrder { order_id, number, service_id, link };
        match row.is_queued && !row.is_asked {
            true => needs.commands.claims().links().enter(order),
            false => needs.commands.claims().links().is_ahead(order),
        }
    }
    row.is_queued.then_some(order_id)
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
