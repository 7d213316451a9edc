//! A way to a panel that a test can close and open again, while the panel keeps its books.

use std::{net::SocketAddr, sync::Mutex};

use signalbox::simulator::Panel;
use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    task::{JoinHandle, JoinSet},
};

use super::receiver::silent_address;

/// An address before a panel's. Closed, it refuses connections, and those that stood are cut.
pub(crate) struct Door {
    address: SocketAddr,
    panel: SocketAddr,
    passage: Mutex<JoinHandle<()>>,
}

impl Door {
    /// Opens before a panel.
    pub(crate) async fn before(panel: &Panel) -> Self {
        let (address, panel) = (silent_address(), panel.address());
        Self { address, panel, passage: passage(address, panel).await.into() }
    }

    /// The panel's API, as it is reached through here.
    pub(crate) fn url(&self) -> String {
        format!("http://{}/api/v2", self.address)
    }

    pub(crate) fn close(&self) {
        self.passage.lock().unwrap().abort();
    }

    pub(crate) async fn open_again(&self) {
        let passage = passage(self.address, self.panel).await;
        *self.passage.lock().unwrap() = passage;
    }
}

impl Drop for Door {
    fn drop(&mut self) {
        self.close();
    }
}

async fn passage(address: SocketAddr, panel: SocketAddr) -> JoinHandle<()> {
    let listener = TcpListener::bind(address).await.unwrap();
    tokio::spawn(async move {
        let mut connections = JoinSet::new();
        while let Ok((mut client, _)) = listener.accept().await {
            connections.spawn(async move {
                let mut server = TcpStream::connect(panel).await.unwrap();
                // Either side may hang up as it likes.
                let _ = copy_bidirectional(&mut client, &mut server).await;
            });
        }
    })
}
