//! A client that costs next to nothing, since it shares the machine with what it measures: one request, many times.

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    task::JoinSet,
};

use super::stats::percentile;

/// A request as it goes over the wire.
#[derive(Clone)]
pub(crate) struct Request {
    pub(crate) address: SocketAddr,
    pub(crate) text: String,
}

/// What a server did under load.
pub(crate) struct Load {
    /// Answers a second.
    pub(crate) rate: f64,
    /// Under which 99 of 100 answers stayed.
    pub(crate) p99: Duration,
}

struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Request {
    /// Asks once; returns the body.
    pub(crate) async fn once(&self) -> Result<String> {
        let mut connection = Connection::open(self.address).await?;
        let body = connection.ask(&self.text).await?;
        Ok(String::from_utf8(body)?)
    }

    /// Asks on so many connections for so long, each as soon as it has its answer.
    pub(crate) async fn load(&self, connections: usize, span: Duration) -> Result<Load> {
        let mut tasks = JoinSet::new();
        let begun = Instant::now();
        for _ in 0..connections {
            let request = self.clone();
            tasks.spawn(async move { request.repeat(begun + span).await });
        }
        let mut all = vec![];
        while let Some(done) = tasks.join_next().await {
            all.extend(done??);
        }
        let rate = all.len() as f64 / begun.elapsed().as_secs_f64();
        Ok(Load { rate, p99: percentile(all, 0.99) })
    }

    async fn repeat(self, until: Instant) -> Result<Vec<Duration>> {
        let mut connection = Connection::open(self.address).await?;
        let mut taken = vec![];
        while Instant::now() < until {
            let asked = Instant::now();
            connection.ask(&self.text).await?;
            taken.push(asked.elapsed());
        }
        Ok(taken)
    }
}

impl Connection {
    async fn open(address: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, buffer: Vec::with_capacity(64 * 1024) })
    }

    async fn ask(&mut self, request: &str) -> Result<Vec<u8>> {
        self.stream.write_all(request.as_bytes()).await?;
        self.buffer.clear();
        let head = loop {
            if let Some(end) = self.buffer.windows(4).position(|four| four == b"\r\n\r\n") {
                break end + 4;
            }
            self.read().await?;
        };
        let length = length(std::str::from_utf8(&self.buffer[..head])?)?;
        while self.buffer.len() < head + length {
            self.read().await?;
        }
        Ok(self.buffer[head..].to_vec())
    }

    async fn read(&mut self) -> Result<()> {
        let count = self.stream.read_buf(&mut self.buffer).await?;
        ensure!(count > 0, "the server hung up");
        Ok(())
    }
}

/// The length of the body of a good answer.
fn length(head: &str) -> Result<usize> {
    ensure!(head.starts_with("HTTP/1.1 200"), "not answered: {head}");
    let mut lines = head.lines().filter_map(|line| line.split_once(": "));
    let length = lines.find(|(name, _)| name.eq_ignore_ascii_case("content-length"));
    Ok(length.context("no content-length")?.1.trim().parse()?)
}
