//! Random histories at a panel, of which the truth is known, against what two readings of each kind make of them.

mod histories;
mod panel;

use proptest::{
    prelude::*,
    strategy::ValueTree,
    test_runner::{TestCaseResult, TestRunner},
};
use rust_decimal::dec;

use super::{AccountUse, Spent, Verdict, Why, judge, judge_account};
use histories::histories;
use panel::{Entry, History, LINK, Links, OTHER_LINK, Origin, Other, SETTLE_AFTER};

/// Kinds of evidence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    List,
    Account,
}

impl History {
    fn verdict(&self, kind: Kind) -> Verdict {
        let book = self.book();
        let one = |at| {
            let doubt = self.doubt(&book, at);
            match kind {
                Kind::List => judge(&doubt, &self.reading(&book, at)),
                Kind::Account => judge_account(&doubt, &self.account(&book, at)),
            }
        };
        let [earlier, later] = self.read_at.map(one);
        earlier.confirmed_by(&later)
    }

    fn the_attempt(&self) -> Option<Entry> {
        self.book().into_iter().find(Entry::is_the_attempt)
    }

    /// An order that was canceled with all paid back exists nowhere, and is not ordered twice where it is ordered again.
    fn holds(&self, verdict: &Verdict) -> TestCaseResult {
        match verdict {
            Verdict::Placed { api_order_id } => {
                let attempt = self.the_attempt().map(|entry| entry.id.to_string());
                prop_assert_eq!(attempt.as_ref(), Some(api_order_id));
            }
            Verdict::NotPlaced => {
                let attempt = self.the_attempt();
                let gone = attempt.is_none_or(|entry| entry.is_void(self.read_at[0]));
                prop_assert!(gone, "taken at {:?}", self.taken);
            }
            Verdict::Inconclusive(_) => {}
        }
        Ok(())
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20_000))]

    #[test]
    fn no_history_is_settled_wrongly_by_a_list(history in histories()) {
        history.holds(&history.verdict(Kind::List))?;
    }

    #[test]
    fn no_history_is_settled_wrongly_by_balance_and_ids(history in histories()) {
        history.holds(&history.verdict(Kind::Account))?;
    }
}

/// Histories of which nothing can be told prove nothing of the rules.
#[test]
fn many_histories_are_settled_either_way_by_each_kind_of_evidence() {
    let mut runner = TestRunner::deterministic();
    let (mut placed, mut not_placed) = ([0; 2], [0; 2]);
    for _ in 0..10_000 {
        let history = histories().new_tree(&mut runner).unwrap().current();
        for kind in [Kind::List, Kind::Account] {
            let verdict = history.verdict(kind);
            history.holds(&verdict).unwrap();
            match verdict {
                Verdict::Placed { .. } => placed[kind as usize] += 1,
                Verdict::NotPlaced => not_placed[kind as usize] += 1,
                Verdict::Inconclusive(_) => {}
            }
        }
    }
    assert!(
        placed.iter().chain(&not_placed).all(|count| *count >= 100),
        "{placed:?} {not_placed:?}"
    );
}

/// One order of ours from before, and nothing else.
fn quiet(taken: Option<i64>, read_at: [i64; 2]) -> History {
    History {
        account: AccountUse::Exclusive,
        declared: -500,
        charge: dec!(0.27819),
        charge_places: 5,
        balance_places: 5,
        rounds_up: false,
        first_id: 100,
        steps: vec![3; 16],
        others: vec![ours(-10, Some(-9))],
        taken,
        refunds: vec![],
        top_ups: vec![],
        balance_read: Some(-5),
        polled: -5,
        read_at,
        listed: 100,
        links: Links::AsGiven,
        unclear: None,
    }
}

fn ours(sent: i64, decided: Option<i64>) -> Other {
    Other {
        origin: Origin::Ours { sent, decided },
        taken: Some(sent),
        same_service: true,
        link: OTHER_LINK,
        same_quantity: true,
    }
}

fn shared(history: History) -> History {
    History { account: AccountUse::Shared, ..history }
}

fn held(why: Why) -> Verdict {
    Verdict::Inconclusive(why)
}

fn placed_as(id: &str) -> Verdict {
    Verdict::Placed { api_order_id: id.to_owned() }
}

#[test]
fn order_that_only_we_can_have_placed_is_ours_at_once() {
    for kind in [Kind::List, Kind::Account] {
        assert_eq!(quiet(Some(1), [10, 20]).verdict(kind), placed_as("106"), "{kind:?}");
    }
}

#[test]
fn where_others_order_too_an_order_like_ours_is_only_shown() {
    let history = shared(quiet(Some(1), [130, 140]));
    for kind in [Kind::List, Kind::Account] {
        assert_eq!(history.verdict(kind), held(Why::NotExclusive), "{kind:?}");
    }
}

#[test]
fn order_without_a_trace_was_not_placed_but_not_before_its_time() {
    for kind in [Kind::List, Kind::Account] {
        let verdict = |read_at| quiet(None, read_at).verdict(kind);
        assert_eq!(verdict([130, 140]), Verdict::NotPlaced, "{kind:?}");
        assert_eq!(verdict([10, 119]), held(Why::TooEarly), "{kind:?}");
        assert_eq!(verdict([119, 130]), held(Why::Unconfirmed), "{kind:?}");
    }
}

#[test]
fn list_proves_that_nothing_was_placed_where_others_order_too() {
    assert_eq!(shared(quiet(None, [130, 140])).verdict(Kind::List), Verdict::NotPlaced);
}

#[test]
fn list_without_what_was_known_before_proves_nothing() {
    let cut = History { listed: 1, ..quiet(Some(1), [130, 140]) };
    assert_eq!(cut.verdict(Kind::List), held(Why::ListTooShort));
    let first = History { others: vec![], ..quiet(None, [130, 140]) };
    assert_eq!(first.verdict(Kind::List), held(Why::NothingKnownBefore));
}

