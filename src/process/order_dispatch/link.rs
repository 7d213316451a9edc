//! An order's turn on its link.

use super::drive::{Drive, Step};
use crate::{
    command::{LinkedOrder, Turn},
    domain::{
        Aggregate, OrderId,
        order::{Attempt, OrderCommand},
    },
};

impl Drive {
    /// Returns `None` once the order may go ahead on its link, else how to go on. What orders a remainder goes ahead at once:
    /// its parent stands in the line for it, until both are over.
    pub(super) async fn wait_for_turn(&mut self) -> Option<Step> {
        if self.order.remainder_of.is_some() {
            return None;
        }
        tokio::select! {
            () = self.commands().claims().links().opened() => {}
            () = self.may_start_no_more() => return Some(Step::Rest),
        }
        let linked = LinkedOrder {
            order_id: self.id,
            number: self.order.number,
            service_id: self.order.service_id,
            link: self.order.link.clone(),
        };
        match self.commands().turn(linked) {
            Turn::Taken => None,
            Turn::After { order_id, number } => Some(self.await_link(order_id, number).await),
        }
    }

    /// Whoever leaves the line in between has this order driven again when this task has ended.
    async fn await_link(&mut self, order_id: OrderId, number: i64) -> Step {
        let Ok(events) = self.order.decide(OrderCommand::AwaitLink { order_id, number }) else {
            return Step::Reload;
        };
        if events.is_empty() {
            return Step::Rest;
        }
        let request = self.request("awaitLink", &events);
        match self.append(request, &events).await {
            Ok(()) => Step::Rest,
            Err(step) => step,
        }
    }

    /// Returns once it is worth asking a provider again that said that the order's link was busy, because another order of
    /// ours on that link is over.
    pub(super) async fn busy_link_changed(&self) {
        if self.order.attempts.last().is_some_and(Attempt::waits_for_its_link) {
            self.commands().claims().links().another_is_over(self.id).await;
        } else {
            std::future::pending::<()>().await;
        }
    }
}
