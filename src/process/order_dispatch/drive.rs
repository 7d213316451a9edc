//! One order's way, from being free to being held, in doubt or failed.

use std::{sync::Arc, time::Duration};

use chrono::Utc;
use tokio::time::sleep;
use tracing::{Instrument, field::Empty};

use super::{dispatch::Shared, record::in_doubt};
use crate::{
    command::{CommandError, Commands, DriveGuard, Loaded, StartedAttempt, Ticket},
    domain::{
        Aggregate, AttemptId, OrderId,
        order::{Order, OrderCommand, OrderEvent, Progress, ProviderAnswer},
    },
    journal::{AppendError, AppendRequest},
    request_id::RequestId,
};

/// Between two tries while the database is away, or after an attempt that could not be sent.
const PAUSE: Duration = Duration::from_millis(500);

/// The one task that drives an order.
pub(super) struct Drive {
    pub(super) shared: Arc<Shared>,
    pub(super) id: OrderId,
    pub(super) order: Order,
    pub(super) version: i64,
    guard: DriveGuard,
    /// The request that placed the order, as far as it is known.
    request_id: Option<RequestId>,
}

/// What to do next.
pub(super) enum Step {
    /// Send the attempt that is on record.
    Send(Box<Ticket>),
    /// Look at where the order stands.
    Look,
    /// The order may stand elsewhere than this task thinks.
    Reload,
    /// The same after a pause.
    ReloadLater,
    /// Nothing more for now.
    Rest,
}

impl Drive {
    /// Sends an attempt that was put on record together with its order.
    pub(super) async fn send(shared: Arc<Shared>, started: StartedAttempt) {
        let StartedAttempt { order_id: id, order, version, ticket, guard, request_id } = started;
        let drive = Self { shared, id, order, version, guard, request_id };
        drive.run(Step::Send(Box::new(ticket))).await;
    }

    /// Does what an order on record needs.
    pub(super) async fn resume(shared: Arc<Shared>, id: OrderId, guard: DriveGuard) {
        let order = Order::default();
        let drive = Self { shared, id, order, version: 0, guard, request_id: None };
        drive.run(Step::Reload).await;
    }

    async fn run(mut self, mut step: Step) {
        while !matches!(step, Step::Rest) {
            let span = tracing::info_span!("order", id = %self.id, request_id = Empty);
            step = match self.request_id.clone() {
                Some(request) => {
                    span.record("request_id", request.as_str());
                    request.scope(self.take(step)).instrument(span).await
                }
                None => self.take(step).instrument(span).await,
            };
            self.guard.saw(self.version);
        }
    }

    async fn take(&mut self, step: Step) -> Step {
        match step {
            Step::Send(ticket) => self.attempt(*ticket).await,
            Step::Look => self.look().await,
            Step::Reload => self.reload().await,
            Step::ReloadLater => {
                sleep(PAUSE).await;
                Step::Reload
            }
            Step::Rest => Step::Rest,
        }
    }

    pub(super) fn commands(&self) -> &Commands {
        &self.shared.needs.commands
    }

    pub(super) fn stopping(&self) -> bool {
        self.shared.needs.stop.is_cancelled()
    }

    async fn attempt(&mut self, ticket: Ticket) -> Step {
        let answer = self.shared.ask(&ticket, &self.order).await;
        let attempt = ticket.claim.attempt_id;
        // The permit is for the call alone.
        drop(ticket);
        let step = self.record(attempt, answer).await;
        self.commands().claims().recorded(attempt);
        step
    }

    async fn reload(&mut self) -> Step {
        // Few at a time, so that a take-over of very many orders leaves the database to others as well.
        let turn = self.shared.loads.acquire().await;
        let loaded = self.commands().load::<Order>(self.id).await;
        drop(turn);
        match loaded {
            Ok(Loaded { aggregate, version, request_id, .. }) => {
                self.order = aggregate;
                self.version = version;
                self.request_id = request_id;
                if self.order.progress == Progress::Absent {
                    self.commands().claims().was_not_placed(self.id);
                }
                Step::Look
            }
            Err(_) if self.stopping() => Step::Rest,
            Err(error @ CommandError::Unavailable(_)) => {
                tracing::debug!(order = %self.id, %error, "cannot load an order");
                Step::ReloadLater
            }
            Err(error) => {
                tracing::error!(order = %self.id, %error, "an order cannot be read, so it stays where it is");
                Step::Rest
            }
        }
    }

