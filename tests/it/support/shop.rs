//! Panels that sell the same things, as an installation knows them, and what they came to hold.

use std::collections::HashMap;

use rust_decimal::Decimal;
use serde_json::{Value, json};
use signalbox::simulator::{Action, Catalogue, Panel, PanelConfig};
use sqlx::PgPool;

use super::api::Api;

/// Panels with the same catalogue. One service of the first is for sale, with those of the others as its backups.
pub(crate) struct Shop {
    pub(crate) panels: Vec<Panel>,
    /// The panels' ids as providers; their names are `panel 1` and so on.
    pub(crate) providers: Vec<String>,
    /// The service for sale.
    pub(crate) service: String,
    /// What the panels call it.
    pub(crate) panel_service: String,
    quantity: i64,
}

/// What became of all orders.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Census {
    pub(crate) placed: usize,
    pub(crate) in_doubt: usize,
    pub(crate) failed: usize,
}

impl Shop {
    /// Opens with quick, faultless panels.
    pub(crate) async fn open(api: &Api, panels: usize) -> Self {
        Self::open_with(api, (0..panels).map(|_| PanelConfig::default()).collect()).await
    }

    /// Opens with panels of these habits; catalogue, key, seed and balance are the shop's.
    pub(crate) async fn open_with(api: &Api, configs: Vec<PanelConfig>) -> Self {
        let mut panels = vec![];
        for (config, number) in configs.into_iter().zip(1..) {
            let (catalogue, key) = (Catalogue::generate(30, 1), format!("key of panel {number}"));
            let balance = Decimal::from(1_000_000_000);
            let config = PanelConfig { catalogue, key, seed: number, balance, ..config };
            panels.push(Panel::start(config).await.unwrap());
        }
        Self::of(api, panels).await
    }

    /// Makes panels known that are running.
    pub(crate) async fn of(api: &Api, panels: Vec<Panel>) -> Self {
        let (mut providers, mut services) = (vec![], vec![]);
        for (panel, priority) in panels.iter().zip(1..) {
            let provider = api.add_panel(&format!("panel {priority}"), panel, priority).await;
            assert_eq!(api.sync(&provider).await["succeeded"], true);
            services.push(default_service(api, &provider).await);
            providers.push(provider);
        }
        let text = |field: &str| services[0][field].as_str().unwrap().to_owned();
        let (service, panel_service) = (text("id"), text("providerServiceId"));
        let map = "mutation($input: MapServiceInput!) { mapService(input: $input) { position } }";
        for (backup, priority) in services[1..].iter().zip(1..) {
            let input = json!({"serviceId": service, "backupServiceId": backup["id"], "priority": priority});
            api.data(map, json!({"input": input})).await;
        }
        let quantity = services[0]["min"].as_i64().unwrap() * 2;
        Self { panels, providers, service, panel_service, quantity }
    }

    /// What is sent to order for a link.
    pub(crate) fn order(&self, link: &str) -> Value {
        json!({"serviceId": self.service, "link": link, "quantity": self.quantity})
    }

    /// How often each panel was asked to take an order.
    pub(crate) fn asked(&self) -> Vec<u64> {
        let asked = |panel: &Panel| panel.state().requests.get(&Action::Add).copied();
        self.panels.iter().map(|panel| asked(panel).unwrap_or_default()).collect()
    }

    /// How many orders each panel holds.
    pub(crate) fn held(&self) -> Vec<usize> {
        self.panels.iter().map(|panel| panel.orders().len()).collect()
    }

    /// Holds the journal against the panels' own books, order by order, by their links: an order that was placed is at
    /// that panel under that id, one in doubt at most there, one that failed nowhere; and none anywhere else or twice.
    pub(crate) async fn census(&self, journal: &PgPool) -> Census {
        let mut books: HashMap<String, Vec<Holding>> = HashMap::new();
        for (panel, provider) in self.panels.iter().zip(&self.providers) {
            for order in panel.orders() {
                let held = Holding { provider: provider.clone(), id: order.id.to_string() };
                books.entry(order.link).or_default().push(held);
            }
        }
        let mut census = Census::default();
        for (link, event, provider, id) in fates(journal).await {
            let held = books.remove(&link).unwrap_or_default();
            match (event.as_str(), provider.clone().zip(id)) {
                ("AttemptPlaced" | "AttemptSettled", Some((provider, id))) => {
                    assert_eq!(held, [Holding { provider, id }], "{link}");
                    census.placed += 1;
                }
                ("AttemptInDoubt", _) => {
                    assert!(held.len() <= 1, "{link} is in doubt and held: {held:?}");
                    assert!(held.iter().all(|held| Some(&held.provider) == provider.as_ref()));
                    census.in_doubt += 1;
                }
                ("OrderFailed", _) => {
                    assert_eq!(held, [], "{link} has failed");
                    census.failed += 1;
                }
                (event, _) => panic!("{link} is not at rest: {event}"),
            }
        }
        assert!(books.is_empty(), "panels hold what was never ordered: {books:?}");
        census
    }
}

#[derive(Debug, PartialEq, Eq)]
struct Holding {
    provider: String,
    id: String,
}

type Fate = (String, String, Option<String>, Option<String>);

/// Each order's link, and the last event that says where it stands.
async fn fates(journal: &PgPool) -> Vec<Fate> {
    sqlx::query_as(
        "select distinct on (aggregate_id)
             placed.payload ->> 'link', last.event_type, last.payload ->> 'provider_id',
             last.payload ->> 'api_order_id'
         from events placed
         join events last using (aggregate_type, aggregate_id)
         where placed.event_type = 'OrderPlaced'
           and last.event_type not in ('FailedOver', 'DuplicateFound', 'OrderStatusChanged', 'EvidenceRead')
         order by aggregate_id, last.sequence desc",
    )
    .fetch_all(journal)
    .await
    .unwrap()
}

/// Fails where a position is missing in the journal.
pub(crate) async fn assert_gapless(journal: &PgPool) {
    let (first, last, count): (i64, i64, i64) =
        sqlx::query_as("select min(position), max(position), count(*) from events")
            .fetch_one(journal)
            .await
            .unwrap();
    assert_eq!((first, last), (1, count));
}

/// A service of type Default that a provider sells.
pub(crate) async fn default_service(api: &Api, provider: &str) -> Value {
    let services = "query($provider: ID!) { services(filter: {providerId: $provider}, first: 100) {
        nodes { id providerServiceId type min max rate } } }";
    let found = api.data(services, json!({"provider": provider})).await;
    let nodes = found["services"]["nodes"].as_array().unwrap();
    nodes.iter().find(|service| service["type"] == "Default").unwrap().clone()
}
