//! A provider whose answers a test makes up as it goes.

use std::{collections::HashMap, net::SocketAddr};

use axum::{Form, Router, routing::post};
use tokio::{net::TcpListener, task::JoinHandle};

/// What a call says, by the panel API's names.
pub(crate) type Call = HashMap<String, String>;

const CATALOGUE: &str = r#"[{"service": 1, "name": "Likes", "type": "Default", "category": "Likes",
    "rate": "0.9", "min": 10, "max": 10000}]"#;

/// A panel that sells one service; dropping it stops it.
pub(crate) struct ScriptedPanel {
    address: SocketAddr,
    server: JoinHandle<()>,
}

impl ScriptedPanel {
    /// Answers `services` by itself, and every other call as told.
    pub(crate) async fn start<A>(answer: impl Fn(Call) -> A + Clone + Send + Sync + 'static) -> Self
    where
        A: Future<Output = String> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let api = post(async move |Form(call): Form<Call>| match call["action"].as_str() {
            "services" => CATALOGUE.to_owned(),
            _ => answer(call).await,
        });
        let served = axum::serve(listener, Router::new().route("/", api));
        let server = tokio::spawn(async move { served.await.unwrap() });
        Self { address, server }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/", self.address)
    }
}

impl Drop for ScriptedPanel {
    fn drop(&mut self) {
        self.server.abort();
    }
}
