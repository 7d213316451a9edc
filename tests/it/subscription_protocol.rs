//! How connections of subscriptions begin and end.

use std::time::{Duration, Instant};

use axum::{
    body::Body,
    http::{Request, header},
};
use serde_json::{Value, json};
use test_case::test_case;
use tokio_tungstenite::tungstenite::Message;

use crate::{
    graphql_installation::{Installation, TOKEN},
    subscription_client::{Events, Socket},
    support::{api, running::Running},
};

const PROTOCOL: Option<&str> = Some("graphql-transport-ws");
const FOREVER: &str = "subscription { eventAppended { position } }";

#[test_case(json!({"token": TOKEN}); "as a token")]
#[test_case(json!({"Authorization": format!("Bearer {TOKEN}")}); "as a header")]
#[tokio::test]
async fn token_comes_with_the_first_message(payload: Value) {
    let shop = Installation::start().await;
    let mut socket = Socket::connect(shop.listen().await, PROTOCOL, None).await.unwrap();
    socket.say(json!({"type": "ping", "payload": {"a": 1}})).await;
    assert_eq!(socket.hear().await, json!({"type": "pong", "payload": {"a": 1}}));
    socket.say(json!({"type": "connection_init", "payload": payload})).await;
    assert_eq!(socket.hear().await, json!({"type": "connection_ack"}));
}

#[tokio::test]
async fn token_comes_in_the_header_and_a_wrong_one_is_turned_away_at_once() {
    let shop = Installation::start().await;
    let address = shop.listen().await;
    let bearer = format!("Bearer {TOKEN}");
    let mut socket = Socket::connect(address, PROTOCOL, Some(&bearer)).await.unwrap();
    socket.say(json!({"type": "connection_init"})).await;
    assert_eq!(socket.hear().await, json!({"type": "connection_ack"}));
    assert_eq!(Socket::connect(address, PROTOCOL, Some("Bearer wrong")).await.err(), Some(401));
}

#[test_case(&[json!({"type": "connection_init"})] => 4401; "without a token")]
#[test_case(&[json!({"type": "connection_init", "payload": {"token": "wrong"}})] => 4401; "with a wrong token")]
#[test_case(&[json!({"type": "subscribe", "id": "1", "payload": {"query": FOREVER}})] => 4401; "asking first")]
#[test_case(&[json!({"type": "nonsense"})] => 4400; "with a word that there is not")]
#[test_case(&[json!(7)] => 4400; "with no message")]
#[test_case(&[init(), init()] => 4429; "beginning twice")]
#[test_case(&[init(), subscribe(), subscribe()] => 4409; "with an id that is taken")]
#[test_case(&[init(), json!({"type": "subscribe", "id": "1"})] => 4400; "without an operation")]
#[tokio::test]
async fn client_that_breaks_the_protocol_is_told_by_the_code(said: &[Value]) -> u16 {
    let shop = Installation::start().await;
    let mut socket = Socket::connect(shop.listen().await, PROTOCOL, None).await.unwrap();
    for message in said {
        socket.say(message.clone()).await;
    }
    if said.contains(&init()) {
        assert_eq!(socket.hear().await, json!({"type": "connection_ack"}));
    }
    socket.close_code().await
}

fn init() -> Value {
    json!({"type": "connection_init", "payload": {"token": TOKEN}})
}

fn subscribe() -> Value {
    json!({"type": "subscribe", "id": "1", "payload": {"query": FOREVER}})
}

#[tokio::test]
async fn other_protocols_bytes_and_silence_end_a_connection() {
    let shop = Installation::start().await;
    let address = shop.listen().await;
    let mut silent = Socket::connect(address, PROTOCOL, None).await.unwrap();
    let mut other = Socket::connect(address, None, None).await.unwrap();
    assert_eq!(other.close_code().await, 4406);
    let mut bytes = Socket::open(address).await;
    bytes.send(Message::binary(vec![1, 2, 3])).await;
    assert_eq!(bytes.close_code().await, 4400);
    assert_eq!(silent.close_code().await, 4408);
}

