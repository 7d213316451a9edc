//! Orders go to the primary, and by failover to its backups.

use std::time::Duration;

use serde_json::{Value, json};
use signalbox::simulator::{Action, Catalogue, Fault, FaultRule, Panel, PanelConfig};
use tokio::time::sleep;

use crate::support::running::Running;

async fn panel(seed: u64) -> Panel {
    let catalogue = Catalogue::generate(30, 1);
    Panel::start(PanelConfig { catalogue, seed, ..PanelConfig::default() }).await.unwrap()
}

#[tokio::test]
async fn refused_order_fails_over_to_the_next_provider() {
    let running = Running::start().await;
    let (first, second) = (panel(1).await, panel(2).await);
    let refuse = Fault::Refuse("Not enough funds on balance".to_owned());
    first.set_faults(vec![FaultRule::on(Action::Add, refuse)]);
    let one = running.add_panel("one", &first, 1).await;
    let two = running.add_panel("two", &second, 2).await;
    assert_eq!(running.sync(&one).await["imported"], 30);
    assert_eq!(running.sync(&two).await["imported"], 30);
    let services = "query($p: ID!) { services(filter: {providerId: $p}, first: 100) { nodes { id type min name } } }";
    let of = async |provider: &str| {
        running.data(services, json!({"p": provider})).await["services"]["nodes"].clone()
    };
    let (ours, theirs) = (of(&one).await, of(&two).await);
    let find = |list: &Value| {
        let list = list.as_array().unwrap().clone();
        list.into_iter().find(|service| service["type"] == "Default").unwrap()
    };
    let (service, backup) = (find(&ours), find(&theirs));
    assert_eq!(service["name"], backup["name"]);
    let map = "mutation($i: MapServiceInput!) { mapService(input: $i) { service { backups { priority } } } }";
    running
        .data(map, json!({"i": {"serviceId": service["id"], "backupServiceId": backup["id"]}}))
        .await;
    let place = "mutation($i: PlaceOrderInput!) { placeOrder(input: $i) { order { id status } } }";
    let input = json!({"serviceId": service["id"], "link": "https://social.example/p/1", "quantity": service["min"]});
    let placed = running.data(place, json!({"i": input})).await;
    let id = placed["placeOrder"]["order"]["id"].clone();
    let order = "query($id: ID!) { order(id: $id) { status apiOrderId provider { name } attempts { number outcome reason provider { name } } } }";
    let mut found = Value::Null;
    for _ in 0..100 {
        found = running.data(order, json!({"id": id})).await["order"].clone();
        if found["status"] == "PENDING" {
            break;
        }
        sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(found["provider"]["name"], "two", "{found}");
    assert_eq!(found["attempts"][0]["outcome"], "REFUSED");
    assert_eq!(found["attempts"][0]["reason"], "Not enough funds on balance");
    assert_eq!(found["apiOrderId"], second.orders()[0].id.to_string());
    running.stop().await;
}
