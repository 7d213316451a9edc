//! Changes of many things at once: all or none, and quick.

use rust_decimal::Decimal;
use serde_json::{Value, json};
use signalbox::simulator::{Catalogue, Panel, PanelConfig};
use uuid::Uuid;

use crate::{
    graphql_facts::provider, graphql_installation::Installation, support::running::Running,
};

const UPDATE: &str = "mutation ($ids: [ID!]!, $patch: ServicePatch!) {
    updateServices(ids: $ids, patch: $patch) { services { id price } }
}";
const SERVICES: &str = "{ services(first: 1000) { nodes { id rate price } } }";

fn decimal(value: &Value) -> Decimal {
    value.as_str().unwrap().parse().unwrap()
}

fn ids(services: &Value) -> Vec<String> {
    let services = services.as_array().unwrap().iter();
    services.map(|service| service["id"].as_str().unwrap().to_owned()).collect()
}

async fn services(running: &Running) -> Value {
    running.data(SERVICES, json!({})).await["services"]["nodes"].clone()
}

/// Doubles what the panel asks, and reads its list again.
async fn double_rates(running: &Running, panel: &Panel, provider: &str) {
    panel.edit_catalogue(|rows| {
        for row in rows {
            let rate = match &row["rate"] {
                Value::String(text) => text.parse().unwrap(),
                other => other.to_string().parse::<Decimal>().unwrap(),
            };
            row["rate"] = json!((rate * Decimal::TWO).to_string());
        }
    });
    assert_eq!(running.sync(provider).await["succeeded"], true);
}

#[tokio::test(flavor = "multi_thread")]
async fn thousand_services_take_a_markup_that_later_syncs_follow_and_a_price_that_they_leave() {
    let running = Running::start().await;
    let config = PanelConfig { catalogue: Catalogue::generate(1000, 1), ..PanelConfig::default() };
    let panel = Panel::start(config).await.unwrap();
    let alpha = running.add_panel("alpha", &panel, 1).await;
    assert_eq!(running.sync(&alpha).await["imported"], 1000);
    let all = ids(&services(&running).await);
    let update = async |ids: &[String], patch: Value| {
        let data = running.data(UPDATE, json!({"ids": ids, "patch": patch})).await;
        assert_eq!(ids_of(&data), ids);
    };
    update(&all, json!({"markupPercent": "50"})).await;
    update(&all[..10], json!({"price": "7.25"})).await;
    for doubled in [false, true] {
        if doubled {
            double_rates(&running, &panel, &alpha).await;
        }
        for (index, service) in services(&running).await.as_array().unwrap().iter().enumerate() {
            let marked_up = decimal(&service["rate"]) * Decimal::new(15, 1);
            let expected = if index < 10 { Decimal::new(725, 2) } else { marked_up };
            assert_eq!(decimal(&service["price"]), expected, "{service}");
        }
    }
    let mut with_a_stranger = all.clone();
    with_a_stranger[999] = Uuid::now_v7().to_string();
    for (ids, patch, code) in [
        (&with_a_stranger, json!({"price": "1"}), "NOT_FOUND"),
        (&[all.clone(), vec![all[0].clone()]].concat(), json!({"price": "1"}), "INVALID_INPUT"),
        (&all, json!({"price": "-1"}), "INVALID_INPUT"),
        (&all, json!({"price": "1", "markupPercent": "1"}), "INVALID_INPUT"),
        (&vec![], json!({"price": "1"}), "INVALID_INPUT"),
    ] {
        let error = running.refusal(UPDATE, json!({"ids": ids, "patch": patch})).await;
        assert_eq!(error["extensions"]["code"], code, "{error}");
    }
    assert_eq!(decimal(&services(&running).await[0]["price"]), Decimal::new(725, 2));
    let price = "select count(*) from events where event_type = 'ServicePriceSet'";
    let set: i64 = sqlx::query_scalar(price).fetch_one(running.database.pool()).await.unwrap();
    assert_eq!(set, 1010);
    running.stop().await;
}

fn ids_of(data: &Value) -> Vec<String> {
    ids(&data["updateServices"]["services"])
}

#[tokio::test]
async fn providers_are_switched_all_or_none_in_one_go() {
    let shop = Installation::start().await;
    let mut ids = vec![];
    for number in 0..40 {
        ids.push(provider(&shop, &format!("p{number}"), 1).await.to_string());
    }
    let switch = "mutation ($ids: [ID!]!, $status: ProviderStatus!) {
        setProviderStatus(ids: $ids, status: $status) { position providers { id status } } }";
    let mut strangers = ids.clone();
    strangers[39] = Uuid::now_v7().to_string();
    let refused = shop.refusal(switch, json!({"ids": strangers, "status": "INACTIVE"})).await;
    assert_eq!(refused, json!({"code": "NOT_FOUND"}));
    let active = shop.data("{ providers(status: ACTIVE) { id } }", json!({})).await;
    assert_eq!(active["providers"].as_array().map(Vec::len), Some(40));
    let switched = |status| json!({"ids": ids, "status": status});
    let data = shop.data(switch, switched("INACTIVE")).await["setProviderStatus"].clone();
    let expected: Vec<Value> =
        ids.iter().map(|id| json!({"id": id, "status": "INACTIVE"})).collect();
    assert_eq!(data["providers"], json!(expected));
    assert_eq!(data["position"], "80");
    let again = shop.data(switch, switched("INACTIVE")).await["setProviderStatus"].clone();
    assert_eq!(again["position"], "80", "nothing was left to change");
}
