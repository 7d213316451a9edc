//! What is counted and told of given events, and how it is drawn.

use std::collections::BTreeMap;

use chrono::DateTime;
use console::{measure_text_width, strip_ansi_codes};
use rust_decimal::dec;
use test_case::test_case;
use uuid::Uuid;

use super::{
    look::{Colours, Look},
    panel_score::{Health, Tally},
    scoreboard::{Remainders, Scoreboard},
    story::{Going, Story},
    table,
};
use crate::domain::{
    AttemptId, Incarnation, Link, OrderId, Position, ProviderId, ServiceId,
    order::{DeliveryStatus, OrderEvent, Overall, RemainderOf, SettledAs},
    provider::{ProviderEvent, ResumedBy, SuspensionCause},
    refusal::RefusalClass,
    routing::{Decision, Strategy},
};

const ALDER: ProviderId = ProviderId(Uuid::from_u128(1));
const BIRCH: ProviderId = ProviderId(Uuid::from_u128(2));
const CEDAR: ProviderId = ProviderId(Uuid::from_u128(3));
const EMPTY: &str = "Not enough funds on balance";
const BUSY: &str = "Rate limit exceeded";
const SILENCE: &str = "no whole answer within 4 s";

fn board() -> Scoreboard {
    Scoreboard::new([(ALDER, "Alder"), (BIRCH, "Birch"), (CEDAR, "Cedar")])
}

fn folded(events: &[OrderEvent]) -> Scoreboard {
    let mut board = board();
    events.iter().for_each(|event| board.fold(event));
    board
}

fn ordered(number: i64) -> OrderEvent {
    OrderEvent::OrderPlaced {
        number,
        account: "house".to_owned(),
        service_id: ServiceId(Uuid::nil()),
        link: Link::try_new("https://example.com/p/1").unwrap(),
        quantity: 500,
        per_run: Some(500),
        fields: BTreeMap::new(),
        charge: dec!(0.5),
        digest: String::new(),
        remainder_of: None,
    }
}

fn asked(provider_id: ProviderId) -> OrderEvent {
    let noon = DateTime::from_timestamp(1_793_016_000, 0).unwrap();
    OrderEvent::AttemptStarted {
        attempt: 1,
        attempt_id: AttemptId(Uuid::nil()),
        provider_id,
        service_id: ServiceId(Uuid::nil()),
        provider_service_id: "7".to_owned(),
        incarnation: Incarnation(Uuid::nil()),
        started_at: noon,
        send_before: noon,
        settle_after: noon,
        decision: Decision {
            basis: Position(7),
            strategy: Strategy::Priority,
            candidates: vec![],
            chosen: None,
        },
    }
}

fn placed(provider_id: ProviderId, response_ms: i64) -> OrderEvent {
    OrderEvent::AttemptPlaced {
        attempt: 1,
        attempt_id: AttemptId(Uuid::nil()),
        provider_id,
        api_order_id: "23515".to_owned(),
        response_ms,
    }
}

fn refused(provider_id: ProviderId, class: RefusalClass, reason: &str) -> OrderEvent {
    OrderEvent::AttemptRefused {
        attempt: 1,
        attempt_id: AttemptId(Uuid::nil()),
        provider_id,
        class,
        reason: reason.to_owned(),
        text: None,
        response_ms: Some(20),
        retry_after_seconds: None,
    }
}

fn failed_over(from: ProviderId, to: ProviderId) -> OrderEvent {
    OrderEvent::FailedOver {
        attempt: 1,
        from_provider_id: from,
        to_provider_id: Some(to),
        reason: String::new(),
    }
}

fn in_doubt(provider_id: ProviderId) -> OrderEvent {
    OrderEvent::AttemptInDoubt {
        attempt: 1,
        attempt_id: AttemptId(Uuid::nil()),
        provider_id,
        reason: SILENCE.to_owned(),
        text: None,
        response_ms: Some(4000),
        retry_after_seconds: None,
    }
}

fn failed() -> OrderEvent {
    OrderEvent::OrderFailed { reason: "no candidate is left".to_owned(), decision: None }
}

/// An order that Alder and Birch refuse, and that Cedar may or may not take.
fn odyssey(last: OrderEvent) -> Vec<OrderEvent> {
    vec![
        ordered(3),
        asked(ALDER),
        refused(ALDER, RefusalClass::WalletEmpty, EMPTY),
        failed_over(ALDER, BIRCH),
        asked(BIRCH),
        refused(BIRCH, RefusalClass::Overload, BUSY),
        failed_over(BIRCH, CEDAR),
        asked(CEDAR),
        last,
    ]
}

/// A while into a play.
fn scene() -> Vec<OrderEvent> {
    let mut events = odyssey(placed(CEDAR, 259));
    for number in 4..14 {
        events.extend([ordered(number), asked(ALDER), placed(ALDER, 40 + number)]);
    }
    events.extend(odyssey(in_doubt(CEDAR)));
    events
}

fn look(width: usize) -> Look {
    Look { width, colours: Colours::Off }
}

