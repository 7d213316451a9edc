//! Providers that fail, against real panels: set aside, probed, tried, put back to work.

mod by_hand;
mod dying;
mod load;
mod probing;
mod restart;
mod services;
mod waiting;

use std::time::Duration;

use chrono::TimeDelta;
use serde_json::{Value, json};
use signalbox::{
    app::AppConfig,
    domain::provider::BreakerPolicy,
    simulator::{Action, Fault, FaultRule},
};
use sqlx::PgPool;

use crate::support::{
    api::{Api, until},
    running::Running,
};

/// Pauses that a test can wait for.
fn policy() -> BreakerPolicy {
    BreakerPolicy {
        first_pause: TimeDelta::milliseconds(400),
        longest_pause: TimeDelta::milliseconds(1600),
        ..BreakerPolicy::default()
    }
}

fn impatient(config: &mut AppConfig) {
    config.breaker = Some(policy());
    config.health_pace.glance = Duration::from_millis(50);
    config.health_pace.trial_patience = Duration::from_millis(300);
}

async fn start() -> Running {
    Running::start_with(impatient).await
}

fn refuse(words: &str) -> FaultRule {
    FaultRule::on(Action::Add, Fault::Refuse(words.to_owned()))
}

/// Answers nothing that anybody could make use of.
fn dead() -> Vec<FaultRule> {
    vec![refuse("API is disabled"), FaultRule::on(Action::Balance, Fault::ServerError)]
}

/// What the API says of a provider.
async fn provider(api: &Api, id: &str) -> Value {
    let query = "query($id: ID!) { provider(id: $id) {
        health suspendedUntil suspendedSince suspensionReason
        healthLog { change reason until service { number } } } }";
    api.data(query, json!({"id": id})).await["provider"].clone()
}

async fn is(api: &Api, id: &str, health: &str) {
    until(&format!("its health is {health}"), async || provider(api, id).await["health"] == health)
        .await;
}

/// How often such an event was recorded.
async fn occurred(journal: &PgPool, event_type: &str) -> i64 {
    sqlx::query_scalar("select count(*) from events where event_type = $1")
        .bind(event_type)
        .fetch_one(journal)
        .await
        .unwrap()
}

/// Waits until it was, and until whoever asks the API from now on is told of it.
async fn occurs(api: &Api, journal: &PgPool, event_type: &str, times: i64) {
    until(&format!("{event_type} {times} times"), async || {
        occurred(journal, event_type).await >= times
    })
    .await;
    let head = sqlx::query_scalar("select max(position) from events").fetch_one(journal).await;
    api.saw(head.unwrap());
}
