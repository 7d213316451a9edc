//! A sync brings the difference between a provider's list and ours into the journal, as events of what happened.

use serde_json::{Value, json};
use signalbox::simulator::Panel;

use crate::support::{
    catalogue::{
        count_events, count_service_events, counts, panel, place, plain_rows, row, service,
        services, sync, sync_accepting, update_services,
    },
    running::Running,
};

async fn synced(rows: Vec<Value>) -> (Running, Panel, String) {
    let running = Running::start().await;
    let panel = panel(rows).await;
    let provider = running.add_panel("Peak", &panel, 1).await;
    assert_eq!(sync(&running, &provider).await["succeeded"], true);
    (running, panel, provider)
}

fn set(panel: &Panel, id: u64, field: &str, value: Value) {
    panel.edit_catalogue(|rows| {
        let row = rows.iter_mut().find(|row| row["service"] == id).unwrap();
        row[field] = value;
    });
}

fn remove(panel: &Panel, ids: std::ops::RangeInclusive<u64>) {
    panel
        .edit_catalogue(|rows| rows.retain(|row| !ids.contains(&row["service"].as_u64().unwrap())));
}

fn errors(run: &Value) -> Vec<&str> {
    run["errors"].as_array().unwrap().iter().map(|error| error.as_str().unwrap()).collect()
}

#[tokio::test]
async fn imported_service_is_for_sale_at_the_providers_rate() {
    let (running, _panel, provider) = synced(plain_rows(1)).await;
    let found = service(&running, &provider, 1).await;
    let expected = json!({
        "id": found["id"], "number": found["number"], "providerServiceId": "1", "name": "Followers 1",
        "category": "Followers", "type": "Default", "rate": "0.9", "price": "0.9", "min": 10, "max": 1000,
        "refill": true, "cancel": false, "dripfeed": false, "enabled": true, "listed": true,
        "strategy": null, "backups": [],
    });
    assert_eq!(found, expected);
    running.stop().await;
}

#[tokio::test]
async fn difference_is_counted_by_what_happened() {
    let (running, panel, provider) = synced(plain_rows(10)).await;
    let before = count_service_events(&running).await;
    assert_eq!(counts(&sync(&running, &provider).await), [0, 0, 0, 10]);
    assert_eq!(count_service_events(&running).await, before);
    set(&panel, 1, "rate", json!("1.05"));
    set(&panel, 2, "name", json!("Better followers"));
    set(&panel, 3, "max", json!(5000));
    set(&panel, 3, "rate", json!(2));
    remove(&panel, 4..=4);
    panel.edit_catalogue(|rows| rows.push(row(11)));
    let run = sync(&running, &provider).await;
    assert_eq!((counts(&run), errors(&run)), ([1, 3, 1, 6], vec![]), "{run}");
    for (event, count) in [
        ("ServiceImported", 11),
        ("ServiceRepriced", 2),
        ("ServiceChanged", 2),
        ("ServiceDelisted", 1),
        ("ServiceRelisted", 0),
    ] {
        assert_eq!(count_events(&running, &[event]).await, count, "{event}");
    }
    panel.edit_catalogue(|rows| rows.push(row(4)));
    assert_eq!(counts(&sync(&running, &provider).await), [0, 1, 0, 10]);
    assert_eq!(count_events(&running, &["ServiceRelisted"]).await, 1);
    let back = service(&running, &provider, 4).await;
    assert_eq!((&back["listed"], &back["enabled"]), (&json!(true), &json!(true)));
    running.stop().await;
}