fn told(events: Vec<OrderEvent>) -> Story {
    let (mut story, board) = (Story::default(), board());
    let goings: Vec<Going> = events.into_iter().map(|event| story.add(event, &board)).collect();
    let (last, before) = goings.split_last().unwrap();
    assert!(*last == Going::ToRest && before.iter().all(|going| *going == Going::On));
    story
}

#[test]
fn attempts_are_counted_where_they_were_made() {
    let board = folded(&scene());
    let tallies: Vec<Tally> = board.panels.iter().map(|panel| panel.tally).collect();
    let tally = |attempts, placed, refused, in_doubt| Tally { attempts, placed, refused, in_doubt };
    assert_eq!(tallies, [tally(12, 10, 2, 0), tally(2, 0, 2, 0), tally(2, 1, 0, 1)]);
    assert_eq!(board.tally(), tally(16, 11, 4, 1));
    assert_eq!((board.orders, board.failovers, board.failed), (12, 4, 0));
}

#[test]
fn order_rests_when_it_is_placed_in_doubt_or_failed() {
    let mut board = board();
    for (event, at_rest) in [
        (ordered(1), 0),
        (refused(ALDER, RefusalClass::WalletEmpty, EMPTY), 0),
        (placed(BIRCH, 10), 1),
        (in_doubt(CEDAR), 2),
        (failed(), 3),
    ] {
        board.fold(&event);
        assert_eq!(board.at_rest(), at_rest, "{event:?}");
    }
}

#[test_case(SettledAs::Placed, (1, 0); "as placed")]
#[test_case(SettledAs::NotPlaced, (0, 0); "as not placed, so that it goes on")]
fn doubt_ends_with_evidence(settled_as: SettledAs, placed_and_in_doubt: (usize, usize)) {
    let mut board = board();
    board.fold(&in_doubt(CEDAR));
    let settled = OrderEvent::AttemptSettled {
        attempt: 1,
        attempt_id: AttemptId(Uuid::nil()),
        provider_id: CEDAR,
        settled_as,
        api_order_id: None,
        note: "its balance fell by the charge".to_owned(),
    };
    board.fold(&settled);
    let tally = board.tally();
    assert_eq!(((tally.placed, tally.in_doubt), board.settled), (placed_and_in_doubt, 1));
    let told = Story::default().aside(&settled, &board).unwrap();
    assert!(told.ends_with("its balance fell by the charge"), "{told}");
}

#[test]
fn order_that_waits_for_its_link_says_so_until_it_goes_ahead() {
    let (mut board, mut story) = (board(), Story::default());
    let reason = "order 1 on the same link is not over yet".to_owned();
    let awaited = OrderEvent::LinkAwaited { order_id: OrderId(Uuid::nil()), reason };
    board.fold(&awaited);
    let mut told = vec![];
    for event in [ordered(2), awaited, asked(ALDER), asked(BIRCH)] {
        told.extend(story.aside(&event, &board));
        story.add(event, &board);
    }
    let waits = "order 2 waits: order 1 on the same link is not over yet";
    assert_eq!(told, [waits, "order 2 goes ahead: its link is free"]);
    assert_eq!(board.waited, 1);
}

/// An order of 500 units of which another for the last 200 is ordered.
fn remainder_ordered() -> OrderEvent {
    OrderEvent::RemainderOrdered {
        child_id: OrderId(Uuid::nil()),
        number: 3,
        cause: OrderId(Uuid::nil()),
        quantity: 200,
        overall: Overall { status: DeliveryStatus::InProgress, remains: 200 },
    }
}

#[test]
fn order_that_two_panels_deliver_is_told_with_its_child_in_one_line() {
    let parent = told(vec![ordered(1), placed(ALDER, 40)]);
    let mut child = told(vec![ordered(3), placed(BIRCH, 20)]);
    child.quantity = 200;
    assert_eq!(
        parent.aside(&remainder_ordered(), &board()).unwrap(),
        "order 1: Alder delivered 300 of 500 units; order 3 is for the rest"
    );
    assert_eq!(
        parent.completed_by(&child).unwrap(),
        "order 1 is complete: 300 units by Alder, 200 by Birch as order 3"
    );
}

#[test]
fn order_whose_remainder_is_ordered_moves_until_that_rests_and_counts_once() {
    let mut board = folded(&[ordered(1), placed(ALDER, 40)]);
    assert_eq!(board.at_rest(), 1);
    board.fold(&remainder_ordered());
    let of =
        RemainderOf { parent: OrderId(Uuid::nil()), cause: OrderId(Uuid::nil()), not_at: vec![] };
    let mut child = ordered(3);
    if let OrderEvent::OrderPlaced { remainder_of, .. } = &mut child {
        *remainder_of = Some(of);
    }
    board.fold(&child);
    assert_eq!((board.orders, board.at_rest()), (1, 0));
    board.fold(&placed(BIRCH, 20));
    board.fold(&OrderEvent::RemainderStatusChanged {
        child_id: OrderId(Uuid::nil()),
        undelivered: Some(0),
        overall: Overall { status: DeliveryStatus::Completed, remains: 0 },
    });
    assert_eq!((board.orders, board.at_rest()), (1, 1));
    assert_eq!(board.remainders, Remainders { ordered: 1, completed: 1 });
}

