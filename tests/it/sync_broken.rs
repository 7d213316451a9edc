//! An answer that is no whole list delists nothing, and the log says what it was.

use std::time::Duration;

use http::StatusCode;
use serde_json::{Value, json};
use signalbox::simulator::{Action, Fault, FaultRule};

use crate::support::{
    catalogue::{
        Answering, add, count_service_events, counts, panel, plain_rows, services, sync_accepting,
    },
    running::Running,
};

#[tokio::test]
async fn broken_list_delists_nothing() {
    let running = Running::start_with(|config| {
        config.call_limits.services = Duration::from_secs(1);
    })
    .await;
    let panel = panel(plain_rows(10)).await;
    let provider = running.add_panel("Peak", &panel, 1).await;
    sync_accepting(&running, &provider).await;
    let before = count_service_events(&running).await;
    for (fault, words) in [
        (Fault::EmptyList, "the provider's list of services is empty"),
        (Fault::Truncated, "not JSON but something like it"),
        (Fault::Refuse("Rate limit exceeded".to_owned()), "Rate limit exceeded"),
        (Fault::Refuse("Invalid API key".to_owned()), "the provider refused the key"),
        (Fault::ServerError, "HTTP 500"),
        (Fault::Html(StatusCode::OK), "an HTML page"),
        (Fault::Silent, "no whole answer within 1 s"),
        (Fault::Reset, "the connection broke"),
    ] {
        panel.set_faults(vec![FaultRule::on(Action::Services, fault)]);
        let run = sync_accepting(&running, &provider).await;
        assert_eq!((&run["succeeded"], counts(&run)), (&json!(false), [0; 4]), "{run}");
        let error = run["errors"][0].as_str().unwrap();
        assert!(error.contains(words), "{error}");
    }
    assert_eq!(count_service_events(&running).await, before);
    assert!(services(&running, &provider).await.iter().all(|service| service["listed"] == true));
    panel.clear_faults();
    assert_eq!(counts(&sync_accepting(&running, &provider).await), [0, 0, 0, 10]);
    running.stop().await;
}

#[tokio::test]
async fn rubbish_imports_nothing_and_fails_the_run() {
    let running = Running::start().await;
    for body in [
        r#"{"status":"success","data":"Empty Data"}"#,
        r#"{"error":{"message":"down"}}"#,
        r#"{"services":7}"#,
        r#"[1,"two",null,[]]"#,
        r#"[{"service":0},{"name":"x"}]"#,
        "null",
        "",
    ] {
        let answering = Answering::start(200, &[], body.to_owned()).await;
        let url = &answering.url;
        let input = json!({"name": url, "apiUrl": url, "apiKey": "k", "priority": 1});
        let id = add(&running, input).await["id"].clone();
        let run = sync_accepting(&running, id.as_str().unwrap()).await;
        assert_eq!((&run["succeeded"], counts(&run)), (&json!(false), [0; 4]), "{body}: {run}");
        assert!(run["errors"][0].as_str().is_some_and(|error| error.len() > 10), "{body}: {run}");
        assert_ne!(run["finishedAt"], Value::Null);
    }
    running.stop().await;
}

#[tokio::test]
async fn texts_and_numbers_at_their_ends_are_imported_or_named() {
    let running = Running::start().await;
    let mut rows = plain_rows(6);
    rows[0]["name"] = json!("nul \0 and \u{1b}[31m escapes 💸");
    rows[1]["rate"] = json!("79228162514264337593543950335");
    rows[2]["max"] = json!("99999999999999999999999");
    rows[3]["rate"] = json!("0.0000000000000000000000000001");
    rows[4]["name"] = json!("x".repeat(100_000));
    rows[5]["type"] = json!("Nobody's type");
    let panel = panel(rows).await;
    let provider = running.add_panel("Extreme", &panel, 1).await;
    let run = sync_accepting(&running, &provider).await;
    assert_eq!(run["succeeded"], true, "{run}");
    let errors = run["errors"].as_array().unwrap().len();
    assert_eq!(run["imported"].as_u64().unwrap() as usize + errors, 6, "{run}");
    assert!(errors <= 2, "{run}");
    let again = sync_accepting(&running, &provider).await;
    assert_eq!(again["unchanged"], run["imported"], "{again}");
    running.stop().await;
}