#[tokio::test]
async fn price_follows_the_rate_unless_an_operator_fixed_it() {
    let (running, panel, provider) = synced(plain_rows(3)).await;
    let id = async |number| service(&running, &provider, number).await["id"].clone();
    update_services(&running, &[&id(2).await], json!({"markupPercent": "50"})).await;
    update_services(&running, &[&id(3).await], json!({"price": "7.25"})).await;
    for number in 1..=3 {
        set(&panel, number, "rate", json!("2.00"));
    }
    assert_eq!(sync(&running, &provider).await["updated"], 3);
    let prices: Vec<Value> = services(&running, &provider)
        .await
        .iter()
        .map(|service| service["price"].clone())
        .collect();
    assert_eq!(prices, [json!("2"), json!("3"), json!("7.25")]);
    running.stop().await;
}

#[tokio::test]
async fn service_gone_from_the_list_cannot_be_ordered_until_it_is_back() {
    let (running, panel, provider) = synced(plain_rows(5)).await;
    let id = service(&running, &provider, 5).await["id"].clone();
    remove(&panel, 5..=5);
    assert_eq!(sync(&running, &provider).await["delisted"], 1);
    let refused = place(&running, &id, "https://social.example/p/1").await;
    assert_eq!(refused["errors"][0]["extensions"]["code"], "UNROUTABLE", "{refused}");
    panel.edit_catalogue(|rows| rows.push(row(5)));
    sync(&running, &provider).await;
    let placed = place(&running, &id, "https://social.example/p/1").await;
    assert_eq!(placed["errors"], Value::Null, "{placed}");
    running.stop().await;
}

#[tokio::test]
async fn bad_rows_stand_in_the_log_and_are_neither_imported_nor_missing() {
    let (running, panel, provider) = synced(plain_rows(10)).await;
    set(&panel, 2, "rate", json!("abc"));
    set(&panel, 3, "min", json!(-1));
    set(&panel, 4, "min", json!(2000));
    set(&panel, 5, "max", json!(null));
    panel.edit_catalogue(|rows| {
        let mut again = row(6);
        again["rate"] = json!("9.99");
        rows.push(again);
    });
    let run = sync(&running, &provider).await;
    let expected = [
        "row 2 (service 2): rate `abc` is no decimal",
        "row 3 (service 3): min `-1` is negative",
        "row 4 (service 4): min 2000 is over max 1000",
        "row 5 (service 5): max is missing",
        "row 11 (service 6): the id was given before, in row 6",
    ];
    assert_eq!((errors(&run), counts(&run)), (expected.to_vec(), [0, 0, 0, 6]));
    assert_eq!(run["succeeded"], true);
    assert!(services(&running, &provider).await.iter().all(|service| service["listed"] == true));
    let log =
        running.data("{ syncLogs(first: 1) { nodes { errors succeeded } } }", json!({})).await;
    assert_eq!(errors(&log["syncLogs"]["nodes"][0]), expected);
    running.stop().await;
}

#[tokio::test]
async fn nothing_is_missing_while_a_row_cannot_even_be_named_unless_told_so() {
    let (running, panel, provider) = synced(plain_rows(10)).await;
    remove(&panel, 1..=1);
    panel.edit_catalogue(|rows| rows.push(json!({"name": "Whose?"})));
    let run = sync(&running, &provider).await;
    assert_eq!(counts(&run), [0, 0, 0, 9], "{run}");
    assert!(errors(&run)[0].contains("1 services are missing"), "{run}");
    assert!(errors(&run)[1].starts_with("row 10"), "{run}");
    assert_eq!(counts(&sync_accepting(&running, &provider).await), [0, 0, 1, 9]);
    running.stop().await;
}

#[tokio::test]
async fn list_that_lacks_over_a_fifth_delists_nothing_unless_told_to() {
    let (running, panel, provider) = synced(plain_rows(10)).await;
    remove(&panel, 1..=3);
    let guarded = sync(&running, &provider).await;
    assert_eq!((counts(&guarded), &guarded["succeeded"]), ([0, 0, 0, 7], &json!(true)));
    assert_eq!(errors(&guarded).len(), 1, "{guarded}");
    assert!(errors(&guarded)[0].starts_with("3 of 10 services are missing"), "{guarded}");
    assert!(errors(&guarded)[0].contains("acceptDelisting"), "{guarded}");
    assert!(services(&running, &provider).await.iter().all(|service| service["listed"] == true));
    let accepted = sync_accepting(&running, &provider).await;
    assert_eq!((counts(&accepted), errors(&accepted)), ([0, 0, 3, 7], vec![]));
    // What was delisted before does not count again.
    assert_eq!(counts(&sync(&running, &provider).await), [0, 0, 0, 7]);
    running.stop().await;
}

