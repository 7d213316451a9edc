//! Which orders are open on which link, and who waits for whom.
//!
//! # Shape
//! Orders on one link stand in a line in the order of their arrival. One goes ahead unless another of the same kind on its
//! link is at a provider, or stands before it in the line. An order leaves the line when it is over.
//!
//! # Correctness
//! The lines are memory of the one process that dispatches. At the start of a tenure they are filled from what is on
//! record, and nobody goes ahead before that is done. Whoever waits, waits for somebody at a provider or for somebody
//! further ahead, so no circle can come about. Who waits is remembered with the one that is waited for, and told when that
//! one leaves; what is told too often finds itself waiting again.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::{oneshot, watch};
use uuid::Uuid;

use crate::domain::{Link, OrderId, ServiceId};

/// An order that stands in a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkedOrder {
    /// Which.
    pub order_id: OrderId,
    /// Its short number.
    pub number: i64,
    /// What was ordered.
    pub service_id: ServiceId,
    /// What it works on.
    pub link: Link,
}

/// Whether an order may go ahead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// It may, and others wait for it from now on.
    Taken,
    /// It waits for this one.
    After {
        /// Which.
        order_id: OrderId,
        /// Its short number.
        number: i64,
    },
}

/// The lines of all links. Cheap to clone.
#[derive(Debug, Clone)]
pub struct LinkLines {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    lines: Mutex<Lines>,
    /// Whether all that is on record stands in the lines.
    open: watch::Sender<bool>,
}

#[derive(Debug, Default)]
struct Lines {
    by_link: HashMap<Uuid, Vec<Standing>>,
    link_of: HashMap<OrderId, Uuid>,
}

#[derive(Debug)]
struct Standing {
    order_id: OrderId,
    number: i64,
    service_id: ServiceId,
    place: Place,
    /// Whether it is known to be on record.
    recorded: bool,
    /// Told once another order on the link is over; of one that a provider turned away because its link was busy.
    busy: Option<oneshot::Sender<()>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// It has been let ahead.
    Ahead,
    /// It waits, if for somebody, for this one.
    Waiting(Option<OrderId>),
}

impl Default for LinkLines {
    fn default() -> Self {
        let shared = Shared { lines: Mutex::default(), open: watch::Sender::new(false) };
        Self { shared: Arc::new(shared) }
    }
}

impl LinkLines {
    /// Tells whether all that is on record stands in the lines, so that orders may go ahead.
    pub fn are_open(&self) -> bool {
        *self.shared.open.borrow()
    }

    /// Returns once orders may go ahead.
    pub async fn opened(&self) {
        // The sender lives as long as this does.
        let _ = self.shared.open.subscribe().wait_for(|open| *open).await;
    }

    /// Lets orders go ahead: all that is on record stands in the lines.
    pub fn open(&self) {
        self.shared.open.send_replace(true);
    }

    /// Forgets all; nobody goes ahead until the lines are opened again.
    pub fn close(&self) {
        self.shared.open.send_replace(false);
        *self.lock() = Lines::default();
    }

    /// Puts an order that is on record at the end of its link's line, unless it stands there.
    pub fn enter(&self, order: LinkedOrder) {
        let id = order.order_id;
        let mut lines = self.lock();
        lines.enter(order, Place::Waiting(None));
        lines.find(id, |standing| standing.recorded = true);
    }

    /// Notes that an order is at a provider, or may be, whoever stands before it.
    pub fn is_ahead(&self, order: LinkedOrder) {
        let id = order.order_id;
        let mut lines = self.lock();
        lines.enter(order, Place::Ahead);
        lines.find(id, |standing| {
            standing.place = Place::Ahead;
            standing.recorded = true;
        });
    }

    /// Notes that an order that stands in a line has been let ahead.
    pub fn went_ahead(&self, order: OrderId) {
        self.lock().find(order, |standing| standing.place = Place::Ahead);
    }

