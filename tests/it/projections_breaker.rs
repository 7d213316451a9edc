//! What may happen between a provider and its breaker, at random.

use chrono::{DateTime, TimeDelta, Utc};
use rust_decimal::Decimal;
use signalbox::domain::{
    Balance,
    provider::{
        BackOff, BreakerPolicy, Circuit, NoBalance, Provider, ProviderCommand, SuspensionCause,
        Trip, Verdict,
    },
};

/// Something that the provider's breaker accepts as it stands.
pub(crate) fn breaker_command(
    provider: &Provider,
    now: DateTime<Utc>,
    random: &mut fastrand::Rng,
) -> ProviderCommand {
    let back_off = BackOff { policy: BreakerPolicy::default(), random: random.u32(..) };
    let trip = Trip {
        cause: SuspensionCause::FailuresInARow,
        reason: "5 attempts in a row failed".to_owned(),
        retry_after: None,
    };
    match (provider.breaker.circuit(), provider.breaker.trial()) {
        (Circuit::Closed, _) if random.bool() => {
            let (until, note) = (random.bool().then_some(now), "a rest".to_owned());
            ProviderCommand::Suspend { until, note, now }
        }
        (Circuit::Closed, _) => ProviderCommand::Trip { trip, back_off, now },
        (Circuit::Open(_), _) if random.u32(0..4) == 0 => ProviderCommand::Resume { now },
        (Circuit::Open(_), _) => {
            let balance = Balance { amount: Decimal::ONE, currency: None };
            let reading =
                if random.bool() { Ok(balance) } else { Err(NoBalance::because("no".to_owned())) };
            ProviderCommand::TakeProbe { reading, back_off, now: now + TimeDelta::days(1) }
        }
        (Circuit::HalfOpen { .. }, Some(trial)) => {
            let verdict = match random.u32(0..3) {
                0 => Verdict::Works,
                1 => Verdict::Fails(trip),
                _ => Verdict::Undecided("not sent".to_owned()),
            };
            ProviderCommand::EndTrial { attempt_id: trial.attempt_id, verdict, back_off, now }
        }
        (Circuit::HalfOpen { .. }, None) => ProviderCommand::Resume { now },
    }
}
