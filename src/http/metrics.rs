use std::{sync::Arc, time::Duration};

use axum::{
    extract::State,
    http::{HeaderName, header::CONTENT_TYPE},
};
use sqlx::PgPool;
use tokio::time::timeout;

use super::state::App;
use crate::{
    command::Catalogue,
    domain::provider::Circuit,
    metrics::{self, Gauges, ModelGauges, PoolGauges},
    process::DispatchStatus,
    projection::ProjectionStatus,
};

/// How long the database may take to count what waits.
const PATIENCE: Duration = Duration::from_secs(2);

/// Answers with everything that is measured, in Prometheus' text format.
pub(super) async fn metrics(
    State(app): State<Arc<App>>,
) -> ([(HeaderName, &'static str); 1], String) {
    gauges(&app).await.record();
    ([(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], metrics::render())
}

async fn gauges(app: &App) -> Gauges {
    let journal = app.backend.commands.journal();
    let waiting = timeout(PATIENCE, app.backend.reads.waiting_orders()).await;
    let counts = waiting.ok().and_then(Result::ok).unwrap_or_default();
    Gauges {
        queue_length: journal.queue_length(),
        journal_position: journal.head().borrow().0,
        journal_ready: journal.state().borrow().refusal().is_none(),
        dispatching: *app.dispatching.borrow() == DispatchStatus::Dispatching,
        waiting_orders: vec![("QUEUED", counts.queued), ("IN_DOUBT", counts.in_doubt)],
        given_up_attempts: counts.given_up_attempts,
        suspended_providers: suspended_providers(app.backend.commands.catalogue()),
        models: app.backend.projections.status().into_iter().map(model).collect(),
        pools: app.pools.iter().map(pool).collect(),
    }
}

fn suspended_providers(catalogue: &Catalogue) -> [(&'static str, usize); 2] {
    let (mut open, mut half_open) = (0, 0);
    catalogue.read(|snapshot| {
        for (_, provider) in snapshot.providers().filter(|(_, provider)| provider.is_active()) {
            match provider.breaker.circuit() {
                Circuit::Closed => {}
                Circuit::Open(_) => open += 1,
                Circuit::HalfOpen { .. } => half_open += 1,
            }
        }
    });
    [("OPEN", open), ("HALF_OPEN", half_open)]
}

fn model(status: ProjectionStatus) -> ModelGauges {
    let stopped = status.stopped.is_some();
    ModelGauges { name: status.name, position: status.position.0, stopped }
}

fn pool((name, pool): &(String, PgPool)) -> PoolGauges {
    let (open, idle) = (pool.size() as usize, pool.num_idle());
    PoolGauges {
        name: name.clone(),
        used: open.saturating_sub(idle),
        idle,
        max: pool.options().get_max_connections() as usize,
    }
}