    /// Lets an order ahead, or says for whom it waits. `same_kind` tells whether orders of two services wait for one another.
    pub fn turn(
        &self,
        order: LinkedOrder,
        same_kind: impl Fn(ServiceId, ServiceId) -> bool,
    ) -> Turn {
        let mut lines = self.lock();
        let id = order.order_id;
        let link = lines.enter(order, Place::Waiting(None));
        let line = lines.by_link.entry(link).or_default();
        let Some(own) = line.iter().position(|standing| standing.order_id == id) else {
            return Turn::Taken;
        };
        // Who was let ahead once never waits again, so that two who are ahead do not wait for one another.
        if line[own].place == Place::Ahead {
            return Turn::Taken;
        }
        let stands_before = |(index, other): &(usize, &Standing)| {
            *index != own
                && (*index < own || other.place == Place::Ahead)
                && same_kind(line[own].service_id, other.service_id)
        };
        // The nearest, so that a long line is told one by one.
        let turn = match line.iter().enumerate().rev().find(stands_before) {
            None => Turn::Taken,
            Some((_, other)) => Turn::After { order_id: other.order_id, number: other.number },
        };
        line[own].place = match turn {
            Turn::Taken => Place::Ahead,
            Turn::After { order_id, .. } => Place::Waiting(Some(order_id)),
        };
        turn
    }

    /// Takes an order out of its line; returns those that waited for it.
    pub fn leave(&self, order: OrderId) -> Vec<OrderId> {
        let mut lines = self.lock();
        let Some(link) = lines.link_of.remove(&order) else { return vec![] };
        let Some(line) = lines.by_link.get_mut(&link) else { return vec![] };
        line.retain(|standing| standing.order_id != order);
        for told in line.iter_mut().filter_map(|standing| standing.busy.take()) {
            // Who does not listen any more has gone on.
            let _ = told.send(());
        }
        let waited = line.iter().filter(|it| it.place == Place::Waiting(Some(order)));
        let waited = waited.map(|it| it.order_id).collect();
        if line.is_empty() {
            lines.by_link.remove(&link);
        }
        waited
    }

    /// Takes an order out of its line that was not placed after all; returns those that waited for it.
    pub fn retract(&self, order: OrderId) -> Vec<OrderId> {
        let mut recorded = false;
        self.lock().find(order, |standing| recorded = standing.recorded);
        match recorded {
            true => vec![],
            false => self.leave(order),
        }
    }

    /// Returns the orders of a service that wait, and those that wait for one of it: whether they do may have changed.
    pub fn waiting_at(&self, service: ServiceId) -> Vec<OrderId> {
        let lines = self.lock();
        let waiting = lines.by_link.values().flat_map(|line| {
            let is_of_it = |id: OrderId| {
                line.iter().any(|other| other.order_id == id && other.service_id == service)
            };
            line.iter().filter(move |it| match it.place {
                Place::Waiting(Some(other)) => it.service_id == service || is_of_it(other),
                _ => false,
            })
        });
        waiting.map(|it| it.order_id).collect()
    }

    /// Tells whether an order stands in a line.
    pub fn holds(&self, order: OrderId) -> bool {
        self.lock().link_of.contains_key(&order)
    }

    /// Returns once another order on the order's link is over.
    pub async fn another_is_over(&self, order: OrderId) {
        let (tell, told) = oneshot::channel();
        self.lock().find(order, |standing| standing.busy = Some(tell));
        if told.await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, Lines> {
        self.shared.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Lines {
    /// Returns the key of the order's link.
    fn enter(&mut self, order: LinkedOrder, place: Place) -> Uuid {
        let LinkedOrder { order_id, number, service_id, link } = order;
        if let Some(known) = self.link_of.get(&order_id) {
            return *known;
        }
        let key = Uuid::new_v5(&Uuid::NAMESPACE_URL, link.canonical().as_bytes());
        self.link_of.insert(order_id, key);
        let standing =
            Standing { order_id, number, service_id, place, recorded: false, busy: None };
        self.by_link.entry(key).or_default().push(standing);
        key
    }

    fn find(&mut self, order: OrderId, change: impl FnOnce(&mut Standing)) {
        let line = self.link_of.get(&order).and_then(|link| self.by_link.get_mut(link));
        let standing = line.and_then(|line| line.iter_mut().find(|it| it.order_id == order));
        if let Some(standing) = standing {
            change(standing);
        }
    }
}

#[cfg(test)]
mod tests {
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
}
