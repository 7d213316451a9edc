use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    time::sleep,
};

use crate::{
    domain::{
        ProviderId,
        provider::{Dialect, ProviderUrl, UpstreamPolicy},
    },
    pace::Turns,
    provider_api::{CallLimits, Endpoint, NewOrder, PanelClient, Timeouts},
};

pub(super) const KEY: &str = "c0ffee/00c0ffee";

/// What a panel does once it has read a request.
#[derive(Clone)]
pub(super) enum Script {
    /// Answers and closes the connection in order.
    Answer(Vec<u8>),
    /// Answers and leaves the connection open for more.
    AnswerAndStay(Vec<u8>),
    /// Answers a list of ids with the first, and a single one with the second.
    ByForm(Vec<u8>, Vec<u8>),
    /// Sends these bytes, then breaks the connection.
    Reset(Vec<u8>),
    /// Sends these bytes one by one, 20 ms apart.
    Drip(Vec<u8>),
    /// Says nothing, and leaves the connection open.
    Silence,
}

/// A listener on loopback that serves one script to all comers and keeps what it was sent.
pub(super) struct FakePanel {
    address: SocketAddr,
    requests: Arc<Mutex<Vec<String>>>,
    connections: Arc<AtomicUsize>,
}

impl FakePanel {
    pub(super) async fn start(script: Script) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback");
        let address = listener.local_addr().expect("a bound socket");
        let requests = Arc::new(Mutex::new(vec![]));
        let connections = Arc::new(AtomicUsize::new(0));
        let (seen, opened) = (Arc::clone(&requests), Arc::clone(&connections));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                opened.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(serve(stream, script.clone(), Arc::clone(&seen)));
            }
        });
        Self { address, requests, connections }
    }

    /// Starts a panel that answers with a status and a body, labelled as panels do.
    pub(super) async fn answering(status: u16, body: impl AsRef<[u8]>) -> Self {
        Self::start(Script::Answer(response(status, body.as_ref()))).await
    }

    /// Starts a panel that cannot answer now, and says in how many seconds to ask again.
    pub(super) async fn unavailable_for(seconds: u32) -> Self {
        let answer = format!(
            "HTTP/1.1 503 Whatever\r\nretry-after: {seconds}\r\ncontent-length: 4\r\n\r\nbusy"
        );
        Self::start(Script::Answer(answer.into_bytes())).await
    }

    pub(super) fn endpoint(&self) -> Endpoint {
        endpoint(&format!("http://{}/api/v2.php?x=1", self.address))
    }

    /// The same listener by https, which it does not speak.
    pub(super) fn encrypted_endpoint(&self) -> Endpoint {
        endpoint(&format!("https://{}/api/v2", self.address))
    }

    pub(super) fn url(&self) -> String {
        format!("http://{}/elsewhere", self.address)
    }

    pub(super) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    /// One text for each request.
    pub(super) fn requests(&self) -> Vec<String> {
        self.requests.lock().expect("no panic while locked").clone()
    }
}

pub(super) fn endpoint(url: &str) -> Endpoint {
    let url = ProviderUrl::try_new(url, UpstreamPolicy::PrivateAllowed).expect(url);
    Endpoint {
        provider_id: ProviderId::default(),
        provider: "fake".to_owned(),
        url,
        key: KEY.into(),
        texts: Arc::default(),
        dialect: Dialect::default(),
        timeouts: Timeouts::default(),
        turns: Turns::default(),
    }
}

pub(super) fn response(status: u16, body: &[u8]) -> Vec<u8> {
    let head = format!(
        "HTTP/1.1 {status} Whatever\r\ncontent-type: text/html; charset=UTF-8\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}

/// A client for loopback that waits for an answer no longer than half a second.
pub(super) fn client() -> PanelClient {
    client_under(UpstreamPolicy::PrivateAllowed)
}

pub(super) fn client_under(policy: UpstreamPolicy) -> PanelClient {
    let limit = Duration::from_millis(500);
    let services = Duration::from_secs(20);
    let limits = CallLimits { connect: limit, add: limit, balance: limit, services, follow: limit };
    PanelClient::new(policy, limits).expect("a client")
}

pub(super) fn order() -> NewOrder {
    let fields = [("link", "https://a.example/p"), ("quantity", "100")];
    let fields = fields.map(|(name, value)| (name.to_owned(), value.to_owned()));
    NewOrder { service: "12".to_owned(), fields: fields.into() }
}

async fn serve(mut stream: TcpStream, script: Script, seen: Arc<Mutex<Vec<String>>>) {
    while let Some(request) = read_request(&mut stream).await {
        let is_list = request.contains("&orders=") || request.contains("&refills=");
        seen.lock().expect("no panic while locked").push(request);
        match &script {
            Script::ByForm(list, one) => {
                let _ = stream.write_all(if is_list { list } else { one }).await;
                return;
            }
            Script::Answer(bytes) => {
                let _ = stream.write_all(bytes).await;
                return;
            }
            Script::AnswerAndStay(bytes) => {
                let _ = stream.write_all(bytes).await;
            }
            Script::Reset(bytes) => {
                let _ = stream.write_all(bytes).await;
                // What was written must be read before the reset drops it.
                sleep(Duration::from_millis(100)).await;
                let _ = stream.set_zero_linger();
                return;
            }
            Script::Drip(bytes) => {
                for byte in bytes {
                    let _ = stream.write_all(&[*byte]).await;
                    sleep(Duration::from_millis(20)).await;
                }
                return;
            }
            Script::Silence => sleep(Duration::from_secs(60)).await,
        }
    }
}

/// Reads a request up to the end of its body; what is not HTTP is one request, and `None` is the end.
async fn read_request(stream: &mut TcpStream) -> Option<String> {
    let mut bytes = vec![];
    let mut buffer = [0; 4096];
    loop {
        let read = stream.read(&mut buffer).await.ok().filter(|read| *read > 0)?;
        bytes.extend_from_slice(&buffer[..read]);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else {
            if text.starts_with("POST") {
                continue;
            }
            return Some(text);
        };
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        if body.len() >= length.and_then(|length| length.parse().ok()).unwrap_or(0) {
            return Some(text);
        }
    }
}