#[test]
fn first_order_at_a_provider_is_ours_by_the_list_and_the_balance_together() {
    let first = History { others: vec![], ..quiet(Some(1), [10, 20]) };
    assert_eq!(first.verdict(Kind::List), placed_as("103"));
    assert_eq!(first.verdict(Kind::Account), held(Why::IdUnknown));
    let unread = History { balance_read: None, ..first };
    assert_eq!(unread.verdict(Kind::List), held(Why::NothingKnownBefore));
}

#[test]
fn link_in_another_spelling_is_not_taken_for_none() {
    let rewritten = History { links: Links::WithoutScheme, ..quiet(Some(1), [130, 140]) };
    assert_eq!(rewritten.verdict(Kind::List), held(Why::Resembles));
}

#[test]
fn nothing_is_concluded_of_an_account_while_another_attempt_there_is_open() {
    let mut history = quiet(Some(1), [130, 140]);
    history.others.push(ours(5, None));
    assert_eq!(history.verdict(Kind::Account), held(Why::Others));
    history.others[1].link = LINK;
    assert_eq!(history.verdict(Kind::List), held(Why::Rivals));
}

#[test]
fn ids_alone_prove_what_was_placed_once_the_account_was_exclusive_before() {
    let unread = History { balance_read: None, ..quiet(Some(1), [10, 20]) };
    assert_eq!(unread.verdict(Kind::Account), placed_as("106"));
    let declared_since = History { declared: -8, ..unread };
    assert_eq!(declared_since.verdict(Kind::Account), held(Why::NothingKnownSinceDeclared));
    assert_eq!(declared_since.verdict(Kind::List), held(Why::NothingKnownSinceDeclared));
}

#[test]
fn order_by_hand_from_before_the_declaration_is_not_taken_for_one_beyond_the_ids_asked_about() {
    let by_hand = Other { origin: Origin::ByHand, ..ours(-189, None) };
    let mut history = History {
        declared: -44,
        first_id: 1,
        steps: vec![1, 1, 297, 1],
        others: vec![ours(-295, Some(-294)), by_hand],
        ..quiet(Some(1), [10, 20])
    };
    assert_eq!(history.verdict(Kind::Account), held(Why::NothingKnownSinceDeclared));
    // With one of ours since then, it is known that nothing newer was entered by hand.
    history.others.push(ours(-40, Some(-39)));
    history.steps = vec![1, 1, 1, 297];
    assert_eq!(history.verdict(Kind::Account), placed_as("301"));
}

#[test]
fn ids_alone_prove_what_was_not_placed_once_a_later_order_bounds_them() {
    let mut history = History { balance_read: None, ..quiet(None, [160, 170]) };
    assert_eq!(history.verdict(Kind::Account), held(Why::NoBalanceBefore));
    history.others.push(ours(SETTLE_AFTER + 1, Some(SETTLE_AFTER + 2)));
    assert_eq!(history.verdict(Kind::Account), Verdict::NotPlaced);
    let unclear = History { unclear: Some(2), ..history };
    assert_eq!(unclear.verdict(Kind::Account), held(Why::NoBalanceBefore));
}

#[test]
fn charge_that_a_top_up_or_rounding_could_hide_is_not_taken_for_none() {
    for charge in [dec!(2), dec!(0.9999), dec!(0.004)] {
        let history = History { charge, ..quiet(None, [130, 140]) };
        assert_eq!(history.verdict(Kind::Account), held(Why::MayBeHidden), "{charge}");
    }
}

#[test]
fn balance_that_something_else_moved_proves_nothing() {
    let topped_up = History { top_ups: vec![(50, 5)], ..quiet(None, [130, 140]) };
    assert_eq!(topped_up.verdict(Kind::Account), held(Why::OtherMoves));
    let mut placed_since = quiet(None, [130, 140]);
    placed_since.others.push(ours(-3, Some(-1)));
    assert_eq!(placed_since.verdict(Kind::Account), held(Why::OtherMoves));
    let refund = panel::Refund { at: 50, of: 0, percent: 100 };
    let paid_back = History { refunds: vec![refund], ..quiet(None, [130, 140]) };
    assert_eq!(paid_back.verdict(Kind::Account), held(Why::OtherMoves));
}

#[test]
fn order_found_that_was_not_paid_for_is_a_contradiction() {
    let history = quiet(Some(1), [10, 20]);
    let book = history.book();
    let doubt = history.doubt(&book, 10);
    let account = super::Account { spent: Spent::Nothing, ..history.account(&book, 10) };
    assert_eq!(judge_account(&doubt, &account), held(Why::Contradiction));
}

#[test]
fn order_that_a_subscription_may_have_made_is_not_taken_for_ours() {
    let history = quiet(Some(1), [10, 20]);
    let book = history.book();
    let doubt = super::Doubt { subscriptions: 1, ..history.doubt(&book, 10) };
    assert_eq!(judge(&doubt, &history.reading(&book, 10)), held(Why::Subscriptions));
    assert_eq!(judge_account(&doubt, &history.account(&book, 10)), held(Why::Subscriptions));
}

#[test]
fn busy_link_speaks_against_an_order_that_was_not_placed() {
    let history = quiet(None, [130, 140]);
    let book = history.book();
    let busy = super::Doubt { link_was_busy: true, ..history.doubt(&book, 130) };
    assert_eq!(judge(&busy, &history.reading(&book, 130)), held(Why::LinkWasBusy));
    assert_eq!(judge_account(&busy, &history.account(&book, 130)), held(Why::LinkWasBusy));
}
