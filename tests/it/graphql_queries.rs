//! What clients read, on read models that were folded from events.

use std::{
    fmt::Debug,
    sync::{Arc, Mutex},
};

use chrono::{TimeDelta, Utc};
use rust_decimal::dec;
use serde_json::{Value, json};
use signalbox::domain::{
    ProviderId, ServiceId, order::OrderEvent, provider::ProviderEvent, refusal::RefusalClass,
    routing::Strategy, service::ServiceEvent,
};
use tracing::field::Field;
use tracing_subscriber::{Layer, layer::Context, layer::SubscriberExt, registry};

use crate::{
    graphql_facts::{Attempt, balance, order, provider, service, sync},
    graphql_installation::Installation,
    projections_history::History,
};

fn at<'a>(data: &'a Value, pointer: &str) -> &'a Value {
    data.pointer(pointer).unwrap_or_else(|| panic!("{pointer} in {data}"))
}

/// The values of one field of each node.
pub(crate) fn each(nodes: &Value, field: &str) -> Vec<Value> {
    nodes.as_array().unwrap().iter().map(|node| node[field].clone()).collect()
}

#[tokio::test]
async fn providers_are_listed_by_priority_and_deleted_ones_only_live_in_history() {
    let shop = Installation::start().await;
    let second = provider(&shop, "second", 2).await;
    let first = provider(&shop, "first", 1).await;
    let gone = provider(&shop, "gone", 1).await;
    let likes = service(&shop, gone, 1, "Likes").await;
    let placed = order(&shop, 1, likes, "https://example.com/p/1").await;
    let attempt = Attempt::new(1, gone);
    shop.record("order", placed.0, &[attempt.started(likes, Utc::now()), attempt.placed("55", 20)])
        .await;
    shop.record("service", likes.0, &[ServiceEvent::ServiceRetired {}]).await;
    shop.record("provider", gone.0, &[ProviderEvent::ProviderDeleted {}]).await;
    shop.record(
        "provider",
        second.0,
        &[ProviderEvent::ProviderDeactivated {}, balance(dec!(12.50))],
    )
    .await;

    let query = "query ($gone: ID!, $likes: ID!) {
        providers { id name status balance currency apiKeyHint health serviceCount }
        active: providers(status: ACTIVE) { id }
        provider(id: $gone) { id }
        service(id: $likes) { id }
        services { totalCount }
        order(number: 1) { provider { name status } service { name } attempts { provider { id } } }
    }";
    let data =
        shop.data(query, json!({"gone": gone.to_string(), "likes": likes.to_string()})).await;
    assert_eq!(each(&data["providers"], "id"), [first.to_string(), second.to_string()]);
    assert_eq!(
        data["providers"][1],
        json!({
            "id": second.to_string(), "name": "second", "status": "INACTIVE", "balance": "12.5", "currency": "USD",
            "apiKeyHint": "9f3c", "health": "UNKNOWN", "serviceCount": 0
        })
    );
    assert_eq!(each(&data["active"], "id"), [first.to_string()]);
    assert_eq!((&data["provider"], &data["service"]), (&Value::Null, &Value::Null));
    assert_eq!(*at(&data, "/services/totalCount"), json!(0));
    assert_eq!(*at(&data, "/order/provider"), json!({"name": "gone", "status": "INACTIVE"}));
    assert_eq!(*at(&data, "/order/attempts/0/provider/id"), json!(gone.to_string()));
}

