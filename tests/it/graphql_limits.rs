//! How much one request may ask for.

use std::time::Instant;

use async_graphql::parser::parse_query;
use futures_util::{StreamExt, stream};
use serde_json::{Value, json};
use test_case::test_case;
use uuid::Uuid;

use crate::{
    graphql_facts::{order, provider, service},
    graphql_installation::Installation,
};

/// What GraphiQL and code generators ask first, as graphql-js writes it.
const INTROSPECTION: &str = include_str!("graphql_introspection.graphql");

#[tokio::test]
async fn standard_introspection_is_within_the_limits() {
    let shop = Installation::start().await;
    assert!(parse_query(INTROSPECTION).is_ok());
    let schema = shop.data(INTROSPECTION, json!({})).await["__schema"].clone();
    assert_eq!(schema["subscriptionType"]["name"], "Subscription");
}

fn repeated(count: usize, part: impl Fn(usize) -> String) -> String {
    format!("{{ {} }}", (0..count).map(part).collect::<Vec<_>>().join(" "))
}

fn nested(levels: usize) -> String {
    let within = |inner: String, _| format!("backups {{ service {{ {inner} }} }}");
    let inner = (0..levels).fold("id".to_owned(), within);
    format!("{{ services {{ nodes {{ {inner} }} }} }}")
}

#[test_case(repeated(101, |n| format!("a{n}: __typename")), "at its root"; "a hundred aliases of one field")]
#[test_case(format!("{{ providers {} }}", repeated(100, |n| format!("a{n}: name"))), "aliases"; "a hundred aliases below")]
#[test_case(format!("{{ providers {} }}", repeated(301, |_| "name".to_owned())), "in all"; "three hundred fields")]
#[test_case(nested(7), "nests 17"; "depth")]
#[test_case(format!("{{ providers(status: {}1{}) {{ id }} }}", "[".repeat(1500), "]".repeat(1500)), "nests 1502"; "brackets")]
#[test_case(format!("{{ __typename }} #{}", "x".repeat(70_000)), "bytes"; "text")]
#[test_case(repeated(5000, |_| "a".to_owned()), "tokens"; "tokens")]
#[tokio::test]
async fn more_than_one_request_may_ask_for_is_refused(query: String, problem: &str) {
    let shop = Installation::start().await;
    let asked = Instant::now();
    let answer = shop.ask(&query, json!({})).await;
    let error = &answer["errors"][0];
    assert!(error["message"].as_str().unwrap().contains(problem), "{error}");
    assert_eq!(error["extensions"], json!({"code": "INVALID_INPUT", "field": "query"}));
    assert_eq!(answer.get("data"), None);
    assert!(asked.elapsed().as_secs() < 5);
}

#[tokio::test]
async fn fragments_that_double_each_other_are_refused_at_once() {
    let shop = Installation::start().await;
    let mut query = "{ services { nodes { ...f0 } } }".to_owned();
    for level in 0..60 {
        let next = level + 1;
        query += &format!(" fragment f{level} on Service {{ id ...f{next} ...f{next} }}");
    }
    query += " fragment f60 on Service { id }";
    let error = shop.refusal(&query, json!({})).await;
    assert_eq!(error["code"], "INVALID_INPUT");
}

#[tokio::test]
async fn nothing_of_a_mutation_beyond_the_limits_is_executed() {
    let shop = Installation::start().await;
    let add = |n| {
        format!(
            "a{n}: addProvider(input: {{name: \"p{n}\", apiUrl: \"https://1.1.1.1/\", apiKey: \"k\"}}) {{ position }}"
        )
    };
    let refusal = shop.refusal(&format!("mutation {}", repeated(21, add)), json!({})).await;
    assert_eq!(refusal["code"], "INVALID_INPUT");
    let recorded: i64 =
        sqlx::query_scalar("select count(*) from events").fetch_one(shop.pool()).await.unwrap();
    assert_eq!(recorded, 0);
    shop.data(&format!("mutation {}", repeated(20, add)), json!({})).await;
}

#[tokio::test]
async fn bulk_change_may_name_its_thousand_ids_in_place() {
    let shop = Installation::start().await;
    let ids: Vec<String> = (0..1000).map(|_| format!("\"{}\"", Uuid::now_v7())).collect();
    let query = format!(
        "mutation {{ updateServices(ids: [{}], patch: {{enabled: false}}) {{ position }} }}",
        ids.join(", ")
    );
    assert_eq!(shop.refusal(&query, json!({})).await, json!({"code": "NOT_FOUND"}));
}

#[tokio::test]
async fn answer_leads_to_a_bounded_number_of_related_objects() {
    let shop = Installation::start().await;
    let alpha = provider(&shop, "alpha", 1).await;
    let likes = service(&shop, alpha, 1, "Likes").await;
    let orders = (1..=900).map(|number| order(&shop, number, likes, "a"));
    stream::iter(orders).buffer_unordered(8).collect::<Vec<_>>().await;
    let services = |times: usize| {
        let services = (0..times).map(|n| format!("s{n}: service {{ provider {{ id }} }}"));
        let services: Vec<String> = services.collect();
        format!("{{ orders(first: 1000) {{ nodes {{ {} }} }} }}", services.join(" "))
    };
    let data = shop.data(&services(20), json!({})).await;
    assert_eq!(data["orders"]["nodes"].as_array().map(Vec::len), Some(900));
    let refusal = shop.refusal(&services(30), json!({})).await;
    assert_eq!(refusal, json!({"code": "INVALID_INPUT", "field": "query"}));
}

#[tokio::test]
async fn query_that_takes_too_long_is_given_up() {
    let shop = Installation::start().await;
    let mut held = shop.pool().begin().await.unwrap();
    let tables: Vec<String> = sqlx::query_scalar(
        "select format('%I.%I', schemaname, tablename) from pg_tables where tablename = 'orders'",
    )
    .fetch_all(shop.pool())
    .await
    .unwrap();
    for table in tables {
        let lock = format!("lock table {table} in access exclusive mode");
        sqlx::query(&lock).execute(&mut *held).await.unwrap();
    }
    let asked = Instant::now();
    let answer = shop.ask("{ orders { nodes { id } } }", json!({})).await;
    assert_eq!(answer["errors"][0]["extensions"], json!({"code": "TIMEOUT"}));
    assert_eq!(answer.get("data"), None::<&Value>);
    assert!((9..15).contains(&asked.elapsed().as_secs()));
}
