//! Services are mapped to equivalents at other providers, never by a guess.

use serde_json::{Value, json};

use crate::support::{
    catalogue::{
        code_and_field, count_events, map, panel, plain_rows, row, service, sync, sync_accepting,
        unmap,
    },
    running::Running,
};

const NOBODY: &str = "0197b0a4-5a3c-7cc0-8000-3f6f1c2d9e11";

/// Two providers with services 1 to 3 each, of which 3 is a package.
struct Shop {
    running: Running,
    first: String,
    second: String,
    /// The second's panel.
    panel: signalbox::simulator::Panel,
    _first_panel: signalbox::simulator::Panel,
}

impl Shop {
    async fn open() -> Self {
        let running = Running::start().await;
        let mut rows = plain_rows(3);
        rows[2]["type"] = json!("Package");
        let first_panel = panel(rows.clone()).await;
        // Types are compared without case and separators.
        rows[0]["type"] = json!("DEFAULT");
        let panel = panel(rows).await;
        let first = running.add_panel("first", &first_panel, 1).await;
        let second = running.add_panel("second", &panel, 2).await;
        sync(&running, &first).await;
        sync(&running, &second).await;
        Self { running, first, second, panel, _first_panel: first_panel }
    }

    async fn ours(&self, id: u64) -> Value {
        service(&self.running, &self.first, id).await["id"].clone()
    }

    async fn theirs(&self, id: u64) -> Value {
        service(&self.running, &self.second, id).await["id"].clone()
    }

    async fn backups(&self, id: u64) -> Value {
        service(&self.running, &self.first, id).await["backups"].clone()
    }
}

fn refusal(answer: &Value) -> (String, Value) {
    code_and_field(&answer["errors"][0])
}

#[tokio::test]
async fn backups_stand_by_priority_and_mapping_again_moves_them() {
    let shop = Shop::open().await;
    let (ours, one, two) = (shop.ours(1).await, shop.theirs(1).await, shop.theirs(2).await);
    map(&shop.running, &ours, &one, 5).await;
    let mapped = map(&shop.running, &ours, &two, 3).await;
    let expected = json!([
        {"backup": {"id": two}, "priority": 3},
        {"backup": {"id": one}, "priority": 5},
    ]);
    assert_eq!(mapped["data"]["mapService"]["service"]["backups"], expected);
    assert_eq!(count_events(&shop.running, &["ServiceMapped"]).await, 2);
    map(&shop.running, &ours, &two, 3).await;
    assert_eq!(count_events(&shop.running, &["ServiceMapped"]).await, 2);
    map(&shop.running, &ours, &one, 1).await;
    let expected = json!([
        {"backup": {"id": one}, "priority": 1},
        {"backup": {"id": two}, "priority": 3},
    ]);
    assert_eq!(shop.backups(1).await, expected);
    let unmapped = unmap(&shop.running, &ours, &one).await;
    let expected = json!([{"backup": {"id": two}, "priority": 3}]);
    assert_eq!(unmapped["data"]["unmapService"]["service"]["backups"], expected);
    assert_eq!(shop.backups(1).await, expected);
    // A mapping holds in one direction.
    assert_eq!(service(&shop.running, &shop.second, 2).await["backups"], json!([]));
    shop.running.stop().await;
}

#[tokio::test]
async fn only_another_providers_service_of_the_same_type_stands_in() {
    let shop = Shop::open().await;
    let (ours, other, package) = (shop.ours(1).await, shop.ours(2).await, shop.theirs(3).await);
    let field = ("INVALID_INPUT".to_owned(), json!("backupServiceId"));
    for backup in [&ours, &other, &package] {
        let refused = map(&shop.running, &ours, backup, 1).await;
        assert_eq!(refusal(&refused), field, "{refused}");
    }
    let theirs = shop.theirs(1).await;
    for priority in [0, -3, 1_000_001] {
        let refused = map(&shop.running, &ours, &theirs, priority).await;
        assert_eq!(refusal(&refused), ("INVALID_INPUT".to_owned(), json!("priority")));
    }
    assert_eq!(count_events(&shop.running, &["ServiceMapped"]).await, 0);
    shop.running.stop().await;
}

#[tokio::test]
async fn what_is_not_there_is_not_found_and_what_is_no_id_is_invalid() {
    let shop = Shop::open().await;
    let (ours, theirs) = (shop.ours(1).await, shop.theirs(1).await);
    let not_found = ("NOT_FOUND".to_owned(), Value::Null);
    assert_eq!(refusal(&map(&shop.running, &json!(NOBODY), &theirs, 1).await), not_found);
    assert_eq!(refusal(&map(&shop.running, &ours, &json!(NOBODY), 1).await), not_found);
    assert_eq!(refusal(&unmap(&shop.running, &ours, &theirs).await), not_found);
    assert_eq!(refusal(&unmap(&shop.running, &json!(NOBODY), &theirs).await), not_found);
    let refused = map(&shop.running, &json!("one"), &theirs, 1).await;
    assert_eq!(refusal(&refused), ("INVALID_INPUT".to_owned(), json!("serviceId")));
    let refused = map(&shop.running, &ours, &json!("one"), 1).await;
    assert_eq!(refusal(&refused), ("INVALID_INPUT".to_owned(), json!("backupServiceId")));
    let retire = "mutation($id: ID!) { retireServices(providerId: $id) { position } }";
    shop.running.data(retire, json!({"id": shop.second})).await;
    assert_eq!(refusal(&map(&shop.running, &ours, &theirs, 1).await), not_found);
    shop.running.stop().await;
}

#[tokio::test]
async fn mappings_made_at_once_all_stand() {
    let shop = Shop::open().await;
    let ours = shop.ours(1).await;
    let (one, two) = (shop.theirs(1).await, shop.theirs(2).await);
    let maps = (1..=8).map(|priority| {
        let backup = if priority % 2 == 0 { &one } else { &two };
        map(&shop.running, &ours, backup, priority)
    });
    for answer in futures_util::future::join_all(maps).await {
        // Told to try again at the worst, never half done.
        let code = &answer["errors"][0]["extensions"]["code"];
        assert!(code.is_null() || code == "CONFLICT", "{answer}");
    }
    assert_eq!(shop.backups(1).await.as_array().unwrap().len(), 2);
    shop.running.stop().await;
}

#[tokio::test]
async fn mapping_outlives_what_syncs_do_to_the_backup() {
    let shop = Shop::open().await;
    let (ours, theirs) = (shop.ours(1).await, shop.theirs(1).await);
    map(&shop.running, &ours, &theirs, 1).await;
    let mapped = json!([{"backup": {"id": theirs}, "priority": 1}]);
    shop.panel.edit_catalogue(|rows| rows.remove(0));
    assert_eq!(sync_accepting(&shop.running, &shop.second).await["delisted"], 1);
    assert_eq!(shop.backups(1).await, mapped);
    shop.panel.edit_catalogue(|rows| rows.push(row(1)));
    assert_eq!(sync(&shop.running, &shop.second).await["updated"], 1);
    assert_eq!(shop.backups(1).await, mapped);
    shop.running.stop().await;
}
