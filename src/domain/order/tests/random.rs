//! Whatever is asked of an order, in any order, an order stays with one provider.

use proptest::{
    collection::vec,
    prelude::{Just, Strategy, any, prop_oneof, proptest},
    sample::select,
    test_runner::TestCaseError,
};
use proptest::{prop_assert, prop_assert_eq};

use crate::domain::{
    Aggregate,
    order::{AttemptState, Order, OrderCommand, Progress, Waiting},
};

use super::*;

/// What somebody asks; attempts are named by how far back they lie.
#[derive(Debug, Clone)]
enum Step {
    Place(Then),
    Start,
    Answer(usize, ProviderAnswer, Then),
    Settle(usize, SettledAs, Then),
    Wait,
    Fail,
}

/// What the caller has at hand.
#[derive(Debug, Clone, Copy)]
enum Then {
    Start,
    Queue,
    Wait,
    Hold,
    GiveUp,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let then = || select(vec![Then::Start, Then::Queue, Then::Wait, Then::Hold, Then::GiveUp]);
    let back = || 0..3_usize;
    let settled = select(vec![SettledAs::Placed, SettledAs::NotPlaced]);
    let step = prop_oneof![
        1 => then().prop_map(Step::Place),
        3 => Just(Step::Start),
        8 => (back(), answers(), then()).prop_map(|(n, answer, then)| Step::Answer(n, answer, then)),
        3 => (back(), settled, then()).prop_map(|(n, as_, then)| Step::Settle(n, as_, then)),
        1 => Just(Step::Wait),
        1 => Just(Step::Fail),
    ];
    vec(step, 1..40)
}

fn answers() -> impl Strategy<Value = ProviderAnswer> {
    let classes = select(vec![
        RefusalClass::Overload,
        RefusalClass::Quantity,
        RefusalClass::Link,
        RefusalClass::LinkBusy,
    ]);
    prop_oneof![
        any::<u8>().prop_map(|id| ProviderAnswer::Placed {
            api_order_id: (id % 4).to_string(),
            response_ms: 120,
        }),
        classes.prop_map(a_refusal),
        Just(no_clear_word()),
        Just(nothing_sent()),
    ]
}

/// An order, and all that happened to it.
#[derive(Default)]
struct Played {
    order: Order,
    events: Vec<OrderEvent>,
}

impl Played {
    fn next(&self) -> i32 {
        i32::try_from(self.order.attempts.len()).unwrap() + 1
    }

    fn step(&self, then: Then) -> NextStep {
        match then {
            Then::Start => NextStep::Start(claim(self.next())),
            Then::Queue => NextStep::Queue(provider(self.next())),
            Then::Wait => NextStep::Wait(minute(9)),
            Then::Hold => NextStep::Hold(self.waiting()),
            Then::GiveUp => NextStep::GiveUp(None),
        }
    }

    fn waiting(&self) -> Waiting {
        Waiting { until: minute(60), reason: "all rest".to_owned() }
    }

    fn command(&self, step: Step) -> OrderCommand {
        let number = |back: usize| self.next() - 1 - i32::try_from(back).unwrap();
        match step {
            Step::Place(Then::Start) => place(Some(claim(1))),
            Step::Place(_) => place(None),
            Step::Start => OrderCommand::Start(claim(self.next())),
            Step::Answer(back, answer, then) => {
                answer_then(number(back).max(1), answer, self.step(then))
            }
            Step::Settle(back, settled_as, then) => {
                settle(number(back), settled_as, self.step(then))
            }
            Step::Wait => OrderCommand::Wait(self.waiting()),
            Step::Fail => OrderCommand::Fail { reason: "x".to_owned(), decision: None },
        }
    }

    /// Holds every event against the state that it meets.
    fn take(&mut self, event: OrderEvent) -> Result<(), TestCaseError> {
        if let OrderEvent::AttemptStarted { attempt, .. } = &event {
            prop_assert_eq!(*attempt, self.next());
            prop_assert!(self.held_by().is_empty(), "{event:?} while {:?}", self.order.attempts);
        }
        if matches!(event, OrderEvent::OrderFailed { .. }) {
            prop_assert!(self.held_by().is_empty(), "failed while {:?}", self.order.attempts);
        }
        self.order.evolve(&event);
        self.events.push(event);
        Ok(())
    }

    /// Attempts whose provider holds the order, or may.
    fn held_by(&self) -> Vec<i32> {
        let attempts = self.order.attempts.iter();
        attempts
            .filter(|attempt| {
                matches!(
                    attempt.state,
                    AttemptState::Started | AttemptState::InDoubt | AttemptState::Placed(_)
                )
            })
            .map(|attempt| attempt.number)
            .collect()
    }

    fn duplicates(&self) -> usize {
        let found = |event: &&OrderEvent| matches!(event, OrderEvent::DuplicateFound { .. });
        self.events.iter().filter(found).count()
    }

    fn check(&self) -> Result<(), TestCaseError> {
        let held = self.held_by();
        prop_assert!(held.len() <= 1 + self.duplicates(), "held by {held:?} without an alarm");
        let open = |state: AttemptState| {
            self.order.attempts.iter().filter(|attempt| attempt.state == state).count()
        };
        let (running, doubtful) = (open(AttemptState::Started), open(AttemptState::InDoubt));
        prop_assert!(running + doubtful <= 1);
        prop_assert_eq!(running == 1, self.order.progress == Progress::Attempting);
        prop_assert_eq!(doubtful == 1, self.order.progress == Progress::InDoubt);
        if self.order.is_free() {
            prop_assert!(held.is_empty(), "free while held by {held:?}");
        }
        if let Progress::AtProvider(provider) = self.order.progress {
            let holder = |n: &i32| {
                self.order.attempt_number(*n).is_some_and(|held| held.provider_id == provider)
            };
            prop_assert!(held.iter().any(holder));
        }
        Ok(())
    }
}

proptest! {
    #[test]
    fn order_stays_with_one_provider_whatever_is_asked_of_it(steps in steps()) {
        let mut played = Played::default();
        for step in steps {
            let command = played.command(step);
            let before = played.order.clone();
            let decided = played.order.decide(command.clone()).unwrap_or_default();
            prop_assert_eq!(&before, &played.order);
            for event in decided {
                played.take(event)?;
            }
            played.check()?;
            // The same command again may find nothing to do or be refused, but starts no second attempt.
            let again = played.order.decide(command).unwrap_or_default();
            let starts = again.iter().any(|event| matches!(event, OrderEvent::AttemptStarted { .. }));
            prop_assert!(!starts);
        }
    }

    #[test]
    fn state_is_the_fold_of_the_events_and_survives_storage(steps in steps()) {
        let mut played = Played::default();
        for step in steps {
            for event in played.order.decide(played.command(step)).unwrap_or_default() {
                played.take(event)?;
            }
        }
        let mut folded = Order::default();
        for event in &played.events {
            let stored = serde_json::to_string(event).unwrap();
            folded.evolve(&serde_json::from_str(&stored).unwrap());
        }
        prop_assert_eq!(folded, played.order);
    }
}
