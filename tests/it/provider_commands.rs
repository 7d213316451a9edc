//! Providers are added, changed, switched and deleted over the API.

use serde_json::{Value, json};
use signalbox::simulator::{Action, Fault};
use signalbox::{domain::provider::UpstreamPolicy, simulator::FaultRule};

use crate::support::{
    catalogue::{
        add, add_refused, code_and_field, count_events, generated_panel, map, panel, place,
        plain_rows, provider_input, service, services, sync,
    },
    running::Running,
};

const UPDATE: &str = "mutation($input: UpdateProviderInput!) { updateProvider(input: $input) {
    provider { name apiUrl apiKeyHint priority status } } }";
const TOGGLE: &str = "mutation($id: ID!) { toggleProviderStatus(id: $id) { provider { status } } }";
const SET_STATUS: &str = "mutation($ids: [ID!]!, $status: ProviderStatus!) {
    setProviderStatus(ids: $ids, status: $status) { providers { id status } } }";
const DELETE: &str = "mutation($id: ID!) { deleteProvider(id: $id) { deletedId } }";
const RETIRE: &str = "mutation($id: ID!) { retireServices(providerId: $id) { services { id } } }";
const NOBODY: &str = "0197b0a4-5a3c-7cc0-8000-3f6f1c2d9e11";

fn changed(name: &str, field: &str, value: Value) -> Value {
    let mut input = provider_input(name);
    input[field] = value;
    input
}

#[tokio::test]
async fn provider_is_active_at_once_and_shows_all_but_its_key() {
    let running = Running::start().await;
    let added = add(&running, changed("  Peak  ", "priority", json!(7))).await;
    let expected = json!({
        "id": added["id"], "name": "Peak", "apiUrl": "https://panel.example/api/v2",
        "apiKeyHint": "cdef", "priority": 7, "status": "ACTIVE", "health": "UNKNOWN",
        "balance": null, "currency": null, "serviceCount": 0,
    });
    assert_eq!(added, expected);
    let short = add(&running, changed("Short", "apiKey", json!("0123456789a"))).await;
    assert_eq!(short["apiKeyHint"], Value::Null);
    running.stop().await;
}

#[tokio::test]
async fn invalid_input_is_refused_with_its_field_and_nothing_is_stored() {
    let running = Running::start().await;
    let cases = [
        ("name", json!("  ")),
        ("name", json!("a\nb")),
        ("name", json!("a\0b")),
        ("name", json!("é".repeat(101))),
        ("apiUrl", json!("panel.example/api/v2")),
        ("apiUrl", json!("ftp://panel.example/")),
        ("apiUrl", json!("https://me:secret@panel.example/")),
        ("apiUrl", json!("https://panel.example/#here")),
        ("apiKey", json!(" ")),
        ("apiKey", json!("k".repeat(1025))),
        ("apiKey", json!("one\ntwo")),
        ("priority", json!(0)),
        ("priority", json!(-1)),
        ("priority", json!(1_000_001)),
    ];
    for (field, value) in &cases {
        let refused = add_refused(&running, changed("Peak", field, value.clone())).await;
        assert_eq!(refused, ("INVALID_INPUT".to_owned(), json!(field)), "{value}");
    }
    let stored = async || -> i64 {
        let all = "select (select count(*) from credentials) + (select count(*) from events)";
        sqlx::query_scalar(all).fetch_one(running.database.pool()).await.unwrap()
    };
    assert_eq!(stored().await, 0);
    let id = add(&running, provider_input("Peak")).await["id"].clone();
    let before = stored().await;
    for (field, value) in &cases {
        let update = running.refusal(UPDATE, json!({"input": {"id": id, *field: value}})).await;
        assert_eq!(code_and_field(&update), ("INVALID_INPUT".to_owned(), json!(field)), "{value}");
    }
    assert_eq!(stored().await, before);
    running.stop().await;
}

