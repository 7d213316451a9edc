//! Where operators are told of alerts, as a test stands in for it.

use std::{
    future::pending,
    net::{SocketAddr, TcpListener},
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{
    Router,
    body::Bytes,
    http::{HeaderMap, StatusCode, Uri},
    response::{IntoResponse, Response},
};
use secrecy::SecretString;
use serde_json::Value;
use signalbox::{
    alert_channel::{AlertChannels, Webhook, address},
    app::AppConfig,
    process::DeliveryPace,
};
use tokio::task::JoinHandle;

/// What a receiver does with what it is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Habit {
    /// Says that it has it.
    Accepts,
    /// Answers this status.
    Refuses(u16),
    /// Reads it and never answers.
    Hangs,
}

/// What a receiver was told, once.
#[derive(Debug, Clone)]
pub(crate) struct Told {
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    pub(crate) raw: Bytes,
    pub(crate) body: Value,
    /// What it did with it.
    pub(crate) habit: Habit,
}

impl Told {
    /// The id in the header, which is that of the body, too.
    pub(crate) fn id(&self) -> String {
        let id = self.headers["signalbox-delivery"].to_str().unwrap().to_owned();
        assert_eq!(self.body["id"], id);
        id
    }
}

type Shared<T> = Arc<Mutex<T>>;

/// A web server that takes whatever is posted; dropping it stops it.
pub(crate) struct Receiver {
    address: SocketAddr,
    habit: Shared<Habit>,
    told: Shared<Vec<Told>>,
    server: JoinHandle<()>,
}

/// An address at which nobody listens, until a test does.
pub(crate) fn silent_address() -> SocketAddr {
    TcpListener::bind("127.65.43.22:0").and_then(|free| free.local_addr()).unwrap()
}

/// What a webhook's messages are signed with.
pub(crate) fn secret() -> SecretString {
    "whsec_of_the_tests".to_owned().into()
}

pub(crate) fn webhook(url: &str) -> Webhook {
    Webhook { url: address(url).unwrap(), secret: secret() }
}

/// Lets an installation tell of alerts there, often and soon.
pub(crate) fn tell(config: &mut AppConfig, channels: AlertChannels) {
    let ms = Duration::from_millis;
    let monitoring = &mut config.monitoring;
    monitoring.channels = channels;
    monitoring.delivery =
        DeliveryPace { glance: ms(50), first: ms(100), at_most: ms(300), ..monitoring.delivery };
}

impl Receiver {
    pub(crate) async fn start(habit: Habit) -> Self {
        Self::start_at("127.0.0.1:0".parse().unwrap(), habit).await
    }

    pub(crate) async fn start_at(address: SocketAddr, habit: Habit) -> Self {
        let listener = tokio::net::TcpListener::bind(address).await.unwrap();
        let address = listener.local_addr().unwrap();
        let (habit, told) = (Arc::new(Mutex::new(habit)), Shared::<Vec<Told>>::default());
        let (present, book) = (habit.clone(), told.clone());
        let answer = async move |uri: Uri, headers: HeaderMap, raw: Bytes| -> Response {
            let habit = *present.lock().unwrap();
            let body = serde_json::from_slice(&raw).unwrap();
            let path = uri.path().to_owned();
            book.lock().unwrap().push(Told { path, headers, raw, body, habit });
            match habit {
                // As the bot API of Telegram does; a webhook looks at the status alone.
                Habit::Accepts => r#"{"ok":true}"#.into_response(),
                Habit::Refuses(status) => StatusCode::from_u16(status).unwrap().into_response(),
                Habit::Hangs => pending().await,
            }
        };
        let served = axum::serve(listener, Router::new().fallback(answer));
        let server = tokio::spawn(async move { served.await.unwrap() });
        Self { address, habit, told, server }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/", self.address)
    }

    /// Itself as the only channel.
    pub(crate) fn channels(&self) -> AlertChannels {
        AlertChannels { webhook: Some(webhook(&self.url())), telegram: None }
    }

    pub(crate) fn now(&self, habit: Habit) {
        *self.habit.lock().unwrap() = habit;
    }

    /// All that it was told so far.
    pub(crate) fn told(&self) -> Vec<Told> {
        self.told.lock().unwrap().clone()
    }

    /// What it has said that it has.
    pub(crate) fn accepted(&self) -> Vec<Told> {
        let told = self.told().into_iter();
        told.filter(|told| told.habit == Habit::Accepts).collect()
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.server.abort();
    }
}
