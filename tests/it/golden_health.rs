//! The events of what is measured of providers' health, one or more of each type.

use chrono::{DateTime, Utc};
use rust_decimal::{Decimal, dec};
use signalbox::domain::{
    ProviderId,
    calls::{
        ActionCalls, CallFailureKind, CallsEvent, DurationBucket, DurationCount, FailureCount,
        TextCount,
    },
    provider::ProviderEvent,
    refusal::{ErrorText, TextClass},
};
use uuid::Uuid;

use crate::golden::Example;

pub(crate) fn provider_examples() -> Vec<Example<ProviderEvent>> {
    let usd = || Some("USD".to_owned());
    let read = |currency, runway_hours| ProviderEvent::BalanceRead {
        balance: dec!(100.84292),
        currency,
        runway_hours,
        response_ms: 120,
        read_at: at("2026-11-22T10:00:00.123Z"),
    };
    let low = |balance: Decimal, runway_hours| ProviderEvent::LowBalanceNoticed {
        balance,
        currency: usd(),
        runway_hours,
    };
    let balance = dec!(500);
    vec![
        ("BalanceRead", read(usd(), Some(42))),
        ("BalanceRead-no-end-in-sight", read(None, None)),
        ("LowBalanceNoticed", low(dec!(12.5), Some(7))),
        ("LowBalanceNoticed-amount", low(dec!(0.5), None)),
        (
            "LowBalanceEnded",
            ProviderEvent::LowBalanceEnded { balance, currency: usd(), runway_hours: Some(99) },
        ),
        (
            "ProviderDownNoticed",
            ProviderEvent::ProviderDownNoticed {
                failed_calls: 3,
                since: at("2026-11-22T10:00:00Z"),
                reason: "connection refused".to_owned(),
            },
        ),
        ("ProviderDownEnded", ProviderEvent::ProviderDownEnded {}),
    ]
}

pub(crate) fn call_examples() -> Vec<Example<CallsEvent>> {
    use CallFailureKind::{Abandoned, Broken, Refused, TimedOut, Unreachable, Unreadable};
    let kinds = [Unreachable, TimedOut, Broken, Unreadable, Refused, Abandoned];
    let took = |ms, count| DurationCount { bucket: DurationBucket::of_ms(ms), count };
    let add = ActionCalls {
        action: "add".to_owned(),
        calls: 9,
        failures: kinds.map(|kind| FailureCount { kind, count: 1 }).into(),
        duration_ms_sum: 30_492,
        durations: vec![took(0, 1), took(82, 6), took(30_000, 1)],
        texts: vec![],
    };
    let balance = ActionCalls {
        action: "balance".to_owned(),
        calls: 1,
        failures: vec![],
        duration_ms_sum: 120,
        durations: vec![took(120, 1)],
        texts: vec![],
    };
    let refused = ActionCalls {
        action: "status".to_owned(),
        texts: vec![TextCount {
            text: ErrorText::of("Invalid API key"),
            class: TextClass::BadKey,
            count: 1,
        }],
        failures: vec![FailureCount { kind: Refused, count: 1 }],
        ..balance.clone()
    };
    let summed = |actions| CallsEvent::CallsSummed {
        provider_id: ProviderId(Uuid::from_u128(0x0197_b0a4_5a3c_7cc0_8000_0000_0000_0003)),
        minute: at("2026-11-22T10:00:00Z"),
        actions,
    };
    vec![
        ("CallsSummed", summed(vec![add, balance])),
        ("CallsSummed-with-texts", summed(vec![refused])),
    ]
}

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}
