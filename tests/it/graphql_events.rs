//! The journal as clients read it.

use serde_json::{Value, json};

use crate::{
    graphql_facts::provider, graphql_installation::Installation, graphql_queries::each,
    projections_history::History,
};

#[tokio::test]
async fn events_are_the_journal_oldest_first() {
    let shop = Installation::start().await;
    History::new(5, 300).append_all(shop.pool()).await;
    let page = "query ($after: Position, $filter: EventFilter) {
        events(first: 70, after: $after, filter: $filter) {
            edges { cursor node { position type recordedAt } } pageInfo { hasNextPage endCursor }
        }
    }";
    let all: Vec<(i64, String)> =
        sqlx::query_as("select position, event_type from events order by position")
            .fetch_all(shop.pool())
            .await
            .unwrap();
    let (mut found, mut after) = (vec![], Value::Null);
    loop {
        let data = shop.data(page, json!({"after": after})).await;
        for edge in data["events"]["edges"].as_array().unwrap() {
            assert_eq!(edge["cursor"], edge["node"]["position"]);
            let position: i64 = edge["cursor"].as_str().unwrap().parse().unwrap();
            found.push((position, edge["node"]["type"].as_str().unwrap().to_owned()));
        }
        after = data["events"]["pageInfo"]["endCursor"].clone();
        if data["events"]["pageInfo"]["hasNextPage"] == false {
            break;
        }
    }
    assert_eq!(found, all);

    let types = ["AttemptStarted", "ProviderAdded", "AttemptStarted", "Nonsense"];
    let data = shop.data(page, json!({"filter": {"types": types}})).await;
    let expected: Vec<String> = all
        .iter()
        .filter(|(_, name)| types.contains(&name.as_str()))
        .take(70)
        .map(|(position, _)| position.to_string())
        .collect();
    assert_eq!(each(&data["events"]["edges"], "cursor"), expected);
}

#[tokio::test]
async fn events_are_found_by_stream_and_by_time() {
    let shop = Installation::start().await;
    let mut ids = vec![];
    for name in ["a", "b", "c", "d", "e"] {
        ids.push(provider(&shop, name, 1).await);
    }
    let query = "query ($filter: EventFilter) { events(filter: $filter) { nodes { position recordedAt stream } } }";
    let all = shop.data(query, json!({})).await;
    let times = each(&all["events"]["nodes"], "recordedAt");
    let positions = async |filter: Value| {
        each(&shop.data(query, json!({"filter": filter})).await["events"]["nodes"], "position")
    };
    let stream = format!("provider-{}", ids[2]);
    assert_eq!(positions(json!({"stream": stream})).await, ["3"]);
    assert_eq!(positions(json!({"stream": stream, "types": ["ProviderDeleted"]})).await, [""; 0]);
    assert_eq!(positions(json!({"since": times[3]})).await, ["4", "5"]);
    assert_eq!(positions(json!({"until": times[1]})).await, ["1"]);
    assert_eq!(positions(json!({"since": times[1], "until": times[4]})).await, ["2", "3", "4"]);
    assert_eq!(positions(json!({"since": times[4], "types": ["ProviderAdded"]})).await, ["5"]);
    assert_eq!(positions(json!({"since": "2100-01-01T00:00:00Z"})).await, [""; 0]);
    assert_eq!(positions(json!({"until": "2000-01-01T00:00:00Z"})).await, [""; 0]);
}
