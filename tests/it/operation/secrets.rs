//! Nothing that is secret is ever logged or shown, not even at the log's finest level.

use signalbox::simulator::{Action, Fault, FaultRule, Panel};

use crate::support::site::{PASSWORD, Site};
use crate::support::{api::TOKEN, running::SECRET_KEY, shop::Shop};

/// A key as it is, and as a form writes it.
fn forms(key: &str) -> [String; 2] {
    [key.to_owned(), url::form_urlencoded::byte_serialize(key.as_bytes()).collect()]
}

#[tokio::test]
async fn finest_log_of_a_whole_day_holds_no_key_and_no_token() {
    let site = Site::open().await;
    let program = site.start(&[("RUST_LOG", "trace")]).await;
    let api = program.api();
    let shop = Shop::open(&api, 2).await;
    let faults = [
        Fault::Refuse("Not enough funds on balance".to_owned()),
        Fault::ServerError,
        Fault::Reset,
        Fault::Truncated,
    ];
    for (fault, number) in faults.into_iter().zip(0..) {
        shop.panels[0].set_faults(vec![FaultRule::on(Action::Add, fault)]);
        let link = format!("https://social.example/p/{number}");
        api.order_at_rest(&api.place(shop.order(&link)).await).await;
    }
    let test = "mutation($id: ID!) { testProviderConnection(id: $id) { ok message } }";
    api.data(test, serde_json::json!({"id": shop.providers[0]})).await;
    let metrics = api.get("/metrics").await.text().await.unwrap();
    let probe = api.readiness().await.to_string();
    program.signal(nix::sys::signal::Signal::SIGTERM);
    let log_file = site.data().join("log");
    assert!(program.ended().await);
    let log = std::fs::read_to_string(log_file).unwrap();
    assert!(log.contains("TRACE") && log.contains("attempt refused"), "not the finest log");
    let keys = shop.panels.iter().map(Panel::key);
    let secrets = keys.chain([TOKEN, SECRET_KEY, PASSWORD].map(str::to_owned));
    for form in secrets.flat_map(|secret| forms(&secret)) {
        for (place, text) in [("the log", &log), ("/metrics", &metrics), ("/readyz", &probe)] {
            let line = text.lines().find(|line| line.contains(&form));
            assert_eq!(line, None, "{place} shows {form}");
        }
    }
    site.close().await;
}
