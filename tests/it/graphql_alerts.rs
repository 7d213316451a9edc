//! What operators are told of, and what services cost over time.

use chrono::Utc;
use rust_decimal::dec;
use serde_json::{Value, json};
use signalbox::domain::{
    Incarnation, SyncId,
    order::{GivenUpAs, OrderEvent},
    service::{PriceWatch, Pricing, ServiceEvent},
    sync::{SyncCounts, SyncEvent, SyncTrigger},
};
use uuid::Uuid;

use crate::{
    graphql_facts::{Attempt, order, provider, service},
    graphql_installation::Installation,
    support::{
        catalogue::{self, map, panel, plain_rows, sync},
        running::Running,
    },
};

const ALERTS: &str =
    "query($first: Int! = 50, $after: String) { alerts(first: $first, after: $after) {
    nodes { kind message provider { name } service { number } order { number } }
    pageInfo { hasNextPage endCursor } } }";
const HISTORY: &str = "query($id: ID!, $last: Int! = 50) {
    service(id: $id) { priceHistory(last: $last) { rate price at } } }";

/// One line for each: kind, what it is about, message.
fn lines(alerts: &Value) -> Vec<String> {
    let line = |alert: &Value| {
        let about =
            [&alert["provider"]["name"], &alert["service"]["number"], &alert["order"]["number"]];
        let about = about.map(|part| part.to_string().replace('"', "")).join(" ");
        format!(
            "{} {about}: {}",
            alert["kind"].as_str().unwrap(),
            alert["message"].as_str().unwrap()
        )
    };
    alerts["alerts"]["nodes"].as_array().unwrap().iter().map(line).collect()
}

fn prices(data: &Value) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let points = data["service"]["priceHistory"].as_array().unwrap();
    points.iter().map(|point| (text(&point["rate"]), text(&point["price"]))).collect()
}

fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    expected.iter().map(|(rate, price)| ((*rate).to_owned(), (*price).to_owned())).collect()
}

#[tokio::test]
async fn alarms_of_every_kind_stand_in_one_list_newest_first() {
    let shop = Installation::start().await;
    let peak = provider(&shop, "peak", 1).await;
    let likes = service(&shop, peak, 7, "Likes").await;
    let moved = |previous_rate, move_ppm| ServiceEvent::PriceMoveNoticed {
        provider_id: peak,
        rate: dec!(1.20),
        previous_rate,
        price: dec!(1.80),
        move_ppm,
    };
    let noticed = |backups| ServiceEvent::DelistingNoticed { provider_id: peak, backups };
    let listing = serde_json::from_value(json!({
        "provider_service_id": "7", "name": "Visits", "category": "Traffic", "kind": "Package",
        "rate": "4", "min": 1, "max": 1, "refill": false, "cancel": null, "dripfeed": false,
    }));
    let reused = ServiceEvent::ServiceIdReused {
        listing: listing.unwrap(),
        previous_name: "Likes".to_owned(),
        price: dec!(4),
    };
    let events =
        [moved(dec!(0.90), Some(333_333)), moved(dec!(0), None), noticed(0), noticed(1), reused];
    shop.record("service", likes.0, &events).await;
    let run = Uuid::now_v7();
    let started = SyncEvent::SyncStarted {
        provider_id: peak,
        trigger: SyncTrigger::Scheduled,
        incarnation: Incarnation(Uuid::nil()),
    };
    let failed = SyncEvent::SyncFailed {
        provider_id: peak,
        counts: SyncCounts::default(),
        errors: vec!["the list is empty".to_owned()],
    };
    shop.record("sync", SyncId(run).0, &[started, failed]).await;
    let placed = order(&shop, 12, likes, "https://example.com/p/1").await;
    let attempt = Attempt::new(1, peak);
    let unknown = |refill_id| OrderEvent::UnknownStatusSeen {
        provider_id: peak,
        provider_status: "Lost".to_owned(),
        refill_id,
    };
    let duplicate = OrderEvent::DuplicateFound {
        attempt: 1,
        attempt_id: attempt.id,
        provider_id: peak,
        api_order_id: "23501".to_owned(),
    };
    let events = [
        attempt.started(likes, Utc::now()),
        unknown(None),
        unknown(Some("3".to_owned())),
        duplicate,
    ];
    shop.record("order", placed.0, &events).await;
    let failed = order(&shop, 13, likes, "https://example.com/p/2").await;
    let attempt = Attempt::new(1, peak);
    let given_up = OrderEvent::DoubtGivenUp {
        attempt: 1,
        attempt_id: attempt.id,
        provider_id: peak,
        policy: GivenUpAs::ReturnCharge,
        after_minutes: 60,
    };
    let failure = OrderEvent::OrderFailed { reason: "in doubt".to_owned(), decision: None };
    let found = OrderEvent::DuplicateFound {
        attempt: 1,
        attempt_id: attempt.id,
        provider_id: peak,
        api_order_id: "23502".to_owned(),
    };
    let events = [attempt.started(likes, Utc::now()), attempt.in_doubt(), given_up, failure, found];
    shop.record("order", failed.0, &events).await;

    let expected = [
        "DUPLICATE_FOUND peak null 13: the provider holds the order as 23502, though it had failed and its charge was given back",
        "DUPLICATE_FOUND peak null 12: the provider holds the order as 23501, though it had gone on elsewhere: it exists twice",
        "UNKNOWN_STATUS peak null 12: the provider calls the refill `Lost`, a word that nobody knows",
        "UNKNOWN_STATUS peak null 12: the provider calls the order `Lost`, a word that nobody knows",
        "SYNC_FAILED peak null null: the sync of the catalogue failed: the list is empty",
        "SERVICE_ID_REUSED peak 7 null: the id was `Likes` and is now `Visits`: off sale until somebody has looked",
        "SERVICE_DELISTED peak 7 null: for sale, and no longer in the provider's list; orders can go to its backup alone",
        "SERVICE_DELISTED peak 7 null: for sale, and no longer in the provider's list; no backup is mapped, so it cannot be ordered",
        "PRICE_MOVED peak 7 null: the rate went from 0 to 1.2; customers pay 1.8",
        "PRICE_MOVED peak 7 null: the rate went from 0.9 to 1.2 (+33.3 %); customers pay 1.8",
    ];
    assert_eq!(lines(&shop.data(ALERTS, json!({})).await), expected);

    let first = shop.data(ALERTS, json!({"first": 5})).await;
    assert_eq!(lines(&first), expected[..5]);
    let after = &first["alerts"]["pageInfo"]["endCursor"];
    let rest = shop.data(ALERTS, json!({"first": 5, "after": after})).await;
    assert_eq!(lines(&rest), expected[5..]);
    assert_eq!(rest["alerts"]["pageInfo"]["hasNextPage"], false);
}

