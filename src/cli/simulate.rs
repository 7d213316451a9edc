//! `signalbox simulate`: one fake panel, for trying things on by hand.

use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context;
use clap::Args;
use rust_decimal::Decimal;

use super::signals::EndSignals;
use crate::simulator::{Catalogue, IdSteps, Latency, Pace, Panel, PanelConfig, Switches};

const CONTROL: &str = r#"While it runs, the panel is controlled under /_sim on the same port, without a key:
  GET    /_sim            counts, balance, latency, switches, faults
  GET    /_sim/orders     every order that was accepted
  PUT    /_sim/orders/{id}   {"status":"Disputed"} is answered from now on; null ends that
  GET    /_sim/requests   the last calls, without their keys
  GET    /_sim/faults     the rules in force; the first that hits a call decides it
  PUT    /_sim/faults     replaces all rules by a list
  POST   /_sim/faults     adds one rule after the others
  DELETE /_sim/faults     ends all faults
  PUT    /_sim/balance    {"balance":"12.5"}
  PUT    /_sim/latency    {"base_ms":50,"jitter_ms":100}
  PUT    /_sim/switches   {"orders_list":true,"busy_links":true,"no_lists":true}, any of them
  GET    /_sim/catalogue  the rows on sale; PUT replaces them, POST adds one
  PATCH  /_sim/catalogue/{service}   merges fields into a row; DELETE removes it

A rule: {"fault":FAULT,"action":"add","share":0.5,"remaining":10,"moment":"after"}
All but the fault may be left out; then it hits every action and every call,
without end, before the panel acts on it. FAULT is one of
  {"refuse":"Not enough funds on balance"}   {"html":503}   {"slow_ms":3000}
  "server_error"   "silent"   "reset"   "truncated"   "empty_list"
  {"too_many_requests":{"retry_after_seconds":3,"body":"json"}}
                   (body: json, text, html or empty)
  {"unavailable":{"retry_after_seconds":3}}

Half of the orders are accepted, and then the connection is reset:
  curl http://127.0.0.1:8090/_sim/faults \
    --json '{"fault":"reset","action":"add","share":0.5,"moment":"after"}'"#;

/// Serves one fake panel at /api/v2, whose faults are switched while it runs
#[derive(Args, Debug)]
#[command(after_help = CONTROL)]
pub(super) struct Simulate {
    /// Address to listen on; port 0 takes a free one
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8090")]
    listen: SocketAddr,
    /// JSON array of services to sell, as a panel's action `services` answers it
    #[arg(long, value_name = "FILE", conflicts_with = "services")]
    catalogue: Option<PathBuf>,
    /// Size of the generated catalogue
    #[arg(long, value_name = "N", default_value_t = 200)]
    services: usize,
    /// Drives the catalogue, order ids, fates of orders, jitter and dice of faults
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// API key that callers must show
    #[arg(long, default_value = "simulated")]
    key: String,
    /// What the account holds at the start
    #[arg(long, value_name = "AMOUNT", default_value = "10000")]
    balance: Decimal,
    /// Currency of rates, charges and the balance
    #[arg(long, default_value = "USD")]
    currency: String,
    /// Least delay of every answer, in milliseconds
    #[arg(long, value_name = "MS", default_value_t = 0)]
    latency_ms: u64,
    /// Most that is added to the delay, in milliseconds
    #[arg(long, value_name = "MS", default_value_t = 0)]
    jitter_ms: u64,
    /// How long an order is Pending
    #[arg(long, value_name = "SECONDS", default_value_t = 10)]
    pending_seconds: u64,
    /// How long an order is In progress after that
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    progress_seconds: u64,
    /// Orders of other customers before each own one, on average
    #[arg(long, value_name = "N", default_value_t = 2.0)]
    others: f64,
    /// Answers action=orders with all own orders
    #[arg(long)]
    orders_list: bool,
    /// Refuses an order while another for the same service and link is active
    #[arg(long)]
    busy_links: bool,
    /// Refuses calls about several orders or refills at once
    #[arg(long)]
    no_lists: bool,
}

impl Simulate {
    pub(super) async fn run(self) -> anyhow::Result<()> {
        let mut signals = EndSignals::listen()?;
        let panel = Panel::start(self.config()?).await?;
        let state = panel.state();
        println!("a fake panel sells {} services at {}", state.services, panel.url());
        println!("its key is {}, its balance {} {}", panel.key(), state.balance, state.currency);
        println!("it is controlled at http://{}/_sim; Ctrl-C ends it", panel.address());
        signals.received().await;
        panel.stop().await;
        Ok(())
    }

    fn config(self) -> anyhow::Result<PanelConfig> {
        let catalogue = match &self.catalogue {
            None => Catalogue::generate(self.services, self.seed),
            Some(file) => {
                let text = fs::read_to_string(file)
                    .with_context(|| format!("cannot read the catalogue {}", file.display()))?;
                Catalogue::from_json(&text)?
            }
        };
        Ok(PanelConfig {
            listen: self.listen,
            key: self.key,
            catalogue,
            seed: self.seed,
            balance: self.balance,
            currency: self.currency,
            latency: Latency { base_ms: self.latency_ms, jitter_ms: self.jitter_ms },
            pace: Pace {
                pending: Duration::from_secs(self.pending_seconds),
                in_progress: Duration::from_secs(self.progress_seconds),
                ..Pace::default()
            },
            ids: IdSteps { others_per_own: self.others, ..IdSteps::default() },
            switches: Switches {
                orders_list: self.orders_list,
                busy_links: self.busy_links,
                no_lists: self.no_lists,
            },
        })
    }
}