#[tokio::test]
async fn services_are_paged_by_number_and_filtered() {
    let shop = Installation::start().await;
    let alpha = provider(&shop, "alpha", 1).await;
    let beta = provider(&shop, "beta", 2).await;
    let names = ["Likes 100%", "Likes 1000", "Views", "Comments_real", "Followers"];
    let mut ids = vec![];
    for (number, name) in (1..).zip(names) {
        let owner = if number < 4 { alpha } else { beta };
        ids.push(service(&shop, owner, number, name).await);
    }
    shop.record("service", ids[2].0, &[ServiceEvent::ServiceDisabled {}]).await;

    let page = "query ($after: String, $filter: ServiceFilter) {
        services(first: 2, after: $after, filter: $filter) {
            totalCount nodes { number } edges { cursor }
            pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
        }
    }";
    let (mut numbers, mut after) = (vec![], Value::Null);
    for pages in 1.. {
        let data = shop.data(page, json!({"after": after})).await;
        let found = &data["services"];
        numbers.extend(each(&found["nodes"], "number"));
        assert_eq!(found["totalCount"], 5);
        assert_eq!(found["pageInfo"]["hasPreviousPage"], json!(pages > 1));
        assert_eq!(found["edges"][0]["cursor"], found["pageInfo"]["startCursor"]);
        after = found["pageInfo"]["endCursor"].clone();
        if found["pageInfo"]["hasNextPage"] == false {
            assert_eq!(pages, 3);
            break;
        }
    }
    assert_eq!(numbers, [1, 2, 3, 4, 5]);

    for (filter, expected) in [
        (json!({"providerId": beta.to_string()}), 2),
        (json!({"search": "LIKES"}), 2),
        (json!({"search": "100%"}), 1),
        (json!({"search": "s_r"}), 1),
        (json!({"category": "Likes", "enabled": false}), 1),
        (json!({"listed": false}), 0),
    ] {
        let data = shop.data(page, json!({"filter": filter})).await;
        assert_eq!(data["services"]["totalCount"], expected, "{filter}");
    }
}

#[tokio::test]
async fn service_shows_its_equivalents_in_the_order_in_which_they_are_tried() {
    let shop = Installation::start().await;
    let (alpha, beta) = (provider(&shop, "alpha", 1).await, provider(&shop, "beta", 2).await);
    let gamma = provider(&shop, "gamma", 3).await;
    let primary = service(&shop, alpha, 1, "Likes").await;
    let late = service(&shop, gamma, 2, "Likes late").await;
    let early = service(&shop, beta, 3, "Likes early").await;
    let mapped = |backup_service_id: ServiceId, backup_provider_id: ProviderId| {
        ServiceEvent::ServiceMapped { backup_service_id, backup_provider_id, priority: 1 }
    };
    let chosen = ServiceEvent::ServiceStrategySet { strategy: Some(Strategy::BestScore) };
    shop.record("service", primary.0, &[mapped(late, gamma), mapped(early, beta), chosen]).await;
    let query = "{ service(number: 1) {
        type rate price min max cancel strategy backups { priority service { number } backup { number } }
    } }";
    assert_eq!(
        shop.data(query, json!({})).await["service"],
        json!({
            "type": "Default", "rate": "0.9", "price": "1.1", "min": 10, "max": 5_000_000_000_i64, "cancel": null,
            "strategy": "BEST_SCORE",
            "backups": [
                {"priority": 1, "service": {"number": 1}, "backup": {"number": 3}},
                {"priority": 1, "service": {"number": 1}, "backup": {"number": 2}},
            ]
        })
    );
}

#[tokio::test]
async fn orders_are_paged_newest_first_and_filtered() {
    let shop = Installation::start().await;
    let alpha = provider(&shop, "alpha", 1).await;
    let likes = service(&shop, alpha, 1, "Likes").await;
    let views = service(&shop, alpha, 2, "Views").await;
    for number in 1..=5 {
        let which = if number == 3 { views } else { likes };
        let placed = order(&shop, number, which, &format!("https://example.com/{number}")).await;
        let attempt = Attempt::new(1, alpha);
        let started = attempt.started(which, Utc::now());
        match number {
            4 => shop.record("order", placed.0, &[started, attempt.placed("900", 80)]).await,
            5 => shop.record("order", placed.0, &[started, attempt.in_doubt()]).await,
            _ => continue,
        };
    }
    let query = "query ($first: Int! = 50, $after: String, $filter: OrderFilter) {
        orders(first: $first, after: $after, filter: $filter) {
            totalCount nodes { number status apiOrderId } pageInfo { hasNextPage endCursor }
        }
    }";
    let first = shop.data(query, json!({"first": 3})).await;
    assert_eq!(each(at(&first, "/orders/nodes"), "number"), [5, 4, 3]);
    assert_eq!(each(at(&first, "/orders/nodes"), "status"), ["IN_DOUBT", "PENDING", "QUEUED"]);
    assert_eq!(*at(&first, "/orders/nodes/1/apiOrderId"), json!("900"));
    let after = at(&first, "/orders/pageInfo/endCursor");
    let second = shop.data(query, json!({"first": 3, "after": after})).await;
    assert_eq!(each(at(&second, "/orders/nodes"), "number"), [2, 1]);
    assert_eq!(*at(&second, "/orders/pageInfo/hasNextPage"), json!(false));

    for (filter, expected) in [
        (json!({"status": ["PENDING", "IN_DOUBT"]}), 2),
        (json!({"status": []}), 0),
        (json!({"providerId": alpha.to_string()}), 2),
        (json!({"serviceId": views.to_string()}), 1),
        (json!({"link": "https://example.com/2"}), 1),
        (json!({"link": "https://example.com/"}), 0),
    ] {
        let data = shop.data(query, json!({"filter": filter})).await;
        assert_eq!(data["orders"]["totalCount"], expected, "{filter}");
    }
}