#[tokio::test]
async fn every_kind_of_operation_goes_over_a_connection() {
    let shop = Installation::start().await;
    let mut socket = Socket::open(shop.listen().await).await;
    let all = "subscription { eventAppended(after: \"0\") { position } }";
    socket.subscribe("a", all, json!({})).await;
    let add = "mutation { addProvider(input: {name: \"A\", apiUrl: \"https://1.1.1.1/\", apiKey: \"k\"}) { position } }";
    socket.subscribe("b", add, json!({})).await;
    let (mut followed, mut added) = (vec![], vec![]);
    while followed.len() + added.len() < 4 {
        let message = socket.hear().await;
        if message["id"] == "a" { followed.push(message) } else { added.push(message) }
    }
    let next = |id, data| json!({"type": "next", "id": id, "payload": {"data": data}});
    let appended = |position| next("a", json!({"eventAppended": {"position": position}}));
    assert_eq!(followed, [appended("1"), appended("2")]);
    let position = next("b", json!({"addProvider": {"position": "2"}}));
    assert_eq!(added, [position, json!({"type": "complete", "id": "b"})]);
    socket.say(json!({"type": "complete", "id": "a"})).await;
    socket.subscribe("c", "{ providers { name } }", json!({})).await;
    assert_eq!(socket.hear().await, next("c", json!({"providers": [{"name": "A"}]})));
    assert_eq!(socket.hear().await, json!({"type": "complete", "id": "c"}));
    socket.subscribe("a", "{ nonsense }", json!({})).await;
    let error = socket.hear().await;
    assert_eq!((&error["type"], &error["id"]), (&json!("error"), &json!("a")));
    assert_eq!(error["payload"][0]["extensions"]["code"], "INVALID_INPUT");
    // An error ends it: the id is free again.
    socket.subscribe("a", "{ __typename }", json!({})).await;
    assert_eq!(socket.hear().await["type"], "next");
}

#[tokio::test]
async fn connection_has_a_number_of_operations_at_a_time() {
    let shop = Installation::start().await;
    let mut socket = Socket::open(shop.listen().await).await;
    for id in 0..65 {
        socket.subscribe(&id.to_string(), FOREVER, json!({})).await;
    }
    let refusal = socket.hear().await;
    assert_eq!((&refusal["type"], &refusal["id"]), (&json!("error"), &json!("64")));
    assert_eq!(refusal["payload"][0]["extensions"]["code"], "RATE_LIMITED");
}

#[tokio::test]
async fn events_say_what_became_of_every_operation() {
    let shop = Installation::start().await;
    let address = shop.listen().await;
    let mut query = Events::begin(address, "{ __typename }", json!({})).await;
    assert_eq!(query.data().await, json!({"__typename": "Query"}));
    assert_eq!(query.next().await, Some(("complete".to_owned(), Value::Null)));
    assert_eq!(query.next().await, None);
    for invalid in ["{", "{ nonsense }", "subscription { nonsense }"] {
        let mut events = Events::begin(address, invalid, json!({})).await;
        let (name, answer) = events.next().await.unwrap();
        assert_eq!(name, "next");
        assert_eq!(answer["errors"][0]["extensions"]["code"], "INVALID_INPUT");
        assert_eq!(events.next().await.unwrap().0, "complete");
    }
}

#[test_case("POST", "text/event-stream", None => 401; "without the token")]
#[test_case("POST", "application/json", Some("{ __typename }") => 406; "of a client that takes no events")]
#[test_case("GET", "text/event-stream", Some("mutation { x }") => 405; "of a mutation by GET")]
#[test_case("GET", "text/event-stream", Some("{ __typename }") => 200; "of a query by GET")]
#[test_case("DELETE", "text/event-stream", Some("{ __typename }") => 405; "by another method")]
#[tokio::test]
async fn request_for_events_is_answered_with(
    method: &str,
    accept: &str,
    query: Option<&str>,
) -> u16 {
    let shop = Installation::start().await;
    let parameters = serde_urlencoded::to_string([("query", query.unwrap_or_default())]).unwrap();
    let uri = format!("/graphql/stream?{parameters}");
    let mut request = Request::builder().method(method).uri(uri).header(header::ACCEPT, accept);
    if query.is_some() {
        request = request.header(header::AUTHORIZATION, format!("Bearer {TOKEN}"));
    }
    shop.send(request.body(Body::empty()).unwrap()).await.status.as_u16()
}

#[tokio::test(flavor = "multi_thread")]
async fn shutdown_ends_subscriptions_so_that_clients_connect_again() {
    let running = Running::start().await;
    assert_eq!(api::TOKEN, TOKEN);
    let address = running.app.address();
    let mut socket = Socket::open(address).await;
    socket.subscribe("1", FOREVER, json!({})).await;
    let mut events = Events::begin(address, FOREVER, json!({})).await;
    let asked = Instant::now();
    let (code, end, _database) = tokio::join!(socket.close_code(), events.next(), running.stop());
    assert_eq!((code, end), (1001, None));
    assert!(asked.elapsed() < Duration::from_secs(10));
}
