//! Orders are followed to their end, and beyond, at the provider that holds them.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    time::Duration,
};

use futures_util::{StreamExt, stream};
use serde_json::{Value, json};
use signalbox::{
    app::AppConfig,
    process::StatusPace,
    simulator::{Action, Fault, FaultRule, Pace, Panel, PanelConfig, RecordedRequest},
};
use tokio::time::{Instant, sleep};

use crate::support::{
    api::{Api, until},
    running::Running,
    shop::{Shop, assert_gapless},
};

const SECOND: Duration = Duration::from_secs(1);

const FOLLOWED: &str = "query($id: ID!) { order(id: $id) {
    status providerStatus cost startCount remains apiOrderId
    timeline { type payload } } }";

/// Looks a hundred times as often as in earnest.
pub(crate) fn quick(config: &mut AppConfig) {
    config.status_pace = StatusPace {
        first: SECOND / 4,
        at_most: 2 * SECOND,
        ended: SECOND / 2,
        ended_for: 60 * SECOND,
        gather: SECOND / 10,
        rest: SECOND / 4,
        ..StatusPace::default()
    };
}

/// A panel on which orders are pending, then in progress, for so many milliseconds each, and all end well.
pub(crate) fn panel(pending_ms: u64, in_progress_ms: u64) -> PanelConfig {
    let pace = Pace {
        pending: Duration::from_millis(pending_ms),
        in_progress: Duration::from_millis(in_progress_ms),
        partial_share: 0.0,
        canceled_share: 0.0,
    };
    PanelConfig { pace, ..PanelConfig::default() }
}

pub(crate) async fn order(api: &Api, id: &str) -> Value {
    api.data(FOLLOWED, json!({"id": id})).await["order"].clone()
}

/// Asks providers about all orders that they hold, over and over, as the status poll does at its own pace.
pub(crate) async fn refresh_all(api: &Api) {
    let open = "{ orders(filter: {status: [PENDING, IN_PROGRESS]}, first: 100) { nodes { id } } }";
    let Ok(found) = api.try_ask(open, json!({})).await else { return };
    let nodes = found["data"]["orders"]["nodes"].as_array().cloned().unwrap_or_default();
    let ids: Vec<Value> = nodes.iter().map(|node| node["id"].clone()).collect();
    if !ids.is_empty() {
        let refresh = "mutation($ids: [ID!]!) { refreshOrders(ids: $ids) { position } }";
        let _ = api.try_ask(refresh, json!({"ids": ids})).await;
    }
}

/// Returns the order once it has a status.
pub(crate) async fn order_with(api: &Api, id: &str, status: &str) -> Value {
    let mut found = Value::Null;
    until(status, async || {
        found = order(api, id).await;
        found["status"] == status
    })
    .await;
    found
}

pub(crate) fn count(order: &Value, event_type: &str) -> usize {
    let events = order["timeline"].as_array().unwrap();
    events.iter().filter(|event| event["type"] == event_type).count()
}

/// Places an order and returns its id here and at the panel, once a panel holds it.
pub(crate) async fn placed(api: &Api, shop: &Shop, link: &str) -> (String, u64) {
    let id = api.place(shop.order(&format!("https://social.example/{link}"))).await;
    let order = api.order_at_rest(&id).await;
    let there = order["apiOrderId"].as_str().unwrap().parse().unwrap();
    (id, there)
}

fn status_calls(panel: &Panel) -> Vec<RecordedRequest> {
    let calls = panel.requests().into_iter();
    calls.filter(|call| call.action == Some(Action::Status)).collect()
}

fn ids_of(call: &RecordedRequest) -> Vec<u64> {
    let ids = call.params.get("orders").or_else(|| call.params.get("order")).unwrap();
    ids.split(',').map(|id| id.parse().unwrap()).collect()
}

