//! The three panels of the demo, and the catalogue that they share.

use std::time::Duration;

use anyhow::Context;
use chrono::TimeDelta;

use crate::{
    command::{AddProvider, Commands, PlaceOrder, UpdateProvider},
    domain::{
        OrderId, ProviderId, ServiceId,
        order::{HOUSE_ACCOUNT, OrderRequest},
        provider::{BreakerPolicy, ProviderTerms},
    },
    process::{Delisting, DoubtPace, ProviderOperations},
    simulator::{Action, Catalogue, Fault, FaultRule, Latency, Panel, PanelConfig},
};

/// Services in each panel's catalogue.
const SERVICES: usize = 60;
/// All panels sell the same things, so that each can stand in for the others.
const CATALOGUE_SEED: u64 = 20;

/// A panel as the router knows it.
pub(super) struct Player {
    pub(super) name: &'static str,
    pub(super) provider: ProviderId,
    pub(super) panel: Panel,
}

/// One part in the play.
struct Part {
    name: &'static str,
    flaw: &'static str,
    latency: Latency,
    faults: Vec<FaultRule>,
    /// Whether nobody but us orders with the account there, so that balance and order ids are evidence.
    exclusive: bool,
}

fn parts() -> [Part; 3] {
    [
        Part {
            name: "Alder",
            flaw: "is quick, and dies for a while in the middle of the play",
            latency: Latency { base_ms: 40, jitter_ms: 60 },
            faults: vec![],
            exclusive: false,
        },
        Part {
            name: "Birch",
            flaw: "is overloaded: it answers many orders with 429, and asks for a rest",
            latency: Latency { base_ms: 20, jitter_ms: 20 },
            faults: vec![
                FaultRule::on(
                    Action::Add,
                    Fault::TooManyRequests {
                        retry_after_seconds: Some(1),
                        body: Default::default(),
                    },
                )
                .share(0.4),
            ],
            exclusive: false,
        },
        Part {
            name: "Cedar",
            flaw: "is slow, and goes silent once after it has taken an order; we are its only customer",
            latency: Latency { base_ms: 150, jitter_ms: 150 },
            faults: vec![],
            exclusive: true,
        },
    ]
}

/// Starts the panels and adds them as providers; the first is everybody's primary.
pub(super) async fn enter(
    commands: &Commands,
    operations: &ProviderOperations,
) -> anyhow::Result<Vec<Player>> {
    let mut players = vec![];
    for (part, priority) in parts().into_iter().zip(1..) {
        let panel = Panel::start(PanelConfig {
            catalogue: Catalogue::generate(SERVICES, CATALOGUE_SEED),
            seed: 1 + players.len() as u64,
            latency: part.latency,
            ..PanelConfig::default()
        })
        .await?;
        let added = commands.add_provider(AddProvider {
            name: part.name.to_owned(),
            api_url: panel.url(),
            api_key: panel.key().into(),
            priority,
            terms: ProviderTerms::default(),
        });
        let provider = added.await?.value;
        let declared =
            UpdateProvider { exclusive: Some(part.exclusive), ..UpdateProvider::of(provider) };
        commands.update_provider(declared).await?;
        let test = operations.test_connection(provider).await?.value;
        println!("  {}  {}", part.name, part.flaw);
        println!("         {}  {}", panel.url(), test.message);
        operations.sync(provider, Delisting::Guarded).await?;
        panel.set_faults(part.faults);
        players.push(Player { name: part.name, provider, panel });
    }
    Ok(players)
}

/// Maps every service of the first player that customers could order with link and quantity to the same ones of the
/// others. Returns those services with their least quantity.
pub(super) async fn rehearse(
    commands: &Commands,
    players: &[Player],
) -> anyhow::Result<Vec<(ServiceId, i64)>> {
    let (lead, others) = players.split_first().context("a demo has players")?;
    let simple: Vec<(ServiceId, String, i64)> = commands.catalogue().read(|snapshot| {
        let services = snapshot.services_of(lead.provider);
        let services = services.filter_map(|(id, service)| {
            let listing = &service.aggregate.associated()?.listing;
            let simple = listing.kind.canonical() == "default";
            simple.then(|| (id, listing.provider_service_id.clone(), listing.min))
        });
        services.take(12).collect()
    });
    for (service, sold_as, _) in &simple {
        for (other, priority) in others.iter().zip(1..) {
            let backup = ServiceId::derive(other.provider, sold_as);
            commands.map_service(*service, backup, priority).await?;
        }
    }
    Ok(simple.into_iter().map(|(service, _, least)| (service, least)).collect())
}

/// Places a customer's order.
pub(super) async fn order(
    commands: &Commands,
    service_id: ServiceId,
    quantity: i64,
    link: &str,
) -> anyhow::Result<OrderId> {
    let request =
        OrderRequest { link: link.to_owned(), quantity: Some(quantity), ..OrderRequest::default() };
    let account = HOUSE_ACCOUNT.to_owned();
    let place = PlaceOrder { service_id, request, idempotency_key: None, account };
    Ok(commands.place_order(place).await?.value)
}

impl Player {
    /// Takes no orders from now on, and does not tell its balance either.
    pub(super) fn die(&self) {
        let refuses = Fault::Refuse("API is disabled".to_owned());
        self.panel.set_faults(vec![
            FaultRule::on(Action::Add, refuses),
            FaultRule::on(Action::Balance, Fault::ServerError),
        ]);
    }

    /// How many orders it has taken.
    pub(super) fn holds(&self) -> usize {
        self.panel.orders().len()
    }

    /// Takes the next order, and does not say so.
    pub(super) fn fall_silent(&self) {
        self.panel.set_faults(vec![FaultRule::on(Action::Add, Fault::Silent).times(1).after()]);
    }

    /// Works as if nothing had been.
    pub(super) fn come_back(&self) {
        self.panel.clear_faults();
    }
}

/// The breaker of the demo: nobody wants to watch a pause of a quarter of a minute.
pub(super) fn impatient() -> BreakerPolicy {
    BreakerPolicy {
        first_pause: TimeDelta::milliseconds(400),
        longest_pause: TimeDelta::seconds(3),
        ..BreakerPolicy::default()
    }
}

/// How soon evidence is looked for.
pub(super) fn eager() -> DoubtPace {
    DoubtPace {
        look: Duration::from_millis(500),
        first: Duration::from_secs(1),
        at_most: Duration::from_secs(4),
    }
}

/// Between two looks at how panels do: a demo is over within one of an installation's.
pub(super) const RANKING_PACE: Duration = Duration::from_secs(2);

/// How long a call may take in the demo: nobody wants to watch a silence for half a minute.
pub(super) const PATIENCE: Duration = Duration::from_secs(4);