#[tokio::test]
async fn private_addresses_are_refused_unless_allowed() {
    let running = Running::start_with(|config| config.policy = UpstreamPolicy::PublicOnly).await;
    let id = add(&running, provider_input("Public")).await["id"].clone();
    for url in [
        "http://panel.example/api/v2",
        "https://localhost/api/v2",
        "https://panel.localhost/api/v2",
        "https://127.0.0.1:8080/api/v2",
        "https://10.1.2.3/api/v2",
        "https://169.254.169.254/latest/meta-data",
        "https://[::1]/api/v2",
        "https://[::ffff:192.168.0.1]/api/v2",
        "https://2130706433/api/v2",
    ] {
        let refused = add_refused(&running, changed("Private", "apiUrl", json!(url))).await;
        assert_eq!(refused, ("INVALID_INPUT".to_owned(), json!("apiUrl")), "{url}");
        let update = running.refusal(UPDATE, json!({"input": {"id": id, "apiUrl": url}})).await;
        assert_eq!(code_and_field(&update), ("INVALID_INPUT".to_owned(), json!("apiUrl")));
    }
    running.stop().await;
}

#[tokio::test]
async fn name_is_unique_without_regard_to_case_and_free_again_after_rename_and_delete() {
    let running = Running::start().await;
    let conflict = ("CONFLICT".to_owned(), Value::Null);
    let peak = add(&running, provider_input("Peak Panel")).await["id"].clone();
    assert_eq!(add_refused(&running, provider_input(" pEAK pANEL ")).await, conflict);
    let other = add(&running, provider_input("Other")).await["id"].clone();
    let rename = async |id: &Value, name: &str| {
        running.ask(UPDATE, json!({"input": {"id": id, "name": name}})).await
    };
    let taken = rename(&other, "PEAK PANEL").await;
    assert_eq!(code_and_field(&taken["errors"][0]), conflict);
    let recased = rename(&peak, "PEAK panel").await;
    assert_eq!(recased["data"]["updateProvider"]["provider"]["name"], "PEAK panel", "{recased}");
    assert_eq!(add_refused(&running, provider_input("peak panel")).await, conflict);
    let renamed = rename(&peak, "Summit").await;
    assert_eq!(renamed["errors"], Value::Null, "{renamed}");
    add(&running, provider_input("peak panel")).await;
    assert_eq!(add_refused(&running, provider_input("SUMMIT")).await, conflict);
    running.data(DELETE, json!({"id": peak})).await;
    add(&running, provider_input("summit")).await;
    running.stop().await;
}

#[tokio::test]
async fn of_many_adds_of_one_name_at_once_one_wins() {
    let running = Running::start().await;
    let add =
        "mutation($input: AddProviderInput!) { addProvider(input: $input) { provider { id } } }";
    let tries = (0..20).map(|number| {
        let name = if number % 2 == 0 { "peak" } else { "Peak" };
        running.ask(add, json!({"input": provider_input(name)}))
    });
    let answers = futures_util::future::join_all(tries).await;
    let (added, refused): (Vec<_>, Vec<_>) =
        answers.iter().partition(|answer| answer["errors"].is_null());
    assert_eq!(added.len(), 1, "{answers:?}");
    for answer in refused {
        assert_eq!(answer["errors"][0]["extensions"]["code"], "CONFLICT", "{answer}");
        let message = answer["errors"][0]["message"].as_str().unwrap();
        assert!(message.contains("exists already"), "{message}");
    }
    assert_eq!(count_events(&running, &["ProviderAdded"]).await, 1);
    running.stop().await;
}

#[tokio::test]
async fn of_two_renames_to_one_name_at_once_one_wins() {
    let running = Running::start().await;
    let one = add(&running, provider_input("one")).await["id"].clone();
    let two = add(&running, provider_input("two")).await["id"].clone();
    let rename = |id: &Value| running.ask(UPDATE, json!({"input": {"id": id, "name": "three"}}));
    let (first, second) = tokio::join!(rename(&one), rename(&two));
    let refused: Vec<_> =
        [&first, &second].into_iter().filter(|a| !a["errors"].is_null()).collect();
    assert_eq!(refused.len(), 1, "{first} {second}");
    assert_eq!(refused[0]["errors"][0]["extensions"]["code"], "CONFLICT");
    assert_eq!(count_events(&running, &["ProviderRenamed"]).await, 1);
    running.stop().await;
}

