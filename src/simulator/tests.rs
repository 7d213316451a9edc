//! The panel over loopback, spoken to by a plain HTTP client.

use std::collections::BTreeSet;
use std::sync::Once;
use std::time::{Duration, Instant};

use http::StatusCode;
use http::header::RETRY_AFTER;
use reqwest::{Client, Response};
use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::*;

fn client() -> Client {
    static PROVIDER: Once = Once::new();
    PROVIDER.call_once(|| {
        // Another test's provider does as well.
        let _ = rustls::crypto::ring::default_provider().install_default();
    });
    Client::builder().no_proxy().tls_built_in_root_certs(false).build().unwrap()
}

fn rows() -> Catalogue {
    let row = |id: u64, kind: &str| {
        json!({"service": id, "name": "n", "category": "c", "type": kind, "rate": "0.9",
            "min": "10", "max": 100_000, "refill": true, "cancel": true})
    };
    Catalogue::from(vec![row(1, "Default"), row(2, "Package")])
}

fn config() -> PanelConfig {
    let done = Pace {
        pending: Duration::ZERO,
        in_progress: Duration::ZERO,
        partial_share: 0.0,
        canceled_share: 0.0,
    };
    PanelConfig { catalogue: rows(), pace: done, ..PanelConfig::default() }
}

async fn start() -> Panel {
    Panel::start(config()).await.unwrap()
}

const ORDER: &str = "action=add&service=1&link=https%3A%2F%2Fexample.com%2Fp&quantity=1000";

async fn send(panel: &Panel, form: &str) -> reqwest::Result<Response> {
    let body = format!("key={}&{form}", panel.key());
    let form = "application/x-www-form-urlencoded";
    client().post(panel.url()).header("content-type", form).body(body).send().await
}

async fn call(panel: &Panel, form: &str) -> Value {
    serde_json::from_str(&send(panel, form).await.unwrap().text().await.unwrap()).unwrap()
}

fn id_of(reply: &Value) -> u64 {
    reply["order"].as_u64().unwrap()
}

#[tokio::test]
async fn the_stock_replies_are_those_of_panels() {
    let panel = start().await;
    let id = id_of(&call(&panel, ORDER).await);
    assert_eq!(
        call(&panel, "action=balance").await,
        json!({"balance": "9999.1", "currency": "USD"})
    );
    let order = call(&panel, &format!("action=status&order={id}")).await;
    assert!(order["start_count"].is_string());
    assert_eq!((&order["charge"], &order["status"]), (&json!("0.9"), &json!("Completed")));
    assert_eq!((&order["remains"], &order["currency"]), (&json!("0"), &json!("USD")));
    let several = call(&panel, &format!("action=status&orders={id},7")).await;
    assert_eq!(several[id.to_string()], order);
    assert_eq!(several["7"], json!({"error": "Incorrect order ID"}));
    assert_eq!(call(&panel, &format!("action=refill&order={id}")).await, json!({"refill": "1"}));
    let refills = call(&panel, &format!("action=refill&orders={id},7")).await;
    let unknown = json!({"order": 7, "refill": {"error": "Incorrect order ID"}});
    assert_eq!(refills, json!([{"order": id, "refill": 2}, unknown]));
    let refills = call(&panel, "action=refill_status&refills=1,9").await;
    assert_eq!(refills[0], json!({"refill": 1, "status": "Completed"}));
    assert_eq!(refills[1]["status"], json!({"error": "Refill not found"}));
    let cancelled = call(&panel, &format!("action=cancel&orders=7,{id}")).await;
    assert_eq!(cancelled[0], json!({"order": 7, "cancel": {"error": "Incorrect order ID"}}));
    assert_eq!(call(&panel, "action=services").await, Value::from(rows().rows()));
}

