//! An installation as its clients see it: the HTTP service on a database whose read models are being folded.

use std::net::SocketAddr;

use axum::{
    Router,
    body::{Body, to_bytes},
    http::{HeaderMap, Request, StatusCode, header, request},
};
use serde_json::{Value, json};
use signalbox::{
    command::{Catalogue, Claims, CommandNeeds, Commands},
    credentials::{Credentials, SealingKey},
    domain::{
        Event, Position,
        provider::{BalanceWatch, BreakerPolicy, UpstreamPolicy},
        routing::Strategy,
        service::{PriceWatch, WaitLimit},
    },
    http::{AppState, router},
    journal::Journal,
    process::{DispatchStatus, ProviderOperations},
    projection::{Projections, ReadModel, ReadModels, search_path},
    provider_api::{CallLimits, PanelClient},
    read::Reads,
};
use sqlx::{PgPool, postgres::PgPoolOptions};
use tokio::{net::TcpListener, sync::watch};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;
use uuid::Uuid;

use crate::support::database::TestDatabase;

pub(crate) const TOKEN: &str = "a-token-of-the-tests";

const POLICY: UpstreamPolicy = UpstreamPolicy::PublicOnly;

/// Everything but a dispatcher: what happens is written into the journal by the tests.
pub(crate) struct Installation {
    pub(crate) database: TestDatabase,
    pub(crate) projections: Projections,
    commands: Commands,
    router: Router,
    folding: CancellationToken,
    stop: CancellationToken,
}

/// What a client got.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Value,
}

impl Installation {
    pub(crate) async fn start() -> Self {
        Self::with_models(ReadModels::embedded()).await
    }

    pub(crate) async fn with_models(models: Vec<ReadModel>) -> Self {
        Self::on(TestDatabase::create().await, models).await
    }

    pub(crate) async fn on(database: TestDatabase, models: Vec<ReadModel>) -> Self {
        let options = database.options().options([("search_path", search_path(&models))]);
        let readers = PgPoolOptions::new().max_connections(4).connect_lazy_with(options);
        let folding = CancellationToken::new();
        let journal = Journal::start(database.options(), database.pool().clone()).await.unwrap();
        let projections =
            Projections::start(database.pool().clone(), models, journal.head(), folding.clone())
                .await
                .unwrap();
        let commands = commands(&journal, &readers).await;
        let client = PanelClient::new(POLICY, CallLimits::default()).unwrap();
        let (_, dispatching) = watch::channel(DispatchStatus::Starting);
        let stop = CancellationToken::new();
        let router = router(AppState {
            commands: commands.clone(),
            operations: ProviderOperations::new(commands.clone(), client, POLICY),
            reads: Reads::new(readers),
            projections: projections.clone(),
            admin_token: Some(TOKEN.into()),
            dispatching,
            stop: stop.clone(),
            pools: vec![],
        });
        Self { database, projections, commands, router, folding, stop }
    }

    pub(crate) fn pool(&self) -> &PgPool {
        self.database.pool()
    }

    /// Answers over TCP until the test ends.
    pub(crate) async fn listen(&self) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let serving = axum::serve(listener, self.router.clone()).into_future();
        tokio::spawn(self.stop.clone().run_until_cancelled_owned(serving));
        address
    }

    /// Lets no read model advance any more.
    pub(crate) fn stop_folding(&self) {
        self.folding.cancel();
    }

    /// Records what happened to one thing; what is asked after it sees it.
    pub(crate) async fn record<E: Event>(&self, kind: &str, id: Uuid, events: &[E]) -> Position {
        let known: i64 = sqlx::query_scalar(
            "select count(*) from events where aggregate_type = $1 and aggregate_id = $2",
        )
        .bind(kind)
        .bind(id.to_string())
        .fetch_one(self.pool())
        .await
        .unwrap();
        let texts = |text: &dyn Fn(&E) -> String| events.iter().map(text).collect::<Vec<_>>();
        let sequences: Vec<i64> = (known + 1..).take(events.len()).collect();
        let position = sqlx::query_scalar(
            "select last_position from append_events('{}', '{}', '{}', $1, $2, $3, $4, $5, $6, $7, $8)",
        )
        .bind(texts(&|_| kind.to_owned()))
        .bind(texts(&|_| id.to_string()))
        .bind(sequences)
        .bind(texts(&|event| event.event_type().to_owned()))
        .bind(texts(&|_| "1".to_owned()))
        .bind(texts(&|event| json!(event).to_string()))
        .bind(texts(&|_| "{}".to_owned()))
        .bind(events.iter().map(|_| Uuid::now_v7()).collect::<Vec<_>>())
        .fetch_one(self.pool())
        .await
        .unwrap();
        Position(position)
    }

    /// Sends a request as it is.
    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = to_bytes(body, usize::MAX).await.unwrap();
        let body = serde_json::from_slice(&bytes)
            .unwrap_or_else(|_| Value::String(String::from_utf8(bytes.to_vec()).unwrap()));
        Answer { status: parts.status, headers: parts.headers, body }
    }

    /// Asks with variables, at or after a position.
    pub(crate) async fn ask_at(&self, position: Position, query: &str, variables: Value) -> Value {
        let body = json!({"query": query, "variables": variables}).to_string();
        let request = post().header("x-min-position", position.to_string());
        self.send(request.body(body.into()).unwrap()).await.body
    }

    /// Asks with variables; commands and read models know everything that is in the journal.
    pub(crate) async fn ask(&self, query: &str, variables: Value) -> Value {
        // What commands did not append themselves they learn of a little later.
        self.commands.catch_up().await.unwrap();
        let head: i64 = sqlx::query_scalar("select position from journal_head")
            .fetch_one(self.pool())
            .await
            .unwrap();
        self.ask_at(Position(head), query, variables).await
    }

    /// Asks, and expects data without any error.
    pub(crate) async fn data(&self, query: &str, variables: Value) -> Value {
        let answer = self.ask(query, variables).await;
        assert_eq!(answer.get("errors"), None, "{answer}");
        answer["data"].clone()
    }

    /// Asks, and expects one error; returns its extensions.
    pub(crate) async fn refusal(&self, query: &str, variables: Value) -> Value {
        let answer = self.ask(query, variables).await;
        assert_eq!(answer["errors"].as_array().map(Vec::len), Some(1), "{answer}");
        answer["errors"][0]["extensions"].clone()
    }
}

async fn commands(journal: &Journal, reads: &PgPool) -> Commands {
    let sealing = SealingKey::from_base64(&SealingKey::generate()).unwrap();
    Commands::new(CommandNeeds {
        journal: journal.clone(),
        catalogue: Catalogue::start(journal, Strategy::default()).await.unwrap(),
        credentials: Credentials::new(journal.pool().clone(), sealing),
        claims: Claims::new(CallLimits::default().add).0,
        reads: reads.clone(),
        policy: POLICY,
        price_watch: PriceWatch::default(),
        balance_watch: BalanceWatch::default(),
        breaker: BreakerPolicy::default(),
        wait_limit: WaitLimit::default().span(),
    })
}

/// A request with the token and a JSON body.
pub(crate) fn post() -> request::Builder {
    Request::post("/graphql")
        .header(header::AUTHORIZATION, format!("Bearer {TOKEN}"))
        .header(header::CONTENT_TYPE, "application/json")
}

impl Drop for Installation {
    fn drop(&mut self) {
        self.folding.cancel();
        self.stop.cancel();
    }
}