#[tokio::test]
async fn only_what_differs_is_an_event() {
    let running = Running::start().await;
    let id = add(&running, provider_input("Peak")).await["id"].clone();
    let same =
        json!({"id": id, "name": "Peak", "apiUrl": "https://panel.example/api/v2", "priority": 1});
    running.data(UPDATE, json!({"input": same})).await;
    running.data(UPDATE, json!({"input": {"id": id}})).await;
    let types =
        ["ProviderRenamed", "ProviderUrlChanged", "ProviderPriorityChanged", "ProviderKeyReplaced"];
    assert_eq!(count_events(&running, &types).await, 0);
    let other = json!({
        "id": id, "name": "Summit", "apiUrl": "https://other.example/", "priority": 2,
        "apiKey": "another key, z9y8",
    });
    let updated = running.data(UPDATE, json!({"input": other})).await;
    let expected = json!({
        "name": "Summit", "apiUrl": "https://other.example/", "apiKeyHint": "z9y8", "priority": 2,
        "status": "ACTIVE",
    });
    assert_eq!(updated["updateProvider"]["provider"], expected);
    assert_eq!(count_events(&running, &types).await, 4);
    running.stop().await;
}

#[tokio::test]
async fn status_is_toggled_and_set_for_all_or_none() {
    let running = Running::start().await;
    let one = add(&running, provider_input("one")).await["id"].clone();
    let two = add(&running, provider_input("two")).await["id"].clone();
    let status = async |query: &str, variables: Value| running.data(query, variables).await;
    let toggled = status(TOGGLE, json!({"id": one})).await;
    assert_eq!(toggled["toggleProviderStatus"]["provider"]["status"], "INACTIVE");
    let all = json!({"ids": [one, two, one], "status": "INACTIVE"});
    let set = status(SET_STATUS, all.clone()).await["setProviderStatus"]["providers"].clone();
    let answered: Vec<&Value> = set.as_array().unwrap().iter().map(|p| &p["id"]).collect();
    assert_eq!(answered, [&one, &two, &one]);
    assert!(set.as_array().unwrap().iter().all(|provider| provider["status"] == "INACTIVE"));
    assert_eq!(count_events(&running, &["ProviderDeactivated"]).await, 2);
    status(SET_STATUS, all).await;
    assert_eq!(count_events(&running, &["ProviderDeactivated"]).await, 2);
    let unknown = json!({"ids": [one, NOBODY], "status": "ACTIVE"});
    let refused = running.refusal(SET_STATUS, unknown).await;
    assert_eq!(refused["extensions"]["code"], "NOT_FOUND");
    assert_eq!(count_events(&running, &["ProviderActivated"]).await, 0);
    for ids in [json!([]), json!(vec![NOBODY; 1001]), json!(["no id"])] {
        let refused = running.refusal(SET_STATUS, json!({"ids": ids, "status": "ACTIVE"})).await;
        assert_eq!(code_and_field(&refused), ("INVALID_INPUT".to_owned(), json!("ids")));
    }
    running.stop().await;
}

#[tokio::test]
async fn concurrent_toggles_all_count() {
    let running = Running::start().await;
    let id = add(&running, provider_input("Peak")).await["id"].clone();
    let toggles = (0..6).map(|_| running.data(TOGGLE, json!({"id": id})));
    futures_util::future::join_all(toggles).await;
    assert_eq!(count_events(&running, &["ProviderDeactivated"]).await, 3);
    assert_eq!(count_events(&running, &["ProviderActivated"]).await, 3);
    running.stop().await;
}

#[tokio::test]
async fn unknown_and_deleted_providers_are_not_found() {
    let running = Running::start().await;
    let gone = add(&running, provider_input("gone")).await["id"].clone();
    assert_eq!(
        running.data(DELETE, json!({"id": gone})).await["deleteProvider"]["deletedId"],
        gone
    );
    let sync = "mutation($id: ID!) { syncProviderServices(id: $id) { position } }";
    let test = "mutation($id: ID!) { testProviderConnection(id: $id) { ok } }";
    for id in [gone, json!(NOBODY)] {
        for query in [TOGGLE, DELETE, RETIRE, sync, test] {
            let refused = running.refusal(query, json!({"id": id})).await;
            assert_eq!(refused["extensions"]["code"], "NOT_FOUND", "{query}: {refused}");
        }
        let update = running.refusal(UPDATE, json!({"input": {"id": id, "name": "x"}})).await;
        assert_eq!(update["extensions"]["code"], "NOT_FOUND");
        let found = running.data("query($id: ID!) { provider(id: $id) { id } }", json!({"id": id}));
        assert_eq!(found.await["provider"], Value::Null);
    }
    running.stop().await;
}

