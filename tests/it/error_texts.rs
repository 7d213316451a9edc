//! What operators say of error texts, through the whole stack.

use serde_json::{Value, json};
use signalbox::{
    projection::{ReadModels, rebuild},
    simulator::{Action, Fault, FaultRule},
};

use crate::{
    projections::contents,
    support::{running::Running, shop::Shop},
};

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
    let listed = running.data(TEXTS, json!({})).await;
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
    let pool = running.database.pool();
    for model in ReadModels::embedded() {
        if ["ledgers", "error_texts"].contains(&model.name()) {
            rebuild(pool, &model, "rebuilt", 10).await.unwrap();
            let live = contents(pool, &model.schema()).await;
            assert_eq!(contents(pool, "rebuilt").await, live, "{}", model.name());
        }
    }
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