    async fn look(&mut self) -> Step {
        match self.order.progress {
            Progress::Attempting => self.close_left_attempt().await,
            _ if self.order.is_free() && !self.may_start() => Step::Rest,
            Progress::Queued | Progress::AwaitingLink(_) => self.start_next().await,
            Progress::Deferred(until) => {
                let wait = (until - Utc::now()).to_std().unwrap_or_default();
                tokio::select! {
                    () = sleep(wait) => self.start_next().await,
                    () = self.busy_link_changed() => self.start_next().await,
                    () = self.may_start_no_more() => Step::Rest,
                }
            }
            Progress::Waiting(until) => self.wait_for_providers(until).await,
            Progress::Absent | Progress::InDoubt | Progress::AtProvider(_) | Progress::Failed => {
                Step::Rest
            }
        }
    }

    fn may_start(&self) -> bool {
        !self.stopping() && self.commands().claims().tenure().is_some()
    }

    /// Whoever dispatches next finds the order on record.
    pub(super) async fn may_start_no_more(&self) {
        tokio::select! {
            () = self.shared.needs.stop.cancelled() => {}
            () = self.commands().claims().tenure_over() => {}
        }
    }

    /// An attempt on record that no task is sending. This process knows whether it was one of its own that never went
    /// out; any other may have been sent.
    async fn close_left_attempt(&mut self) -> Step {
        let claims = self.commands().claims();
        let Some(left) = self.order.running_attempt() else { return Step::Rest };
        let answer = if claims.was_never_sent(left) {
            let reason = "the append of its claim was cut off, so it was not sent".to_owned();
            ProviderAnswer::NotSent { reason }
        } else if claims.tenure().is_some() {
            in_doubt("the program ended before the provider's answer was recorded")
        } else {
            return Step::Rest;
        };
        let attempt: AttemptId = left.attempt_id;
        self.record(attempt, answer).await
    }

    /// Waits for the order's turn on its link and for a permit of the best candidate, and puts the attempt on record.
    pub(super) async fn start_next(&mut self) -> Step {
        if let Some(step) = self.wait_for_turn().await {
            return step;
        }
        let order = &self.order;
        let Ok(route) = self.commands().route_surely(self.id, order, |id| order.bars(id)).await
        else {
            return Step::ReloadLater;
        };
        let Some(provider) = route.decision.choice().map(|candidate| candidate.provider_id) else {
            return self.without_candidate(route.decision).await;
        };
        // A provider whose key cannot be read at present is not claimed: the claim could only be released again.
        if self.shared.endpoints.of(provider).await.is_err_and(|error| error.may_pass()) {
            return Step::ReloadLater;
        }
        let permit = tokio::select! {
            permit = self.commands().claims().permit(&route) => permit,
            () = self.led_elsewhere(provider) => return Step::Look,
            () = self.may_start_no_more() => return Step::Rest,
        };
        // What was known may have changed during the wait.
        let route = self.route_now().filter(|route| route.leads_to(provider));
        let Some(route) = route else { return Step::Look };
        let ticket = permit.and_then(|permit| self.commands().claims().claim(&route, permit));
        match ticket {
            Some(ticket) => self.start(ticket).await,
            None => Step::Rest,
        }
    }

    async fn start(&mut self, ticket: Ticket) -> Step {
        let Ok(events) = self.order.decide(OrderCommand::Start(ticket.claim.clone())) else {
            return Step::Reload;
        };
        let request = self.request("startAttempt", &events);
        match self.append(ticket.guard(request, self.id), &events).await {
            Ok(()) => Step::Send(Box::new(ticket)),
            Err(step) => step,
        }
    }

    pub(super) fn request(&self, command: &str, events: &[OrderEvent]) -> AppendRequest {
        AppendRequest::of_command(command).append::<Order>(self.id, self.version, events)
    }

    /// Appends, and follows with the state that this task holds; else says how to go on.
    pub(super) async fn append(
        &mut self,
        request: AppendRequest,
        events: &[OrderEvent],
    ) -> Result<(), Step> {
        let Ok(told) = self.commands().told_to_parent(self.id, &self.order, events).await else {
            return Err(Step::ReloadLater);
        };
        match self.commands().journal().append(told.add_to(request)).await {
            Ok(_) => {
                self.follow(events);
                Ok(())
            }
            Err(AppendError::Conflict(_)) => match self.commands().catch_up().await {
                Ok(()) => Err(Step::Reload),
                Err(_) => Err(Step::ReloadLater),
            },
            Err(error) => {
                tracing::warn!(order = %self.id, %error, "cannot record an order's next step");
                Err(Step::ReloadLater)
            }
        }
    }

    pub(super) fn follow(&mut self, events: &[OrderEvent]) {
        events.iter().for_each(|event| self.order.evolve(event));
        self.version += events.len() as i64;
    }
}
