//! Which services for sale would stand alone if their provider failed.

use rust_decimal::dec;
use serde_json::{Value, json};
use signalbox::domain::{
    ProviderId, ServiceId,
    provider::ProviderEvent,
    service::{Pricing, ServiceEvent},
};

use crate::{
    graphql_facts::{balance, provider, service},
    graphql_installation::Installation,
};

const COVERAGE: &str = "query($problem: CoverageProblem, $first: Int! = 50, $after: String) {
    coverage(problem: $problem, first: $first, after: $after) {
        totalCount servicesForSale pageInfo { hasNextPage endCursor }
        nodes { service { number } problem backup { number } message } } }";

/// One line for each: service, problem, backup, words.
fn lines(data: &Value) -> Vec<String> {
    let line = |gap: &Value| {
        format!(
            "{} {} {}: {}",
            gap["service"]["number"],
            gap["problem"].as_str().unwrap(),
            gap["backup"]["number"],
            gap["message"].as_str().unwrap()
        )
    };
    data["coverage"]["nodes"].as_array().unwrap().iter().map(line).collect()
}

/// Two providers with four services each, of which those of the second back up those of the first: 1 by 5, 2 by 6, 3 by 7.
struct Shop {
    installation: Installation,
    providers: [ProviderId; 2],
    services: Vec<ServiceId>,
}

impl Shop {
    async fn open() -> Self {
        let installation = Installation::start().await;
        let providers =
            [provider(&installation, "peak", 1).await, provider(&installation, "summit", 2).await];
        let mut services = vec![];
        for number in 1..=8 {
            let owner = providers[usize::from(number > 4)];
            services.push(service(&installation, owner, number, "Likes").await);
        }
        let shop = Self { installation, providers, services };
        for number in 5..=8 {
            // What only stands in for others needs no backup itself.
            shop.happens(
                number,
                ServiceEvent::ServiceMapped {
                    backup_service_id: shop.services[0],
                    backup_provider_id: shop.providers[0],
                    priority: 1,
                },
            )
            .await;
        }
        for number in 1..=3 {
            shop.happens(
                number,
                ServiceEvent::ServiceMapped {
                    backup_service_id: shop.services[number + 3],
                    backup_provider_id: shop.providers[1],
                    priority: 1,
                },
            )
            .await;
        }
        shop
    }

    async fn happens(&self, number: usize, event: ServiceEvent) {
        self.installation.record("service", self.services[number - 1].0, &[event]).await;
    }

    async fn ask(&self, variables: Value) -> Value {
        self.installation.data(COVERAGE, variables).await
    }
}

#[tokio::test]
async fn service_for_sale_without_a_usable_backup_is_found() {
    let shop = Shop::open().await;
    let found = shop.ask(json!({})).await;
    assert_eq!(lines(&found), ["4 NO_USABLE_BACKUP null: no backup is mapped"]);
    assert_eq!(
        (&found["coverage"]["totalCount"], &found["coverage"]["servicesForSale"]),
        (&json!(1), &json!(8))
    );
    shop.happens(4, ServiceEvent::ServiceDisabled {}).await;
    shop.happens(6, ServiceEvent::ServiceDisabled {}).await;
    let found = shop.ask(json!({})).await;
    assert_eq!(
        lines(&found),
        ["2 NO_USABLE_BACKUP null: its backup would be passed over: the service is not for sale"]
    );
    assert_eq!(found["coverage"]["servicesForSale"], 6);
}

#[tokio::test]
async fn backup_that_takes_less_or_costs_more_is_named() {
    let shop = Shop::open().await;
    let listing = serde_json::from_value(json!({
        "provider_service_id": "5", "name": "Likes", "category": "Likes", "kind": "default", "rate": "0.90",
        "min": 20, "max": 5000, "refill": true, "cancel": null, "dripfeed": false,
    }));
    let changed = vec!["min".to_owned(), "max".to_owned()];
    shop.happens(5, ServiceEvent::ServiceChanged { listing: listing.unwrap(), changed }).await;
    let cheap = Pricing::Fixed(dec!(0.8));
    shop.happens(2, ServiceEvent::ServicePriceSet { pricing: cheap, price: dec!(0.8) }).await;
    let found = shop.ask(json!({})).await;
    let expected = [
        "1 BACKUP_LIMITS 5: backup 5 at summit: it takes 20 to 5000 units, and 10 to 5000000000 are sold",
        "2 BACKUP_COSTS_MORE 6: backup 6 at summit: it costs 0.9, and customers pay 0.8",
        "4 NO_USABLE_BACKUP null: no backup is mapped",
    ];
    assert_eq!(lines(&found), expected);
    let only = shop.ask(json!({"problem": "BACKUP_COSTS_MORE"})).await;
    assert_eq!(
        (lines(&only), &only["coverage"]["totalCount"]),
        (vec![expected[1].to_owned()], &json!(1))
    );
    let first = shop.ask(json!({"first": 2})).await;
    assert_eq!(
        (lines(&first), &first["coverage"]["pageInfo"]["hasNextPage"]),
        (expected[..2].iter().map(ToString::to_string).collect(), &json!(true))
    );
    let after = &first["coverage"]["pageInfo"]["endCursor"];
    let rest = shop.ask(json!({"first": 2, "after": after})).await;
    assert_eq!(
        (lines(&rest), &rest["coverage"]["pageInfo"]["hasNextPage"]),
        (vec![expected[2].to_owned()], &json!(false))
    );
}

#[tokio::test]
async fn rates_in_another_currency_are_not_compared() {
    let shop = Shop::open().await;
    let cheap = Pricing::Fixed(dec!(0.8));
    shop.happens(2, ServiceEvent::ServicePriceSet { pricing: cheap, price: dec!(0.8) }).await;
    let euros = ProviderEvent::ConnectionTestSucceeded {
        balance: dec!(7),
        currency: Some("EUR".to_owned()),
        runway_hours: None,
        response_ms: 12,
        tested_at: chrono::Utc::now(),
    };
    let dollars = balance(dec!(7));
    for (provider, told) in shop.providers.iter().zip([euros, dollars]) {
        shop.installation.record("provider", provider.0, &[told]).await;
    }
    let found = shop.ask(json!({"problem": "BACKUP_COSTS_MORE"})).await;
    assert_eq!(lines(&found), [""; 0]);
}

#[tokio::test]
async fn service_whose_providers_are_all_off_is_down() {
    let shop = Shop::open().await;
    let off = [ProviderEvent::ProviderDeactivated {}];
    shop.installation.record("provider", shop.providers[0].0, &off).await;
    let down = json!({"problem": "ALL_PROVIDERS_DOWN"});
    let all = "no provider of the service takes orders at present";
    assert_eq!(lines(&shop.ask(down.clone()).await), [format!("4 ALL_PROVIDERS_DOWN null: {all}")]);
    shop.installation.record("provider", shop.providers[1].0, &off).await;
    let found = lines(&shop.ask(down).await);
    let expected: Vec<String> =
        (1..=8).map(|number| format!("{number} ALL_PROVIDERS_DOWN null: {all}")).collect();
    assert_eq!(found, expected);
}
