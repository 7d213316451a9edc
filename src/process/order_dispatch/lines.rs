//! Keeps the lines of orders on their links in step with the journal.

use serde::Deserialize;
use tokio::time::sleep;

use super::dispatch::{Dispatch, RETRY};
use crate::{
    command::{CommandError, LinkedOrder, Loaded},
    domain::{
        Link, OrderId, ServiceId,
        order::{DeliveryStatus, Order},
    },
    journal::RecordedEvent,
};

/// What an event says of an order's place in its line.
#[derive(Debug, Deserialize)]
struct Said {
    number: Option<i64>,
    service_id: Option<ServiceId>,
    link: Option<Link>,
    /// Of how the order stands in all.
    status: Option<DeliveryStatus>,
    #[serde(default)]
    is_remainder: bool,
}

impl Dispatch {
    /// Takes in what has happened to an order, or to a service.
    pub(super) async fn stand_in_line(&self, event: &RecordedEvent) {
        if event.event_type == "ServiceLinkLockSet" {
            if let Ok(service) = event.aggregate_id.parse() {
                let claims = self.claims();
                claims.resume_all(claims.links().waiting_at(service));
            }
            return;
        }
        let Ok(order) = event.aggregate_id.parse() else { return };
        match event.event_type.as_str() {
            "OrderPlaced" => self.arrived(order, event),
            "AttemptStarted" => self.claims().links().went_ahead(order),
            "OrderFailed" => self.claims().is_over(order),
            "OrderStatusChanged" | "RemainderStatusChanged" => {
                let said = said(event);
                match said.and_then(|said| said.status) {
                    Some(status) if status.has_ended() => self.claims().is_over(order),
                    _ => self.goes_on(order).await,
                }
            }
            _ => {}
        }
    }

    fn arrived(&self, order_id: OrderId, event: &RecordedEvent) {
        let Some(said) = said(event).filter(|said| !said.is_remainder) else { return };
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

fn said(event: &RecordedEvent) -> Option<Said> {
    match Said::deserialize(&event.payload) {
        Ok(said) => Some(said),
        Err(error) => {
            tracing::error!(position = event.position, %error, "event left out of the lines on links");
            None
        }
    }
}