#[tokio::test]
async fn order_tells_its_attempts_failovers_and_whole_timeline() {
    let shop = Installation::start().await;
    let (alpha, beta) = (provider(&shop, "alpha", 1).await, provider(&shop, "beta", 2).await);
    let likes = service(&shop, alpha, 1, "Likes").await;
    let backup = service(&shop, beta, 2, "Likes too").await;
    let placed = order(&shop, 7, likes, "https://example.com/p/1").await;
    let (first, second) = (Attempt::new(1, alpha), Attempt::new(2, beta));
    let reason = "Not enough funds on balance";
    let happened = [
        first.started(likes, Utc::now()),
        first.refused(RefusalClass::WalletEmpty, reason),
        first.failed_over(Some(beta), reason),
        second.started(backup, Utc::now()),
        second.placed("23501", 80),
    ];
    let end = shop.record("order", placed.0, &happened).await;
    let query = "query ($id: ID!, $beta: ID!) {
        order(id: $id, number: 7) {
            charge cost quantity providerStatus startCount remains
            attempts { number provider { name } service { number } outcome reason apiOrderId responseMs decision }
            timeline { position stream version type payload }
        }
        other: order(id: $id, number: 8) { id }
        failoverLogs(orderId: $id) { nodes { order { number } fromProvider { name } toProvider { name } reason } }
        fromBeta: failoverLogs(providerId: $beta) { nodes { reason } }
    }";
    let variables = json!({"id": placed.to_string(), "beta": beta.to_string()});
    let data = shop.data(query, variables).await;
    let found = &data["order"];
    assert_eq!((&found["charge"], &found["quantity"]), (&json!("1.1"), &json!(1000)));
    assert_eq!(each(&found["attempts"], "outcome"), ["REFUSED", "PLACED"]);
    assert_eq!(*at(found, "/attempts/0/reason"), json!(reason));
    assert_eq!(*at(found, "/attempts/1/responseMs"), json!(80.0));
    assert_eq!(*at(found, "/attempts/1/decision/basis"), json!(7));
    let types = [
        "OrderPlaced",
        "AttemptStarted",
        "AttemptRefused",
        "FailedOver",
        "AttemptStarted",
        "AttemptPlaced",
    ];
    assert_eq!(each(&found["timeline"], "type"), types);
    assert_eq!(*at(found, "/timeline/5/position"), json!(end.to_string()));
    assert_eq!(*at(found, "/timeline/5/version"), json!(6));
    assert_eq!(*at(found, "/timeline/5/stream"), json!(format!("order-{placed}")));
    assert_eq!(data["other"], Value::Null);
    let log = json!({
        "order": {"number": 7}, "fromProvider": {"name": "alpha"}, "toProvider": {"name": "beta"}, "reason": reason
    });
    assert_eq!(data["failoverLogs"]["nodes"], json!([log]));
    assert_eq!(data["fromBeta"]["nodes"], json!([]));
}

