//! Orders on the same link and of the same kind wait for one another, whoever delivers them.

mod kills;

use std::time::Duration;

use futures_util::future::join_all;
use serde_json::{Value, json};
use signalbox::simulator::{Action, Catalogue, Fault, FaultRule, Panel, PanelConfig};
use sqlx::PgPool;
use tokio::time::{Instant, sleep};

use crate::{
    status_poll::{count, order_with, panel, quick},
    support::{
        api::{Api, until},
        catalogue::{row, service, update_services},
        running::Running,
        shop::{Shop, assert_gapless},
    },
};

const LINK: &str = "https://social.example/p/1";
const WAITING: &str = "query($id: ID!) { order(id: $id) { number status waitingReason } }";

async fn waiting(api: &Api, id: &str) -> Value {
    api.data(WAITING, json!({"id": id})).await["order"].clone()
}

/// Fails unless the second waits for the first.
async fn assert_waits(api: &Api, second: &str, first: &str) {
    let (second, first) = (waiting(api, second).await, waiting(api, first).await);
    assert_eq!(second["status"], "QUEUED", "{second}");
    let reason = format!("order {} on the same link is not over yet", first["number"]);
    assert_eq!(second["waitingReason"], reason);
}

/// One order's time at providers, by positions of the journal.
#[derive(Debug, sqlx::FromRow)]
struct Stay {
    link: String,
    begun: i64,
    ended: i64,
}

/// The stays of orders that have ended, in the order in which they began.
async fn stays(journal: &PgPool) -> Vec<Stay> {
    sqlx::query_as(
        "select
             max(payload ->> 'link') as link,
             min(position) filter (where event_type = 'AttemptStarted') as begun,
             max(position) filter (where event_type = 'OrderStatusChanged') as ended
         from events
         where aggregate_type = 'order'
         group by aggregate_id
         order by begun",
    )
    .fetch_all(journal)
    .await
    .unwrap()
}

/// Fails where two orders were at providers with one link at the same time.
fn assert_one_by_one(stays: &[Stay]) {
    for (index, stay) in stays.iter().enumerate() {
        let earlier = stays[..index].iter().filter(|earlier| earlier.link == stay.link);
        for earlier in earlier {
            assert!(earlier.ended < stay.begun, "{earlier:?} and {stay:?} overlap");
        }
    }
}

#[tokio::test]
async fn second_order_on_a_link_waits_for_the_first_and_is_driven_on_when_that_has_ended() {
    let running = Running::start_with(quick).await;
    let shop = Shop::open_with(&running, vec![panel(700, 1)]).await;
    let first = running.place(shop.order(LINK)).await;
    let second = running.place(shop.order("http://www.social.example/p/1/")).await;
    assert_waits(&running, &second, &first).await;
    let elsewhere = running.place(shop.order("https://social.example/p/2")).await;
    assert_eq!(running.order_at_rest(&elsewhere).await["status"], "PENDING");
    assert_eq!(shop.held(), [2]);

    let ended = order_with(&running, &second, "COMPLETED").await;
    assert_eq!(count(&ended, "LinkAwaited"), 1, "{ended}");
    assert_eq!(count(&ended, "AttemptStarted"), 1);
    assert_eq!(waiting(&running, &second).await["waitingReason"], Value::Null);
    let begun: Vec<i64> = stays(running.database.pool()).await.iter().map(|it| it.begun).collect();
    let ended: i64 = sqlx::query_scalar(
        "select position from events
         where aggregate_id = $1 and payload ->> 'status' = 'COMPLETED'",
    )
    .bind(&first)
    .fetch_one(running.database.pool())
    .await
    .unwrap();
    assert!(begun[2] > ended, "{begun:?}, {ended}");
    running.stop().await;
}

#[tokio::test]
async fn orders_placed_at_the_same_instant_go_one_by_one() {
    let running = Running::start_with(quick).await;
    let shop = Shop::open_with(&running, vec![panel(1, 1), panel(1, 1)]).await;
    let refuse = Fault::Refuse("Not enough funds on balance".to_owned());
    shop.panels[0].set_faults(vec![FaultRule::on(Action::Add, refuse).share(0.5)]);
    let ids = join_all((0..24).map(|n| {
        let link = format!("https://social.example/p/{}", n % 3);
        async { running.place(shop.order(&{ link })).await }
    }))
    .await;
    for id in &ids {
        order_with(&running, id, "COMPLETED").await;
    }
    let stays = stays(running.database.pool()).await;
    assert_eq!(stays.len(), 24);
    assert_one_by_one(&stays);
    assert_gapless(running.database.pool()).await;
    running.stop().await;
}

