//! Catalogues are synced by themselves, in the rhythm that each provider is given.

use std::time::Duration;

use serde_json::{Value, json};
use signalbox::{
    app::AppConfig,
    simulator::{Action, Fault, FaultRule, Panel},
};
use tokio::time::{Instant, sleep};

use crate::support::{
    api::{Api, until},
    catalogue::{code_and_field, counts, panel, plain_rows, sync},
    running::Running,
};

const UPDATE: &str = "mutation($input: UpdateProviderInput!) {
    updateProvider(input: $input) { provider { syncIntervalMinutes } } }";
const LOGS: &str = "query($p: ID!) { syncLogs(providerId: $p) {
    nodes { trigger succeeded imported updated delisted unchanged errors } } }";

/// A minute is a tenth of a second.
fn quickly(config: &mut AppConfig) {
    let tenth = Duration::from_millis(100);
    config.sync_pace.minute = tenth;
    config.sync_pace.glance = tenth / 4;
    config.sync_pace.overdue_within = tenth;
    config.sync_pace.rest = tenth;
}

async fn set(api: &Api, provider: &str, minutes: Value) -> Value {
    let input = json!({"id": provider, "syncIntervalMinutes": minutes});
    let updated = api.data(UPDATE, json!({"input": input})).await;
    updated["updateProvider"]["provider"]["syncIntervalMinutes"].clone()
}

/// The runs that ended, newest first.
async fn ended(api: &Api, provider: &str) -> Vec<Value> {
    let data = api.data(LOGS, json!({"p": provider})).await;
    let nodes = data["syncLogs"]["nodes"].as_array().unwrap().clone();
    nodes.into_iter().filter(|run| !run["succeeded"].is_null()).collect()
}

fn lists_asked(panel: &Panel) -> usize {
    panel.requests().iter().filter(|request| request.action == Some(Action::Services)).count()
}

#[tokio::test]
async fn provider_is_synced_again_and_again_in_its_rhythm() {
    let running = Running::start_with(quickly).await;
    let panel = panel(plain_rows(10)).await;
    let peak = running.add_panel("Peak", &panel, 1).await;
    assert_eq!(set(&running, &peak, json!(1)).await, 1);
    until("three runs have ended", async || ended(&running, &peak).await.len() >= 3).await;
    let runs = ended(&running, &peak).await;
    let first = runs.last().unwrap();
    assert_eq!((&first["trigger"], counts(first)), (&json!("SCHEDULED"), [10, 0, 0, 0]));
    assert_eq!(counts(&runs[0]), [0, 0, 0, 10]);
    running.stop().await;
}

#[tokio::test]
async fn provider_is_synced_every_six_hours_unless_told_otherwise() {
    let running = Running::start().await;
    let panel = panel(plain_rows(1)).await;
    let peak = running.add_panel("Peak", &panel, 1).await;
    let read = "query($id: ID!) { provider(id: $id) { syncIntervalMinutes } }";
    let read = running.data(read, json!({"id": peak})).await;
    assert_eq!(read["provider"]["syncIntervalMinutes"], 360);
    assert_eq!(set(&running, &peak, json!(90)).await, 90);
    assert_eq!(set(&running, &peak, Value::Null).await, Value::Null);
    assert_eq!(set(&running, &peak, json!(60)).await, 60);
    assert_eq!(set(&running, &peak, json!(0)).await, Value::Null);
    let renamed = json!({"input": {"id": peak, "name": "Summit"}});
    let renamed = running.data(UPDATE, renamed).await;
    assert_eq!(renamed["updateProvider"]["provider"]["syncIntervalMinutes"], Value::Null);
    let input = json!({"id": peak, "syncIntervalMinutes": -5});
    let refused = running.refusal(UPDATE, json!({"input": input})).await;
    assert_eq!(
        code_and_field(&refused),
        ("INVALID_INPUT".to_owned(), json!("syncIntervalMinutes"))
    );
    running.stop().await;
}

#[tokio::test]
async fn provider_that_is_off_or_never_to_be_synced_is_left_alone_while_others_are() {
    let running = Running::start_with(quickly).await;
    let (off, never, synced) =
        (panel(plain_rows(1)).await, panel(plain_rows(1)).await, panel(plain_rows(1)).await);
    let id = running.add_panel("Off", &off, 1).await;
    let switch = "mutation($id: ID!) { toggleProviderStatus(id: $id) { position } }";
    running.data(switch, json!({"id": id})).await;
    set(&running, &id, json!(1)).await;
    let id = running.add_panel("Never", &never, 1).await;
    set(&running, &id, json!(0)).await;
    let id = running.add_panel("Synced", &synced, 1).await;
    set(&running, &id, json!(1)).await;
    until("several runs have ended", async || ended(&running, &id).await.len() >= 5).await;
    assert_eq!((lists_asked(&off), lists_asked(&never)), (0, 0));
    running.stop().await;
}

#[tokio::test]
async fn provider_that_asks_to_be_left_alone_is_synced_by_itself_no_earlier_and_by_an_operator_at_once()
 {
    let running = Running::start_with(quickly).await;
    let panel = panel(plain_rows(3)).await;
    let asks = Fault::Unavailable { retry_after_seconds: 2 };
    panel.set_faults(vec![FaultRule::on(Action::Services, asks).times(1)]);
    let peak = running.add_panel("Peak", &panel, 1).await;
    set(&running, &peak, json!(1)).await;
    until("it asked for it", async || lists_asked(&panel) == 1).await;
    let began = Instant::now();
    sleep(Duration::from_millis(800)).await;
    assert_eq!(lists_asked(&panel), 1);
    assert_eq!(sync(&running, &peak).await["trigger"], "MANUAL");
    sleep(Duration::from_millis(500)).await;
    assert_eq!(lists_asked(&panel), 2);
    until("it is synced by itself again", async || lists_asked(&panel) > 2).await;
    assert!(began.elapsed() > Duration::from_millis(1900), "{:?}", began.elapsed());
    running.stop().await;
}

#[tokio::test]
async fn overdue_sync_is_run_after_a_restart() {
    let running = Running::start().await;
    let panel = panel(plain_rows(3)).await;
    let peak = running.add_panel("Peak", &panel, 1).await;
    set(&running, &peak, json!(1)).await;
    assert_eq!(sync(&running, &peak).await["trigger"], "MANUAL");
    let database = running.stop().await;
    let running = Running::start_beside(database, quickly).await;
    until("the overdue run has ended", async || {
        ended(&running, &peak).await.iter().any(|run| run["trigger"] == "SCHEDULED")
    })
    .await;
    running.stop().await;
}

#[tokio::test]
async fn scheduled_sync_never_delists_a_large_part_of_a_catalogue() {
    let running = Running::start_with(quickly).await;
    let panel = panel(plain_rows(10)).await;
    let peak = running.add_panel("Peak", &panel, 1).await;
    sync(&running, &peak).await;
    panel.edit_catalogue(|rows| rows.truncate(5));
    set(&running, &peak, json!(1)).await;
    until("a scheduled run has ended", async || ended(&running, &peak).await.len() >= 3).await;
    let last = ended(&running, &peak).await.remove(0);
    assert_eq!((&last["trigger"], counts(&last)), (&json!("SCHEDULED"), [0, 0, 0, 5]));
    assert!(last["errors"][0].as_str().unwrap().contains("nothing was delisted"), "{last}");
    running.stop().await;
}