#[tokio::test]
async fn thousand_orders_are_followed_to_their_ends_a_hundred_in_a_call_and_only_where_they_are_held()
 {
    let running = Running::start_with(|config| {
        quick(config);
        config.status_pace.first = SECOND;
    })
    .await;
    let pace = Pace { pending: SECOND, in_progress: 3 * SECOND, ..Pace::default() };
    let config = || PanelConfig { pace, ..PanelConfig::default() };
    let shop = Shop::open_with(&running, vec![config(), config()]).await;
    let refuse = Fault::Refuse("Not enough funds on balance".to_owned());
    shop.panels[0].set_faults(vec![FaultRule::on(Action::Add, refuse).share(0.5)]);
    let links = (0..1000).map(|n| format!("https://social.example/p/{n}"));
    let placing = links.map(|link| running.place(shop.order(&link)));
    stream::iter(placing).buffer_unordered(64).collect::<Vec<_>>().await;
    running.all_at_rest().await;

    let open =
        "{ orders(filter: {status: [PENDING, PROCESSING, IN_PROGRESS]}, first: 1) { totalCount } }";
    until("all orders have ended", async || {
        running.data(open, json!({})).await["orders"]["totalCount"] == 0
    })
    .await;
    let all = "{ orders(first: 1000) { nodes {
        status providerStatus cost startCount remains apiOrderId provider { name } } } }";
    let orders = running.data(all, json!({})).await;
    let mut ours: HashMap<(String, String), &Value> = HashMap::new();
    for order in orders["orders"]["nodes"].as_array().unwrap() {
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        ours.insert((text(&order["provider"]["name"]), text(&order["apiOrderId"])), order);
    }
    assert_eq!(ours.len(), 1000);
    let mut ends: BTreeMap<String, usize> = BTreeMap::new();
    for (panel, name) in shop.panels.iter().zip(["panel 1", "panel 2"]) {
        let books = panel.orders();
        for theirs in &books {
            let order = ours[&(name.to_owned(), theirs.id.to_string())];
            assert_eq!(order["providerStatus"], theirs.status.as_str());
            assert_eq!(order["remains"], theirs.remains);
            assert_eq!(order["startCount"], theirs.start_count);
            let cost: rust_decimal::Decimal = order["cost"].as_str().unwrap().parse().unwrap();
            assert_eq!(cost, theirs.charge);
            *ends.entry(order["status"].as_str().unwrap().to_owned()).or_default() += 1;
        }
        let own: HashSet<u64> = books.iter().map(|order| order.id).collect();
        let calls = status_calls(panel);
        let sizes: Vec<usize> = calls.iter().map(|call| ids_of(call).len()).collect();
        assert!(sizes.iter().all(|size| (1..=100).contains(size)), "{sizes:?}");
        assert!(calls.iter().flat_map(ids_of).all(|id| own.contains(&id)));
        println!("{name}: {} calls about {} orders", sizes.len(), own.len());
    }
    assert!(ends["COMPLETED"] > 800 && ends["PARTIAL"] > 5 && ends["CANCELED"] > 5, "{ends:?}");
    assert_gapless(running.database.pool()).await;
    running.stop().await;
}

#[tokio::test]
async fn unknown_status_raises_an_alarm_and_keeps_the_order_open() {
    let running = Running::start_with(quick).await;
    let shop = Shop::open_with(&running, vec![panel(600_000, 1)]).await;
    let (id, there) = placed(&running, &shop, "p/1").await;
    shop.panels[0].say_of_order(there, Some("Disputed"));
    until("the word is seen", async || order(&running, &id).await["providerStatus"] == "Disputed")
        .await;
    sleep(SECOND).await;
    let found = order(&running, &id).await;
    assert_eq!(found["status"], "PENDING");
    assert_eq!(count(&found, "UnknownStatusSeen"), 1);
    let alarms = "{ events(filter: {types: [\"UnknownStatusSeen\"]}) { nodes { payload } } }";
    let alarms = running.data(alarms, json!({})).await;
    assert_eq!(alarms["events"]["nodes"][0]["payload"]["provider_status"], "Disputed");
    shop.panels[0].say_of_order(there, Some("PARTIAL"));
    order_with(&running, &id, "PARTIAL").await;
    running.stop().await;
}

#[tokio::test]
async fn ended_order_that_is_reverted_is_open_again() {
    let running = Running::start_with(quick).await;
    let shop = Shop::open_with(&running, vec![panel(1, 1)]).await;
    let (id, there) = placed(&running, &shop, "p/1").await;
    order_with(&running, &id, "COMPLETED").await;
    shop.panels[0].say_of_order(there, Some("In progress"));
    order_with(&running, &id, "IN_PROGRESS").await;
    shop.panels[0].say_of_order(there, Some("Refunded"));
    let ended = order_with(&running, &id, "CANCELED").await;
    assert_eq!(ended["providerStatus"], "Refunded");
    running.stop().await;
}

#[tokio::test]
async fn ended_order_is_looked_at_now_and_then_and_one_day_no_more() {
    let running = Running::start_with(|config| {
        quick(config);
        config.status_pace.ended_for = 2 * SECOND;
    })
    .await;
    let shop = Shop::open_with(&running, vec![panel(1, 1)]).await;
    let (id, _) = placed(&running, &shop, "p/1").await;
    let events = order_with(&running, &id, "COMPLETED").await["timeline"].clone();
    let looked = || status_calls(&shop.panels[0]).len();
    let before = looked();
    sleep(4 * SECOND).await;
    let looks = looked() - before;
    assert!((1..=4).contains(&looks), "{looks} looks at an order that has ended");
    sleep(2 * SECOND).await;
    assert_eq!(looked() - before, looks);
    assert_eq!(order(&running, &id).await["timeline"], events);
    running.stop().await;
}