#[tokio::test]
async fn orders_go_ahead_in_the_order_of_their_arrival() {
    let running = Running::start_with(quick).await;
    let shop = Shop::open_with(&running, vec![panel(300, 1)]).await;
    let mut ids = vec![];
    for _ in 0..5 {
        ids.push(running.place(shop.order(LINK)).await);
    }
    for (second, first) in ids[1..].iter().zip(&ids) {
        assert_waits(&running, second, first).await;
    }
    order_with(&running, &ids[4], "COMPLETED").await;
    let began: Vec<String> = sqlx::query_scalar(
        "select aggregate_id from events where event_type = 'AttemptStarted' order by position",
    )
    .fetch_all(running.database.pool())
    .await
    .unwrap();
    assert_eq!(began, ids);
    running.stop().await;
}

/// A panel that sells these, by names.
async fn selling(names: &[&str], config: PanelConfig) -> Panel {
    let rows = names.iter().zip(1..).map(|(name, id)| {
        let mut row = row(id);
        row["name"] = json!(name);
        row["category"] = json!("Everything");
        row
    });
    let catalogue = Catalogue::from(rows.collect::<Vec<_>>());
    Panel::start(PanelConfig { catalogue, ..config }).await.unwrap()
}

async fn place(running: &Running, service: &Value) -> String {
    running.place(json!({"serviceId": service["id"], "link": LINK, "quantity": 10})).await
}

#[tokio::test]
async fn orders_of_one_kind_wait_across_services_and_providers_and_other_kinds_do_not() {
    let running = Running::start_with(quick).await;
    let names = ["Instagram Followers [Fast]", "Instagram Likes"];
    let one = selling(&names, panel(1500, 1)).await;
    let other = selling(&["IG FOLLOWERS | cheap"], panel(1, 1)).await;
    let (one, other) =
        (running.add_panel("one", &one, 1).await, running.add_panel("other", &other, 2).await);
    running.sync(&one).await;
    running.sync(&other).await;
    let first = place(&running, &service(&running, &one, 1).await).await;
    let likes = place(&running, &service(&running, &one, 2).await).await;
    let cheap = place(&running, &service(&running, &other, 1).await).await;
    assert_waits(&running, &cheap, &first).await;
    assert_eq!(running.order_at_rest(&likes).await["status"], "PENDING");
    order_with(&running, &cheap, "COMPLETED").await;
    running.stop().await;
}

#[tokio::test]
async fn order_in_doubt_holds_its_link_until_it_is_settled() {
    let running = Running::start_with(quick).await;
    let shop = Shop::open_with(&running, vec![panel(1, 1)]).await;
    let fault = FaultRule::on(Action::Add, Fault::ServerError).after().times(1);
    shop.panels[0].set_faults(vec![fault]);
    let first = running.place(shop.order(LINK)).await;
    assert_eq!(running.order_at_rest(&first).await["status"], "IN_DOUBT");
    let second = running.place(shop.order(LINK)).await;
    sleep(Duration::from_millis(500)).await;
    assert_waits(&running, &second, &first).await;
    let there = shop.panels[0].orders()[0].id.to_string();
    assert_eq!(running.settle(&first, "PLACED", Some(&there)).await.get("errors"), None);
    order_with(&running, &second, "COMPLETED").await;
    order_with(&running, &first, "COMPLETED").await;
    running.stop().await;
}

#[tokio::test]
async fn order_that_failed_lets_the_next_one_on() {
    let running = Running::start_with(quick).await;
    let shop = Shop::open_with(&running, vec![panel(1, 1)]).await;
    shop.panels[0].set_latency(signalbox::simulator::Latency { base_ms: 400, jitter_ms: 0 });
    let refuse = Fault::Refuse("Not enough funds on balance".to_owned());
    shop.panels[0].set_faults(vec![FaultRule::on(Action::Add, refuse).times(1)]);
    let first = running.place(shop.order(LINK)).await;
    let second = running.place(shop.order(LINK)).await;
    assert_waits(&running, &second, &first).await;
    order_with(&running, &first, "FAILED").await;
    order_with(&running, &second, "COMPLETED").await;
    running.stop().await;
}

