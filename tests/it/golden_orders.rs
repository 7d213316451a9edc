//! An order's events, one or more of each type.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use rust_decimal::dec;
use signalbox::domain::{
    AttemptId, Incarnation, Link, Position, ProviderId, ServiceId,
    order::{EvidenceSource, GivenUpAs, OrderEvent, SettledAs},
    refusal::{ErrorText, RefusalClass},
    routing::{Candidate, Decision, Exclusion, Strategy},
};
use uuid::Uuid;

use crate::{golden::Example, golden_followed, golden_remainders};

pub(crate) fn examples() -> Vec<Example<OrderEvent>> {
    [
        placing(),
        attempts(),
        consequences(),
        doubt(),
        classes(),
        golden_followed::examples(),
        golden_remainders::examples(),
    ]
    .concat()
}

fn placing() -> Vec<Example<OrderEvent>> {
    let fields = BTreeMap::from([
        ("quantity".to_owned(), "1000".to_owned()),
        ("runs".to_owned(), "5".to_owned()),
        ("interval".to_owned(), "30".to_owned()),
    ]);
    vec![
        ("OrderPlaced", placed(5000, Some(1000), fields)),
        ("OrderPlaced-package", placed(1, None, BTreeMap::new())),
    ]
}

pub(crate) fn placed(
    quantity: i64,
    per_run: Option<i64>,
    fields: BTreeMap<String, String>,
) -> OrderEvent {
    OrderEvent::OrderPlaced {
        number: 23_501,
        account: "house".to_owned(),
        service_id: service(1),
        link: Link::try_new("https://example.com/p/1").unwrap(),
        quantity,
        per_run,
        fields,
        charge: dec!(4.50),
        digest: "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855".to_owned(),
        remainder_of: None,
    }
}

fn attempts() -> Vec<Example<OrderEvent>> {
    vec![
        ("AttemptStarted", started()),
        (
            "AttemptPlaced",
            OrderEvent::AttemptPlaced {
                attempt: 1,
                attempt_id: attempt(1),
                provider_id: provider(1),
                api_order_id: "65f1c0ffee0badf00d123456".to_owned(),
                response_ms: 120,
            },
        ),
        ("AttemptRefused-unreached", refused(RefusalClass::Unreachable, None)),
        ("AttemptRefused-for-a-while", refused_for_a_while()),
        ("AttemptInDoubt-for-a-while", in_doubt_for_a_while()),
        ("AttemptInDoubt", in_doubt("the answer is not JSON", Some(30_000))),
        ("AttemptInDoubt-crash", in_doubt("the process ended", None)),
        ("AttemptRefused-text", refused_in_words("Bad link.")),
        ("AttemptInDoubt-text", in_doubt_in_words("Order could not be created (code 17)")),
        (
            "AttemptNotSent",
            OrderEvent::AttemptNotSent {
                attempt: 1,
                attempt_id: attempt(1),
                provider_id: provider(1),
                reason: "stopping".to_owned(),
            },
        ),
        ("AttemptSettled-placed", settled(SettledAs::Placed, Some("23501"))),
        ("AttemptSettled-not-placed", settled(SettledAs::NotPlaced, None)),
    ]
}

fn consequences() -> Vec<Example<OrderEvent>> {
    vec![
        ("FailedOver", failed_over(Some(provider(2)))),
        ("FailedOver-nowhere", failed_over(None)),
        (
            "DuplicateFound",
            OrderEvent::DuplicateFound {
                attempt: 1,
                attempt_id: attempt(1),
                provider_id: provider(1),
                api_order_id: "23501".to_owned(),
            },
        ),
        (
            "OrderDeferred",
            OrderEvent::OrderDeferred {
                until: at("2026-11-22T10:15:00Z"),
                reason: "You have active order with this link.".to_owned(),
                gives_up_at: None,
            },
        ),
        (
            "OrderDeferred-until-a-provider-works",
            OrderEvent::OrderDeferred {
                until: at("2026-11-22T11:00:00Z"),
                reason: "all that could take the order are set aside; Peak: suspended".to_owned(),
                gives_up_at: Some(at("2026-11-22T11:00:00Z")),
            },
        ),
        (
            "OrderFailed-no-candidate",
            OrderEvent::OrderFailed {
                reason: "no candidate can take the order any more".to_owned(),
                decision: Some(Decision { chosen: None, ..decision() }),
            },
        ),
        ("OrderFailed", OrderEvent::OrderFailed { reason: "Bad link".to_owned(), decision: None }),
    ]
}

