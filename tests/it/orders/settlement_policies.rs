//! What becomes of doubt that a service's policy gives up, through the whole stack.

use serde_json::json;
use signalbox::simulator::{Action, Fault, FaultRule};

use super::{
    settlement::{eager, exclusive_shop, order_in_doubt, running, settled_as, silent},
    settling::let_the_waiting_time_pass,
};
use crate::support::{
    api::until,
    catalogue::update_services,
    receiver::{Habit, Receiver, tell},
    running::Running,
    shop::Shop,
};

async fn set_policy(running: &Running, shop: &Shop, action: &str) {
    let policy = json!({"doubtPolicy": {"action": action, "afterMinutes": 1}});
    update_services(running, &[&json!(shop.service)], policy).await;
    let query = "query($id: ID!) { service(id: $id) { doubtPolicy { action afterMinutes } } }";
    let service = running.data(query, json!({"id": shop.service})).await["service"].clone();
    assert_eq!(service["doubtPolicy"], json!({"action": action, "afterMinutes": 1}));
}

/// Puts everything that is in doubt a day into the past.
async fn let_the_policys_time_pass(running: &Running) {
    let pool = running.database.pool();
    let_the_waiting_time_pass(pool).await;
    let schema: String = sqlx::query_scalar(
        "select schemaname from pg_tables where tablename = 'attempts' and schemaname like 'attempts_%'",
    )
    .fetch_one(pool)
    .await
    .unwrap();
    let sql = format!(
        "update {schema}.attempts set since = since - interval '1 day' where outcome = 'IN_DOUBT'"
    );
    sqlx::query(&sql).execute(pool).await.unwrap();
}

/// How many attempts are given up and still open, as the metrics have it.
async fn given_up(running: &Running) -> String {
    signalbox::metrics::install();
    let text = running.get("/metrics").await.text().await.unwrap();
    let mut lines = text.lines();
    let count = lines.find_map(|line| line.strip_prefix("signalbox_given_up_attempts "));
    count.unwrap_or("none").to_owned()
}

#[tokio::test]
async fn charge_is_returned_where_the_policy_says_so_and_a_late_find_is_an_alarm() {
    let running = running().await;
    let shop = Shop::open(&running, 2).await;
    set_policy(&running, &shop, "RETURN_CHARGE").await;
    let id = order_in_doubt(&running, &shop).await;
    let_the_policys_time_pass(&running).await;
    let order = settled_as(&running, &id, "FAILED").await;
    assert_eq!(order["attempts"][0]["outcome"], "IN_DOUBT");
    assert_eq!(shop.held(), [1, 0]);
    assert_eq!(given_up(&running).await, "1");
    let there = shop.panels[0].orders()[0].id.to_string();
    let settled = running.settle(&id, "PLACED", Some(&there)).await;
    assert_eq!(settled["data"]["settleAttempt"]["order"]["status"], "FAILED", "{settled}");
    let alerts = running.data("{ alerts(first: 1) { nodes { kind } } }", json!({})).await;
    assert_eq!(alerts["alerts"]["nodes"][0]["kind"], "DUPLICATE_FOUND");
    assert_eq!(given_up(&running).await, "0");
    running.stop().await;
}

#[tokio::test]
async fn given_up_attempt_is_settled_as_placed_only_with_an_id_that_no_other_order_has() {
    let running = running().await;
    let shop = Shop::open(&running, 1).await;
    set_policy(&running, &shop, "RETURN_CHARGE").await;
    let other = running.place(shop.order("https://social.example/p/other")).await;
    let taken = running.order_at_rest(&other).await["apiOrderId"].as_str().unwrap().to_owned();
    let id = order_in_doubt(&running, &shop).await;
    let_the_policys_time_pass(&running).await;
    settled_as(&running, &id, "FAILED").await;
    let answer = running.settle(&id, "PLACED", Some(&taken)).await;
    assert_eq!(answer["errors"][0]["extensions"]["code"], "CONFLICT", "{answer}");
    assert!(answer["errors"][0]["message"].as_str().unwrap().contains(&other), "{answer}");
    assert_eq!(running.order(&id).await["attempts"][0]["outcome"], "IN_DOUBT");

    let there = shop.panels[0].orders().last().unwrap().id.to_string();
    let settled = running.settle(&id, "PLACED", Some(&there)).await;
    assert_eq!(settled.get("errors"), None, "{settled}");
    let next = order_in_doubt(&running, &shop).await;
    let answer = running.settle(&next, "PLACED", Some(&there)).await;
    assert_eq!(answer["errors"][0]["extensions"]["code"], "CONFLICT", "{answer}");
    assert!(answer["errors"][0]["message"].as_str().unwrap().contains(&id), "{answer}");
    running.stop().await;
}

