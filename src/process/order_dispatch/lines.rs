//! Keeps the lines of orders on their links in step with the journal.

use serde::{Deserialize, de::IgnoredAny};
use tokio::time::sleep;

use super::dispatch::{Dispatch, RETRY};
use crate::{
    command::{CommandError, LinkedOrder, Loaded},
    domain::{
        Link, OrderId, ServiceId,
        order::{DeliveryStatus, Order, Overall},
    },
    journal::RecordedEvent,
};

/// What an event says of an order's place in its line.
#[derive(Debug, Deserialize)]
struct Said {
    number: Option<i64>,
    service_id: Option<ServiceId>,
    link: Option<Link>,
    remainder_of: Option<IgnoredAny>,
    /// How the order stands at its provider.
    status: Option<DeliveryStatus>,
    /// How it stands with what was ordered for its remainder.
    overall: Option<Overall>,
}

impl Said {
    fn in_all(self) -> Option<DeliveryStatus> {
        self.overall.map(|overall| overall.status).or(self.status)
    }
}

impl Dispatch {
    /// Takes in what has happened to an order, or to a service.
    pub(super) async fn stand_in_line(&self, event: &RecordedEvent<'_>) {
        if event.event_type == "ServiceLinkLockSet" {
            if let Ok(service) = event.aggregate_id.parse() {
                let claims = self.claims();
                claims.resume_all(claims.links().waiting_at(service));
            }
            return;
        }
        let Ok(order) = event.aggregate_id.parse() else { return };
        match event.event_type {
            "OrderPlaced" => self.arrived(order, event),
            "AttemptStarted" => self.claims().links().went_ahead(order),
            "OrderFailed" => self.claims().is_over(order),
            "OrderStatusChanged" | "RemainderStatusChanged" => {
                match said(event).and_then(Said::in_all) {
                    Some(status) if status.has_ended() => self.claims().is_over(order),
                    _ => self.goes_on(order).await,
                }
            }
            _ => {}
        }
    }

    fn arrived(&self, order_id: OrderId, event: &RecordedEvent<'_>) {
        let Some(said) = said(event).filter(|said| said.remainder_of.is_none()) else { return };
        if let (Some(number), Some(service_id), Some(link)) =
            (said.number, said.service_id, said.link)
        {
            self.claims().links().enter(LinkedOrder { order_id, number, service_id, link });
        }
    }

    /// An order that had ended may be delivering again.
    async fn goes_on(&self, order: OrderId) {
        if self.claims().links().holds(order) {
            return;
        }
        loop {
            match self.commands().load::<Order>(order).await {
                Ok(loaded) => return self.goes_on_if_open(order, loaded),
                Err(CommandError::Unavailable(_)) => sleep(RETRY).await,
                Err(error) => {
                    return tracing::error!(%order, %error, "an order does not hold its link");
                }
            }
        }
    }

    fn goes_on_if_open(&self, order_id: OrderId, loaded: Loaded<Order>) {
        let order = loaded.aggregate;
        if order.remainder_of.is_none() && !order.is_over() {
            let (number, service_id, link) = (order.number, order.service_id, order.link);
            self.claims().links().is_ahead(LinkedOrder { order_id, number, service_id, link });
        }
    }
}

fn said(event: &RecordedEvent<'_>) -> Option<Said> {
    match event.content() {
        Ok(said) => Some(said),
        Err(error) => {
            tracing::error!(position = event.position, %error, "event left out of the lines on links");
            None
        }
    }
}