#[test]
fn health_follows_the_last_outcomes() {
    let mut board = board();
    let health = |board: &Scoreboard| {
        let alder = &board.panels[0];
        (alder.health(), alder.trouble().map(str::to_owned))
    };
    assert_eq!(health(&board), (Health::Unknown, None));
    board.fold(&in_doubt(ALDER));
    assert_eq!(health(&board), (Health::Failing, Some(SILENCE.to_owned())));
    board.fold(&refused(ALDER, RefusalClass::WalletEmpty, EMPTY));
    board.fold(&placed(ALDER, 40));
    assert_eq!(health(&board), (Health::Failing, Some(EMPTY.to_owned())));
    board.fold(&placed(ALDER, 40));
    assert_eq!(health(&board), (Health::Degraded, Some(EMPTY.to_owned())));
    (0..13).for_each(|_| board.fold(&placed(ALDER, 40)));
    assert_eq!(health(&board), (Health::Degraded, Some(EMPTY.to_owned())));
    board.fold(&placed(ALDER, 40));
    assert_eq!(health(&board), (Health::Healthy, None));
}

#[test]
fn panel_that_is_set_aside_is_shown_so_until_it_is_back() {
    let mut board = folded(&[placed(ALDER, 40), refused(ALDER, RefusalClass::Maintenance, "no")]);
    let at = DateTime::from_timestamp(1_793_016_000, 0).unwrap();
    let happenings = [
        (
            ProviderEvent::ProviderSuspended {
                cause: SuspensionCause::FailuresInARow,
                reason: "5 attempts in a row failed".to_owned(),
                since: at,
                until: Some(at),
                trips: 1,
            },
            "Alder is set aside: 5 attempts in a row failed",
            "suspended: 5 attempts in a row failed",
        ),
        (
            ProviderEvent::ProviderHalfOpened { at },
            "Alder answers again: one order tries it",
            "on trial",
        ),
        (
            ProviderEvent::ProviderResumed { by: ResumedBy::Trial, at },
            "Alder is back at work",
            "healthy",
        ),
    ];
    for (event, told, shown) in happenings {
        assert_eq!(board.fold_provider(ALDER, &event).as_deref(), Some(told));
        let lines = table::lines(&board, &look(160));
        assert!(lines[1].ends_with(shown), "{}", lines[1]);
    }
    assert_eq!(board.suspensions(), 1);
}

#[test]
fn refusal_of_a_bad_link_is_counted_and_says_nothing_of_health() {
    let bad = refused(ALDER, RefusalClass::Link, "Invalid link");
    let board = folded(&[placed(ALDER, 40), bad]);
    let alder = &board.panels[0];
    assert_eq!((alder.tally.refused, alder.health()), (1, Health::Healthy));
}

#[test]
fn table_of_a_play_that_has_not_begun() {
    insta::assert_snapshot!(table::lines(&board(), &look(80)).join("\n"));
}

#[test]
fn table_on_a_narrow_terminal() {
    insta::assert_snapshot!(table::lines(&folded(&scene()), &look(80)).join("\n"));
}

#[test]
fn table_on_a_wide_terminal() {
    insta::assert_snapshot!(table::lines(&folded(&scene()), &look(120)).join("\n"));
}

#[test]
fn failed_orders_are_in_the_row_of_all() {
    let board = folded(&[ordered(1), failed()]);
    let lines = table::lines(&board, &look(120));
    assert!(lines[4].ends_with("1 order, 0 failovers, 1 failed"), "{}", lines[4]);
}

#[test]
fn story_is_told_as_fully_as_the_terminal_is_wide() {
    let stories = [told(odyssey(placed(CEDAR, 259))), told(odyssey(in_doubt(CEDAR)))];
    let failed = told(vec![ordered(12), refused(ALDER, RefusalClass::Link, "Bad"), failed()]);
    let widths = [160, 120, 80, 40];
    let lines = stories.iter().chain([&failed]).flat_map(|story| {
        let fitted = widths.map(|width| story.fitted(&look(width)));
        [story.in_full()].into_iter().chain(fitted)
    });
    insta::assert_snapshot!(lines.collect::<Vec<String>>().join("\n"));
}

#[test]
fn no_line_is_wider_than_the_terminal_and_colours_add_nothing_else() {
    let (board, story) = (folded(&scene()), told(odyssey(in_doubt(CEDAR))));
    let drawn = |look: Look| {
        let mut lines = table::lines(&board, &look);
        lines.push(story.fitted(&look));
        lines
    };
    for width in [40, 60, 80, 99, 100, 120, 200] {
        let plain = drawn(look(width));
        let painted = drawn(Look { width, colours: Colours::On });
        for (plain, painted) in plain.iter().zip(&painted) {
            assert!(measure_text_width(plain) <= width, "{width}: {plain}");
            assert_eq!(strip_ansi_codes(painted), *plain);
            assert!(!plain.contains('\x1b') && painted.contains('\x1b'), "{painted:?}");
        }
    }
}
