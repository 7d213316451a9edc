use std::time::Duration;

use proptest::{
    collection::vec,
    prelude::{Strategy, proptest},
    prop_assert, prop_assert_eq, prop_oneof,
};
use tokio::time::timeout;

use super::*;

fn id(n: u128) -> OrderId {
    OrderId(Uuid::from_u128(n))
}

fn order(n: u128, link: &str, service: u128) -> LinkedOrder {
    LinkedOrder {
        order_id: id(n),
        number: i64::try_from(n).unwrap(),
        service_id: ServiceId(Uuid::from_u128(service)),
        link: Link::try_new(link).unwrap(),
    }
}

/// Services are of one kind where their numbers are equal.
fn turn(lines: &LinkLines, n: u128, link: &str, service: u128) -> Turn {
    lines.turn(order(n, link, service), |one, other| one == other)
}

fn after(n: u128) -> Turn {
    Turn::After { order_id: id(n), number: i64::try_from(n).unwrap() }
}

#[test]
fn orders_on_one_link_go_ahead_one_by_one_in_the_order_of_arrival() {
    let lines = LinkLines::default();
    assert_eq!(turn(&lines, 1, "https://example.com/a", 7), Turn::Taken);
    assert_eq!(turn(&lines, 2, "http://www.example.com/a/", 7), after(1));
    assert_eq!(turn(&lines, 3, "https://example.com/a", 7), after(2));
    assert_eq!(lines.leave(id(1)), [id(2)]);
    assert_eq!(turn(&lines, 3, "https://example.com/a", 7), after(2));
    assert_eq!(turn(&lines, 2, "https://example.com/a", 7), Turn::Taken);
    assert_eq!(lines.leave(id(2)), [id(3)]);
    assert_eq!(turn(&lines, 3, "https://example.com/a", 7), Turn::Taken);
}

#[test]
fn other_links_and_other_kinds_do_not_wait() {
    let lines = LinkLines::default();
    assert_eq!(turn(&lines, 1, "https://example.com/a", 7), Turn::Taken);
    assert_eq!(turn(&lines, 2, "https://example.com/b", 7), Turn::Taken);
    assert_eq!(turn(&lines, 3, "https://example.com/a", 8), Turn::Taken);
}

#[test]
fn one_that_leaves_out_of_turn_sends_those_behind_it_to_the_next() {
    let lines = LinkLines::default();
    for n in 1..=3 {
        turn(&lines, n, "https://example.com/a", 7);
    }
    assert_eq!(lines.leave(id(2)), [id(3)]);
    assert_eq!(turn(&lines, 3, "https://example.com/a", 7), after(1));
    assert_eq!(lines.leave(id(1)), [id(3)]);
}

#[test]
fn one_that_is_at_a_provider_again_is_waited_for_whoever_came_first() {
    let lines = LinkLines::default();
    turn(&lines, 1, "https://example.com/a", 7);
    turn(&lines, 2, "https://example.com/a", 7);
    lines.is_ahead(order(3, "https://example.com/a", 7));
    lines.leave(id(1));
    assert_eq!(turn(&lines, 2, "https://example.com/a", 7), after(3));
}

#[test]
fn who_waits_at_a_service_is_found_from_both_ends() {
    let lines = LinkLines::default();
    let any = |_, _| true;
    lines.turn(order(1, "https://example.com/a", 7), any);
    lines.turn(order(2, "https://example.com/a", 8), any);
    for service in [7, 8] {
        assert_eq!(lines.waiting_at(ServiceId(Uuid::from_u128(service))), [id(2)]);
    }
    assert_eq!(lines.waiting_at(ServiceId(Uuid::from_u128(9))), []);
}

#[test]
fn one_that_was_not_placed_leaves_unless_somebody_else_placed_it() {
    let lines = LinkLines::default();
    turn(&lines, 1, "https://example.com/a", 7);
    turn(&lines, 2, "https://example.com/a", 7);
    assert_eq!(lines.retract(id(1)), [id(2)]);
    turn(&lines, 2, "https://example.com/a", 7);
    lines.enter(order(2, "https://example.com/a", 7));
    lines.retract(id(2));
    assert!(lines.holds(id(2)));
}

#[tokio::test]
async fn one_with_a_busy_link_is_told_when_another_on_it_is_over() {
    let lines = LinkLines::default();
    turn(&lines, 1, "https://example.com/a", 7);
    turn(&lines, 2, "https://example.com/a", 8);
    let told = tokio::spawn({
        let lines = lines.clone();
        async move { lines.another_is_over(id(2)).await }
    });
    tokio::task::yield_now().await;
    assert!(!told.is_finished());
    lines.leave(id(1));
    timeout(Duration::from_secs(5), told).await.unwrap().unwrap();
}

#[tokio::test]
async fn lines_open_once_and_are_empty_when_they_are_closed() {
    let lines = LinkLines::default();
    assert!(!lines.are_open());
    lines.open();
    lines.opened().await;
    turn(&lines, 1, "https://example.com/a", 7);
    lines.close();
    assert!(!lines.are_open() && !lines.holds(id(1)));
}

#[derive(Debug, Clone)]
enum Step {
    Arrive(u128, u128),
    Turn(u128),
    Leave(u128),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        3 => (0..12_u128, 0..3_u128).prop_map(|(n, service)| Step::Arrive(n, service)),
        4 => (0..12_u128).prop_map(Step::Turn),
        2 => (0..12_u128).prop_map(Step::Leave),
    ];
    vec(step, 1..80)
}

proptest! {
    /// Kinds overlap without being transitive: 0 with 1, 1 with 2, and not 0 with 2.
    #[test]
    fn no_two_of_a_kind_are_ahead_and_nobody_waits_for_ever(steps in steps()) {
        let same = |one: ServiceId, other: ServiceId| {
            one.0.as_u128().abs_diff(other.0.as_u128()) <= 1
        };
        let (lines, mut services, mut ahead) = (LinkLines::default(), HashMap::new(), vec![]);
        for step in steps {
            match step {
                Step::Arrive(n, service) => drop(services.entry(n).or_insert(service)),
                Step::Turn(n) => {
                    let Some(service) = services.get(&n) else { continue };
                    if ahead.contains(&n) {
                        continue;
                    }
                    if lines.turn(order(n, "a.example/b", *service), same) == Turn::Taken {
                        let service = |n: &u128| ServiceId(Uuid::from_u128(services[n]));
                        prop_assert!(ahead.iter().all(|o| !same(service(o), service(&n))));
                        ahead.push(n);
                    }
                }
                Step::Leave(n) => {
                    lines.leave(id(n));
                    ahead.retain(|other| *other != n);
                    services.remove(&n);
                }
            }
        }
        // Whoever is ahead ends, and whoever is told looks again: in the end all have been ahead.
        let mut left: Vec<u128> = services.keys().copied().collect();
        let mut told: Vec<OrderId> = left.iter().map(|n| id(*n)).collect();
        while let Some(next) = told.pop() {
            let n = next.0.as_u128();
            let is_ahead = ahead.contains(&n);
            if is_ahead || lines.turn(order(n, "a.example/b", services[&n]), same) == Turn::Taken {
                left.retain(|other| *other != n);
                ahead.retain(|other| *other != n);
                told.extend(lines.leave(next));
            }
        }
        prop_assert_eq!(left, Vec::<u128>::new());
    }
}
