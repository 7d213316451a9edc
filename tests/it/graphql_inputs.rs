//! What clients may not say, and how they are told.

use serde_json::{Value, json};
use test_case::test_case;

use crate::graphql_installation::Installation;

const ID: &str = "0197b0a4-5a3c-7cc0-8000-3f6f1c2d9e11";

#[test_case("{ provider(id: \"7\") { id } }" => "id"; "an id that is none")]
#[test_case("{ orders(first: 0) { nodes { id } } }" => "first"; "a page of nothing")]
#[test_case("{ services(first: 1001) { nodes { id } } }" => "first"; "a page over a thousand")]
#[test_case("{ events(first: -1) { nodes { type } } }" => "first"; "a negative page")]
#[test_case("{ orders(after: \"x\") { nodes { id } } }" => "after"; "a cursor that is none")]
#[test_case("{ events(after: \"x\") { nodes { type } } }" => "after"; "a position that is none")]
#[test_case("{ events(filter: {stream: \"x\"}) { nodes { type } } }" => "stream"; "a stream that is none")]
#[test_case("{ events(filter: {since: \"today\"}) { nodes { type } } }" => "since"; "a time that is none")]
#[test_case("{ orders(filter: {link: \"\\u0000\"}) { nodes { id } } }" => "link"; "a text that no database holds")]
#[test_case("{ orders(filter: {status: [SHIPPED]}) { nodes { id } } }" => "status"; "a word of no enum")]
#[test_case("{ orders(filter: {serviceId: \"x\"}) { nodes { id } } }" => "serviceId"; "an id in a filter")]
#[test_case("{ order { id } }" => "id"; "neither id nor number")]
#[test_case("{ providerPerformance(days: 0) { date } }" => "days"; "no days")]
#[test_case("{ providerPerformance(days: 367) { date } }" => "days"; "more days than a year has")]
#[test_case("{ nonsense }" => "query"; "a field that is not there")]
#[tokio::test]
async fn query_that_breaks_a_rule_is_told_the_field(query: &str) -> String {
    let shop = Installation::start().await;
    let extensions = shop.refusal(query, json!({})).await;
    assert_eq!(extensions["code"], "INVALID_INPUT");
    extensions["field"].as_str().unwrap().to_owned()
}

#[test_case(json!({"serviceId": "x", "link": "a"}) => "serviceId"; "an id that is none")]
#[test_case(json!({"serviceId": ID, "link": "a", "quantity": 9_007_199_254_740_993_i64}) => "quantity"; "a number too large")]
#[test_case(json!({"serviceId": ID, "link": "a", "quantity": "5"}) => "quantity"; "a number as a text")]
#[test_case(json!({"serviceId": ID, "link": "a", "fields": ["b"]}) => "fields"; "fields that are no object")]
#[test_case(json!({"serviceId": ID, "link": "a", "fields": {"runs": {}}}) => "runs"; "a field that is no text")]
#[tokio::test]
async fn order_that_breaks_a_rule_is_told_the_field(input: Value) -> String {
    let shop = Installation::start().await;
    let mutation = "mutation ($input: PlaceOrderInput!) { placeOrder(input: $input) { position } }";
    let extensions = shop.refusal(mutation, json!({"input": input})).await;
    assert_eq!(extensions["code"], "INVALID_INPUT");
    extensions["field"].as_str().unwrap().to_owned()
}

#[test_case(json!([]), json!({}) => "ids"; "no ids")]
#[test_case(json!(vec![ID; 1001]), json!({}) => "ids"; "over a thousand ids")]
#[test_case(json!(["x"]), json!({}) => "ids"; "an id that is none")]
#[test_case(json!([ID]), json!({"price": 1.5}) => "price"; "a price as a number")]
#[test_case(json!([ID]), json!({"markupPercent": "x"}) => "markupPercent"; "a markup that is none")]
#[tokio::test]
async fn bulk_change_that_breaks_a_rule_is_told_the_field(ids: Value, patch: Value) -> String {
    let shop = Installation::start().await;
    let mutation = "mutation ($ids: [ID!]!, $patch: ServicePatch!) {
        updateServices(ids: $ids, patch: $patch) { position }
    }";
    let extensions = shop.refusal(mutation, json!({"ids": ids, "patch": patch})).await;
    assert_eq!(extensions["code"], "INVALID_INPUT");
    extensions["field"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn wrong_value_is_told_what_would_be_right() {
    let shop = Installation::start().await;
    let answer = shop.ask("{ events(after: \"x\") { nodes { type } } }", json!({})).await;
    let message = answer["errors"][0]["message"].as_str().unwrap();
    assert!(message.contains("a position as a string, such as \"42\""), "{message}");
}

#[tokio::test]
async fn examples_of_the_readme_are_requests_that_the_schema_knows() {
    let (_, rest) = include_str!("../../README.md").split_once("```graphql\n").unwrap();
    let (examples, _) = rest.split_once("```").unwrap();
    let shop = Installation::start().await;
    let mut asked = 0;
    for example in examples.lines().filter(|example| !example.starts_with("subscription")) {
        let answer = shop.ask(example, json!({})).await;
        let field = answer.pointer("/errors/0/extensions/field");
        assert_ne!(field, Some(&json!("query")), "{example}: {answer}");
        asked += 1;
    }
    assert!(asked > 5, "{asked} examples");
}
