//! What operators say of error texts, through the whole stack.

use std::time::Duration;

use serde_json::{Value, json};
use signalbox::{
    process::{CallPace, DoubtPace},
    projection::{ReadModels, rebuild},
    simulator::{Action, Fault, FaultRule},
};

use crate::{
    projections::contents,
    support::{api::until, running::Running, shop::Shop},
};

const SECOND: Duration = Duration::from_secs(1);

const TEXTS: &str = "query($class: ErrorClass) { errorTexts(class: $class) { nodes {
    text class ledger byOperator note count providers { count provider { name } } } } }";
const RECLASSIFY: &str = "mutation($text: String!, $class: ErrorClass) {
    reclassifyErrorText(text: $text, class: $class, note: \"their support says so\") {
        errorText { text class byOperator } position } }";
const PERFORMANCE: &str = "query($id: ID!) { providerPerformance(providerId: $id, days: 2) {
    totalOrders successfulOrders failedOrders inDoubtOrders
    transportFailures providerFailures requestFailures successRate } }";

fn answer(words: &str) -> Vec<FaultRule> {
    vec![FaultRule::on(Action::Add, Fault::Refuse(words.to_owned()))]
}

async fn reclassify(running: &Running, text: &str, class: Option<&str>) -> Value {
    let done = running.data(RECLASSIFY, json!({"text": text, "class": class})).await;
    done["reclassifyErrorText"]["errorText"].clone()
}

/// Places an order; returns how it stands once nobody is to be asked for it.
async fn ordered(running: &Running, shop: &Shop, number: u32) -> Value {
    let id = running.place(shop.order(&format!("https://social.example/p/{number}"))).await;
    running.order_at_rest(&id).await
}

/// Attempts that failed or are in doubt, by ledger, summed over the days.
async fn ledgers(running: &Running, provider: &str) -> [i64; 3] {
    let days = running.data(PERFORMANCE, json!({"id": provider})).await;
    let days = days["providerPerformance"].as_array().unwrap().clone();
    let sum = |field: &str| days.iter().map(|day| day[field].as_i64().unwrap()).sum::<i64>();
    let ledgers = ["transportFailures", "providerFailures", "requestFailures"].map(sum);
    assert_eq!(ledgers.iter().sum::<i64>(), sum("failedOrders") + sum("inDoubtOrders"), "{days:?}");
    ledgers
}

