//! The events of providers, services, syncs and reservations, one or more of each type.

use chrono::{DateTime, Utc};
use rust_decimal::{Decimal, dec};
use signalbox::domain::{
    AttemptId, CredentialId, Incarnation, OrderId, Position, ProviderId, ServiceId,
    provider::{
        Description, Dialect, Encoding, KeyPlace, Measures, Method, ProviderEvent, ProviderLimits,
        ResumedBy, Score, SuspensionCause, SyncInterval,
    },
    refusal::{ErrorText, RefusalTextEvent, SaidBy, TextClass},
    reservation::ReservationEvent,
    routing::Strategy,
    service::{
        LinkLock, Pricing, RemainderPolicy, ServiceEvent, ServiceKind, ServiceListing,
        ServiceResumedBy, WaitLimit,
    },
    sync::{SyncCounts, SyncEvent, SyncTrigger},
};
use uuid::Uuid;

use crate::golden::Example;

pub(crate) fn provider_examples() -> Vec<Example<ProviderEvent>> {
    [provider_life(), provider_terms(), connection_tests(), rankings(), breaker()].concat()
}

fn provider_life() -> Vec<Example<ProviderEvent>> {
    let added = |key_hint: Option<&str>| ProviderEvent::ProviderAdded {
        name: "Peak ⚡".to_owned(),
        api_url: "https://peak.example/api/v2".to_owned(),
        priority: 1,
        credential_id: CredentialId(id(1)),
        key_hint: key_hint.map(str::to_owned),
    };
    vec![
        ("ProviderAdded", added(Some("a1b2"))),
        ("ProviderAdded-short-key", added(None)),
        ("ProviderRenamed", ProviderEvent::ProviderRenamed { name: "Summit".to_owned() }),
        (
            "ProviderUrlChanged",
            ProviderEvent::ProviderUrlChanged { api_url: "https://summit.example/api".to_owned() },
        ),
        ("ProviderPriorityChanged", ProviderEvent::ProviderPriorityChanged { priority: 2 }),
        (
            "ProviderKeyReplaced",
            ProviderEvent::ProviderKeyReplaced {
                credential_id: CredentialId(id(2)),
                key_hint: Some("c3d4".to_owned()),
            },
        ),
        ("ProviderSyncIntervalSet", sync_interval(SyncInterval::default())),
        ("ProviderSyncIntervalSet-never", sync_interval(SyncInterval::NEVER)),
        ("ProviderActivated", ProviderEvent::ProviderActivated {}),
        ("ProviderDeactivated", ProviderEvent::ProviderDeactivated {}),
        ("ProviderDeleted", ProviderEvent::ProviderDeleted {}),
    ]
}

fn provider_terms() -> Vec<Example<ProviderEvent>> {
    let described = |text| ProviderEvent::ProviderDescribed {
        description: Description::try_new(text).unwrap(),
    };
    let spoken = |method, encoding, key_place| ProviderEvent::ProviderDialectChanged {
        dialect: Dialect { method, encoding, key_place },
    };
    let limited = |limits| ProviderEvent::ProviderLimitsChanged { limits };
    let all = ProviderLimits {
        concurrent_calls: Some(8),
        calls_per_1000_s: Some(2_500),
        order_timeout_s: Some(45),
        read_timeout_s: Some(20),
        catalogue_timeout_s: Some(300),
    };
    vec![
        ("ProviderDescribed", described("Asks for 2FA\non Mondays")),
        ("ProviderDescribed-not", described("")),
        ("ProviderDialectChanged", spoken(Method::Post, Encoding::Json, KeyPlace::XApiKey)),
        ("ProviderDialectChanged-get", spoken(Method::Get, Encoding::Query, KeyPlace::Bearer)),
        ("ProviderDialectChanged-stock", spoken(Method::Post, Encoding::Form, KeyPlace::Field)),
        ("ProviderLimitsChanged", limited(all)),
        ("ProviderLimitsChanged-none", limited(ProviderLimits::default())),
    ]
}

fn breaker() -> Vec<Example<ProviderEvent>> {
    let suspended = |cause, until: Option<&str>| ProviderEvent::ProviderSuspended {
        cause,
        reason: "5 attempts in a row failed, the last: connection refused".to_owned(),
        since: at("2026-11-22T10:00:00.5Z"),
        until: until.map(at),
        trips: 1,
    };
    let later = Some("2026-11-22T10:00:15Z");
    let resumed = |by| ProviderEvent::ProviderResumed { by, at: at("2026-11-22T10:01:00Z") };
    let (order_id, attempt_id) = (OrderId(id(7)), AttemptId(id(8)));
    let reason = "the provider's own words".to_owned();
    use SuspensionCause::*;
    vec![
        ("ProviderSuspended-failures-in-a-row", suspended(FailuresInARow, later)),
        ("ProviderSuspended-failure-share", suspended(FailureShare, later)),
        ("ProviderSuspended-wallet-empty", suspended(WalletEmpty, later)),
        ("ProviderSuspended-bad-key", suspended(BadKey, later)),
        ("ProviderSuspended-retry-after", suspended(RetryAfter, later)),
        ("ProviderSuspended-trial-failed", suspended(TrialFailed, later)),
        ("ProviderSuspended-operator", suspended(Operator, None)),
        (
            "ProbeFailed",
            ProviderEvent::ProbeFailed {
                reason: reason.clone(),
                until: at("2026-11-22T10:00:45Z"),
                trips: 2,
            },
        ),
        (
            "ProviderHalfOpened",
            ProviderEvent::ProviderHalfOpened { at: at("2026-11-22T10:00:45Z") },
        ),
        ("TrialStarted", ProviderEvent::TrialStarted { order_id, attempt_id }),
        ("TrialReleased", ProviderEvent::TrialReleased { attempt_id, reason }),
        ("ProviderResumed-trial", resumed(ResumedBy::Trial)),
        ("ProviderResumed-operator", resumed(ResumedBy::Operator)),
    ]
}