#[tokio::test]
async fn performance_counts_attempts_by_the_day_on_which_they_started() {
    let shop = Installation::start().await;
    let alpha = provider(&shop, "alpha", 1).await;
    let likes = service(&shop, alpha, 1, "Likes").await;
    let today = Utc::now();
    let days_ago = |days| today - TimeDelta::days(days);
    let attempts = [
        (today, "placed"),
        (today, "placed"),
        (today, "placed"),
        (today, "doubt"),
        (today, "refused"),
        (today, "customer"),
        (today, "running"),
        (days_ago(2), "placed"),
        (days_ago(30), "refused"),
    ];
    for (number, (started_at, end)) in (1..).zip(attempts) {
        let placed = order(&shop, number, likes, "https://example.com/p/1").await;
        let attempt = Attempt::new(1, alpha);
        let mut events = vec![attempt.started(likes, started_at)];
        events.extend(match end {
            "placed" => Some(attempt.placed(&number.to_string(), 100)),
            "doubt" => Some(attempt.in_doubt()),
            "refused" => Some(attempt.refused(RefusalClass::Overload, "Too many requests")),
            "customer" => Some(attempt.refused(RefusalClass::Link, "Incorrect link")),
            _ => None,
        });
        shop.record("order", placed.0, &events).await;
    }
    let query = "{
        providers { successRate meanResponseMs p95ResponseMs performance(days: 2) { date } }
        providerPerformance {
            provider { name } date totalOrders successfulOrders failedOrders inDoubtOrders successRate p95ResponseMs
        }
        longer: providerPerformance(days: 31) { date }
    }";
    let data = shop.data(query, json!({})).await;
    let (first_day, last_day) =
        (days_ago(2).date_naive().to_string(), today.date_naive().to_string());
    assert_eq!(each(&data["providerPerformance"], "date"), [first_day.clone(), last_day.clone()]);
    assert_eq!(each(&data["longer"], "date").len(), 3);
    assert_eq!(each(at(&data, "/providers/0/performance"), "date"), [last_day]);
    let p95 = at(&data, "/providerPerformance/1/p95ResponseMs").as_f64().unwrap();
    assert!((95.0..=105.0).contains(&p95), "{p95}");
    let mut day = at(&data, "/providerPerformance/1").clone();
    day["p95ResponseMs"].take();
    day["date"].take();
    assert_eq!(
        day,
        json!({
            "provider": {"name": "alpha"}, "date": null, "totalOrders": 7, "successfulOrders": 3, "failedOrders": 2,
            "inDoubtOrders": 1, "successRate": 0.6, "p95ResponseMs": null
        })
    );
    assert_eq!(*at(&data, "/providers/0/successRate"), json!(4.0 / 6.0));
    assert_eq!(*at(&data, "/providers/0/meanResponseMs"), json!(480.0 / 6.0));
}

#[tokio::test]
async fn sync_logs_are_newest_first_and_the_last_one_stands_at_its_provider() {
    let shop = Installation::start().await;
    let (alpha, beta) = (provider(&shop, "alpha", 1).await, provider(&shop, "beta", 2).await);
    let first = sync(&shop, alpha).await;
    let second = sync(&shop, beta).await;
    let third = sync(&shop, alpha).await;
    let query = "query ($beta: ID!) {
        syncLogs(first: 2) {
            nodes { id trigger imported updated delisted unchanged errors succeeded durationMs provider { name } }
            pageInfo { hasNextPage }
        }
        ofBeta: syncLogs(providerId: $beta) { nodes { id } }
        providers { lastSync { id } }
    }";
    let data = shop.data(query, json!({"beta": beta.to_string()})).await;
    assert_eq!(each(at(&data, "/syncLogs/nodes"), "id"), [third.to_string(), second.to_string()]);
    assert_eq!(*at(&data, "/syncLogs/pageInfo/hasNextPage"), json!(true));
    let mut log = at(&data, "/syncLogs/nodes/0").clone();
    assert!(log["durationMs"].take().as_f64().unwrap() > 0.0);
    assert_eq!(
        log,
        json!({
            "id": third.to_string(), "trigger": "MANUAL", "imported": 3, "updated": 2, "delisted": 1, "unchanged": 4,
            "errors": ["row 7: no rate"], "succeeded": true, "durationMs": null, "provider": {"name": "alpha"}
        })
    );
    assert_eq!(each(at(&data, "/ofBeta/nodes"), "id"), [second.to_string()]);
    assert_eq!(*at(&data, "/providers/0/lastSync/id"), json!(third.to_string()));
    assert_ne!(first, third);
}

