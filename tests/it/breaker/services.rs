//! A service that its provider refuses is set aside alone.

use std::time::Duration;

use serde_json::{Value, json};
use signalbox::simulator::{Action, Fault, FaultRule};
use tokio::time::Instant;

use super::{impatient, occurred, occurs, provider, refuse};
use crate::support::{
    api::until,
    running::Running,
    shop::{Census, Shop},
};

const GONE: &str = "Incorrect service ID";
const SERVICE: &str = "query($id: ID!) { service(id: $id) { suspensionReason listed enabled } }";

async fn suspension(running: &Running, service: &str) -> Value {
    running.data(SERVICE, json!({"id": service})).await["service"]["suspensionReason"].clone()
}

#[tokio::test]
async fn refused_service_is_set_aside_alone_and_its_providers_list_is_asked_for() {
    let running = Running::start_with(|config| {
        impatient(config);
        // One sync, and then none for as long as this test takes.
        config.health_pace.sync_rest = Duration::from_secs(600);
    })
    .await;
    let shop = Shop::open(&running, 2).await;
    let journal = running.database.pool();
    shop.panels[0].edit_catalogue(|rows| {
        rows.retain(|row| row["service"].to_string().trim_matches('"') != shop.panel_service);
    });
    let id = running.place(shop.order("https://social.example/p/1")).await;
    let order = running.order_at_rest(&id).await;
    assert_eq!(order["attempts"][0]["reason"], GONE, "{order}");
    assert_eq!(order["provider"]["name"], "panel 2");
    occurs(&running, journal, "ServiceSuspended", 1).await;
    occurs(&running, journal, "ServiceDelisted", 1).await;
    let trigger: String =
        sqlx::query_scalar("select payload ->> 'trigger' from events where event_type = 'SyncStarted' order by position desc limit 1")
            .fetch_one(journal)
            .await
            .unwrap();
    assert_eq!(trigger, "SERVICE_REFUSED");
    assert_eq!(suspension(&running, &shop.service).await, GONE);
    let row = provider(&running, &shop.providers[0]).await;
    assert_ne!(row["health"], "SUSPENDED", "{row}");
    assert_eq!(occurred(journal, "ProviderSuspended").await, 0);
    assert_eq!(occurred(journal, "ServiceSuspended").await, 1, "and no other service");
    let id = running.place(shop.order("https://social.example/p/2")).await;
    running.order_at_rest(&id).await;
    assert_eq!(shop.asked(), [1, 2]);
    running.stop().await;
}

#[tokio::test]
async fn list_of_a_provider_that_asks_to_be_left_alone_is_asked_for_once_that_is_over() {
    let running = Running::start_with(impatient).await;
    let shop = Shop::open(&running, 2).await;
    let asks = Fault::Unavailable { retry_after_seconds: 2 };
    shop.panels[0].set_faults(vec![FaultRule::on(Action::Services, asks).times(1), refuse(GONE)]);
    assert_eq!(running.sync(&shop.providers[0]).await["succeeded"], false);
    let began = Instant::now();
    running.order_at_rest(&running.place(shop.order("https://social.example/p/1")).await).await;
    occurs(&running, running.database.pool(), "ServiceSuspended", 1).await;
    occurs(&running, running.database.pool(), "ServiceResumed", 1).await;
    assert!(began.elapsed() > Duration::from_millis(1900), "{:?}", began.elapsed());
    assert_eq!(shop.panels[0].state().requests[&Action::Services], 3);
    running.stop().await;
}

#[tokio::test]
async fn list_that_has_it_is_believed_once_and_then_an_operator_has_to_say_so() {
    let running = Running::start_with(|config| {
        impatient(config);
        config.health_pace.sync_rest = Duration::from_millis(100);
    })
    .await;
    let shop = Shop::open(&running, 2).await;
    let journal = running.database.pool();
    shop.panels[0].set_faults(vec![refuse(GONE)]);
    running.order_at_rest(&running.place(shop.order("https://social.example/p/1")).await).await;
    occurs(&running, journal, "ServiceResumed", 1).await;
    running.app.commands().catch_up().await.unwrap();
    running.order_at_rest(&running.place(shop.order("https://social.example/p/2")).await).await;
    occurs(&running, journal, "ServiceSuspended", 2).await;
    running.sync(&shop.providers[0]).await;
    assert_eq!(suspension(&running, &shop.service).await, GONE);
    assert_eq!(occurred(journal, "ServiceResumed").await, 1);

    shop.panels[0].clear_faults();
    let resume =
        "mutation($ids: [ID!]!) { resumeServices(ids: $ids) { services { suspensionReason } } }";
    let resumed = running.data(resume, json!({"ids": [shop.service]})).await;
    assert_eq!(resumed["resumeServices"]["services"][0]["suspensionReason"], Value::Null);
    let id = running.place(shop.order("https://social.example/p/3")).await;
    assert_eq!(running.order_at_rest(&id).await["provider"]["name"], "panel 1");
    let census = shop.census(journal).await;
    assert_eq!(census, Census { placed: 3, ..Census::default() });
    until("the log has it", async || {
        let log = provider(&running, &shop.providers[0]).await["healthLog"].clone();
        let log = log.as_array().unwrap();
        log.len() == 4 && log.iter().all(|row| row["service"] != Value::Null)
    })
    .await;
    running.stop().await;
}
