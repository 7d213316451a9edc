use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::PathBuf,
    time::Duration,
};

use anyhow::{Context, bail};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use clap::Args;
use secrecy::SecretString;
use tokio::{
    net::TcpListener,
    time::{Instant, sleep},
};

use super::{
    cast::{self, Player},
    narrator::Narrator,
    overture::{self, Overture},
    scoreboard::Scoreboard,
    screen::Screen,
    summary,
};
use crate::{
    app::{App, AppConfig, DatabaseConfig, Monitoring},
    cli::{
        logging::{LogFormat, Logging},
        signals::EndSignals,
    },
    domain::{
        ServiceId,
        provider::UpstreamPolicy,
        routing::Strategy,
        service::{PriceWatch, WaitLimit},
    },
    postgres::{Durability, PrivatePostgres},
    process::{DispatchPace, DispatchStatus, HealthPace, StatusPace, SyncPace},
    provider_api::CallLimits,
    read::PageRequest,
};

/// Ports tried for the API, from the first on.
const PORTS: std::ops::Range<u16> = 8080..8180;
/// Between two orders.
const PACE: Duration = Duration::from_millis(60);
/// Between two looks at the journal.
const GLANCE: Duration = Duration::from_millis(50);
/// How long the orders may take to come to rest.
const PATIENCE: Duration = Duration::from_secs(120);

/// How much longer for evidence on those in doubt.
const DOUBT_PATIENCE: Duration = Duration::from_secs(15);
/// The alerts that are told of at the end.
const ALERTS: PageRequest = PageRequest { first: 6, after: None };

/// Watch orders fail over between three simulated panels with different faults
#[derive(Debug, Args)]
pub(in crate::cli) struct Demo {
    /// How many orders are placed
    #[arg(long, value_name = "N", default_value_t = 60)]
    orders: usize,
    /// Folder for the demo's own PostgreSQL, emptied at the start
    #[arg(long, value_name = "DIR", default_value = "./data/demo")]
    data_dir: PathBuf,
    /// Address of the API [default: the first free port from 8080 on]
    #[arg(long, value_name = "ADDR")]
    listen: Option<SocketAddr>,
    /// Print a line for each order on a terminal, too, instead of a live table
    #[arg(long)]
    plain: bool,
    /// End this many seconds after the orders have come to rest, instead of at Ctrl-C
    #[arg(long, value_name = "SECONDS")]
    exit_after: Option<u64>,
}

impl Demo {
    pub(in crate::cli) async fn run(self) -> anyhow::Result<()> {
        let _logging = Logging::start("error", LogFormat::Text);
        let mut signals = EndSignals::listen()?;
        println!("A fresh PostgreSQL starts in {} …", self.data_dir.display());
        let token = SecretString::from(URL_SAFE_NO_PAD.encode(uuid::Uuid::now_v7().as_bytes()));
        let starting = self.start(token.clone());
        let app = tokio::select! {
            app = starting => app?,
            () = signals.received() => return Ok(()),
        };
        let played = tokio::select! {
            played = self.play(&app, &token) => played,
            () = signals.received() => Ok(()),
        };
        // On a line apart from what the terminal echoes of Ctrl-C.
        println!("\nStopping …");
        app.stop().await;
        played
    }

    async fn start(&self, token: SecretString) -> anyhow::Result<App> {
        PrivatePostgres::discard(&self.data_dir).await?;
        let listen = match self.listen {
            Some(address) => address,
            None => free_address().await?,
        };
        let app = App::start(AppConfig {
            listen,
            database: DatabaseConfig::Private(Durability::Durable),
            data_dir: self.data_dir.clone(),
            read_models: None,
            secret_key: None,
            admin_token: Some(token),
            first_provider: None,
            policy: UpstreamPolicy::PrivateAllowed,
            call_limits: CallLimits { add: cast::PATIENCE, ..CallLimits::default() },
            pace: DispatchPace::default(),
            status_pace: StatusPace::default(),
            ranking_pace: cast::RANKING_PACE,
            doubt_pace: cast::eager(),
            sync_pace: SyncPace::default(),
            price_watch: PriceWatch::default(),
            monitoring: Monitoring::default(),
            default_strategy: Strategy::default(),
            breaker: Some(cast::impatient()),
            health_pace: HealthPace::default(),
            wait_limit: WaitLimit::default().span(),
        });
        let app = app.await?;
        let mut dispatching = app.dispatching();
        let ready = dispatching.wait_for(|status| *status == DispatchStatus::Dispatching);
        ready.await.context("the dispatcher ended")?;
        Ok(app)
    }

