//! A proxy before PostgreSQL's socket, which loses connections at the instants that a test chooses.

use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

use sqlx::postgres::PgConnectOptions;

/// Passes bytes on, unless told otherwise; a connection that it cuts stays open on the database's side, where a call
/// that is under way goes on.
pub(crate) struct Proxy {
    folder: TempDir,
    state: watch::Sender<State>,
    _connections: JoinSet<()>,
}

#[derive(Debug, Clone, Copy, Default)]
struct State {
    /// Connections with a lower number get nothing more from the database, and are closed.
    cut_below: u32,
    /// Connections with a lower number have what they send held back.
    held_below: u32,
    accepted: u32,
}

impl Proxy {
    /// Begins to listen, on behalf of the server that `options` lead to.
    pub(crate) fn before(options: &PgConnectOptions) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let name = format!(".s.PGSQL.{}", options.get_port());
        let server = options.get_socket().unwrap().join(&name);
        let listener = UnixListener::bind(folder.path().join(&name)).unwrap();
        let (state, watched) = watch::channel(State::default());
        let mut connections = JoinSet::new();
        let counting = state.clone();
        connections.spawn(async move {
            let mut pumps = JoinSet::new();
            while let Ok((client, _)) = listener.accept().await {
                let number = counting.borrow().accepted;
                counting.send_modify(|state| state.accepted += 1);
                let (from_client, to_client) = client.into_split();
                let (from_server, to_server) =
                    UnixStream::connect(&server).await.unwrap().into_split();
                pumps.spawn(pump_requests(number, from_client, to_server, watched.clone()));
                pumps.spawn(pump_answers(number, from_server, to_client, watched.clone()));
            }
        });
        Self { folder, state, _connections: connections }
    }

    /// The same database, reached through this proxy.
    pub(crate) fn through(&self, options: PgConnectOptions) -> PgConnectOptions {
        options.socket(self.folder.path())
    }

    /// Holds back what the present connections send from now on.
    pub(crate) fn hold(&self) {
        self.state.send_modify(|state| state.held_below = state.accepted);
    }

    /// Lets the database have what was held back.
    pub(crate) fn release(&self) {
        self.state.send_modify(|state| state.held_below = 0);
    }

    /// Closes the present connections towards the client.
    pub(crate) fn cut(&self) {
        self.state.send_modify(|state| state.cut_below = state.accepted);
    }
}

async fn pump_requests(
    number: u32,
    mut client: OwnedReadHalf,
    mut server: OwnedWriteHalf,
    mut state: watch::Receiver<State>,
) {
    let mut buffer = vec![0; 1 << 16];
    while let Ok(count @ 1..) = client.read(&mut buffer).await {
        if state.wait_for(|state| number >= state.held_below).await.is_err()
            || server.write_all(&buffer[..count]).await.is_err()
        {
            return;
        }
    }
    // The database is not to learn that the client is gone.
    std::future::pending::<()>().await;
}

async fn pump_answers(
    number: u32,
    mut server: OwnedReadHalf,
    client: OwnedWriteHalf,
    mut state: watch::Receiver<State>,
) {
    let mut client = Some(client);
    let mut buffer = vec![0; 1 << 16];
    loop {
        tokio::select! {
            biased;
            () = cut(number, &mut state), if client.is_some() => client = None,
            read = server.read(&mut buffer) => {
                let Ok(count @ 1..) = read else { return };
                if let Some(client) = &mut client {
                    let _ = client.write_all(&buffer[..count]).await;
                }
            }
        }
    }
}

async fn cut(number: u32, state: &mut watch::Receiver<State>) {
    // The proxy itself is gone where this fails.
    let _ = state.wait_for(|state| number < state.cut_below).await;
}
