//! `/metrics` tells what happened, and what is.

use std::collections::HashMap;

use http::StatusCode;
use serde_json::json;
use signalbox::simulator::{Action, Fault, FaultRule};

use crate::support::site::Site;
use crate::support::{
    api::{Api, until},
    shop::Shop,
};

/// Values by series, such as `signalbox_dispatching` or `signalbox_attempts_total{provider="panel 1"}`.
pub(super) struct Measures(HashMap<String, f64>);

impl Measures {
    pub(super) async fn of(api: &Api) -> Self {
        let answer = api.get("/metrics").await;
        assert_eq!(answer.status(), StatusCode::OK);
        let kind = answer.headers()["content-type"].to_str().unwrap().to_owned();
        assert_eq!(kind, "text/plain; version=0.0.4; charset=utf-8");
        let text = answer.text().await.unwrap();
        let values = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
        let value = |line: &str| {
            let (series, value) = line.rsplit_once(' ').unwrap();
            (series.to_owned(), value.parse().unwrap())
        };
        Self(values.map(value).collect())
    }

    /// The value of the one series with this name and these labels, whatever their order; 0 without any.
    #[track_caller]
    pub(super) fn get(&self, name: &str, labels: &[(&str, &str)]) -> f64 {
        let labels: Vec<String> =
            labels.iter().map(|(label, value)| format!("{label}=\"{value}\"")).collect();
        let fits = |series: &str| {
            let (own, rest) = series.split_once('{').unwrap_or((series, ""));
            own == name && labels.iter().all(|label| rest.contains(label))
        };
        let found: Vec<_> = self.0.iter().filter(|(series, _)| fits(series)).collect();
        assert!(found.len() <= 1, "{name} {labels:?} is {found:?}");
        found.first().map_or(0.0, |(_, value)| **value)
    }
}

#[tokio::test]
async fn measures_tell_what_happened() {
    let site = Site::open().await;
    let program = site.start(&[]).await;
    let api = program.api();
    let shop = Shop::open(&api, 2).await;
    let overload = Fault::Refuse("Too many requests".to_owned());
    shop.panels[0].set_faults(vec![FaultRule::on(Action::Add, overload).times(3)]);
    for number in 0..5 {
        api.place(shop.order(&format!("https://social.example/p/{number}"))).await;
    }
    api.all_at_rest().await;
    shop.panels[0].set_faults(vec![FaultRule::on(Action::Add, Fault::Reset)]);
    api.order_at_rest(&api.place(shop.order("https://social.example/p/9")).await).await;
    api.refusal("{ service(id: 1) { nothing } }", json!({})).await;

    let measures = Measures::of(&api).await;
    let attempts = |provider, outcome| {
        measures.get("signalbox_attempts_total", &[("provider", provider), ("outcome", outcome)])
    };
    assert_eq!((attempts("panel 1", "placed"), attempts("panel 1", "refused")), (2.0, 3.0));
    assert_eq!((attempts("panel 1", "in_doubt"), attempts("panel 2", "placed")), (1.0, 3.0));
    let overload = [("provider", "panel 1"), ("class", "overload")];
    assert_eq!(measures.get("signalbox_refusals_total", &overload), 3.0);
    let calls = |provider, action| {
        let labels = [("provider", provider), ("action", action)];
        measures.get("signalbox_provider_call_seconds_count", &labels)
    };
    assert_eq!((calls("panel 1", "add"), calls("panel 2", "add")), (6.0, 3.0));
    assert_eq!(calls("panel 2", "services"), 1.0);
    let synced = [("provider", "panel 2"), ("result", "succeeded")];
    assert_eq!(measures.get("signalbox_syncs_total", &synced), 1.0);
    let last = measures.get("signalbox_sync_last_success_timestamp_seconds", &synced[..1]);
    assert!((last - chrono::Utc::now().timestamp() as f64).abs() < 60.0, "{last}");
    assert_eq!(measures.get("signalbox_journal_events_total", &[("type", "OrderPlaced")]), 6.0);
    assert_eq!(measures.get("signalbox_waiting_orders", &[("status", "IN_DOUBT")]), 1.0);
    assert_eq!(measures.get("signalbox_waiting_orders", &[("status", "QUEUED")]), 0.0);
    let suspended = |measures: &Measures, circuit| {
        measures.get("signalbox_suspended_providers", &[("circuit", circuit)])
    };
    assert_eq!((suspended(&measures, "OPEN"), suspended(&measures, "HALF_OPEN")), (0.0, 0.0));
    assert_eq!(measures.get("signalbox_dispatching", &[]), 1.0);
    assert_eq!(measures.get("signalbox_graphql_errors_total", &[("code", "INVALID_INPUT")]), 1.0);
    let graphql = [("route", "/graphql"), ("status", "200")];
    assert!(measures.get("signalbox_http_requests_total", &graphql) >= 10.0);

    let suspend =
        "mutation($id: ID!) { suspendProvider(id: $id, note: \"they move\") { position } }";
    api.data(suspend, json!({"id": shop.providers[1]})).await;
    let measures = Measures::of(&api).await;
    assert_eq!((suspended(&measures, "OPEN"), suspended(&measures, "HALF_OPEN")), (1.0, 0.0));
    assert!(program.terminate().await);
    site.close().await;
}

#[tokio::test]
async fn measures_of_the_journal_and_its_readers_agree_with_the_database() {
    let site = Site::open().await;
    let program = site.start(&[]).await;
    let api = program.api();
    Shop::open(&api, 1).await;
    let head: i64 = sqlx::query_scalar("select position from journal_head")
        .fetch_one(&site.pool())
        .await
        .unwrap();
    let orders = [("model", "orders")];
    until("the orders are folded", async || {
        Measures::of(&api).await.get("signalbox_projection_lag_positions", &orders) == 0.0
    })
    .await;
    let measures = Measures::of(&api).await;
    assert_eq!(measures.get("signalbox_journal_position", &[]), head as f64);
    assert_eq!(measures.get("signalbox_projection_position", &orders), head as f64);
    assert_eq!(measures.get("signalbox_projection_stopped", &orders), 0.0);
    assert_eq!(measures.get("signalbox_journal_ready", &[]), 1.0);
    assert_eq!(measures.get("signalbox_journal_queue_length", &[]), 0.0);
    let appended = measures.get("signalbox_journal_appends_total", &[("outcome", "appended")]);
    assert!(appended > 0.0);
    assert!(measures.get("signalbox_journal_batch_requests_sum", &[]) >= appended);
    assert!(measures.get("signalbox_journal_append_seconds_count", &[]) >= appended);
    assert!(measures.get("signalbox_journal_batch_seconds_count", &[]) > 0.0);
    let reads = [("pool", "signalbox reads")];
    assert!(measures.get("signalbox_db_connections_max", &reads) > 1.0);
    let idle = measures.get("signalbox_db_connections", &[reads[0], ("state", "idle")]);
    assert!(idle >= 1.0, "{idle}");
    let version = [("version", env!("CARGO_PKG_VERSION"))];
    assert_eq!(measures.get("signalbox_build_info", &version), 1.0);
    assert!(program.terminate().await);
    site.close().await;
}