    async fn play(&self, app: &App, token: &SecretString) -> anyhow::Result<()> {
        println!("Three panels join:");
        let players = cast::enter(app.commands(), app.operations()).await?;
        let services = cast::rehearse(app.commands(), &players).await?;
        println!(
            "{} services of {} are mapped to the same ones of the other two.",
            services.len(),
            players[0].name
        );
        println!();
        println!("{} orders are placed:", self.orders);
        let board = Scoreboard::new(players.iter().map(|player| (player.provider, player.name)));
        let narrator = Narrator::new(app.reads(), board, self.screen());
        let placing = self.place(app, &services, &players);
        let ((), board) = tokio::try_join!(placing, self.narrate(narrator))?;
        summary::print_score(&board, &players);
        let (rankings, advice) =
            tokio::try_join!(app.reads().provider_rankings(), app.reads().priority_advice())?;
        summary::print_rankings(&rankings, &advice);
        summary::print_alerts(&app.reads().alerts(ALERTS).await?.rows);
        summary::print_coverage(&app.reads().coverage().await?);
        summary::print_invitation(app.address(), token, &players);
        self.linger().await;
        stop(players).await;
        Ok(())
    }

    fn screen(&self) -> Screen {
        if self.plain { Screen::Lines } else { Screen::open(self.orders) }
    }

    async fn place(
        &self,
        app: &App,
        services: &[(ServiceId, i64)],
        players: &[Player],
    ) -> anyhow::Result<()> {
        if services.is_empty() {
            bail!("the simulated catalogue has no service with link and quantity");
        }
        let mut fell_silent = false;
        let mut placed = 0;
        if self.orders >= overture::ORDERS
            // Halves of a large order are the plainest.
            && let Some((service, least)) = services.iter().max_by_key(|(_, least)| *least)
        {
            Overture { app, players }.play(*service, *least).await?;
            placed = overture::ORDERS;
        }
        for (number, (service, least)) in (placed + 1..=self.orders).zip(services.iter().cycle()) {
            let link = format!("https://social.example/p/{number}");
            cast::order(app.commands(), *service, *least, &link).await?;
            if number == self.orders / 4 {
                players[0].die();
            }
            // An order that it holds already is what ids are held against.
            if !fell_silent && number > self.orders * 2 / 5 && players[2].holds() > 2 {
                players[2].fall_silent();
                fell_silent = true;
            }
            if number == self.orders * 3 / 5 {
                players[0].come_back();
            }
            sleep(PACE).await;
        }
        Ok(())
    }

    async fn narrate(&self, mut narrator: Narrator<'_>) -> anyhow::Result<Scoreboard> {
        let give_up_at = Instant::now() + PATIENCE + PACE * u32::try_from(self.orders)?;
        while narrator.at_rest() < self.orders {
            if Instant::now() > give_up_at {
                bail!("some orders have not come to rest in time; the log says why");
            }
            narrator.catch_up().await?;
            sleep(GLANCE).await;
        }
        let give_up_at = Instant::now() + DOUBT_PATIENCE;
        while narrator.in_doubt() > 0 && Instant::now() < give_up_at {
            narrator.catch_up().await?;
            sleep(GLANCE).await;
        }
        Ok(narrator.into_board())
    }

    async fn linger(&self) {
        match self.exit_after {
            Some(seconds) => sleep(Duration::from_secs(seconds)).await,
            None => std::future::pending().await,
        }
    }
}

async fn stop(players: Vec<Player>) {
    for player in players {
        player.panel.stop().await;
    }
}

/// Finds the first port that is free; the next start may need another.
async fn free_address() -> anyhow::Result<SocketAddr> {
    for port in PORTS {
        let address = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port);
        if TcpListener::bind(address).await.is_ok() {
            return Ok(address);
        }
    }
    bail!("no port from {} to {} is free", PORTS.start, PORTS.end - 1)
}
