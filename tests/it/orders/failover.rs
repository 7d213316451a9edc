//! Orders go to the primary, and by failover to its backups.

use std::collections::BTreeSet;

use futures_util::{StreamExt, stream};
use serde_json::{Value, json};
use signalbox::simulator::{Action, Fault, FaultRule, RateLimitBody};

use crate::support::{
    running::Running,
    shop::{Census, Shop, assert_gapless},
};

const NO_FUNDS: &str = "Not enough funds on balance";
const ORDERS: usize = 500;
/// How many customers order at once.
const CUSTOMERS: usize = 64;

pub(super) fn refuse(words: &str) -> FaultRule {
    FaultRule::on(Action::Add, Fault::Refuse(words.to_owned()))
}

#[tokio::test]
async fn refused_order_fails_over_to_the_next_provider() {
    let running = Running::start().await;
    let shop = Shop::open(&running, 2).await;
    shop.panels[0].set_faults(vec![refuse(NO_FUNDS)]);
    let id = running.place(shop.order("https://social.example/p/1")).await;
    let order = running.order_at_rest(&id).await;
    assert_eq!(order["provider"]["name"], "panel 2", "{order}");
    assert_eq!(order["attempts"][0]["outcome"], "REFUSED");
    assert_eq!(order["attempts"][0]["reason"], NO_FUNDS);
    assert_eq!(order["apiOrderId"], shop.panels[1].orders()[0].id.to_string());
    running.stop().await;
}

#[tokio::test]
async fn placed_everywhere_once() {
    let running = Running::start().await;
    let shop = Shop::open(&running, 3).await;
    let too_many =
        Fault::TooManyRequests { retry_after_seconds: Some(1), body: RateLimitBody::Json };
    shop.panels[0].set_faults(vec![refuse(NO_FUNDS).share(0.5)]);
    shop.panels[1].set_faults(vec![FaultRule::on(Action::Add, too_many)]);
    let ids: BTreeSet<String> = stream::iter(0..ORDERS)
        .map(|number| running.place(shop.order(&format!("https://social.example/p/{number}"))))
        .buffer_unordered(CUSTOMERS)
        .collect()
        .await;
    assert_eq!(ids.len(), ORDERS);
    running.all_at_rest().await;

    let census = shop.census(running.database.pool()).await;
    assert_eq!(census, Census { placed: ORDERS, ..Census::default() });
    assert_gapless(running.database.pool()).await;
    let (asked, held) = (shop.asked(), shop.held());
    let turned_away = asked[0] - held[0] as u64;
    assert_eq!((asked[0], held[1]), (ORDERS as u64, 0));
    assert_eq!((asked[1], asked[2]), (turned_away, turned_away));
    assert!((200..300).contains(&turned_away), "{turned_away}");
    performance_equals_the_panels_own_counts(&running, &shop).await;
    failovers_are_in_the_providers_own_words(&running, turned_away as usize).await;
    running.stop().await;
}

async fn performance_equals_the_panels_own_counts(running: &Running, shop: &Shop) {
    let performance = "query($id: ID!) { providerPerformance(providerId: $id, days: 2) {
        totalOrders successfulOrders failedOrders inDoubtOrders } }";
    for ((provider, asked), held) in shop.providers.iter().zip(shop.asked()).zip(shop.held()) {
        let days = running.data(performance, json!({"id": provider})).await;
        // Midnight may pass during the test.
        let sum = |field: &str| {
            let days = days["providerPerformance"].as_array().unwrap().iter();
            days.map(|day| day[field].as_u64().unwrap()).sum::<u64>()
        };
        let held = held as u64;
        assert_eq!(sum("totalOrders"), asked);
        assert_eq!(sum("successfulOrders"), held);
        assert_eq!(sum("failedOrders"), asked - held);
        assert_eq!(sum("inDoubtOrders"), 0);
    }
}

async fn failovers_are_in_the_providers_own_words(running: &Running, turned_away: usize) {
    let logs = "{ failoverLogs(first: 1000) { nodes { reason fromProvider { name } toProvider { name } } } }";
    let logs = running.data(logs, json!({})).await["failoverLogs"]["nodes"].clone();
    let logs = logs.as_array().unwrap();
    let count = |from: &str, to: &str, reason: &str| {
        let expected: Value = json!({
            "reason": reason, "fromProvider": {"name": from}, "toProvider": {"name": to},
        });
        logs.iter().filter(|log| **log == expected).count()
    };
    assert_eq!(count("panel 1", "panel 2", NO_FUNDS), turned_away);
    assert_eq!(count("panel 2", "panel 3", "Rate limit exceeded"), turned_away);
    assert_eq!(logs.len(), 2 * turned_away);
}