#[tokio::test]
async fn lock_can_be_switched_off_for_a_service_and_what_waits_goes_on() {
    let running = Running::start_with(quick).await;
    let shop = Shop::open_with(&running, vec![panel(600_000, 1)]).await;
    let first = running.place(shop.order(LINK)).await;
    let second = running.place(shop.order(LINK)).await;
    assert_waits(&running, &second, &first).await;
    update_services(&running, &[&json!(shop.service)], json!({"linkLock": false})).await;
    assert_eq!(running.order_at_rest(&second).await["status"], "PENDING");
    let third = running.place(shop.order(LINK)).await;
    assert_eq!(running.order_at_rest(&third).await["status"], "PENDING");
    let lock = "query($id: ID!) { service(id: $id) { linkLock } }";
    let found = running.data(lock, json!({"id": shop.service})).await;
    assert_eq!(found["service"]["linkLock"], false);
    update_services(&running, &[&json!(shop.service)], json!({"linkLock": true})).await;
    let fourth = running.place(shop.order(LINK)).await;
    assert_waits(&running, &fourth, &third).await;
    running.stop().await;
}

#[tokio::test]
async fn order_that_goes_on_after_a_dispute_holds_its_link_again() {
    let running = Running::start_with(quick).await;
    let shop = Shop::open_with(&running, vec![panel(1, 1)]).await;
    let first = running.place(shop.order(LINK)).await;
    order_with(&running, &first, "COMPLETED").await;
    let there = shop.panels[0].orders()[0].id;
    shop.panels[0].say_of_order(there, Some("In progress"));
    order_with(&running, &first, "IN_PROGRESS").await;
    let second = running.place(shop.order(LINK)).await;
    assert_waits(&running, &second, &first).await;
    shop.panels[0].say_of_order(there, None);
    order_with(&running, &second, "COMPLETED").await;
    running.stop().await;
}

#[tokio::test]
async fn provider_with_a_busy_link_is_asked_again_as_soon_as_our_other_order_there_is_over() {
    let running = Running::start_with(|config| {
        quick(config);
        config.pace.busy_link = Duration::from_secs(600);
        config.pace.busy_link_at_most = Duration::from_secs(600);
    })
    .await;
    let panel = selling(&["Followers", "Likes"], panel(1500, 1)).await;
    let provider = running.add_panel("one", &panel, 1).await;
    running.sync(&provider).await;
    let followers = service(&running, &provider, 1).await;
    let likes = place(&running, &service(&running, &provider, 2).await).await;
    running.order_at_rest(&likes).await;
    let busy = "You have active order with this link. Please wait until order being completed.";
    let busy = FaultRule::on(Action::Add, Fault::Refuse(busy.to_owned())).times(1);
    panel.set_faults(vec![busy]);
    let begun = Instant::now();
    let turned_away = place(&running, &followers).await;
    until("it waits for its link", async || {
        let reason = waiting(&running, &turned_away).await["waitingReason"].clone();
        reason.as_str().is_some_and(|reason| reason.starts_with("You have active order"))
    })
    .await;
    let behind = place(&running, &followers).await;
    assert_waits(&running, &behind, &turned_away).await;
    order_with(&running, &behind, "COMPLETED").await;
    assert!(begun.elapsed() < Duration::from_secs(30));
    running.stop().await;
}

#[tokio::test]
async fn next_process_knows_who_waits_for_whom() {
    let running = Running::start_with(quick).await;
    let shop = Shop::open_with(&running, vec![panel(2500, 1)]).await;
    let first = running.place(shop.order(LINK)).await;
    let second = running.place(shop.order(LINK)).await;
    running.order_at_rest(&first).await;
    let database = running.stop().await;
    let running = Running::start_beside(database, quick).await;
    running.dispatches().await;
    let third = running.place(shop.order(LINK)).await;
    assert_waits(&running, &second, &first).await;
    until("it waits too", async || waiting(&running, &third).await["waitingReason"] != Value::Null)
        .await;
    assert_waits(&running, &third, &second).await;
    order_with(&running, &third, "COMPLETED").await;
    assert_one_by_one(&stays(running.database.pool()).await);
    running.stop().await;
}
