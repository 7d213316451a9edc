//! What a provider's own list of orders settles, through the whole stack.

use std::time::Duration;

use signalbox::{
    process::DoubtPace,
    simulator::{Action, Fault, FaultRule, Panel, Switches},
};

use super::settling::let_the_waiting_time_pass;
use crate::support::{api::until, running::Running, shop::Shop};

async fn running() -> Running {
    Running::start_with(|config| {
        config.doubt_pace = DoubtPace {
            look: Duration::from_millis(100),
            first: Duration::from_millis(300),
            at_most: Duration::from_secs(1),
        };
    })
    .await
}

fn list_orders(panel: &Panel) {
    panel.set_switches(Switches { orders_list: true, ..Switches::default() });
}

/// Opens with an order at the first panel that is known there, so that its list can be read.
async fn open(running: &Running, panels: usize) -> Shop {
    let shop = Shop::open(running, panels).await;
    let known = running.place(shop.order("https://social.example/p/known")).await;
    running.order_at_rest(&known).await;
    shop
}

#[tokio::test]
async fn order_that_the_list_shows_stays_held_and_goes_nowhere_else() {
    let running = running().await;
    let shop = open(&running, 2).await;
    shop.panels[0].set_faults(vec![FaultRule::on(Action::Add, Fault::Reset).times(1).after()]);
    let id = running.place(shop.order("https://social.example/p/1")).await;
    assert_eq!(running.order_at_rest(&id).await["status"], "IN_DOUBT");
    let_the_waiting_time_pass(running.database.pool()).await;
    list_orders(&shop.panels[0]);
    let readings = || shop.panels[0].state().requests.get(&Action::Orders).copied().unwrap_or(0);
    let (before, enough) = (readings(), 4);
    until("the list was read", async || readings() >= before + enough).await;
    assert_eq!(running.order(&id).await["status"], "IN_DOUBT");
    assert_eq!(shop.held(), [2, 0]);
    running.stop().await;
}

#[tokio::test]
async fn order_that_is_not_in_the_list_goes_to_the_next_provider_once_its_time_is_over() {
    let running = running().await;
    let shop = open(&running, 2).await;
    shop.panels[0].set_faults(vec![FaultRule::on(Action::Add, Fault::Reset).times(1)]);
    let id = running.place(shop.order("https://social.example/p/1")).await;
    assert_eq!(running.order_at_rest(&id).await["status"], "IN_DOUBT");
    list_orders(&shop.panels[0]);
    let readings = || shop.panels[0].state().requests.get(&Action::Orders).copied().unwrap_or(0);
    let (before, enough) = (readings(), 4);
    until("the list was read", async || readings() >= before + enough).await;
    assert_eq!(running.order(&id).await["status"], "IN_DOUBT");
    let_the_waiting_time_pass(running.database.pool()).await;
    until("the other has it", async || running.order(&id).await["provider"]["name"] == "panel 2")
        .await;
    running.order_at_rest(&id).await;
    assert_eq!(shop.held(), [1, 1]);
    running.stop().await;
}
