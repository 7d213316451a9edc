//! What may be followed as it happens.
//!
//! # Correctness
//! Every subscription goes through the journal from a position on, without gap or repeat. What is read along with an
//! event is read once the read models have reached it; while the database is away that waits, and is not left out.

use std::{
    collections::{HashMap, HashSet},
    fmt::Display,
    future::ready,
    hash::Hash,
    str::FromStr,
    sync::Arc,
    time::Duration,
};

use async_graphql::{Context, ID, Subscription};
use futures_util::{
    StreamExt,
    stream::{self, BoxStream},
};
use tokio::time::sleep;

use super::{
    context::Backend,
    error::{ApiError, ApiResult},
    event::Event,
    input,
    order::Order,
    provider::Provider,
    scalars::Position,
};
use crate::{
    domain::{self, Aggregate, OrderId, ProviderId},
    projection::WaitError,
    read::{EventRow, ReadError},
};

/// What changes a provider's status or health, its appearance and its end included.
const STANDING: [&str; 4] =
    ["ProviderAdded", "ProviderActivated", "ProviderDeactivated", "ProviderDeleted"];

/// How long the read models are waited for before the log says so.
const PATIENCE: Duration = Duration::from_secs(10);
/// Between two tries to read while the database is away.
const RETRY: Duration = Duration::from_millis(500);

/// The end of the journal when the client subscribed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Now(pub(super) domain::Position);

/// What may be followed as it happens, over WebSocket at `/graphql/ws` or as server-sent events at `/graphql/stream`.
pub(crate) struct Subscription;

#[Subscription]
impl Subscription {
    /// Every change of these orders, or of all. What is recorded together arrives as one, and so does what a slow client has left behind: the order as it stands after the last change.
    async fn order_changed(
        &self,
        ctx: &Context<'_>,
        ids: Option<Vec<ID>>,
    ) -> Result<BoxStream<'static, ApiResult<Order>>, ApiError> {
        let backend = Backend::of(ctx).clone();
        let wanted: Option<HashSet<OrderId>> =
            ids.map(|ids| input::ids(&ids)).transpose()?.map(HashSet::from_iter);
        let changes = changes(ctx, move |event, id| {
            event.aggregate_type == domain::order::Order::TYPE
                && wanted.as_ref().is_none_or(|wanted| wanted.contains(id))
        });
        let orders = changes.then(move |change| orders(backend.clone(), change));
        Ok(orders.flat_map(stream::iter).boxed())
    }

    /// Every change of a provider's status or health.
    async fn provider_changed(
        &self,
        ctx: &Context<'_>,
    ) -> Result<BoxStream<'static, ApiResult<Provider>>, ApiError> {
        let backend = Backend::of(ctx).clone();
        let changes = changes(ctx, |event, _: &ProviderId| {
            event.aggregate_type == domain::provider::Provider::TYPE
                && STANDING.contains(&event.event_type.as_str())
        });
        let providers = changes.then(move |change| providers(backend.clone(), change));
        Ok(providers.flat_map(stream::iter).boxed())
    }

    /// The journal as it grows, after a position or from now.
    async fn event_appended(
        &self,
        ctx: &Context<'_>,
        after: Option<Position>,
    ) -> Result<BoxStream<'static, Event>, ApiError> {
        let after = after.map_or_else(|| now(ctx), |position| domain::Position(position.0));
        let pages = Backend::of(ctx).feed.after(after);
        let events = pages.flat_map(stream::iter);
        Ok(events.map(|event| Event(EventRow::clone(&event))).boxed())
    }
}

/// Things that changed, each once, and the position by which all of it had happened.
struct Change<I> {
    ids: Vec<I>,
    position: domain::Position,
}

fn now(ctx: &Context<'_>) -> domain::Position {
    ctx.data_unchecked::<Now>().0
}

/// Follows what changes from now on, of what is asked for.
fn changes<I: FromStr + Copy + Eq + Hash + Send + 'static>(
    ctx: &Context<'_>,
    is_asked_for: impl Fn(&EventRow, &I) -> bool + Send + 'static,
) -> BoxStream<'static, Change<I>> {
    let pages = Backend::of(ctx).feed.after(now(ctx));
    pages.filter_map(move |page| ready(change(&page, &is_asked_for))).boxed()
}

fn change<I: FromStr + Copy + Eq + Hash>(
    page: &[Arc<EventRow>],
    is_asked_for: impl Fn(&EventRow, &I) -> bool,
) -> Option<Change<I>> {
    let (mut seen, mut ids, mut position) = (HashSet::new(), vec![], None);
    for event in page {
        let Ok(id) = event.aggregate_id.parse() else { continue };
        if is_asked_for(event, &id) {
            position = Some(domain::Position(event.position));
            if seen.insert(id) {
                ids.push(id);
            }
        }
    }
    Some(Change { ids, position: position? })
}

fn each<I: Copy + Eq + Hash + Display, R: Clone>(
    ids: &[I],
    rows: Result<HashMap<I, R>, ReadError>,
    what: &str,
) -> impl Iterator<Item = ApiResult<R>> {
    ids.iter().map(move |id| {
        let row = rows.as_ref().map_err(|error| ApiError::from(error.clone()))?.get(id);
        row.cloned().ok_or_else(|| ApiError::not_yet_there(format_args!("{what} {id}")))
    })
}

async fn orders(backend: Backend, change: Change<OrderId>) -> Vec<ApiResult<Order>> {
    backend.surely_reached(change.position).await;
    let rows = loop {
        match backend.reads.orders_by_id(&change.ids).await {
            Err(ReadError::Unavailable(error)) => pause(error).await,
            rows => break rows,
        }
    };
    each(&change.ids, rows, "order").map(|row| row.map(Order::from)).collect()
}

async fn providers(backend: Backend, change: Change<ProviderId>) -> Vec<ApiResult<Provider>> {
    backend.surely_reached(change.position).await;
    let rows = loop {
        match backend.reads.providers_by_id(&change.ids).await {
            Err(ReadError::Unavailable(error)) => pause(error).await,
            rows => break rows,
        }
    };
    each(&change.ids, rows, "provider").map(|row| row.map(Provider::from)).collect()
}

async fn pause(error: impl Display) {
    tracing::debug!(%error, "a subscription waits for the database");
    sleep(RETRY).await;
}

impl Backend {
    /// Waits until the read models have folded everything up to a position, or fold no more.
    async fn surely_reached(&self, position: domain::Position) {
        while let Err(error @ WaitError::TimedOut { .. }) =
            self.projections.wait_for(position, PATIENCE).await
        {
            tracing::warn!(%error, "a subscription waits for the read models");
        }
    }
}