#[tokio::test]
async fn only_changes_are_events() {
    let running = Running::start_with(quick).await;
    let shop = Shop::open_with(&running, vec![panel(600_000, 1)]).await;
    let (id, _) = placed(&running, &shop, "p/1").await;
    until("the order was asked about often", async || status_calls(&shop.panels[0]).len() > 5)
        .await;
    assert_eq!(count(&order(&running, &id).await, "OrderStatusChanged"), 1);
    running.stop().await;
}

#[tokio::test]
async fn provider_that_is_down_is_left_alone_and_asked_again_later() {
    let running = Running::start_with(quick).await;
    let shop = Shop::open_with(&running, vec![panel(1, 1)]).await;
    shop.panels[0].set_faults(vec![FaultRule::on(Action::Status, Fault::ServerError)]);
    let (one, _) = placed(&running, &shop, "p/1").await;
    let (other, _) = placed(&running, &shop, "p/2").await;
    sleep(3 * SECOND).await;
    assert_eq!(order(&running, &one).await["status"], "PENDING");
    let calls = status_calls(&shop.panels[0]).len();
    assert!((2..=6).contains(&calls), "{calls} calls in 3 s");
    shop.panels[0].clear_faults();
    order_with(&running, &one, "COMPLETED").await;
    order_with(&running, &other, "COMPLETED").await;
    running.stop().await;
}

#[tokio::test]
async fn provider_that_asks_to_be_left_alone_is_not_polled_before_that_while_others_are() {
    let running = Running::start_with(quick).await;
    let shop = Shop::open_with(&running, vec![panel(1, 1), panel(600_000, 1)]).await;
    let asks = Fault::Unavailable { retry_after_seconds: 2 };
    shop.panels[0].set_faults(vec![FaultRule::on(Action::Status, asks).times(1)]);
    let (one, _) = placed(&running, &shop, "p/1").await;
    until("it asked for it", async || !status_calls(&shop.panels[0]).is_empty()).await;
    let began = Instant::now();
    let refuse = Fault::Refuse("Not enough funds on balance".to_owned());
    shop.panels[0].set_faults(vec![FaultRule::on(Action::Add, refuse)]);
    placed(&running, &shop, "p/2").await;
    until("the other is polled", async || status_calls(&shop.panels[1]).len() > 2).await;
    assert_eq!(status_calls(&shop.panels[0]).len(), 1);
    order_with(&running, &one, "COMPLETED").await;
    assert!(began.elapsed() > 2 * SECOND - SECOND / 10, "{:?}", began.elapsed());
    running.stop().await;
}

#[tokio::test]
async fn provider_that_does_not_know_the_order_cancels_nothing() {
    let running = Running::start_with(quick).await;
    let shop = Shop::open_with(&running, vec![panel(1, 1)]).await;
    let refuse = Fault::Refuse("Incorrect order ID".to_owned());
    shop.panels[0].set_faults(vec![FaultRule::on(Action::Status, refuse)]);
    let (id, _) = placed(&running, &shop, "p/1").await;
    until("the order was asked about often", async || status_calls(&shop.panels[0]).len() > 5)
        .await;
    assert_eq!(order(&running, &id).await["status"], "PENDING");
    shop.panels[0].clear_faults();
    order_with(&running, &id, "COMPLETED").await;
    running.stop().await;
}

#[tokio::test]
async fn panel_that_takes_no_lists_is_followed_one_by_one() {
    let running = Running::start_with(quick).await;
    let mut config = panel(1, 1);
    config.switches.no_lists = true;
    let shop = Shop::open_with(&running, vec![config]).await;
    let (one, _) = placed(&running, &shop, "p/1").await;
    let (other, _) = placed(&running, &shop, "p/2").await;
    order_with(&running, &one, "COMPLETED").await;
    order_with(&running, &other, "COMPLETED").await;
    running.stop().await;
}

#[tokio::test]
async fn restarted_program_goes_on_watching_and_so_it_does_for_a_provider_switched_off() {
    let running = Running::start_with(quick).await;
    let shop = Shop::open_with(&running, vec![panel(2000, 1)]).await;
    let (id, _) = placed(&running, &shop, "p/1").await;
    let off = "mutation($id: ID!) { toggleProviderStatus(id: $id) { provider { status } } }";
    running.data(off, json!({"id": shop.providers[0]})).await;
    let database = running.stop().await;
    let running = Running::start_beside(database, quick).await;
    order_with(&running, &id, "COMPLETED").await;
    running.stop().await;
}

#[tokio::test]
async fn process_that_does_not_dispatch_does_not_poll() {
    let first = Running::start().await;
    let shop = Shop::open_with(&first, vec![panel(1, 1)]).await;
    let (id, _) = placed(&first, &shop, "p/1").await;
    let second = Running::start_beside(first.database.clone(), quick).await;
    sleep(2 * SECOND).await;
    assert_eq!(status_calls(&shop.panels[0]).len(), 0);
    first.stop().await;
    order_with(&second, &id, "COMPLETED").await;
    second.stop().await;
}
