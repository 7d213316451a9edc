//! A reservation, given, when, then.

use cqrs_es::test::{AggregateTestExecutor, TestFramework};
use uuid::Uuid;

use super::*;
use crate::domain::{OrderId, ProviderId, provider::ProviderName};

fn given(events: impl IntoIterator<Item = ReservationEvent>) -> AggregateTestExecutor<Reservation> {
    TestFramework::with(()).given(events.into_iter().collect())
}

fn holder(n: u128) -> ProviderId {
    ProviderId(Uuid::from_u128(n))
}

fn subject(name: &str, n: u128) -> Subject {
    Subject::provider_name(&ProviderName::try_new(name).unwrap(), holder(n))
}

fn reserve(n: u128) -> ReservationCommand {
    ReservationCommand::Reserve(subject("Peak", n))
}

fn release(n: u128) -> ReservationCommand {
    ReservationCommand::Release { holder: holder(n).to_string() }
}

fn reserved(n: u128) -> ReservationEvent {
    ReservationEvent::Reserved {
        subject: "provider name peak".to_owned(),
        holder: holder(n).to_string(),
    }
}

fn released() -> ReservationEvent {
    ReservationEvent::ReservationReleased {}
}

#[test]
fn free_subject_is_reserved() {
    given([]).when(reserve(1)).then_expect_events(vec![reserved(1)]);
    given([reserved(1), released()]).when(reserve(2)).then_expect_events(vec![reserved(2)]);
}

#[test]
fn subject_that_another_holds_is_refused() {
    given([reserved(1)]).when(reserve(2)).then_expect_error(ReservationError::Taken {
        subject: "provider name peak".to_owned(),
        holder: holder(1).to_string(),
    });
}

#[test]
fn holder_that_asks_again_changes_nothing() {
    given([reserved(1)]).when(reserve(1)).then_expect_events(vec![]);
}

#[test]
fn holder_gives_it_back_and_nobody_else_can() {
    given([reserved(1)]).when(release(1)).then_expect_events(vec![released()]);
    given([reserved(1)]).when(release(2)).then_expect_events(vec![]);
    given([]).when(release(1)).then_expect_events(vec![]);
    given([reserved(1), released()]).when(release(1)).then_expect_events(vec![]);
}

#[test]
fn names_that_differ_in_case_and_outer_space_are_one_stream() {
    assert_eq!(subject("Peak", 1).stream_id(), subject(" PEAK ", 2).stream_id());
    assert_ne!(subject("Peak", 1).stream_id(), subject("Peak 2", 1).stream_id());
}

#[test]
fn order_id_is_one_stream_per_provider() {
    let order = OrderId(Uuid::from_u128(9));
    let stream = |provider, id| Subject::provider_order(holder(provider), id, order).stream_id();
    assert_eq!(stream(1, "7"), stream(1, "7"));
    assert_ne!(stream(1, "7"), stream(2, "7"));
    assert_ne!(stream(1, "7"), stream(1, "8"));
}
