//! A service that its provider refuses is set aside alone.

use std::time::Duration;

use serde_json::{Value, json};
use signalbox::simulator::{Action, Fault, FaultRule};
use sqlx::PgPool;
use tokio::time::{Instant, sleep};

use super::{impatient, occurred, occurs, provider, refuse};
use crate::support::{
    api::until,
    running::Running,
    shop::{Census, Shop},
    site::Site,
};

const GONE: &str = "Incorrect service ID";
const SERVICE_REFUSED: &str = "SERVICE_REFUSED";
const SERVICE: &str = "query($id: ID!) { service(id: $id) { suspensionReason listed enabled } }";

async fn suspension(running: &Running, service: &str) -> Value {
    running.data(SERVICE, json!({"id": service})).await["service"]["suspensionReason"].clone()
}

/// What set off the syncs that no operator asked for.
async fn triggers(journal: &PgPool) -> Vec<String> {
    sqlx::query_scalar(
        "select payload ->> 'trigger'
         from events
         where event_type = 'SyncStarted' and payload ->> 'trigger' <> 'MANUAL'
         order by position",
    )
    .fetch_all(journal)
    .await
    .unwrap()
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
    assert_eq!(triggers(journal).await, [SERVICE_REFUSED]);
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
async fn sync_that_was_asked_for_and_not_run_is_run_after_a_restart_and_once_only() {
    let running = Running::start_with(|config| {
        impatient(config);
        // What is asked for is looked at only when the program is no more.
        config.health_pace.glance = Duration::from_secs(600);
    })
    .await;
    let shop = Shop::open(&running, 2).await;
    shop.panels[0].set_faults(vec![refuse(GONE)]);
    running.order_at_rest(&running.place(shop.order("https://social.example/p/1")).await).await;
    occurs(&running, running.database.pool(), "ServiceSuspended", 1).await;
    let lists = || shop.panels[0].state().requests[&Action::Services];
    assert_eq!(lists(), 1);
    let database = running.stop().await;
    let running = Running::start_beside(database, impatient).await;
    occurs(&running, running.database.pool(), "ServiceResumed", 1).await;
    assert_eq!(triggers(running.database.pool()).await, [SERVICE_REFUSED]);
    assert_eq!(lists(), 2);
    let database = running.stop().await;
    let running = Running::start_beside(database, impatient).await;
    running.dispatches().await;
    sleep(Duration::from_secs(1)).await;
    assert_eq!(lists(), 2);
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sync_that_a_kill_cut_off_is_run_again() {
    let site = Site::open().await;
    let mut program = site.start(&[]).await;
    let api = program.api();
    let shop = Shop::open(&api, 2).await;
    let journal = site.pool();
    let silent = FaultRule::on(Action::Services, Fault::Silent);
    shop.panels[0].set_faults(vec![refuse(GONE), silent]);
    api.order_at_rest(&api.place(shop.order("https://social.example/p/1")).await).await;
    until("the list is asked for", async || triggers(&journal).await.len() == 1).await;
    shop.panels[0].clear_faults();
    program.kill_and_restart();
    program.dispatches("here").await;
    occurs(&api, &journal, "ServiceResumed", 1).await;
    assert_eq!(occurred(&journal, "SyncFailed").await, 1);
    assert_eq!(triggers(&journal).await, [SERVICE_REFUSED, SERVICE_REFUSED]);
    assert!(program.terminate().await);
    site.close().await;
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
