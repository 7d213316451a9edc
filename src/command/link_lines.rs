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
    sync::{Arc, Mutex, MutexGuard},
};

use tokio::sync::{oneshot, watch};
use uuid::Uuid;

use super::claims::lock;
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
        lock(&self.shared.lines)
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
mod tests;
