//! Clients of subscriptions: one over WebSocket, one of server-sent events.

use std::{net::SocketAddr, time::Duration};

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::{net::TcpStream, time::timeout};
use tokio_tungstenite::{
    WebSocketStream, client_async,
    tungstenite::{Error, Message, client::IntoClientRequest},
};

use crate::graphql_installation::TOKEN;

const PATIENCE: Duration = Duration::from_secs(20);
/// How long nothing comes where nothing is to come.
const QUIET: Duration = Duration::from_millis(300);

async fn soon<T>(what: impl Future<Output = T>) -> T {
    timeout(PATIENCE, what).await.expect("nothing came in 20 s")
}

/// A connection in the protocol `graphql-transport-ws`.
pub(crate) struct Socket(WebSocketStream<TcpStream>);

impl Socket {
    /// Connects, as the protocol begins; else returns the status that refused it.
    pub(crate) async fn connect(
        address: SocketAddr,
        protocol: Option<&str>,
        authorization: Option<&str>,
    ) -> Result<Self, u16> {
        let mut request = format!("ws://{address}/graphql/ws").into_client_request().unwrap();
        let headers = request.headers_mut();
        if let Some(value) = protocol {
            headers.insert("sec-websocket-protocol", value.parse().unwrap());
        }
        if let Some(value) = authorization {
            headers.insert("authorization", value.parse().unwrap());
        }
        let stream = TcpStream::connect(address).await.unwrap();
        match client_async(request, stream).await {
            Ok((socket, _)) => Ok(Self(socket)),
            Err(Error::Http(answer)) => Err(answer.status().as_u16()),
            Err(error) => panic!("{error}"),
        }
    }

    /// Connects and shows the token.
    pub(crate) async fn open(address: SocketAddr) -> Self {
        let mut socket = Self::connect(address, Some("graphql-transport-ws"), None).await.unwrap();
        socket.say(json!({"type": "connection_init", "payload": {"token": TOKEN}})).await;
        assert_eq!(socket.hear().await, json!({"type": "connection_ack"}));
        socket
    }

    pub(crate) async fn say(&mut self, message: Value) {
        self.send(Message::text(message.to_string())).await;
    }

    pub(crate) async fn send(&mut self, message: Message) {
        self.0.send(message).await.unwrap();
    }

    pub(crate) async fn subscribe(&mut self, id: &str, query: &str, variables: Value) {
        let payload = json!({"query": query, "variables": variables});
        self.say(json!({"type": "subscribe", "id": id, "payload": payload})).await;
    }

    /// Returns the next message of the protocol.
    pub(crate) async fn hear(&mut self) -> Value {
        loop {
            match soon(self.0.next()).await.unwrap().unwrap() {
                Message::Text(text) => return serde_json::from_str(&text).unwrap(),
                Message::Ping(_) | Message::Pong(_) => {}
                other => panic!("not a message of the protocol: {other:?}"),
            }
        }
    }

    /// Returns the data of the next answer.
    pub(crate) async fn data(&mut self) -> Value {
        let message = self.hear().await;
        assert_eq!(message["type"], "next", "{message}");
        assert_eq!(message["payload"].get("errors"), None, "{message}");
        message["payload"]["data"].clone()
    }

    /// Tells that nothing comes for a while.
    pub(crate) async fn is_quiet(&mut self) -> bool {
        timeout(QUIET, self.0.next()).await.is_err()
    }

    /// Returns the code that the connection is closed with.
    pub(crate) async fn close_code(&mut self) -> u16 {
        loop {
            match soon(self.0.next()).await.unwrap().unwrap() {
                Message::Close(frame) => return frame.unwrap().code.into(),
                Message::Ping(_) | Message::Pong(_) => {}
                other => panic!("not a farewell: {other:?}"),
            }
        }
    }
}

/// An operation as server-sent events.
pub(crate) struct Events {
    response: reqwest::Response,
    received: String,
}

impl Events {
    /// Begins an operation. What it follows from now on, it follows from here.
    pub(crate) async fn begin(address: SocketAddr, query: &str, variables: Value) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder().tls_built_in_root_certs(false).build().unwrap();
        let request = client.post(format!("http://{address}/graphql/stream")).bearer_auth(TOKEN);
        let request = request.header("content-type", "application/json");
        let body = json!({"query": query, "variables": variables}).to_string();
        let response = request.header("accept", "text/event-stream").body(body);
        let response = response.send().await.unwrap();
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Self { response, received: String::new() }
    }

    /// Returns the next event's name and data; `None` at the end. Comments are passed over.
    pub(crate) async fn next(&mut self) -> Option<(String, Value)> {
        loop {
            if let Some((event, rest)) = self.received.split_once("\n\n") {
                let parsed = event_of(event);
                self.received = rest.to_owned();
                match parsed {
                    Some(event) => return Some(event),
                    None => continue,
                }
            }
            let chunk = soon(self.response.chunk()).await.unwrap()?;
            self.received.push_str(std::str::from_utf8(&chunk).unwrap());
        }
    }

    /// Tells that nothing comes for a while.
    pub(crate) async fn is_quiet(&mut self) -> bool {
        timeout(QUIET, self.next()).await.is_err()
    }

    /// Returns the data of the next answer.
    pub(crate) async fn data(&mut self) -> Value {
        let (name, answer) = self.next().await.unwrap();
        assert_eq!((name.as_str(), answer.get("errors")), ("next", None), "{answer}");
        answer["data"].clone()
    }
}

fn event_of(text: &str) -> Option<(String, Value)> {
    let field = |name: &str| {
        let prefix = format!("{name}:");
        text.lines().find_map(|line| line.strip_prefix(&prefix)).map(str::trim)
    };
    let data = field("data")?;
    let data = if data.is_empty() { Value::Null } else { serde_json::from_str(data).unwrap() };
    Some((field("event")?.to_owned(), data))
}