#[tokio::test]
async fn order_goes_on_at_its_owners_risk_where_the_policy_says_so() {
    let running = running().await;
    let shop = Shop::open(&running, 2).await;
    set_policy(&running, &shop, "ACCEPT_RISK").await;
    let id = order_in_doubt(&running, &shop).await;
    let_the_policys_time_pass(&running).await;
    let order = settled_as(&running, &id, "PENDING").await;
    assert_eq!(order["provider"]["name"], "panel 2");
    assert_eq!(shop.held(), [1, 1]);
    let there = shop.panels[0].orders()[0].id.to_string();
    let settled = running.settle(&id, "PLACED", Some(&there)).await;
    assert_eq!(settled["data"]["settleAttempt"]["order"]["status"], "PENDING", "{settled}");
    let order = running.order(&id).await;
    assert_eq!(order["provider"]["name"], "panel 2");
    assert_eq!(order["attempts"][0]["outcome"], "PLACED");
    running.stop().await;
}

#[tokio::test]
async fn order_that_evidence_finds_after_the_risk_was_accepted_is_a_duplicate_that_operators_hear_of()
 {
    let receiver = Receiver::start(Habit::Accepts).await;
    let running = Running::start_with(|config| {
        eager(config);
        tell(config, receiver.channels());
    })
    .await;
    let shop = exclusive_shop(&running, 2).await;
    set_policy(&running, &shop, "ACCEPT_RISK").await;
    let tells_nothing = [Action::Balance, Action::Orders, Action::Status]
        .map(|action| FaultRule::on(action, Fault::ServerError));
    shop.panels[0].set_faults([silent(), tells_nothing.to_vec()].concat());
    let id = running.place(shop.order("https://social.example/p/1")).await;
    assert_eq!(running.order_at_rest(&id).await["status"], "IN_DOUBT");
    let_the_policys_time_pass(&running).await;
    let order = settled_as(&running, &id, "PENDING").await;
    assert_eq!(order["provider"]["name"], "panel 2");
    assert_eq!((shop.held(), receiver.told().len()), (vec![2, 1], 0));

    shop.panels[0].clear_faults();
    until("the alert is delivered", async || !receiver.accepted().is_empty()).await;
    let there = shop.panels[0].orders()[1].id.to_string();
    let order = settled_as(&running, &id, "PENDING").await;
    let found = order["timeline"].as_array().unwrap().iter();
    let found: Vec<_> = found.filter(|event| event["type"] == "DuplicateFound").collect();
    assert_eq!(found.len(), 1, "{order}");
    assert_eq!(found[0]["payload"]["api_order_id"], there);
    let [told] = &receiver.accepted()[..] else { panic!("{:?}", receiver.told()) };
    assert_eq!(told.body["kind"], "DUPLICATE_FOUND");
    assert_eq!(told.body["provider"], "panel 1");
    let message = told.body["message"].as_str().unwrap();
    assert!(message.contains(&there), "{message}");
    running.stop().await;
}

#[tokio::test]
async fn order_is_held_without_end_where_nothing_else_is_said() {
    let running = running().await;
    let shop = Shop::open(&running, 2).await;
    let id = order_in_doubt(&running, &shop).await;
    let_the_policys_time_pass(&running).await;
    let looks = || shop.panels[0].state().requests.get(&Action::Balance).copied().unwrap_or(0);
    let before = looks();
    until("it was looked again", async || looks() >= before + 4).await;
    assert_eq!(running.order(&id).await["status"], "IN_DOUBT");
    running.stop().await;
}

#[tokio::test]
async fn policy_that_means_nothing_is_refused() {
    let running = running().await;
    let shop = Shop::open(&running, 1).await;
    let update = "mutation($ids: [ID!]!, $patch: ServicePatch!) {
        updateServices(ids: $ids, patch: $patch) { position } }";
    for policy in [
        json!({"action": "HOLD", "afterMinutes": 5}),
        json!({"action": "ACCEPT_RISK"}),
        json!({"action": "RETURN_CHARGE", "afterMinutes": 0}),
    ] {
        let variables = json!({"ids": [shop.service], "patch": {"doubtPolicy": policy}});
        let error = running.refusal(update, variables).await;
        assert_eq!(error["extensions"]["field"], "doubtPolicy", "{error}");
    }
    running.stop().await;
}