fn rankings() -> Vec<Example<ProviderEvent>> {
    let measures = Measures {
        judged: 40,
        placed: 36,
        responses: 38,
        response_ms_sum: 9_500,
        ended: 30,
        delivered_ppm_sum: 28_500_000,
    };
    let (score, basis) = (Score::of(&measures), Position(1234));
    let ranked = |as_of| ProviderEvent::RankingChanged { score, measures, basis, as_of };
    vec![
        ("RankingChanged", ranked(None)),
        ("RankingChanged-rolling", ranked(Some(at("2026-11-25T08:41:00Z")))),
    ]
}

fn sync_interval(sync_interval_minutes: SyncInterval) -> ProviderEvent {
    ProviderEvent::ProviderSyncIntervalSet { sync_interval_minutes }
}

fn connection_tests() -> Vec<Example<ProviderEvent>> {
    let succeeded = |currency: Option<&str>| ProviderEvent::ConnectionTestSucceeded {
        balance: dec!(100.84292),
        currency: currency.map(str::to_owned),
        response_ms: 120,
        tested_at: at("2026-11-22T10:00:00.123Z"),
    };
    vec![
        ("ConnectionTestSucceeded", succeeded(Some("USD"))),
        ("ConnectionTestSucceeded-no-currency", succeeded(None)),
        (
            "ConnectionTestFailed",
            ProviderEvent::ConnectionTestFailed {
                reason: "Invalid API key".to_owned(),
                response_ms: 80,
                tested_at: at("2026-11-22T10:00:00Z"),
            },
        ),
    ]
}

pub(crate) fn service_examples() -> Vec<Example<ServiceEvent>> {
    [found_by_syncs(), noticed_by_syncs(), set_by_operators(), mappings(), set_aside()].concat()
}

fn set_aside() -> Vec<Example<ServiceEvent>> {
    let resumed = |by| ServiceEvent::ServiceResumed { by, at: at("2026-11-22T10:00:30Z") };
    let limit = |wait_minutes| ServiceEvent::ServiceWaitLimitSet { wait_minutes };
    vec![
        (
            "ServiceSuspended",
            ServiceEvent::ServiceSuspended {
                provider_id: ProviderId(id(3)),
                reason: "Incorrect service ID".to_owned(),
                since: at("2026-11-22T10:00:00Z"),
                until: at("2026-11-22T10:00:00Z"),
                trips: 1,
            },
        ),
        ("ServiceResumed-sync", resumed(ServiceResumedBy::Sync)),
        ("ServiceResumed-operator", resumed(ServiceResumedBy::Operator)),
        ("ServiceWaitLimitSet", limit(WaitLimit::try_new(15).ok())),
        ("ServiceWaitLimitSet-default", limit(None)),
    ]
}

fn found_by_syncs() -> Vec<Example<ServiceEvent>> {
    vec![
        (
            "ServiceImported",
            ServiceEvent::ServiceImported {
                provider_id: ProviderId(id(3)),
                number: 42,
                listing: listing(None),
                price: dec!(0.90),
            },
        ),
        (
            "ServiceRepriced",
            ServiceEvent::ServiceRepriced {
                rate: dec!(1.20),
                previous_rate: dec!(0.90),
                price: dec!(1.8),
            },
        ),
        (
            "ServiceChanged",
            ServiceEvent::ServiceChanged {
                listing: listing(Some(true)),
                changed: vec!["cancel".to_owned()],
            },
        ),
        ("ServiceDelisted", ServiceEvent::ServiceDelisted {}),
        ("ServiceRelisted", ServiceEvent::ServiceRelisted {}),
        (
            "ServiceIdReused",
            ServiceEvent::ServiceIdReused {
                listing: listing(Some(false)),
                previous_name: "Site visits".to_owned(),
                price: dec!(2),
            },
        ),
    ]
}

fn noticed_by_syncs() -> Vec<Example<ServiceEvent>> {
    let provider_id = ProviderId(id(3));
    let moved = |previous_rate, move_ppm| ServiceEvent::PriceMoveNoticed {
        provider_id,
        rate: dec!(1.20),
        previous_rate,
        price: dec!(1.8),
        move_ppm,
    };
    vec![
        ("PriceMoveNoticed", moved(dec!(0.90), Some(333_333))),
        ("PriceMoveNoticed-from-nothing", moved(dec!(0), None)),
        ("DelistingNoticed", ServiceEvent::DelistingNoticed { provider_id, backups: 2 }),
    ]
}

