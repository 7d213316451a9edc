//! A running panel, as the program that started it holds it.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use rust_decimal::Decimal;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;

use super::server::{API_PATH, Server};
use super::state::Shared;
use super::{
    AcceptedOrder, FaultRule, Latency, PanelConfig, PanelState, RecordedRequest, Switches,
};

/// A fake panel that listens; dropping it stops it.
#[derive(Debug)]
pub struct Panel {
    shared: Arc<Shared>,
    address: SocketAddr,
    tasks: TaskTracker,
    stop: DropGuard,
}

/// A panel did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The address cannot be listened on.
    #[error("cannot listen on {address}, choose another address")]
    AddressUnusable {
        /// The address that was asked for.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
}

impl Panel {
    /// Starts a panel on the current runtime; it answers as soon as this returns.
    ///
    /// # Errors
    /// The address is in use or not of this machine.
    pub async fn start(config: PanelConfig) -> Result<Self, StartError> {
        let unusable = |address| move |source| StartError::AddressUnusable { address, source };
        let listen = config.listen;
        let listener = TcpListener::bind(listen).await.map_err(unusable(listen))?;
        let address = listener.local_addr().map_err(unusable(listen))?;
        let server = Server {
            shared: Arc::new(Shared::new(config)),
            stop: CancellationToken::new(),
            tasks: TaskTracker::new(),
        };
        let (shared, tasks) = (Arc::clone(&server.shared), server.tasks.clone());
        let stop = server.stop.clone().drop_guard();
        tasks.spawn(server.accept(listener));
        Ok(Self { shared, address, tasks, stop })
    }

    /// The address that it listens on.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The URL of its API, ending in `/api/v2`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}{API_PATH}", self.address)
    }

    /// The API key that callers must show.
    #[must_use]
    pub fn key(&self) -> String {
        self.shared.lock().0.key().to_owned()
    }

    /// Replaces all fault rules; calls that have arrived keep what was drawn for them.
    pub fn set_faults(&self, rules: Vec<FaultRule>) {
        self.shared.lock().0.faults = rules;
    }

    /// Ends all faults.
    pub fn clear_faults(&self) {
        self.set_faults(Vec::new());
    }

    /// Changes the delay of every answer from now on.
    pub fn set_latency(&self, latency: Latency) {
        self.shared.lock().0.latency = latency;
    }

    /// Changes the panel's habits.
    pub fn set_switches(&self, switches: Switches) {
        self.shared.lock().0.switches = switches;
    }

    /// Changes the rows on sale, in any way; orders already accepted are not touched.
    pub fn edit_catalogue<T>(&self, change: impl FnOnce(&mut Vec<Value>) -> T) -> T {
        self.shared.lock().0.shelf.edit(change)
    }

    /// Every order that was accepted, oldest first.
    #[must_use]
    pub fn orders(&self) -> Vec<AcceptedOrder> {
        let (state, now) = self.shared.lock();
        state.book.show_all(now)
    }

    /// Lets `status` answer any word for an order, such as one that reverts it; `None` lets it tell the truth again.
    pub fn say_of_order(&self, id: u64, word: Option<&str>) {
        let _ = self.shared.lock().0.book.say(id, word.map(str::to_owned));
    }

    /// Ends an order now, with so many units undelivered, which are paid back; one that has ended stays as it is.
    pub fn end_order(&self, id: u64, remains: u64) {
        let (mut state, now) = self.shared.lock();
        let _ = state.book.end(id, remains, now);
    }

    /// The last calls, oldest first, without their keys; those before the last 20,000 are forgotten.
    #[must_use]
    pub fn requests(&self) -> Vec<RecordedRequest> {
        self.shared.lock().0.requests()
    }

    /// What the account holds.
    #[must_use]
    pub fn balance(&self) -> Decimal {
        self.shared.lock().0.book.balance.normalize()
    }

    /// Sets what the account holds.
    pub fn set_balance(&self, balance: Decimal) {
        self.shared.lock().0.book.balance = balance;
    }

    /// Counts, balance, faults and switches.
    #[must_use]
    pub fn state(&self) -> PanelState {
        let (state, now) = self.shared.lock();
        state.show(now)
    }

    /// Stops the panel: closes its port and all connections, and forgets calls that it has not acted on.
    pub async fn stop(self) {
        drop(self.stop);
        self.tasks.close();
        self.tasks.wait().await;
    }
}
