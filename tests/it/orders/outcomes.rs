//! What a provider's answer makes of an order, through the whole stack.

use std::time::Duration;

use http::StatusCode;
use serde_json::{Value, json};
use signalbox::simulator::{Action, Fault, FaultRule, Pace, PanelConfig, RateLimitBody, Switches};
use tokio::time::sleep;

use super::failover::refuse;
use crate::support::{
    catalogue::update_services,
    running::Running,
    shop::{Census, Shop},
};

/// Every way to leave an order in doubt, without and with the panel having taken it.
fn doubtful() -> Vec<FaultRule> {
    let page = Fault::TooManyRequests { retry_after_seconds: None, body: RateLimitBody::Html };
    let faults = [
        Fault::Silent,
        Fault::Reset,
        Fault::ServerError,
        Fault::Html(StatusCode::OK),
        Fault::Html(StatusCode::SERVICE_UNAVAILABLE),
        page,
        Fault::Truncated,
        Fault::Refuse("Unknown error, please try again later".to_owned()),
    ];
    let rules = faults.map(|fault| FaultRule::on(Action::Add, fault).times(1));
    rules.iter().cloned().chain(rules.iter().cloned().map(FaultRule::after)).collect()
}

#[tokio::test]
async fn answer_that_proves_nothing_holds_the_order_and_is_never_followed_by_another_call() {
    let running =
        Running::start_with(|config| config.call_limits.add = Duration::from_millis(500)).await;
    let shop = Shop::open(&running, 2).await;
    let rules = doubtful();
    let mut orders = vec![];
    for (rule, number) in rules.iter().zip(0..) {
        shop.panels[0].set_faults(vec![rule.clone()]);
        let id = running.place(shop.order(&format!("https://social.example/p/{number}"))).await;
        let order = running.order_at_rest(&id).await;
        assert_eq!(order["status"], "IN_DOUBT", "{rule:?}: {order}");
        assert_eq!(order["provider"]["name"], "panel 1");
        assert_eq!(order["attempts"][0]["outcome"], "IN_DOUBT");
        assert!(order["attempts"][0]["reason"].as_str().is_some_and(|why| !why.is_empty()));
        orders.push(id);
    }
    let running = Running::start_on(running.stop().await).await;
    sleep(Duration::from_secs(1)).await;
    for id in &orders {
        assert_eq!(running.order(id).await["status"], "IN_DOUBT");
    }
    let half = rules.len() / 2;
    assert_eq!(shop.asked(), [rules.len() as u64, 0]);
    assert_eq!(shop.held(), [half, 0]);
    let census = shop.census(running.database.pool()).await;
    assert_eq!(census, Census { in_doubt: rules.len(), ..Census::default() });
    running.stop().await;
}

#[tokio::test]
async fn bad_link_fails_the_order_without_a_failover() {
    let running = Running::start().await;
    let shop = Shop::open(&running, 2).await;
    shop.panels[0].set_faults(vec![refuse("Bad link")]);
    let id = running.place(shop.order("https://social.example/p/1")).await;
    let order = running.order_at_rest(&id).await;
    assert_eq!(order["status"], "FAILED");
    assert_eq!(shop.asked(), [1, 0]);
    let logs = "query($id: ID!) { failoverLogs(orderId: $id) { nodes { reason fromProvider { name } toProvider { name } } } }";
    let logs = running.data(logs, json!({"id": id})).await["failoverLogs"]["nodes"].clone();
    let expected =
        json!([{"reason": "Bad link", "fromProvider": {"name": "panel 1"}, "toProvider": null}]);
    assert_eq!(logs, expected);
    running.stop().await;
}

#[tokio::test]
async fn order_for_a_busy_link_waits_and_goes_to_the_same_provider() {
    let running = Running::start().await;
    let pace = Pace {
        pending: Duration::ZERO,
        in_progress: Duration::from_secs(1),
        partial_share: 0.0,
        canceled_share: 0.0,
    };
    let switches = Switches { busy_links: true, ..Switches::default() };
    let busy = PanelConfig { pace, switches, ..PanelConfig::default() };
    let shop = Shop::open_with(&running, vec![busy, PanelConfig::default()]).await;
    // Else it would wait here, and the provider would never say so.
    update_services(&running, &[&json!(shop.service)], json!({"linkLock": false})).await;
    let first = running.place(shop.order("https://social.example/p/1")).await;
    running.order_at_rest(&first).await;
    let second = running.place(shop.order("https://social.example/p/1")).await;
    let order = running.order_at_rest(&second).await;
    assert_eq!(order["status"], "PENDING");
    assert_eq!(order["provider"]["name"], "panel 1");
    assert_eq!(shop.held(), [2, 0]);
    let attempts = order["attempts"].as_array().unwrap();
    assert!(attempts.len() > 1, "{order}");
    for refused in &attempts[..attempts.len() - 1] {
        assert_eq!(
            (&refused["outcome"], &refused["provider"]["name"]),
            (&json!("REFUSED"), &json!("panel 1"))
        );
    }
    assert_eq!(shop.asked()[1], 0);
    running.stop().await;
}

#[tokio::test]
async fn refused_quantity_goes_to_the_next_provider_whose_limits_fit() {
    let running = Running::start().await;
    let shop = Shop::open(&running, 3).await;
    shop.panels[0].set_faults(vec![refuse("Quantity more than maximum 5")]);
    let service = shop.panel_service.clone();
    shop.panels[1].edit_catalogue(|rows| {
        let called = |row: &Value| row["service"].to_string().trim_matches('"') == service;
        let row = rows.iter_mut().find(|row| called(row)).unwrap();
        (row["min"], row["max"]) = (json!(1), json!(2));
    });
    running.sync(&shop.providers[1]).await;
    let id = running.place(shop.order("https://social.example/p/1")).await;
    let order = running.order_at_rest(&id).await;
    assert_eq!(order["provider"]["name"], "panel 3", "{order}");
    assert_eq!(shop.asked(), [1, 0, 1]);
    let excluded = &order["attempts"][1]["decision"]["candidates"][1]["excluded"][0];
    assert_eq!(*excluded, json!({"rule": "quantity_out_of_limits", "min": 1, "max": 2}));
    running.stop().await;
}

#[tokio::test]
async fn provider_out_of_reach_is_passed_over() {
    let running = Running::start().await;
    let mut shop = Shop::open(&running, 2).await;
    shop.panels.remove(0).stop().await;
    let id = running.place(shop.order("https://social.example/p/1")).await;
    let order = running.order_at_rest(&id).await;
    assert_eq!(order["provider"]["name"], "panel 2", "{order}");
    assert_eq!(order["attempts"][0]["outcome"], "REFUSED");
    assert_eq!(order["attempts"][0]["reason"], "connection refused");
    running.stop().await;
}

#[tokio::test]
async fn order_that_nobody_takes_fails_with_the_last_reason() {
    let running = Running::start().await;
    let shop = Shop::open(&running, 2).await;
    shop.panels[0].set_faults(vec![refuse("API is disabled")]);
    shop.panels[1].set_faults(vec![refuse("Incorrect service ID")]);
    let id = running.place(shop.order("https://social.example/p/1")).await;
    let order = running.order_at_rest(&id).await;
    assert_eq!(order["status"], "FAILED");
    let last = order["timeline"].as_array().unwrap().last().unwrap().clone();
    assert_eq!(
        (&last["type"], &last["payload"]["reason"]),
        (&json!("OrderFailed"), &json!("Incorrect service ID"))
    );
    assert_eq!(shop.asked(), [1, 1]);
    assert_eq!(shop.held(), [0, 0]);
    running.stop().await;
}
