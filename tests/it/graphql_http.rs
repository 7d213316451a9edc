//! GraphQL over HTTP: who gets in, what is taken, and which status says what.

use axum::{
    body::Body,
    http::{Method, Request, StatusCode, header},
};
use serde_json::{Value, json};
use signalbox::{
    domain::Position,
    projection::{ReadModel, ReadModels},
};

use crate::graphql_installation::{Answer, Installation, TOKEN, post};

const NEW: &str = "application/graphql-response+json";
const OLD: &str = "application/json";

async fn posted(shop: &Installation, accept: &str, body: &Value) -> Answer {
    let request = post().header(header::ACCEPT, accept).body(body.to_string().into()).unwrap();
    shop.send(request).await
}

async fn got(shop: &Installation, path: &str) -> Answer {
    let request = Request::get(path).header(header::AUTHORIZATION, format!("Bearer {TOKEN}"));
    shop.send(request.body(Body::empty()).unwrap()).await
}

fn code(answer: &Answer) -> &str {
    answer.body["errors"][0]["extensions"]["code"].as_str().unwrap_or("none")
}

#[tokio::test]
async fn nobody_gets_in_without_the_token() {
    let shop = Installation::start().await;
    for authorization in [None, Some("Bearer wrong"), Some("Basic abc")] {
        let mut request = Request::post("/graphql").header(header::CONTENT_TYPE, OLD);
        if let Some(value) = authorization {
            request = request.header(header::AUTHORIZATION, value);
        }
        let body = json!({"query": "{ __typename }"}).to_string();
        let answer = shop.send(request.body(body.into()).unwrap()).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
        assert_eq!(answer.headers[header::WWW_AUTHENTICATE], "Bearer");
        assert_eq!(code(&answer), "UNAUTHENTICATED");
        assert_eq!(answer.body.get("data"), None);
    }
}

#[tokio::test]
async fn body_must_be_json_and_the_answer_may_be_nothing_else() {
    let shop = Installation::start().await;
    let request = Request::post("/graphql")
        .header(header::AUTHORIZATION, format!("Bearer {TOKEN}"))
        .header(header::CONTENT_TYPE, "text/plain");
    let answer = shop.send(request.body("{}".into()).unwrap()).await;
    assert_eq!(answer.status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
    let answer = posted(&shop, "text/html", &json!({"query": "{ __typename }"})).await;
    assert_eq!(answer.status, StatusCode::NOT_ACCEPTABLE);
}

#[tokio::test]
async fn body_may_have_a_mebibyte() {
    let shop = Installation::start().await;
    let padded =
        |bytes| json!({"query": "{ __typename }", "variables": {"unused": "x".repeat(bytes)}});
    assert_eq!(posted(&shop, NEW, &padded(900 * 1024)).await.status, StatusCode::OK);
    let answer = posted(&shop, NEW, &padded(1024 * 1024)).await;
    assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(code(&answer), "INVALID_INPUT");
}

#[tokio::test]
async fn query_goes_by_get_and_a_mutation_does_not() {
    let shop = Installation::start().await;
    let path = "/graphql?query=query%20Q(%24n%3AInt)%7Border(number%3A%24n)%7Bid%7D%7D\
                &variables=%7B%22n%22%3A1%7D&operationName=Q";
    let answer = got(&shop, path).await;
    assert_eq!((answer.status, answer.body), (StatusCode::OK, json!({"data": {"order": null}})));
    let path = "/graphql?query=mutation%7BdeleteProvider(id%3A%22x%22)%7BdeletedId%7D%7D";
    let answer = got(&shop, path).await;
    assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(answer.headers[header::ALLOW], "POST");
    assert_eq!(got(&shop, "/graphql").await.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn other_methods_and_addresses_are_not_there() {
    let shop = Installation::start().await;
    let request = Request::builder().method(Method::DELETE).uri("/graphql");
    let answer = shop.send(request.body(Body::empty()).unwrap()).await;
    assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(answer.headers[header::ALLOW], "GET,HEAD,POST");
    let answer = got(&shop, "/nowhere").await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
    assert_eq!(answer.body, json!({"error": "there is nothing at /nowhere"}));
}

#[tokio::test]
async fn position_that_the_journal_has_not_reached_times_out() {
    let shop = Installation::start().await;
    let query = "{ providers { id } }";
    assert_eq!(
        shop.ask_at(Position(0), query, json!({})).await,
        json!({"data": {"providers": []}})
    );
    let answer = shop.ask_at(Position(1), query, json!({})).await;
    let extensions = &answer["errors"][0]["extensions"];
    assert_eq!(*extensions, json!({"code": "TIMEOUT", "position": "1"}));
}

#[tokio::test]
async fn page_to_try_things_on_asks_nobody_but_the_service() {
    let shop = Installation::start().await;
    let page = got(&shop, "/graphiql").await;
    assert_eq!(page.status, StatusCode::OK);
    let policy = page.headers[header::CONTENT_SECURITY_POLICY].to_str().unwrap();
    assert!(policy.starts_with("default-src 'none'; script-src 'self';"));
    let html = page.body.as_str().unwrap();
    assert!(!html.contains("//"), "{html}");
    let files: Vec<&str> = html.split('"').filter(|part| part.starts_with("/graphiql/")).collect();
    assert_eq!(files.len(), 2);
    for file in files.into_iter().chain(["/graphiql/schema.graphql"]) {
        assert_eq!(got(&shop, file).await.status, StatusCode::OK, "{file}");
    }
}

#[tokio::test]
async fn program_is_ready_when_every_part_is() {
    let shop = Installation::start().await;
    assert_eq!(got(&shop, "/healthz").await.status, StatusCode::OK);
    let answer = got(&shop, "/readyz").await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    assert_eq!(answer.body["ready"], true);
    assert_eq!(answer.body["dispatching"], "not yet");
    let models = answer.body["projections"].as_array().unwrap();
    assert_eq!(models.len(), ReadModels::embedded().len());
}

#[tokio::test]
async fn program_is_not_ready_while_a_migration_is_missing() {
    let shop = Installation::start().await;
    let last =
        "delete from _sqlx_migrations where version = (select max(version) from _sqlx_migrations)";
    sqlx::query(last).execute(shop.pool()).await.unwrap();
    let answer = got(&shop, "/readyz").await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(answer.body["migrations"]["ok"], false);
}

#[tokio::test]
async fn program_is_not_ready_while_a_read_model_has_stopped() {
    let broken = ReadModel::new(
        "broken",
        "create function fold(after_position bigint, upto_position bigint) returns void
         language sql as $$ select 1 / 0 $$;",
    );
    let shop = Installation::with_models(vec![broken]).await;
    crate::graphql_facts::provider(&shop, "alpha", 1).await;
    let mut progress = shop.projections.subscribe();
    progress.wait_for(|models| models[0].stopped.is_some()).await.unwrap();
    let answer = got(&shop, "/readyz").await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(answer.body["projections"][0]["stopped"], "position 1: division by zero");
}