fn set_by_operators() -> Vec<Example<ServiceEvent>> {
    vec![
        ("ServiceEnabled", ServiceEvent::ServiceEnabled {}),
        ("ServiceDisabled", ServiceEvent::ServiceDisabled {}),
        ("ServicePriceSet-rate", priced(Pricing::Rate, dec!(0.9))),
        ("ServicePriceSet-markup", priced(Pricing::Markup(dec!(50)), dec!(1.35))),
        ("ServicePriceSet-fixed", priced(Pricing::Fixed(dec!(2.00)), dec!(2.00))),
        (
            "ServiceRecategorised",
            ServiceEvent::ServiceRecategorised { category: "Best sellers".to_owned() },
        ),
        (
            "ServiceStrategySet-priority",
            ServiceEvent::ServiceStrategySet { strategy: Some(Strategy::Priority) },
        ),
        (
            "ServiceStrategySet-best-score",
            ServiceEvent::ServiceStrategySet { strategy: Some(Strategy::BestScore) },
        ),
        ("ServiceStrategySet-default", ServiceEvent::ServiceStrategySet { strategy: None }),
        ("ServiceLinkLockSet", ServiceEvent::ServiceLinkLockSet { link_lock: LinkLock::Off }),
        ("ServiceLinkLockSet-on", ServiceEvent::ServiceLinkLockSet { link_lock: LinkLock::On }),
        (
            "ServiceRemainderSet",
            ServiceEvent::ServiceRemainderSet { remainder: RemainderPolicy::Complete },
        ),
        (
            "ServiceRemainderSet-leave",
            ServiceEvent::ServiceRemainderSet { remainder: RemainderPolicy::Leave },
        ),
        ("ServiceRetired", ServiceEvent::ServiceRetired {}),
    ]
}

fn mappings() -> Vec<Example<ServiceEvent>> {
    vec![
        (
            "ServiceMapped",
            ServiceEvent::ServiceMapped {
                backup_service_id: ServiceId(id(4)),
                backup_provider_id: ProviderId(id(5)),
                priority: 1,
            },
        ),
        ("ServiceUnmapped", ServiceEvent::ServiceUnmapped { backup_service_id: ServiceId(id(4)) }),
    ]
}

fn listing(cancel: Option<bool>) -> ServiceListing {
    ServiceListing {
        provider_service_id: "1042".to_owned(),
        name: "Followers ⚡ [Refill: 30D]".to_owned(),
        category: "Instagram".to_owned(),
        kind: ServiceKind::new("custom_comments"),
        rate: dec!(0.90),
        min: 50,
        max: 10_000,
        refill: true,
        cancel,
        dripfeed: false,
    }
}

fn priced(pricing: Pricing, price: Decimal) -> ServiceEvent {
    ServiceEvent::ServicePriceSet { pricing, price }
}

pub(crate) fn sync_examples() -> Vec<Example<SyncEvent>> {
    let provider_id = ProviderId(id(3));
    let incarnation = Incarnation(id(6));
    let counts = SyncCounts { imported: 1, updated: 2, delisted: 3, unchanged: 4 };
    let started = |trigger| SyncEvent::SyncStarted { provider_id, trigger, incarnation };
    let errors = || vec!["row 2: no rate".to_owned()];
    vec![
        ("SyncStarted-manual", started(SyncTrigger::Manual)),
        ("SyncStarted-scheduled", started(SyncTrigger::Scheduled)),
        ("SyncStarted-service-refused", started(SyncTrigger::ServiceRefused)),
        ("SyncCompleted", SyncEvent::SyncCompleted { provider_id, counts, errors: errors() }),
        ("SyncFailed", SyncEvent::SyncFailed { provider_id, counts, errors: errors() }),
    ]
}

pub(crate) fn refusal_text_examples() -> Vec<Example<RefusalTextEvent>> {
    let reclassified = |class, said_by| RefusalTextEvent::RefusalTextReclassified {
        text: ErrorText::of("Order could not be created (code 17)"),
        class,
        said_by,
        note: "their support says so".to_owned(),
    };
    vec![
        ("RefusalTextReclassified", reclassified(TextClass::Maintenance, SaidBy::Operator)),
        ("RefusalTextReclassified-back", reclassified(TextClass::Doubt, SaidBy::BuiltIn)),
    ]
}

pub(crate) fn reservation_examples() -> Vec<Example<ReservationEvent>> {
    vec![
        (
            "Reserved",
            ReservationEvent::Reserved {
                subject: "provider name peak".to_owned(),
                holder: id(3).to_string(),
            },
        ),
        ("ReservationReleased", ReservationEvent::ReservationReleased {}),
    ]
}

fn id(n: u128) -> Uuid {
    Uuid::from_u128(0x0197_b0a4_5a3c_7cc0_8000_0000_0000_0000 + n)
}

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}
