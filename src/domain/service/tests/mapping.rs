//! Equivalents at other providers.

use test_case::test_case;

use super::*;
use crate::domain::provider::MAX_PRIORITY;

fn service_id(n: u128) -> ServiceId {
    ServiceId(Uuid::from_u128(0xb000 + n))
}

/// Service `n` of provider `n`.
fn equivalent(n: u128) -> Equivalent {
    Equivalent {
        service_id: service_id(n),
        provider_id: ProviderId(Uuid::from_u128(n)),
        kind: ServiceKind::new("default"),
    }
}

fn map(n: u128, priority: i32) -> ServiceCommand {
    ServiceCommand::Map { backup: equivalent(n), priority }
}

fn mapped(n: u128, priority: i32) -> ServiceEvent {
    ServiceEvent::ServiceMapped {
        backup_service_id: service_id(n),
        backup_provider_id: ProviderId(Uuid::from_u128(n)),
        priority,
    }
}

fn unmapped(n: u128) -> ServiceEvent {
    ServiceEvent::ServiceUnmapped { backup_service_id: service_id(n) }
}

fn backups(events: Vec<ServiceEvent>) -> Vec<(ServiceId, i32)> {
    let service = after([imported()].into_iter().chain(events));
    service.backups.iter().map(|backup| (backup.service_id, backup.priority)).collect()
}

#[test]
fn service_of_another_provider_and_the_same_type_is_mapped() {
    given([imported()]).when(map(2, 1)).then_expect_events(vec![mapped(2, 1)]);
}

#[test]
fn backups_stand_in_the_order_of_their_priority() {
    let events = vec![mapped(4, 2), mapped(2, 2), mapped(3, 1)];
    assert_eq!(backups(events), [(service_id(3), 1), (service_id(2), 2), (service_id(4), 2)]);
}

#[test]
fn priority_of_a_backup_can_be_changed() {
    given([imported(), mapped(2, 1)]).when(map(2, 5)).then_expect_events(vec![mapped(2, 5)]);
    assert_eq!(backups(vec![mapped(2, 1), mapped(2, 5)]), [(service_id(2), 5)]);
}

#[test]
fn mapping_that_is_there_already_is_quiet() {
    given([imported(), mapped(2, 1)]).when(map(2, 1)).then_expect_events(vec![]);
}

#[test]
fn service_of_the_same_provider_is_not_mapped() {
    given([imported()]).when(map(1, 1)).then_expect_error(ServiceError::SameProvider);
}

#[test]
fn service_of_another_type_is_not_mapped() {
    let backup = Equivalent { kind: ServiceKind::new("Poll"), ..equivalent(2) };
    given([imported()]).when(ServiceCommand::Map { backup, priority: 1 }).then_expect_error(
        ServiceError::OtherKind { kind: "Default".to_owned(), backup_kind: "Poll".to_owned() },
    );
}

#[test_case(0)]
#[test_case(MAX_PRIORITY + 1)]
fn priority_out_of_range_is_refused(priority: i32) {
    given([imported()]).when(map(2, priority)).then_expect_error(ServiceError::Priority(priority));
}

#[test]
fn nothing_is_mapped_to_a_service_that_never_was_or_was_retired() {
    for history in [vec![], vec![imported(), retired()]] {
        given(history).when(map(2, 1)).then_expect_error(ServiceError::NotFound);
    }
}

#[test]
fn mapping_is_taken_back() {
    given([imported(), mapped(2, 1)])
        .when(ServiceCommand::Unmap(service_id(2)))
        .then_expect_events(vec![unmapped(2)]);
    assert_eq!(backups(vec![mapped(2, 1), mapped(3, 1), unmapped(2)]), [(service_id(3), 1)]);
}

#[test]
fn mapping_that_is_not_there_is_not_taken_back() {
    for history in [vec![imported()], vec![imported(), mapped(2, 1), unmapped(2)]] {
        given(history)
            .when(ServiceCommand::Unmap(service_id(2)))
            .then_expect_error(ServiceError::NotMapped);
    }
}

#[test]
fn retirement_takes_the_mappings_with_it() {
    assert_eq!(backups(vec![mapped(2, 1), retired(), relisted()]), []);
}