fn doubt() -> Vec<Example<OrderEvent>> {
    let read = |asked| OrderEvent::EvidenceRead {
        attempt: 1,
        attempt_id: attempt(1),
        provider_id: provider(1),
        asked,
        answered: "99.1, and 100 before".to_owned(),
        follows: "held: one reading alone proves nothing".to_owned(),
    };
    let given_up = |policy| OrderEvent::DoubtGivenUp {
        attempt: 1,
        attempt_id: attempt(1),
        provider_id: provider(1),
        policy,
        after_minutes: 60,
    };
    vec![
        ("EvidenceRead-orders-list", read(EvidenceSource::OrdersList)),
        ("EvidenceRead-balance", read(EvidenceSource::Balance)),
        ("EvidenceRead-statuses", read(EvidenceSource::Statuses)),
        ("EvidenceRead-busy-link", read(EvidenceSource::BusyLink)),
        ("DoubtGivenUp-return-charge", given_up(GivenUpAs::ReturnCharge)),
        ("DoubtGivenUp-accept-risk", given_up(GivenUpAs::AcceptRisk)),
        (
            "DoubtCleared",
            OrderEvent::DoubtCleared {
                attempt: 1,
                attempt_id: attempt(1),
                provider_id: provider(1),
                note: "not placed: two looks at the evidence agree".to_owned(),
            },
        ),
    ]
}

/// Projections and their readers know the classes by their stored names.
fn classes() -> Vec<Example<OrderEvent>> {
    let answered = Some(80);
    vec![
        ("AttemptRefused-wallet_empty", refused(RefusalClass::WalletEmpty, answered)),
        ("AttemptRefused-bad_key", refused(RefusalClass::BadKey, answered)),
        ("AttemptRefused-service_gone", refused(RefusalClass::ServiceGone, answered)),
        ("AttemptRefused-quantity", refused(RefusalClass::Quantity, answered)),
        ("AttemptRefused-link", refused(RefusalClass::Link, answered)),
        ("AttemptRefused-link_busy", refused(RefusalClass::LinkBusy, answered)),
        ("AttemptRefused-overload", refused(RefusalClass::Overload, answered)),
        ("AttemptRefused-maintenance", refused(RefusalClass::Maintenance, answered)),
        ("AttemptRefused-dialect", refused(RefusalClass::Dialect, answered)),
    ]
}

fn started() -> OrderEvent {
    OrderEvent::AttemptStarted {
        attempt: 1,
        attempt_id: attempt(1),
        provider_id: provider(1),
        service_id: service(1),
        provider_service_id: "1042".to_owned(),
        incarnation: Incarnation(id(0xd000)),
        started_at: at("2026-11-22T10:00:00.123456Z"),
        send_before: at("2026-11-22T10:00:05.123456Z"),
        settle_after: at("2026-11-22T10:05:35.123456Z"),
        decision: decision(),
    }
}

/// A decision in which every rule left somebody out.
pub(crate) fn decision() -> Decision {
    Decision {
        basis: Position(1234),
        strategy: Strategy::Priority,
        candidates: vec![candidate(1, None, vec![]), candidate(2, Some(1), every_exclusion())],
        chosen: Some(0),
    }
}

pub(crate) fn candidate(
    n: u128,
    mapping_priority: Option<i32>,
    excluded: Vec<Exclusion>,
) -> Candidate {
    Candidate {
        provider_id: provider(n),
        service_id: service(n),
        provider_service_id: "1042".to_owned(),
        mapping_priority,
        provider_priority: 1,
        score_ppm: mapping_priority.map(|_| 990_000),
        share_ppm: None,
        excluded,
        on_trial: false,
    }
}

