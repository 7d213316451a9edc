//! Who is tried first, and why.

use serde_json::{Value, json};
use signalbox::domain::{
    Position, ProviderId, ServiceId,
    provider::{Measures, ProviderEvent, Score},
    routing::Strategy,
    service::ServiceEvent,
};
use uuid::Uuid;

use crate::{
    graphql_facts::{provider, service},
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

const UNMEASURED: &str = "no attempts in 7 days, so its score is what is expected";

/// So many attempts, and so many of them placed.
async fn measured(shop: &Installation, provider: ProviderId, judged: i64, placed: i64) {
    let measures = Measures {
        judged,
        placed,
        responses: judged,
        response_ms_sum: 20 * judged,
        ended: 2,
        delivered_ppm_sum: 1_500_000,
    };
    let (score, basis) = (Score::of(&measures), Position(1));
    let ranked = ProviderEvent::RankingChanged { score, measures, basis, as_of: None };
    shop.record("provider", provider.0, &[ranked]).await;
}

fn measured_in_words(judged: i64, placed: i64) -> String {
    format!(
        "placed {placed} of {judged} attempts in 7 days; answered in 20 ms on average; \
         delivered 75.0 % of 2 orders that ended in 30 days"
    )
}

#[tokio::test]
async fn providers_rank_by_priority_then_by_score() {
    let shop = Installation::start().await;
    let off = provider(&shop, "off", 1).await;
    let poor = provider(&shop, "poor", 1).await;
    let _new = provider(&shop, "new", 1).await;
    let good = provider(&shop, "good", 1).await;
    let _last = provider(&shop, "last", 2).await;
    let gone = provider(&shop, "gone", 1).await;
    measured(&shop, good, 100, 100).await;
    measured(&shop, poor, 100, 20).await;
    shop.record("provider", off.0, &[ProviderEvent::ProviderDeactivated {}]).await;
    shop.record("provider", gone.0, &[ProviderEvent::ProviderDeleted {}]).await;
    assert_eq!(
        lines(&shop, None).await,
        [
            format!("1 good 0.953779: provider priority 1; {}", measured_in_words(100, 100)),
            format!("2 new 0.804999: provider priority 1; {UNMEASURED}"),
            format!("3 poor 0.363465: provider priority 1; {}", measured_in_words(100, 20)),
            format!("4 last 0.804999: provider priority 2; {UNMEASURED}"),
            format!(
                "5 off 0.804999: provider priority 1; {UNMEASURED}; passed over: the provider is inactive"
            ),
        ]
    );
}

#[tokio::test]
async fn priority_that_contradicts_what_was_measured_is_advised_against() {
    let shop = Installation::start().await;
    let poor = provider(&shop, "poor", 1).await;
    let good = provider(&shop, "good", 2).await;
    let _new = provider(&shop, "new", 3).await;
    measured(&shop, poor, 100, 20).await;
    measured(&shop, good, 100, 100).await;
    let query = "{ priorityAdvice { service { number } provider { name } better { name } difference reason } }";
    let reason = format!(
        "poor has priority 1 and scores 0.363: {}; good has priority 2 and scores 0.954: {}",
        measured_in_words(100, 20).replace(';', ","),
        measured_in_words(100, 100).replace(';', ",")
    );
    assert_eq!(
        shop.data(query, json!({})).await["priorityAdvice"],
        json!([{
            "service": null, "provider": {"name": "poor"}, "better": {"name": "good"},
            "difference": 0.590314, "reason": reason,
        }])
    );
}

#[tokio::test]
async fn mapping_priority_that_contradicts_what_was_measured_is_advised_against_per_service() {
    let shop = Installation::start().await;
    let own = provider(&shop, "own", 1).await;
    let poor = provider(&shop, "poor", 1).await;
    let good = provider(&shop, "good", 1).await;
    measured(&shop, poor, 100, 20).await;
    measured(&shop, good, 20, 20).await;
    let poors = service(&shop, poor, 11, "Likes").await;
    let goods = service(&shop, good, 12, "Likes").await;
    for (number, (first, second)) in [(1, (poors, goods)), (2, (goods, poors)), (3, (poors, goods))]
    {
        let ordered = service(&shop, own, number, "Likes").await;
        for (backup, priority) in [(first, 1), (second, 2)] {
            let owner = if backup == poors { poor } else { good };
            let mapped = ServiceEvent::ServiceMapped {
                backup_service_id: backup,
                backup_provider_id: owner,
                priority,
            };
            shop.record("service", ordered.0, &[mapped]).await;
        }
        if number == 3 {
            let strategy = Some(Strategy::BestScore);
            let set = ServiceEvent::ServiceStrategySet { strategy };
            shop.record("service", ordered.0, &[set]).await;
        }
    }
    let query = "query($first: Int! = 100) { priorityAdvice(first: $first) {
        service { number } provider { name } better { name } reason } }";
    let advice = shop.data(query, json!({})).await["priorityAdvice"].clone();
    let reason = advice[0]["reason"].as_str().unwrap();
    let poor_in_words = measured_in_words(100, 20).replace(';', ",");
    let good_in_words = measured_in_words(20, 20).replace(';', ",");
    let figures = format!(
        "as backups of service 1, poor has mapping priority 1 and scores 0.363: {poor_in_words}; good has mapping priority 2 and scores "
    );
    assert!(reason.starts_with(&figures) && reason.ends_with(&good_in_words), "{reason}");
    assert_eq!(
        advice,
        json!([{"service": {"number": 1}, "provider": {"name": "poor"}, "better": {"name": "good"},
            "reason": reason}])
    );
    let refusal = shop.refusal(query, json!({"first": 0})).await;
    assert_eq!(refusal, json!({"code": "INVALID_INPUT", "field": "first"}));
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
    let rank = |line: &str, reasons: &str| {
        let (role, rest) = reasons.split_once(" | ").unwrap_or((reasons, ""));
        let rest = if rest.is_empty() { String::new() } else { format!("; passed over: {rest}") };
        format!("{line} 0.804999: {role}; {UNMEASURED}{rest}")
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
