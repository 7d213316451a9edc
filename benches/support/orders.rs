//! The three commands of a stream that every side executes: an order is placed, taken by a provider, and completed.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::{Result, anyhow};
use chrono::{TimeDelta, Utc};
use cqrs_es::{CqrsFramework, EventStore};
use rust_decimal::dec;
use signalbox::domain::{
    AttemptId, Incarnation, Link, OrderId, Position, ProviderId, ServiceId,
    order::{
        Claim, HOUSE_ACCOUNT, NextStep, Order, OrderCommand, OrderFields, ProviderAnswer,
        StatusReading,
    },
    routing::{Candidate, Decision, Strategy},
};
use tokio::task::JoinSet;
use uuid::Uuid;

/// Numbers that no installation has given out yet.
static NUMBER: AtomicI64 = AtomicI64::new(1_000_000_000);

/// What is ordered, and where.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Target {
    pub(crate) provider: ProviderId,
    pub(crate) service: ServiceId,
}

/// How many clients execute how many streams each.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Crowd {
    pub(crate) clients: usize,
    pub(crate) streams: usize,
}

impl Crowd {
    /// How many commands that are.
    pub(crate) fn commands(self) -> usize {
        self.clients * self.streams * 3
    }
}

/// One side: a store behind the framework, and what keeps others from an order while its client has it.
pub(crate) trait Side: Send + Sync + 'static {
    /// Where its events go.
    type Store: EventStore<Order, AC: Send> + 'static;
    /// Held as long as a client works on an order.
    type Hold: Send;

    /// What executes its commands.
    fn framework(&self) -> &CqrsFramework<Order, Self::Store>;

    /// Takes an order.
    fn hold(&self, order: OrderId) -> Self::Hold;
}

/// Lets a crowd execute its commands, each client one after the other; returns how long each took.
pub(crate) async fn execute<S: Side>(
    side: &Arc<S>,
    crowd: Crowd,
    target: Target,
) -> Result<Vec<Duration>> {
    let mut clients = JoinSet::new();
    for _ in 0..crowd.clients {
        let side = Arc::clone(side);
        clients.spawn(async move { client(&*side, crowd.streams, target).await });
    }
    let mut taken = vec![];
    while let Some(done) = clients.join_next().await {
        taken.extend(done??);
    }
    Ok(taken)
}

async fn client<S: Side>(side: &S, streams: usize, target: Target) -> Result<Vec<Duration>> {
    let mut taken = vec![];
    for _ in 0..streams {
        let order = OrderId(Uuid::now_v7());
        let _held = side.hold(order);
        let id = order.to_string();
        for command in life(target)? {
            let metadata = HashMap::from([("command".to_owned(), "bench".to_owned())]);
            let asked = Instant::now();
            let executed = side.framework().execute_with_metadata(&id, command, metadata).await;
            executed.map_err(|error| anyhow!("{error}"))?;
            taken.push(asked.elapsed());
        }
    }
    Ok(taken)
}

/// An order's three commands.
fn life(target: Target) -> Result<[OrderCommand; 3]> {
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let (api_order_id, claim) = (number.to_string(), claim(target));
    let answer = OrderCommand::RecordAnswer {
        attempt_id: claim.attempt_id,
        answer: ProviderAnswer::Placed { api_order_id: api_order_id.clone(), response_ms: 120 },
        next: NextStep::GiveUp(None),
    };
    let place = OrderCommand::Place {
        number,
        account: HOUSE_ACCOUNT.to_owned(),
        service_id: target.service,
        fields: fields(number)?,
        charge: dec!(0.9),
        digest: "ab".repeat(32),
        claim: Some(claim),
    };
    let reading = StatusReading {
        provider_status: "Completed".to_owned(),
        start_count: Some(3572),
        remains: Some(0),
        charge: Some(dec!(0.27819)),
        currency: Some("USD".to_owned()),
    };
    let provider_id = target.provider;
    Ok([place, answer, OrderCommand::RecordStatus { provider_id, api_order_id, reading }])
}

fn fields(number: i64) -> Result<OrderFields> {
    Ok(OrderFields {
        link: Link::try_new(&format!("https://social.example/p/{number}"))?,
        quantity: 1000,
        per_run: Some(1000),
        sent: BTreeMap::from([("quantity".to_owned(), "1000".to_owned())]),
    })
}

fn claim(target: Target) -> Claim {
    let started_at = Utc::now();
    let candidate = Candidate {
        provider_id: target.provider,
        service_id: target.service,
        provider_service_id: "1042".to_owned(),
        mapping_priority: None,
        provider_priority: 1,
        score_ppm: None,
        share_ppm: None,
        excluded: vec![],
        on_trial: false,
    };
    Claim {
        attempt_id: AttemptId(Uuid::now_v7()),
        provider_id: target.provider,
        service_id: target.service,
        provider_service_id: "1042".to_owned(),
        incarnation: Incarnation(Uuid::nil()),
        started_at,
        send_before: started_at + TimeDelta::seconds(30),
        settle_after: started_at + TimeDelta::seconds(120),
        decision: Decision {
            basis: Position(1),
            strategy: Strategy::Priority,
            candidates: vec![candidate],
            chosen: Some(0),
        },
    }
}