async fn rebuilt_equals_live(running: &Running, name: &str) {
    let pool = running.database.pool();
    for model in ReadModels::named(&[name]) {
        rebuild(pool, model, "rebuilt", 10).await.unwrap();
        let live = contents(pool, &model.schema()).await;
        assert_eq!(contents(pool, "rebuilt").await, live, "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn operator_lets_a_text_be_a_refusal_and_takes_it_back_without_a_restart() {
    let running = Running::start().await;
    let shop = Shop::open(&running, 2).await;
    shop.panels[0].set_faults(answer("Order could not be created (code 17)."));
    let held = ordered(&running, &shop, 1).await;
    assert_eq!(held["status"], "IN_DOUBT", "{held}");
    let text = "order could not be created (code #)";
    let listed = running.data(TEXTS, json!({"class": "DOUBT"})).await;
    assert_eq!(
        listed["errorTexts"]["nodes"],
        json!([{"text": text, "class": "DOUBT", "ledger": "PROVIDER", "byOperator": false, "note": null,
            "count": 1, "providers": [{"count": 1, "provider": {"name": "panel 1"}}]}])
    );

    let word =
        reclassify(&running, "Order could not be created (code 9)", Some("MAINTENANCE")).await;
    assert_eq!(word, json!({"text": text, "class": "MAINTENANCE", "byOperator": true}));
    let placed = ordered(&running, &shop, 2).await;
    assert_eq!(
        (&placed["status"], &placed["provider"]["name"]),
        (&json!("PENDING"), &json!("panel 2"))
    );
    let refused = &placed["attempts"][0];
    assert_eq!(refused["outcome"], "REFUSED");
    assert_eq!(refused["reason"], "Order could not be created (code 17).");
    assert_eq!(running.order(held["id"].as_str().unwrap()).await["status"], "IN_DOUBT");

    let word = reclassify(&running, text, None).await;
    assert_eq!(word, json!({"text": text, "class": "DOUBT", "byOperator": false}));
    assert_eq!(ordered(&running, &shop, 3).await["status"], "IN_DOUBT");
    let listed = running.data(TEXTS, json!({"class": "DOUBT"})).await;
    assert_eq!(listed["errorTexts"]["nodes"][0]["count"], 3);
    assert_eq!(shop.asked(), [3, 1]);

    reclassify(&running, text, Some("OVERLOAD")).await;
    let running = Running::start_on(running.stop().await).await;
    assert_eq!(ordered(&running, &shop, 4).await["provider"]["name"], "panel 2");
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn operator_lets_a_documented_refusal_leave_doubt() {
    let running = Running::start().await;
    let shop = Shop::open(&running, 2).await;
    reclassify(&running, "Not enough funds on balance", Some("DOUBT")).await;
    shop.panels[0].set_faults(answer("Not enough funds on balance"));
    assert_eq!(ordered(&running, &shop, 1).await["status"], "IN_DOUBT");
    assert_eq!(shop.asked(), [1, 0]);
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn three_ledgers_are_kept_apart_and_a_reclassification_recounts_the_past() {
    let running = Running::start().await;
    let shop = Shop::open(&running, 2).await;
    let faults = [
        Fault::ServerError,
        Fault::Refuse("Order could not be created (code 17)".to_owned()),
        Fault::Refuse("Ordering is disabled".to_owned()),
        Fault::Refuse("Bad link".to_owned()),
        Fault::Refuse("Bad link".to_owned()),
    ];
    for (fault, number) in faults.into_iter().zip(1..) {
        shop.panels[0].set_faults(vec![FaultRule::on(Action::Add, fault)]);
        ordered(&running, &shop, number).await;
    }
    let provider = &shop.providers[0];
    assert_eq!(ledgers(&running, provider).await, [1, 2, 2]);
    reclassify(&running, "ORDER COULD NOT BE CREATED (code 1)", Some("LINK")).await;
    assert_eq!(ledgers(&running, provider).await, [1, 1, 3]);
    reclassify(&running, "bad link", Some("DIALECT")).await;
    assert_eq!(ledgers(&running, provider).await, [1, 3, 1]);
    reclassify(&running, "bad link", None).await;
    assert_eq!(ledgers(&running, provider).await, [1, 1, 3]);
    rebuilt_equals_live(&running, "ledgers").await;
    rebuilt_equals_live(&running, "error_texts").await;
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn texts_of_other_calls_are_counted_apart_from_those_of_orders() {
    let running = Running::start_with(|config| {
        let minute = Duration::from_millis(100);
        config.monitoring.calls = CallPace { minute, ..CallPace::default() };
        // Else each text would be told of until an order is in doubt no more.
        config.doubt_pace = DoubtPace { look: 3600 * SECOND, ..DoubtPace::default() };
        config.status_pace.first = SECOND / 10;
    })
    .await;
    let shop = Shop::open(&running, 2).await;
    let refuse = |action, words: &str| FaultRule::on(action, Fault::Refuse(words.to_owned()));
    ordered(&running, &shop, 1).await;
    shop.panels[0].set_faults(vec![
        refuse(Action::Add, "Our servers rest (7)").times(1),
        refuse(Action::Balance, "Our servers rest (8)").times(2),
        refuse(Action::Services, "our servers rest (9).").times(1),
        refuse(Action::Status, "API is disabled").times(1),
    ]);
    ordered(&running, &shop, 2).await;
    let test = "mutation($id: ID!) { testProviderConnection(id: $id) { ok } }";
    for _ in 0..2 {
        running.data(test, json!({"id": shop.providers[0]})).await;
    }
    assert_eq!(running.sync(&shop.providers[0]).await["succeeded"], false);
    let calls = "query($after: String) { errorTexts(first: 1, after: $after) {
        pageInfo { endCursor hasNextPage }
        nodes { text class count callCount callLastAt providers { count }
            calls { action count provider { name } } } } }";
    let listed = async || {
        let (mut texts, mut after) = (vec![], Value::Null);
        loop {
            let page = running.data(calls, json!({"after": after})).await["errorTexts"].clone();
            texts.extend(page["nodes"].as_array().unwrap().clone());
            after = page["pageInfo"]["endCursor"].clone();
            if page["pageInfo"]["hasNextPage"] == false {
                return texts;
            }
        }
    };
    let counted =
        async || listed().await.iter().map(|text| text["callCount"].as_i64().unwrap()).sum::<i64>();
    until("all calls are summed up", async || counted().await == 4).await;
    let mut texts = listed().await;
    texts.sort_by_key(|text| text["text"].to_string());
    assert!(texts.iter_mut().all(|text| text["callLastAt"].take().is_string()), "{texts:?}");
    let call =
        |action, count| json!({"action": action, "count": count, "provider": {"name": "panel 1"}});
    let expected = json!([
        {"text": "api is disabled", "class": "MAINTENANCE", "count": 0, "callCount": 1,
            "callLastAt": null, "providers": [], "calls": [call("status", 1)]},
        {"text": "our servers rest (#)", "class": "DOUBT", "count": 1, "callCount": 3,
            "callLastAt": null, "providers": [{"count": 1}],
            "calls": [call("balance", 2), call("services", 1)]},
    ]);
    assert_eq!(json!(texts), expected);
    assert_eq!(ledgers(&running, &shop.providers[0]).await, [0, 1, 0], "orders alone");
    let word = reclassify(&running, "Our servers rest (1)", Some("BAD_KEY")).await;
    assert_eq!(word["class"], "BAD_KEY");
    rebuilt_equals_live(&running, "error_texts").await;
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn word_on_a_text_needs_a_text_and_a_reason() {
    let running = Running::start().await;
    let refused = async |text: &str, note: &str| {
        let reclassify = "mutation($t: String!, $n: String!) {
            reclassifyErrorText(text: $t, class: LINK, note: $n) { position } }";
        let error = running.refusal(reclassify, json!({"t": text, "n": note})).await;
        error["extensions"].clone()
    };
    let invalid = |field: &str| json!({"code": "INVALID_INPUT", "field": field});
    assert_eq!(refused(" ... ", "why").await, invalid("text"));
    assert_eq!(refused(&"x".repeat(501), "why").await, invalid("text"));
    assert_eq!(refused("Bad link", " ").await, invalid("note"));
    running.stop().await;
}
