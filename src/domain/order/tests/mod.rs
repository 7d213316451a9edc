//! The life of an order, given, when, then. Attempt `n` is made at provider `n`, which calls the order `n00`.

mod answers;
mod doubt;
mod failover;
mod fields;
mod late_answers;
mod placing;
mod random;
mod remainder;
mod settling;
mod waiting;

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use cqrs_es::test::{AggregateTestExecutor, TestFramework};
use rust_decimal::dec;
use uuid::Uuid;

use super::{
    Claim, GivenUpAs, NextStep, Order, OrderCommand, OrderEvent, OrderFields, ProviderAnswer,
    SettledAs,
};
use crate::domain::{
    AttemptId, Incarnation, Link, Position, ProviderId, ServiceId,
    refusal::{ErrorText, RefusalClass},
    routing::{Decision, Strategy},
};

fn given(events: impl IntoIterator<Item = OrderEvent>) -> AggregateTestExecutor<Order> {
    TestFramework::with(()).given(events.into_iter().collect())
}

fn provider(n: i32) -> ProviderId {
    ProviderId(Uuid::from_u128(0xa000 + n.unsigned_abs() as u128))
}

fn service(n: i32) -> ServiceId {
    ServiceId(Uuid::from_u128(0xb000 + n.unsigned_abs() as u128))
}

fn attempt(n: i32) -> AttemptId {
    AttemptId(Uuid::from_u128(0xc000 + n.unsigned_abs() as u128))
}

/// So many minutes after noon.
fn minute(minutes: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_793_016_000, 0).unwrap() + TimeDelta::minutes(minutes)
}

fn claim(n: i32) -> Claim {
    Claim {
        attempt_id: attempt(n),
        provider_id: provider(n),
        service_id: service(n),
        provider_service_id: n.to_string(),
        incarnation: Incarnation(Uuid::from_u128(0xd000)),
        started_at: minute(0),
        send_before: minute(1),
        settle_after: minute(5),
        decision: Decision {
            basis: Position(7),
            strategy: Strategy::Priority,
            candidates: vec![],
            chosen: None,
        },
    }
}

fn request_fields() -> OrderFields {
    OrderFields {
        link: Link::try_new("https://example.com/p/1").unwrap(),
        quantity: 1000,
        per_run: Some(1000),
        sent: BTreeMap::from([("quantity".to_owned(), "1000".to_owned())]),
    }
}

// Commands.

fn place(claim: Option<Claim>) -> OrderCommand {
    OrderCommand::Place {
        number: 23_501,
        account: "house".to_owned(),
        service_id: service(1),
        fields: request_fields(),
        charge: dec!(0.9),
        digest: "ab".repeat(32),
        claim,
    }
}

fn answer(n: i32, answer: ProviderAnswer) -> OrderCommand {
    answer_then(n, answer, NextStep::GiveUp(None))
}

fn answer_then(n: i32, answer: ProviderAnswer, next: NextStep) -> OrderCommand {
    OrderCommand::RecordAnswer { attempt_id: attempt(n), answer, next }
}

fn settle(n: i32, settled_as: SettledAs, next: NextStep) -> OrderCommand {
    OrderCommand::Settle {
        attempt: n,
        settled_as,
        api_order_id: (settled_as == SettledAs::Placed).then(|| api_order_id(n)),
        note: "seen in the panel".to_owned(),
        now: minute(5),
        next,
    }
}

fn give_up(n: i32, policy: GivenUpAs, next: NextStep) -> OrderCommand {
    OrderCommand::GiveUpDoubt { attempt: n, policy, after_minutes: 60, now: minute(5), next }
}

fn api_order_id(n: i32) -> String {
    format!("{n}00")
}

// What a provider answers.

fn an_id(n: i32) -> ProviderAnswer {
    ProviderAnswer::Placed { api_order_id: api_order_id(n), response_ms: 120 }
}

fn a_refusal(class: RefusalClass) -> ProviderAnswer {
    ProviderAnswer::Refused {
        class,
        reason: "no".to_owned(),
        response_ms: Some(80),
        retry_after_seconds: None,
    }
}

fn no_clear_word() -> ProviderAnswer {
    let reason = "read timeout".to_owned();
    ProviderAnswer::InDoubt {
        reason,
        text: None,
        response_ms: Some(30_000),
        retry_after_seconds: Some(30),
    }
}

