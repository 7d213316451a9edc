//! How the play begins: two orders on one link, the first of which is delivered by two panels.

use std::time::Duration;

use anyhow::Context;
use tokio::time::{sleep, timeout};

use super::cast::{self, Player};
use crate::{
    app::App,
    command::ServicePatch,
    domain::{
        OrderId, ServiceId,
        order::{Holding, Order},
        service::RemainderPolicy,
    },
};

/// Orders that it places.
pub(super) const ORDERS: usize = 2;

const LINK: &str = "https://social.example/p/shared";
/// Between two looks at an order.
const GLANCE: Duration = Duration::from_millis(20);
/// How long a panel may take to have an order.
const PATIENCE: Duration = Duration::from_secs(20);

/// What the overture is played with.
pub(super) struct Overture<'a> {
    pub(super) app: &'a App,
    pub(super) players: &'a [Player],
}

impl Overture<'_> {
    /// Has half of the first order delivered by the panel that takes it, and the rest by the next; the second order waits.
    pub(super) async fn play(&self, service: ServiceId, least: i64) -> anyhow::Result<()> {
        let commands = self.app.commands();
        let patch =
            ServicePatch { remainder: Some(RemainderPolicy::Complete), ..ServicePatch::default() };
        commands.update_services(vec![service], patch).await?;
        let first = cast::order(commands, service, 2 * least, LINK).await?;
        cast::order(commands, service, least, LINK).await?;
        self.end(first, least).await?;
        let parent = commands.load::<Order>(first).await?.aggregate;
        let remainder = parent.remainders.first().context("no panel is left for the remainder")?;
        self.end(remainder.child_id, 0).await
    }

    /// Lets the panel that holds an order end it, with so many units undelivered, and asks how it stands.
    async fn end(&self, order: OrderId, remains: i64) -> anyhow::Result<()> {
        let holding = timeout(PATIENCE, self.holding(order)).await??;
        let mut players = self.players.iter();
        let holder = players.find(|player| player.provider == holding.provider_id);
        let holder = holder.context("a stranger has the order")?;
        holder.panel.end_order(holding.api_order_id.parse()?, u64::try_from(remains)?);
        self.app.operations().refresh_orders(vec![order]).await?;
        Ok(())
    }

    async fn holding(&self, order: OrderId) -> anyhow::Result<Holding> {
        loop {
            let loaded = self.app.commands().load::<Order>(order).await?;
            if let Ok(holding) = loaded.aggregate.holding() {
                return Ok(holding);
            }
            sleep(GLANCE).await;
        }
    }
}