#[tokio::test]
async fn refusals_are_in_the_words_of_panels() {
    let panel = start().await;
    panel.set_balance(Decimal::ONE / Decimal::TEN);
    let error = |text: &str| json!({ "error": text });
    assert_eq!(call(&panel, ORDER).await, error("Not enough funds on balance"));
    assert_eq!(call(&panel, "action=fly").await, error("Incorrect request"));
    assert_eq!(call(&panel, "action=orders").await, error("Incorrect request"));
    assert_eq!(call(&panel, "action=status&order=1").await, error("Incorrect order ID"));
    let reply = client().post(panel.url()).body("action=balance").send().await.unwrap();
    assert_eq!(reply.status(), StatusCode::OK);
    assert_eq!(reply.text().await.unwrap(), r#"{"error":"Invalid API key"}"#);
}

#[tokio::test]
async fn query_and_json_and_keys_in_headers_are_understood() {
    let panel = start().await;
    let expected = r#"{"balance":"10000","currency":"USD"}"#;
    let query = client().get(format!("{}?key=simulated&action=balance", panel.url()));
    let body = json!({"key": "simulated", "action": "balance"}).to_string();
    let body = client().post(panel.url()).header("content-type", "application/json").body(body);
    let bearer = client().get(format!("{}?action=balance", panel.url())).bearer_auth("simulated");
    let header =
        client().get(format!("{}?action=balance", panel.url())).header("x-api-key", "simulated");
    for request in [query, body, bearer, header] {
        assert_eq!(request.send().await.unwrap().text().await.unwrap(), expected);
    }
    assert!(panel.requests().iter().all(|request| !request.params.contains_key("key")));
}

#[tokio::test]
async fn the_list_of_orders_is_answered_where_it_is_switched_on() {
    let panel = start().await;
    panel.set_switches(Switches { orders_list: true, ..Switches::default() });
    let id = call(&panel, ORDER).await["order"].clone();
    let listed = call(&panel, "action=orders").await;
    assert_eq!((&listed[0]["order"], listed.as_array().unwrap().len()), (&id, 1));
}

#[tokio::test]
async fn a_fault_before_accepting_leaves_no_order_and_one_after_leaves_one() {
    let panel = start().await;
    let refused = Fault::Refuse("Unknown error, please try again later".to_owned());
    for fault in [refused, Fault::ServerError, Fault::Html(StatusCode::OK), Fault::Truncated] {
        let (orders, balance) = (panel.orders().len(), panel.balance());
        panel.set_faults(vec![FaultRule::on(Action::Add, fault.clone())]);
        let before = send(&panel, ORDER).await.unwrap().text().await.unwrap();
        assert_eq!((panel.orders().len(), panel.balance()), (orders, balance), "{fault:?}");
        panel.set_faults(vec![FaultRule::on(Action::Add, fault.clone()).after()]);
        let after = send(&panel, ORDER).await.unwrap().text().await.unwrap();
        assert_eq!(panel.orders().len(), orders + 1, "{fault:?}");
        assert_eq!(panel.balance(), balance - Decimal::new(9, 1), "{fault:?}");
        for text in [before, after] {
            let id =
                serde_json::from_str::<Value>(&text).ok().and_then(|reply| reply["order"].as_u64());
            assert_eq!(id, None, "{fault:?}");
        }
    }
}

#[tokio::test]
async fn too_many_requests_says_when_to_come_back() {
    let panel = start().await;
    let fault = |retry_after_seconds, body| Fault::TooManyRequests { retry_after_seconds, body };
    let page = fault(None, RateLimitBody::Html);
    let rules = [fault(Some(3), RateLimitBody::Json), page, fault(None, RateLimitBody::Empty)];
    panel.set_faults(rules.map(|fault| FaultRule::on(Action::Add, fault).times(1)).to_vec());
    let mut bodies = Vec::new();
    for seconds in [Some("3"), None, None] {
        let reply = send(&panel, ORDER).await.unwrap();
        assert_eq!(reply.status(), StatusCode::TOO_MANY_REQUESTS);
        assert_eq!(reply.headers().get(RETRY_AFTER).map(|value| value.to_str().unwrap()), seconds);
        bodies.push(reply.text().await.unwrap());
    }
    assert_eq!(bodies[0], r#"{"error":"Rate limit exceeded"}"#);
    assert!(bodies[1].starts_with("<!DOCTYPE html>") && bodies[2].is_empty());
    id_of(&call(&panel, ORDER).await);
}

#[tokio::test]
async fn panel_that_is_unavailable_says_when_to_come_back() {
    let panel = start().await;
    let fault = Fault::Unavailable { retry_after_seconds: 3 };
    panel.set_faults(vec![FaultRule::on(Action::Add, fault).times(1)]);
    let reply = send(&panel, ORDER).await.unwrap();
    assert_eq!(reply.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(reply.headers()[RETRY_AFTER], "3");
    assert!(reply.text().await.unwrap().starts_with("<!DOCTYPE html>"));
    id_of(&call(&panel, ORDER).await);
}

#[tokio::test]
async fn a_reset_reaches_the_client_as_a_reset() {
    let panel = start().await;
    panel.set_faults(vec![FaultRule::on(Action::Add, Fault::Reset).after().times(1)]);
    let error = send(&panel, ORDER).await.unwrap_err();
    assert!(format!("{error:?}").contains("ConnectionReset"), "{error:?}");
    assert_eq!(panel.orders().len(), 1);
    id_of(&call(&panel, ORDER).await);
}

#[tokio::test]
async fn a_silent_panel_keeps_the_connection_open_and_stops_all_the_same() {
    let panel = start().await;
    panel.set_faults(vec![FaultRule::on(Action::Add, Fault::Silent)]);
    let waiting = tokio::time::timeout(Duration::from_millis(200), send(&panel, ORDER)).await;
    assert!(waiting.is_err());
    assert!(panel.orders().is_empty());
    let url = panel.url();
    panel.stop().await;
    assert!(client().get(url).send().await.unwrap_err().is_connect());
}

#[tokio::test]
async fn an_order_that_a_client_gave_up_on_is_accepted_late() {
    let panel = start().await;
    panel.set_faults(vec![FaultRule::on(Action::Add, Fault::SlowMs(150))]);
    let waiting = tokio::time::timeout(Duration::from_millis(50), send(&panel, ORDER)).await;
    assert!(waiting.is_err() && panel.orders().is_empty());
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(panel.orders().len(), 1);
}

#[tokio::test]
async fn latency_holds_for_every_answer() {
    let panel = start().await;
    panel.set_latency(Latency { base_ms: 60, jitter_ms: 20 });
    let begin = Instant::now();
    call(&panel, "action=balance").await;
    assert!(begin.elapsed() >= Duration::from_millis(60));
}

#[tokio::test]
async fn a_catalogue_can_fail_and_can_come_empty() {
    let panel = start().await;
    let on = |fault| FaultRule::on(Action::Services, fault).times(1);
    panel.set_faults(vec![on(Fault::EmptyList), on(Fault::Refuse("API is disabled".to_owned()))]);
    assert_eq!(call(&panel, "action=services").await, json!([]));
    assert_eq!(call(&panel, "action=services").await, json!({"error": "API is disabled"}));
    assert_eq!(call(&panel, "action=services").await.as_array().unwrap().len(), 2);
    assert_eq!(panel.edit_catalogue(|rows| rows.pop().unwrap())["service"], json!(2));
    assert_eq!(call(&panel, "action=services").await.as_array().unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_orders_at_once_are_all_accepted_and_charged() {
    let panel = std::sync::Arc::new(start().await);
    let orders = (0..200).map(|_| {
        let panel = std::sync::Arc::clone(&panel);
        tokio::spawn(async move { id_of(&call(&panel, ORDER).await) })
    });
    let ids: BTreeSet<u64> =
        futures_util::future::join_all(orders).await.into_iter().map(Result::unwrap).collect();
    let accepted: BTreeSet<u64> = panel.orders().iter().map(|order| order.id).collect();
    assert_eq!((ids.len(), &ids), (200, &accepted));
    assert_eq!(panel.balance(), Decimal::from(10_000 - 180));
}

#[tokio::test]
async fn ten_thousand_services_are_answered_at_once() {
    let catalogue = Catalogue::generate(10_000, 5);
    let panel = Panel::start(PanelConfig { catalogue, ..config() }).await.unwrap();
    assert_eq!(call(&panel, "action=services").await.as_array().unwrap().len(), 10_000);
}

async fn control(panel: &Panel, method: &str, path: &str, body: &Value) -> (StatusCode, Value) {
    let method = method.parse().unwrap();
    let request = client().request(method, format!("http://{}{path}", panel.address()));
    let request = request.header("content-type", "application/json").body(body.to_string());
    let reply = request.send().await.unwrap();
    let status = reply.status();
    (status, serde_json::from_str(&reply.text().await.unwrap()).unwrap_or_default())
}

#[tokio::test]
async fn faults_are_switched_over_http_while_the_panel_runs() {
    let panel = start().await;
    let rule =
        json!({"fault": {"refuse": "Bad link"}, "action": "add", "share": 1.0, "remaining": 2});
    assert_eq!(control(&panel, "POST", "/_sim/faults", &rule).await.0, StatusCode::NO_CONTENT);
    assert_eq!(call(&panel, ORDER).await, json!({"error": "Bad link"}));
    let state = control(&panel, "GET", "/_sim", &Value::Null).await.1;
    assert_eq!(
        (&state["faults"][0]["remaining"], &state["faulty_requests"]),
        (&json!(1), &json!(1))
    );
    assert_eq!(state["requests"], json!({"add": 1}));
    assert_eq!(
        control(&panel, "DELETE", "/_sim/faults", &Value::Null).await.0,
        StatusCode::NO_CONTENT
    );
    id_of(&call(&panel, ORDER).await);
    let wrong = json!([{"fault": "reset", "share": 50}]);
    assert_eq!(
        control(&panel, "PUT", "/_sim/faults", &wrong).await.0,
        StatusCode::UNPROCESSABLE_ENTITY
    );
    let orders = control(&panel, "GET", "/_sim/orders", &Value::Null).await.1;
    assert_eq!((&orders[0]["charge"], &orders[0]["status"]), (&json!("0.9"), &json!("Completed")));
}

#[tokio::test]
async fn balance_switches_and_catalogue_are_changed_over_http() {
    let panel = start().await;
    control(&panel, "PUT", "/_sim/balance", &json!({"balance": "1.8"})).await;
    control(&panel, "PATCH", "/_sim/catalogue/1", &json!({"rate": "1.80"})).await;
    id_of(&call(&panel, ORDER).await);
    assert_eq!(panel.balance(), Decimal::ZERO);
    let switches = control(&panel, "PUT", "/_sim/switches", &json!({"busy_links": true})).await.1;
    assert_eq!(switches, json!({"orders_list": false, "busy_links": true, "no_lists": false}));
    assert_eq!(
        control(&panel, "DELETE", "/_sim/catalogue/1", &Value::Null).await.0,
        StatusCode::NO_CONTENT
    );
    assert_eq!(
        control(&panel, "DELETE", "/_sim/catalogue/1", &Value::Null).await.0,
        StatusCode::NOT_FOUND
    );
    assert_eq!(call(&panel, ORDER).await, json!({"error": "Incorrect service ID"}));
    control(&panel, "PUT", "/_sim/catalogue", &json!([])).await;
    control(&panel, "POST", "/_sim/catalogue", &rows().rows()[0]).await;
    assert_eq!(
        control(&panel, "GET", "/_sim/catalogue", &Value::Null).await.1,
        json!([rows().rows()[0]])
    );
}

#[tokio::test]
async fn any_word_is_said_of_an_order_on_request() {
    let panel = start().await;
    let id = id_of(&call(&panel, ORDER).await);
    let path = format!("/_sim/orders/{id}");
    let said = json!({"status": "Disputed"});
    assert_eq!(control(&panel, "PUT", &path, &said).await.0, StatusCode::NO_CONTENT);
    let status = format!("action=status&order={id}");
    assert_eq!(call(&panel, &status).await["status"], "Disputed");
    panel.say_of_order(id, None);
    assert_eq!(call(&panel, &status).await["status"], "Completed");
    let unknown = control(&panel, "PUT", "/_sim/orders/7", &said).await;
    assert_eq!(unknown.0, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn running_order_is_ended_on_request_and_no_other() {
    let pace = Pace { pending: Duration::from_secs(60), ..Pace::default() };
    let panel = Panel::start(PanelConfig { pace, ..config() }).await.unwrap();
    let id = id_of(&call(&panel, ORDER).await);
    let (path, end) = (format!("/_sim/orders/{id}/end"), json!({"remains": 1}));
    assert_eq!(control(&panel, "PUT", &path, &end).await.0, StatusCode::NO_CONTENT);
    let status = call(&panel, &format!("action=status&order={id}")).await;
    assert_eq!((&status["status"], &status["remains"]), (&json!("Partial"), &json!("1")));
    assert_eq!(control(&panel, "PUT", &path, &end).await.0, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn lists_of_ids_are_refused_where_that_is_switched_on() {
    let panel = start().await;
    panel.set_switches(Switches { no_lists: true, ..Switches::default() });
    let id = id_of(&call(&panel, ORDER).await);
    let refused = json!({"error": "Incorrect order ID"});
    assert_eq!(call(&panel, &format!("action=status&orders={id}")).await, refused);
    assert_eq!(call(&panel, "action=refill_status&refills=1").await, refused);
    assert_eq!(call(&panel, &format!("action=status&order={id}")).await["status"], "Completed");
}