fn nothing_sent() -> ProviderAnswer {
    ProviderAnswer::NotSent { reason: "stopping".to_owned() }
}

// Events.

fn placed() -> OrderEvent {
    OrderEvent::OrderPlaced {
        number: 23_501,
        account: "house".to_owned(),
        service_id: service(1),
        link: request_fields().link,
        quantity: 1000,
        per_run: Some(1000),
        fields: request_fields().sent,
        charge: dec!(0.9),
        digest: "ab".repeat(32),
        remainder_of: None,
    }
}

fn started(n: i32) -> OrderEvent {
    let claim = claim(n);
    OrderEvent::AttemptStarted {
        attempt: n,
        attempt_id: claim.attempt_id,
        provider_id: claim.provider_id,
        service_id: claim.service_id,
        provider_service_id: claim.provider_service_id,
        incarnation: claim.incarnation,
        started_at: claim.started_at,
        send_before: claim.send_before,
        settle_after: claim.settle_after,
        decision: claim.decision,
    }
}

fn accepted(n: i32) -> OrderEvent {
    OrderEvent::AttemptPlaced {
        attempt: n,
        attempt_id: attempt(n),
        provider_id: provider(n),
        api_order_id: api_order_id(n),
        response_ms: 120,
    }
}

fn refused(n: i32, class: RefusalClass) -> OrderEvent {
    OrderEvent::AttemptRefused {
        attempt: n,
        attempt_id: attempt(n),
        provider_id: provider(n),
        class,
        reason: "no".to_owned(),
        text: (class != RefusalClass::Unreachable).then(|| ErrorText::of("no")),
        response_ms: Some(80),
        retry_after_seconds: None,
    }
}

fn in_doubt(n: i32) -> OrderEvent {
    OrderEvent::AttemptInDoubt {
        attempt: n,
        attempt_id: attempt(n),
        provider_id: provider(n),
        reason: "read timeout".to_owned(),
        text: None,
        response_ms: Some(30_000),
        retry_after_seconds: Some(30),
    }
}

fn not_sent(n: i32) -> OrderEvent {
    OrderEvent::AttemptNotSent {
        attempt: n,
        attempt_id: attempt(n),
        provider_id: provider(n),
        reason: "stopping".to_owned(),
    }
}

fn failed_over(from: i32, to: Option<i32>, reason: &str) -> OrderEvent {
    OrderEvent::FailedOver {
        attempt: from,
        from_provider_id: provider(from),
        to_provider_id: to.map(provider),
        reason: reason.to_owned(),
    }
}

fn settled(n: i32, settled_as: SettledAs) -> OrderEvent {
    OrderEvent::AttemptSettled {
        attempt: n,
        attempt_id: attempt(n),
        provider_id: provider(n),
        settled_as,
        api_order_id: (settled_as == SettledAs::Placed).then(|| api_order_id(n)),
        note: "seen in the panel".to_owned(),
    }
}

/// The order is attempt `n`'s after all, now that attempt `other` came to nothing.
fn settled_in_place_of(n: i32, other: i32) -> OrderEvent {
    OrderEvent::AttemptSettled {
        attempt: n,
        attempt_id: attempt(n),
        provider_id: provider(n),
        settled_as: SettledAs::Placed,
        api_order_id: Some(api_order_id(n)),
        note: format!("attempt {other} was not placed, and the provider holds this one"),
    }
}

fn given_up_as(n: i32, policy: GivenUpAs) -> OrderEvent {
    OrderEvent::DoubtGivenUp {
        attempt: n,
        attempt_id: attempt(n),
        provider_id: provider(n),
        policy,
        after_minutes: 60,
    }
}

fn cleared(n: i32, note: &str) -> OrderEvent {
    OrderEvent::DoubtCleared {
        attempt: n,
        attempt_id: attempt(n),
        provider_id: provider(n),
        note: note.to_owned(),
    }
}

fn duplicate(n: i32) -> OrderEvent {
    OrderEvent::DuplicateFound {
        attempt: n,
        attempt_id: attempt(n),
        provider_id: provider(n),
        api_order_id: api_order_id(n),
    }
}

fn deferred(until: DateTime<Utc>) -> OrderEvent {
    OrderEvent::OrderDeferred { until, reason: "no".to_owned(), gives_up_at: None }
}

fn failed(reason: &str) -> OrderEvent {
    OrderEvent::OrderFailed { reason: reason.to_owned(), decision: None }
}
