//! What becomes of an order that nobody can take now: it waits for who is only set aside, or is given up.

use chrono::{DateTime, Utc};
use tokio::time::sleep;

use super::drive::{Drive, Step};
use crate::{
    command::Route,
    domain::{
        Aggregate, ProviderId,
        order::{OrderCommand, Progress},
        routing::{Decision, Request},
    },
};

impl Drive {
    /// Lets the order wait, where somebody is only set aside, or gives it up.
    pub(super) async fn without_candidate(&mut self, decision: Decision) -> Step {
        match self.commands().waiting(&self.order, &decision) {
            Some(waiting) if self.order.progress == Progress::Waiting(waiting.until) => Step::Look,
            Some(waiting) => self.take_down("deferOrder", OrderCommand::Wait(waiting)).await,
            None => {
                let reason = match decision.waits() {
                    true => format!(
                        "it has waited long enough: {}",
                        self.commands().set_aside_in_words(&decision)
                    ),
                    false => "no candidate can take the order any more".to_owned(),
                };
                let decision = Some(decision);
                self.take_down("failOrder", OrderCommand::Fail { reason, decision }).await
            }
        }
    }

    async fn take_down(&mut self, name: &str, command: OrderCommand) -> Step {
        let Ok(events) = self.order.decide(command) else { return Step::Reload };
        let request = self.request(name, &events);
        match self.append(request, &events).await {
            Ok(()) => Step::Look,
            Err(step) => step,
        }
    }

    /// Waits until somebody may take the order, or nobody ever will.
    pub(super) async fn wait_for_providers(&mut self, until: DateTime<Utc>) -> Step {
        let mut shifts = self.commands().catalogue().shifts();
        while self.route_now().is_none_or(|route| route.decision.waits()) {
            let Ok(left) = (until - Utc::now()).to_std() else { break };
            tokio::select! {
                () = sleep(left) => break,
                shifted = shifts.changed() => if shifted.is_err() { return Step::Rest },
                () = self.may_start_no_more() => return Step::Rest,
            }
        }
        self.start_next().await
    }

    /// Returns once the order would not go to this provider any more.
    pub(super) async fn led_elsewhere(&self, provider: ProviderId) {
        let mut shifts = self.commands().catalogue().shifts();
        while self.route_now().is_some_and(|route| route.leads_to(provider)) {
            if shifts.changed().await.is_err() {
                return;
            }
        }
    }

    /// Where the order would go by what this process knows now.
    pub(super) fn route_now(&self) -> Option<Route> {
        let order = &self.order;
        let request = Request { order: Some(self.id), ..order.request() };
        self.commands().route(order.service_id, &request, |id| order.bars(id))
    }
}