#[tokio::test]
async fn exactly_a_fifth_is_delisted() {
    let (running, panel, provider) = synced(plain_rows(10)).await;
    remove(&panel, 1..=2);
    assert_eq!(counts(&sync(&running, &provider).await), [0, 0, 2, 8]);
    running.stop().await;
}

#[tokio::test]
async fn id_that_is_reused_is_off_sale_until_an_operator_has_looked() {
    let (running, panel, provider) = synced(plain_rows(5)).await;
    let id = service(&running, &provider, 2).await["id"].clone();
    panel.edit_catalogue(|rows| {
        rows[1] = json!({
            "service": 2, "name": "Website visits", "type": "Package", "category": "Traffic",
            "rate": "4", "min": 1, "max": 1,
        });
    });
    let run = sync(&running, &provider).await;
    assert_eq!(counts(&run), [0, 1, 0, 4], "{run}");
    assert_eq!(count_events(&running, &["ServiceIdReused"]).await, 1);
    let reused = service(&running, &provider, 2).await;
    assert_eq!((&reused["id"], &reused["name"]), (&id, &json!("Website visits")));
    assert_eq!((&reused["enabled"], &reused["listed"]), (&json!(false), &json!(true)));
    let order =
        "mutation($input: PlaceOrderInput!) { placeOrder(input: $input) { order { charge } } }";
    let input = json!({"input": {"serviceId": id, "link": "https://site.example/"}});
    let refused = running.refusal(order, input.clone()).await;
    assert_eq!(refused["extensions"]["code"], "UNROUTABLE", "{refused}");
    // Further syncs do not bring it back, the operator does.
    assert_eq!(counts(&sync(&running, &provider).await), [0, 0, 0, 5]);
    assert_eq!(service(&running, &provider, 2).await["enabled"], false);
    update_services(&running, &[&id], json!({"enabled": true})).await;
    assert_eq!(running.data(order, input).await["placeOrder"]["order"]["charge"], "4");
    running.stop().await;
}

#[tokio::test]
async fn row_that_changes_only_in_part_is_the_same_product() {
    let (running, panel, provider) = synced(plain_rows(5)).await;
    set(&panel, 2, "name", json!("Other name"));
    set(&panel, 2, "category", json!("Other category"));
    set(&panel, 3, "category", json!("Other category"));
    set(&panel, 3, "type", json!("Package"));
    assert_eq!(counts(&sync(&running, &provider).await), [0, 2, 0, 3]);
    assert_eq!(count_events(&running, &["ServiceIdReused"]).await, 0);
    assert!(services(&running, &provider).await.iter().all(|service| service["enabled"] == true));
    running.stop().await;
}

#[tokio::test]
async fn operators_category_outlives_syncs() {
    let (running, panel, provider) = synced(plain_rows(3)).await;
    let id = service(&running, &provider, 1).await["id"].clone();
    update_services(&running, &[&id], json!({"category": "Our own", "enabled": false})).await;
    for number in 1..=2 {
        set(&panel, number, "category", json!("Theirs"));
    }
    sync(&running, &provider).await;
    let (filed, other) =
        (service(&running, &provider, 1).await, service(&running, &provider, 2).await);
    assert_eq!((&filed["category"], &filed["enabled"]), (&json!("Our own"), &json!(false)));
    assert_eq!(other["category"], "Theirs");
    running.stop().await;
}