#[tokio::test]
async fn price_history_has_each_rate_with_the_price_that_held() {
    let shop = Installation::start().await;
    let peak = provider(&shop, "peak", 1).await;
    let likes = service(&shop, peak, 7, "Likes").await;
    let other = service(&shop, peak, 8, "Views").await;
    let set = |pricing, price| ServiceEvent::ServicePriceSet { pricing, price };
    let repriced =
        |previous_rate, rate, price| ServiceEvent::ServiceRepriced { rate, previous_rate, price };
    shop.record("service", likes.0, &[set(Pricing::Markup(dec!(50)), dec!(1.35))]).await;
    shop.record(
        "service",
        likes.0,
        &[
            repriced(dec!(0.90), dec!(1.00), dec!(1.50)),
            set(Pricing::Fixed(dec!(3)), dec!(3)),
            set(Pricing::Fixed(dec!(4)), dec!(4)),
        ],
    )
    .await;
    shop.record("service", other.0, &[set(Pricing::Fixed(dec!(9)), dec!(9))]).await;
    shop.record("service", likes.0, &[repriced(dec!(1.00), dec!(1.10), dec!(4))]).await;
    let ask = async |id: Uuid, last: i32| {
        prices(&shop.data(HISTORY, json!({"id": id.to_string(), "last": last})).await)
    };
    let expected = pairs(&[
        ("0.9", "1.1"),
        ("0.9", "1.35"),
        ("1", "1.5"),
        ("1", "3"),
        ("1", "4"),
        ("1.1", "4"),
    ]);
    assert_eq!(ask(likes.0, 50).await, expected);
    assert_eq!(ask(likes.0, 2).await, expected[4..]);
    assert_eq!(ask(other.0, 50).await, pairs(&[("0.9", "1.1"), ("0.9", "9")]));
    let too_many = json!({"id": likes.0.to_string(), "last": 1001});
    let refused = shop.refusal(HISTORY, too_many).await;
    assert_eq!(refused, json!({"code": "INVALID_INPUT", "field": "last"}));
}

#[tokio::test]
async fn sync_that_finds_a_price_move_and_a_delisting_raises_alerts() {
    let running = Running::start_with(|config| {
        config.price_watch = PriceWatch::percent(10);
    })
    .await;
    let (list, beside) = (panel(plain_rows(10)).await, panel(plain_rows(1)).await);
    let peak = running.add_panel("Peak", &list, 1).await;
    let summit = running.add_panel("Summit", &beside, 2).await;
    sync(&running, &peak).await;
    sync(&running, &summit).await;
    let gone = catalogue::service(&running, &peak, 3).await;
    let backup = catalogue::service(&running, &summit, 1).await;
    map(&running, &gone["id"], &backup["id"], 1).await;
    list.edit_catalogue(|rows| {
        rows[0]["rate"] = json!("0.98");
        rows[1]["rate"] = json!("1.00");
        rows.remove(2);
    });
    sync(&running, &peak).await;
    let risen = catalogue::service(&running, &peak, 2).await;
    let expected = [
        format!(
            "SERVICE_DELISTED Peak {} null: for sale, and no longer in the provider's list; orders can go to its backup alone",
            gone["number"]
        ),
        format!(
            "PRICE_MOVED Peak {} null: the rate went from 0.9 to 1 (+11.1 %); customers pay 1",
            risen["number"]
        ),
    ];
    assert_eq!(lines(&running.data(ALERTS, json!({})).await), expected);
    let history = running.data(HISTORY, json!({"id": risen["id"]})).await;
    assert_eq!(prices(&history), pairs(&[("0.9", "0.9"), ("1", "1")]));
    running.stop().await;
}
