//! What a page of orders is asked for beside its rows, read for all of them before any is resolved.
//!
//! Each object could ask for itself and wait for the others, as everywhere else. On the page that is asked for most, the
//! futures that wait cost more than what they wait for.

use std::{collections::HashMap, sync::Arc};

use async_graphql::Context;

use super::{context::Backend, order::Order, related::Key};
use crate::{
    domain::{OrderId, ProviderId},
    read::{AttemptRow, OrderRow, ProviderRow, Reads},
};

/// What has been read beside an order's row. What has not, the order reads where it is asked for it.
#[derive(Debug, Clone, Default)]
pub(super) struct Foreseen {
    pub(super) provider: Option<Arc<ProviderRow>>,
    pub(super) attempts: Option<Vec<Arc<AttemptRow>>>,
}

/// Makes orders of a page's rows, with what the request asks each of them for.
pub(super) async fn foresee(ctx: &Context<'_>, rows: Vec<OrderRow>) -> Vec<Order> {
    let reads = &Backend::of(ctx).reads;
    let (providers, mut attempts) =
        tokio::join!(providers(ctx, reads, &rows), attempts(ctx, reads, &rows));
    let with_foreseen = rows.into_iter().map(|row| {
        let provider = row.provider_id.and_then(|id| providers.get(&ProviderId(id)).cloned());
        let order = OrderId(row.order_id);
        let attempts = attempts.as_mut().map(|all| all.remove(&order).unwrap_or_default());
        let attempts = attempts.map(|rows| rows.into_iter().map(Arc::new).collect());
        Order { row, foreseen: Foreseen { provider, attempts } }
    });
    with_foreseen.collect()
}

async fn providers(
    ctx: &Context<'_>,
    reads: &Reads,
    rows: &[OrderRow],
) -> HashMap<ProviderId, Arc<ProviderRow>> {
    if !is_asked_for(ctx, "provider") {
        return HashMap::new();
    }
    let mut ids: Vec<_> = rows.iter().filter_map(|row| row.provider_id.map(ProviderId)).collect();
    ids.sort_unstable();
    ids.dedup();
    // An order that misses its provider asks for it itself, and says what is wrong.
    ProviderId::read(reads, ids).await.unwrap_or_default()
}

async fn attempts(
    ctx: &Context<'_>,
    reads: &Reads,
    rows: &[OrderRow],
) -> Option<HashMap<OrderId, Vec<AttemptRow>>> {
    if !is_asked_for(ctx, "attempts") {
        return None;
    }
    let ids: Vec<_> = rows.iter().map(|row| OrderId(row.order_id)).collect();
    // The same goes for attempts.
    reads.attempts(&ids).await.ok()
}

/// Tells whether the connection being resolved is asked for a field of its nodes.
fn is_asked_for(ctx: &Context<'_>, field: &str) -> bool {
    let page = ctx.look_ahead();
    let nodes = [page.field("nodes"), page.field("edges").field("node")];
    nodes.iter().any(|node| node.field(field).exists())
}
