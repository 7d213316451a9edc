//! Who is tried first, and why.

use chrono::Utc;
use serde_json::{Value, json};
use signalbox::domain::{
    ProviderId, ServiceId, provider::ProviderEvent, refusal::RefusalClass, service::ServiceEvent,
};
use uuid::Uuid;

use crate::{
    graphql_facts::{Attempt, order, provider, service},
    graphql_installation::Installation,
};

const RANKINGS: &str = "query ($service: ID) {
    providerRankings(serviceId: $service) { rank score reasons provider { name } }
}";

/// One line for each: rank, name, score, reasons.
async fn lines(shop: &Installation, service: Option<ServiceId>) -> Vec<String> {
    let service = service.map(|id| id.to_string());
    let data = shop.data(RANKINGS, json!({"service": service})).await;
    let line = |ranking: &Value| {
        let reasons: Vec<&str> =
            ranking["reasons"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
        let name = ranking["provider"]["name"].as_str().unwrap();
        format!("{} {name} {}: {}", ranking["rank"], ranking["score"], reasons.join("; "))
    };
    data["providerRankings"].as_array().unwrap().iter().map(line).collect()
}

/// Attempts of one order each: so many placed, so many refused for want of balance.
async fn attempts(
    shop: &Installation,
    provider: ProviderId,
    likes: ServiceId,
    first: i64,
    outcomes: &[bool],
) {
    for (number, placed) in (first..).zip(outcomes) {
        let id = order(shop, number, likes, "https://example.com/p/1").await;
        let attempt = Attempt::new(1, provider);
        let outcome = match placed {
            true => attempt.placed(&number.to_string(), 20),
            false => attempt.refused(RefusalClass::WalletEmpty, "Not enough funds"),
        };
        shop.record("order", id.0, &[attempt.started(likes, Utc::now()), outcome]).await;
    }
}

#[tokio::test]
async fn providers_rank_by_priority_then_by_measured_success() {
    let shop = Installation::start().await;
    let off = provider(&shop, "off", 1).await;
    let poor = provider(&shop, "poor", 1).await;
    let _new = provider(&shop, "new", 1).await;
    let good = provider(&shop, "good", 1).await;
    let _last = provider(&shop, "last", 2).await;
    let gone = provider(&shop, "gone", 1).await;
    let likes = service(&shop, good, 1, "Likes").await;
    attempts(&shop, good, likes, 1, &[true, true, true, false]).await;
    attempts(&shop, poor, likes, 11, &[true, false, false, false]).await;
    shop.record("provider", off.0, &[ProviderEvent::ProviderDeactivated {}]).await;
    shop.record("provider", gone.0, &[ProviderEvent::ProviderDeleted {}]).await;
    let unmeasured = "no recent attempts, which counts as a score of 0.5";
    assert_eq!(
        lines(&shop, None).await,
        [
            "1 good 0.75: provider priority 1; placed 3 of 4 recent attempts".to_owned(),
            format!("2 new 0.5: provider priority 1; {unmeasured}"),
            "3 poor 0.25: provider priority 1; placed 1 of 4 recent attempts".to_owned(),
            format!("4 last 0.5: provider priority 2; {unmeasured}"),
            format!(
                "5 off 0.5: provider priority 1; {unmeasured}; passed over: the provider is inactive"
            ),
        ]
    );
}

#[tokio::test]
async fn candidates_of_a_service_rank_as_an_order_would_try_them() {
    let shop = Installation::start().await;
    let mut ids = vec![];
    for (name, priority) in [("own", 9), ("first", 5), ("second", 1), ("off", 1), ("delisted", 1)] {
        ids.push(provider(&shop, name, priority).await);
    }
    let mut services = vec![];
    for (number, provider) in (1..).zip(&ids) {
        services.push(service(&shop, *provider, number, "Likes").await);
    }
    for (backup, priority) in [(1, 1), (2, 2), (3, 1), (4, 1)] {
        let mapped = ServiceEvent::ServiceMapped {
            backup_service_id: services[backup],
            backup_provider_id: ids[backup],
            priority,
        };
        shop.record("service", services[0].0, &[mapped]).await;
    }
    shop.record("provider", ids[3].0, &[ProviderEvent::ProviderDeactivated {}]).await;
    let off_sale = [ServiceEvent::ServiceDelisted {}, ServiceEvent::ServiceDisabled {}];
    shop.record("service", services[4].0, &off_sale).await;
    let unmeasured = "no recent attempts, which counts as a score of 0.5";
    let rank = |line: &str, reasons: &str| {
        let (role, rest) = reasons.split_once(" | ").unwrap_or((reasons, ""));
        let rest = if rest.is_empty() { String::new() } else { format!("; passed over: {rest}") };
        format!("{line} 0.5: {role}; {unmeasured}{rest}")
    };
    let delisted =
        "the service is not for sale; passed over: the provider does not list the service any more";
    let expected = [
        rank("1 own", "primary: sells service 1 itself; provider priority 9"),
        rank("2 first", "backup of priority 1: service 2; provider priority 5"),
        rank("3 second", "backup of priority 2: service 3; provider priority 1"),
        rank(
            "4 off",
            "backup of priority 1: service 4; provider priority 1 | the provider is inactive",
        ),
        rank(
            "5 delisted",
            &format!("backup of priority 1: service 5; provider priority 1 | {delisted}"),
        ),
    ];
    let found = lines(&shop, Some(services[0])).await;
    assert_eq!(found, expected);
}

#[tokio::test]
async fn service_that_is_not_there_has_no_candidates() {
    let shop = Installation::start().await;
    let unknown = json!({"service": Uuid::now_v7().to_string()});
    assert_eq!(shop.refusal(RANKINGS, unknown).await, json!({"code": "NOT_FOUND"}));
    let refusal = shop.refusal(RANKINGS, json!({"service": "x"})).await;
    assert_eq!(refusal, json!({"code": "INVALID_INPUT", "field": "serviceId"}));
}
