//! What happens to services and orders for the sake of links and remainders.

use std::collections::BTreeMap;

use signalbox::domain::{
    OrderId,
    order::{Order, OrderCommand, RemainderOf, RemainderOrder, RemainderPlan, RemainderRequest},
    service::{LinkLock, RemainderPolicy},
};
use uuid::Uuid;

use super::History;

impl History {
    pub(super) fn link_lock(&mut self) -> LinkLock {
        if self.random.bool() { LinkLock::On } else { LinkLock::Off }
    }

    pub(super) fn remainder_policy(&mut self) -> RemainderPolicy {
        if self.random.bool() { RemainderPolicy::Complete } else { RemainderPolicy::Leave }
    }

    pub(super) fn place_remainder(&mut self, number: usize) -> OrderCommand {
        let parent = OrderId(Uuid::from_u128(0xc000 + number as u128 - 1));
        let order = Box::new(self.orders[&parent].clone());
        let sent = BTreeMap::from([("quantity".to_owned(), "100".to_owned())]);
        OrderCommand::PlaceRemainder(RemainderOrder {
            number: i64::try_from(number).unwrap() + 1,
            account: "house".to_owned(),
            parent: order,
            request: RemainderRequest { quantity: 100, per_run: Some(100), sent },
            of: RemainderOf { parent, cause: parent, not_at: vec![] },
        })
    }

    /// Only what is told of the remainder.
    pub(super) fn remainder(&mut self, order: &Order) -> OrderCommand {
        let cause = OrderId(Uuid::from_u128(self.random.u128(0..9)));
        let (number, quantity) = (self.random.i64(1..9999), self.random.i64(1..1000));
        let child = self.random.choice(&order.remainders).map(|known| known.child_id);
        match (child, self.random.u32(0..6)) {
            (Some(child_id), 2..) => {
                let undelivered = self.random.bool().then(|| self.random.i64(0..1000));
                OrderCommand::RecordRemainder { child_id, undelivered }
            }
            (_, 0) => {
                let (reason, decision) = ("too few".to_owned(), None);
                let plan = RemainderPlan::Leave { quantity, reason, decision };
                OrderCommand::PlanRemainder { cause, plan }
            }
            _ => {
                let plan =
                    RemainderPlan::Order { child_id: OrderId(self.uuid()), number, quantity };
                OrderCommand::PlanRemainder { cause, plan }
            }
        }
    }
}