#[tokio::test]
async fn delete_waits_for_retired_services_and_history_goes_on_naming_the_provider() {
    let running = Running::start().await;
    let panel = generated_panel(30, 1).await;
    let id = running.add_panel("Peak", &panel, 1).await;
    sync(&running, &id).await;
    let refused = running.refusal(DELETE, json!({"id": id})).await;
    assert_eq!(refused["extensions"]["code"], "CONFLICT");
    assert!(refused["message"].as_str().unwrap().contains("30 services"), "{refused}");
    let retired = running.data(RETIRE, json!({"id": id})).await;
    assert_eq!(retired["retireServices"]["services"].as_array().unwrap().len(), 30);
    assert_eq!(services(&running, &id).await, Vec::<Value>::new());
    let again = running.data(RETIRE, json!({"id": id})).await;
    assert_eq!(again["retireServices"]["services"], json!([]));
    running.data(DELETE, json!({"id": id})).await;
    let logs = running.data("{ syncLogs { nodes { provider { name } } } }", json!({})).await;
    assert_eq!(logs["syncLogs"]["nodes"][0]["provider"]["name"], "Peak");
    running.stop().await;
}

#[tokio::test]
async fn services_and_provider_stay_while_orders_of_them_are_open() {
    let running = Running::start().await;
    let (one, two) = (panel(plain_rows(5)).await, panel(plain_rows(5)).await);
    let first = running.add_panel("first", &one, 1).await;
    let second = running.add_panel("second", &two, 2).await;
    sync(&running, &first).await;
    sync(&running, &second).await;
    let ordered = service(&running, &first, 1).await["id"].clone();
    let backup = service(&running, &second, 1).await["id"].clone();
    assert_eq!(map(&running, &ordered, &backup, 1).await["errors"], Value::Null);
    one.set_faults(vec![FaultRule::on(Action::Add, Fault::Refuse("Incorrect service ID".into()))]);
    let placed = place(&running, &ordered, "https://social.example/p/1").await;
    assert_eq!(placed["errors"], Value::Null, "{placed}");
    while two.orders().is_empty() {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    // The first's service was ordered, the second's stands in for it.
    for id in [&first, &second] {
        let refused = running.refusal(RETIRE, json!({"id": id})).await;
        assert_eq!(refused["extensions"]["code"], "CONFLICT", "{refused}");
        assert!(refused["message"].as_str().unwrap().starts_with("1 orders"), "{refused}");
    }
    assert_eq!(count_events(&running, &["ServiceRetired", "ServiceUnmapped"]).await, 0);
    running.stop().await;
}

#[tokio::test]
async fn retired_services_are_nobodys_backups_and_come_back_off_sale() {
    let running = Running::start().await;
    let (one, two) = (panel(plain_rows(3)).await, panel(plain_rows(3)).await);
    let first = running.add_panel("first", &one, 1).await;
    let second = running.add_panel("second", &two, 2).await;
    sync(&running, &first).await;
    sync(&running, &second).await;
    for id in 1..=3 {
        let ours = service(&running, &first, id).await["id"].clone();
        for backup in 1..=2 {
            let theirs = service(&running, &second, backup).await["id"].clone();
            map(&running, &ours, &theirs, 1).await;
        }
    }
    running.data(RETIRE, json!({"id": second})).await;
    assert_eq!(count_events(&running, &["ServiceUnmapped"]).await, 6);
    let left = services(&running, &first).await;
    assert!(left.iter().all(|service| service["backups"] == json!([])), "{left:?}");
    let run = sync(&running, &second).await;
    assert_eq!((&run["imported"], &run["updated"]), (&json!(0), &json!(3)), "{run}");
    let back = services(&running, &second).await;
    assert_eq!(back.len(), 3);
    assert!(back.iter().all(|service| service["listed"] == true && service["enabled"] == false));
    running.stop().await;
}