#[tokio::test]
async fn every_field_can_be_read_of_whatever_may_have_happened() {
    let shop = Installation::start().await;
    History::new(11, 1500).append_all(shop.pool()).await;
    let query = "
        fragment Log on SyncLog { id trigger startedAt finishedAt durationMs imported errors succeeded provider { id } }
        fragment Panel on Provider {
            id name apiUrl apiKeyHint priority status health balance currency successRate meanResponseMs p95ResponseMs
            serviceCount lastSync { ...Log } performance(days: 366) { date lastSuccess lastFailure } createdAt
        }
        fragment Product on Service {
            id number providerServiceId name category type rate price min max refill cancel dripfeed enabled listed
            strategy provider { ...Panel } backups { priority service { id } }
        }
        {
            providers { ...Panel }
            providerPerformance(days: 366) { provider { id } date totalOrders meanResponseMs }
            syncLogs(first: 1000) { nodes { ...Log } }
            failoverLogs(first: 1000) { nodes { order { id } fromProvider { id } toProvider { id } reason at } }
            services(first: 1000) { totalCount nodes { ...Product } }
            orders(first: 1000) { totalCount nodes {
                id number link quantity charge status apiOrderId createdAt provider { ...Panel }
                cost providerStatus startCount remains refills { apiRefillId status providerStatus requestedAt }
                attempts { number outcome reason apiOrderId responseMs startedAt decision provider { id } }
                timeline { position type payload metadata recordedAt }
            } }
        }";
    let data = shop.data(query, json!({})).await;
    let orders: i64 =
        sqlx::query_scalar("select count(*) from events where event_type = 'OrderPlaced'")
            .fetch_one(shop.pool())
            .await
            .unwrap();
    assert_eq!(data["orders"]["totalCount"], orders);
    assert_eq!(each(&data["orders"]["nodes"], "id").len(), usize::try_from(orders).unwrap());
}

/// The statements that sqlx sends, in short.
#[derive(Clone, Default)]
struct Statements(Arc<Mutex<Vec<String>>>);

impl<S: tracing::Subscriber> Layer<S> for Statements {
    fn on_event(&self, event: &tracing::Event<'_>, _: Context<'_, S>) {
        if event.metadata().target() == "sqlx::query" {
            event.record(&mut |field: &Field, value: &dyn Debug| {
                if field.name() == "summary" {
                    self.0.lock().unwrap().push(format!("{value:?}"));
                }
            });
        }
    }
}

#[tokio::test]
async fn fifty_orders_with_providers_and_attempts_take_at_most_eight_statements() {
    let shop = Installation::start().await;
    let (alpha, beta) = (provider(&shop, "alpha", 1).await, provider(&shop, "beta", 2).await);
    let likes = service(&shop, alpha, 1, "Likes").await;
    let backup = service(&shop, beta, 2, "Likes too").await;
    for number in 1..=50 {
        let placed = order(&shop, number, likes, "https://example.com/p/1").await;
        let (first, second) = (Attempt::new(1, alpha), Attempt::new(2, beta));
        let events: [OrderEvent; 5] = [
            first.started(likes, Utc::now()),
            first.refused(RefusalClass::Overload, "busy"),
            first.failed_over(Some(beta), "busy"),
            second.started(backup, Utc::now()),
            second.placed(&number.to_string(), 80),
        ];
        shop.record("order", placed.0, &events).await;
    }
    let query = "{ orders(first: 50) { totalCount nodes {
        number provider { name } service { name }
        attempts { number outcome provider { name } service { name } }
    } } }";
    shop.data(query, json!({})).await;
    shop.stop_folding();
    tokio::time::sleep(std::time::Duration::from_millis(100)).await;

    let statements = Statements::default();
    let counted = tracing::subscriber::set_default(registry().with(statements.clone()));
    let data = shop.ask_at(signalbox::domain::Position(0), query, json!({})).await;
    drop(counted);
    assert_eq!(at(&data, "/data/orders/nodes").as_array().map(Vec::len), Some(50));
    assert_eq!(*at(&data, "/data/orders/nodes/49/attempts/1/provider/name"), json!("beta"));
    let mut sent = statements.0.lock().unwrap().clone();
    // The journal's end is looked up besides, whoever asks what.
    sent.retain(|statement| !statement.contains("from journal_head"));
    assert!((1..=8).contains(&sent.len()), "{sent:#?}");
}
