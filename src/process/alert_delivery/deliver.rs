use std::time::Duration;

use futures_util::future::join_all;
use sqlx::PgPool;
use tokio::{sync::watch, time::sleep};
use tokio_util::sync::CancellationToken;

use super::{
    DeliveryPace,
    store::{Deliveries, Due},
};
use crate::{
    alert_channel::{AlertChannel, NotDelivered},
    metrics::{self, Delivery},
    process::DispatchStatus,
};

/// Between two tries while the database is away.
const RETRY: Duration = Duration::from_secs(1);

/// What the delivery is composed of.
#[derive(Debug)]
pub struct AlertDeliveryNeeds {
    /// Connections that see the read models.
    pub reads: PgPool,
    /// Where operators are told.
    pub channels: Vec<AlertChannel>,
    /// How they are told.
    pub pace: DeliveryPace,
    /// Whether this process dispatches: only then it sends.
    pub dispatching: watch::Receiver<DispatchStatus>,
    /// Cancelled when the program is to stop.
    pub stop: CancellationToken,
}

/// Tells operators of alerts.
#[derive(Debug)]
pub struct AlertDelivery {
    needs: AlertDeliveryNeeds,
}

impl AlertDelivery {
    /// Composes the delivery; [`run`](Self::run) is its life.
    pub fn new(needs: AlertDeliveryNeeds) -> Self {
        Self { needs }
    }

    /// Delivers, whenever this process dispatches, until the program is to stop.
    pub async fn run(self) {
        let stop = self.needs.stop.clone();
        let channels = self.needs.channels.iter().map(|channel| self.serve(channel));
        stop.run_until_cancelled(join_all(channels)).await;
        stop.cancelled().await;
    }

    async fn serve(&self, channel: &AlertChannel) {
        let deliveries = Deliveries { pool: self.needs.reads.clone(), channel: channel.name() };
        let mut dispatching = self.needs.dispatching.clone();
        let dispatches = |status: &DispatchStatus| *status == DispatchStatus::Dispatching;
        let mut is_known = false;
        while dispatching.wait_for(dispatches).await.is_ok() {
            let worked = async {
                if !is_known {
                    deliveries.begin().await?;
                    is_known = true;
                }
                self.work(channel, &deliveries).await
            };
            match worked.await {
                Ok(()) => sleep(self.needs.pace.glance).await,
                Err(error) => {
                    let channel = channel.name();
                    tracing::debug!(channel, %error, "alerts cannot be looked up at present");
                    sleep(RETRY).await;
                }
            }
        }
    }

    /// Sends what is due, one after the other, for as long as this process dispatches.
    async fn work(
        &self,
        channel: &AlertChannel,
        deliveries: &Deliveries,
    ) -> Result<(), sqlx::Error> {
        deliveries.take_over(self.needs.pace.give_up).await?;
        while *self.needs.dispatching.borrow() == DispatchStatus::Dispatching
            && let Some(due) = deliveries.next_due().await?
        {
            match channel.send(&due.message).await {
                Ok(()) => {
                    deliveries.delivered(&due).await?;
                    metrics::alert_told(channel.name(), Delivery::Delivered);
                    let (id, tries) = (due.message.id, due.tries + 1);
                    tracing::info!(channel = channel.name(), %id, tries, "alert delivered");
                }
                Err(failure) => self.put_off(deliveries, &due, failure).await?,
            }
        }
        Ok(())
    }

    /// Puts one off that failed, and leaves the receiver alone for a moment.
    async fn put_off(
        &self,
        deliveries: &Deliveries,
        due: &Due,
        failure: NotDelivered,
    ) -> Result<(), sqlx::Error> {
        let pace = self.needs.pace;
        let (channel, id, reason) = (deliveries.channel, due.message.id, failure.reason.as_str());
        let tries = due.tries + 1;
        if due.is_older_than(pace.give_up) {
            tracing::error!(channel, %id, tries, reason, "an alert could not be delivered: given up");
            metrics::alert_told(channel, Delivery::GivenUp);
            deliveries.not_delivered(due, reason, None).await?;
        } else {
            let next = pace.after(tries).max(failure.retry_after.unwrap_or_default());
            tracing::warn!(channel, %id, tries, reason, ?next, "an alert is not delivered yet");
            metrics::alert_told(channel, Delivery::PutOff);
            deliveries.not_delivered(due, reason, Some(next)).await?;
        }
        deliveries.pause(failure.retry_after.unwrap_or(pace.first)).await
    }
}