fn every_exclusion() -> Vec<Exclusion> {
    vec![
        Exclusion::ProviderInactive,
        Exclusion::ServiceDisabled,
        Exclusion::ServiceDelisted,
        Exclusion::OtherKind,
        Exclusion::QuantityOutOfLimits { min: 10, max: 500 },
        Exclusion::WaitsForLink,
        Exclusion::NoDripfeed,
        Exclusion::BalanceTooLow { balance: dec!(0.10), cost: dec!(4.5) },
        Exclusion::AlreadyTried,
    ]
}

fn refused(class: RefusalClass, response_ms: Option<i64>) -> OrderEvent {
    OrderEvent::AttemptRefused {
        attempt: 1,
        attempt_id: attempt(1),
        provider_id: provider(1),
        class,
        reason: "the provider's own words".to_owned(),
        text: None,
        response_ms,
        retry_after_seconds: None,
    }
}

fn refused_for_a_while() -> OrderEvent {
    OrderEvent::AttemptRefused {
        attempt: 1,
        attempt_id: attempt(1),
        provider_id: provider(1),
        class: RefusalClass::Overload,
        reason: "Rate limit exceeded".to_owned(),
        text: None,
        response_ms: Some(20),
        retry_after_seconds: Some(30),
    }
}

fn in_doubt(reason: &str, response_ms: Option<i64>) -> OrderEvent {
    OrderEvent::AttemptInDoubt {
        attempt: 1,
        attempt_id: attempt(1),
        provider_id: provider(1),
        reason: reason.to_owned(),
        text: None,
        response_ms,
        retry_after_seconds: None,
    }
}

fn in_doubt_for_a_while() -> OrderEvent {
    OrderEvent::AttemptInDoubt {
        attempt: 1,
        attempt_id: attempt(1),
        provider_id: provider(1),
        reason: "the answer is not JSON but an HTML page (HTTP 503)".to_owned(),
        text: None,
        response_ms: Some(20),
        retry_after_seconds: Some(30),
    }
}

fn refused_in_words(words: &str) -> OrderEvent {
    OrderEvent::AttemptRefused {
        attempt: 1,
        attempt_id: attempt(1),
        provider_id: provider(1),
        class: RefusalClass::Link,
        reason: words.to_owned(),
        text: Some(ErrorText::of(words)),
        response_ms: Some(120),
        retry_after_seconds: None,
    }
}

fn in_doubt_in_words(words: &str) -> OrderEvent {
    OrderEvent::AttemptInDoubt {
        attempt: 1,
        attempt_id: attempt(1),
        provider_id: provider(1),
        reason: format!("the provider answered an error: {words}"),
        text: Some(ErrorText::of(words)),
        response_ms: Some(120),
        retry_after_seconds: None,
    }
}

fn settled(settled_as: SettledAs, api_order_id: Option<&str>) -> OrderEvent {
    OrderEvent::AttemptSettled {
        attempt: 1,
        attempt_id: attempt(1),
        provider_id: provider(1),
        settled_as,
        api_order_id: api_order_id.map(str::to_owned),
        note: "seen in the panel".to_owned(),
    }
}

fn failed_over(to_provider_id: Option<ProviderId>) -> OrderEvent {
    OrderEvent::FailedOver {
        attempt: 1,
        from_provider_id: provider(1),
        to_provider_id,
        reason: "Not enough funds on balance".to_owned(),
    }
}

pub(crate) fn provider(n: u128) -> ProviderId {
    ProviderId(id(0xa000 + n))
}

pub(crate) fn service(n: u128) -> ServiceId {
    ServiceId(id(0xb000 + n))
}

fn attempt(n: u128) -> AttemptId {
    AttemptId(id(0xc000 + n))
}

pub(crate) fn id(n: u128) -> Uuid {
    Uuid::from_u128(0x0197_b0a4_5a3c_7cc0_8000_0000_0000_0000 + n)
}

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}
