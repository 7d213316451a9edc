//! What is live is held against the journal, and what was can be looked at.

use signalbox::{
    domain::Position,
    projection::{ProjectionError, ReadModel, ReadModels, Replay, Verdict, position_at, rebuild},
};
use sqlx::{Executor, PgPool};
use test_case::test_case;

use crate::{
    projections::{Running, contents},
    projections_history::History,
    support::database::TestDatabase,
};

fn orders() -> ReadModel {
    ReadModels::embedded().into_iter().find(|model| model.name() == "orders").unwrap()
}

async fn verify(pool: &PgPool, model: &ReadModel) -> Verdict {
    Replay::begin(pool, model).await.unwrap().verify(|_| {}).await.unwrap()
}

#[tokio::test]
async fn every_model_is_as_the_journal_says() {
    let database = TestDatabase::create().await;
    // Long enough that two sessions rebuild what may be parted.
    let end = History::new(41, 6_000).append_all(database.pool()).await;
    Running::start(&database, ReadModels::embedded()).await.caught_up(end).await;
    for model in ReadModels::embedded() {
        let verdict = verify(database.pool(), &model).await;
        assert_eq!((verdict.position, verdict.difference), (end, None), "{}", model.name());
        assert!(verdict.rows > 0, "{}", model.name());
    }
}

#[test_case("update {s}.orders set status = 'LOST' where number = {n}",
    r#"status is "LOST" in the live table, "# ; "changed row")]
#[test_case("delete from {s}.orders where number = {n}", ": missing in the live table: {" ; "missing row")]
#[test_case(
    "insert into {s}.orders
     select (jsonb_populate_record(orders,
         '{\"order_id\": \"00000000-0000-0000-0000-000000000000\", \"number\": -1, \"placed_position\": -1}')).*
     from {s}.orders where number = {n}",
    ": only in the live table: {" ; "row too many"
)]
#[tokio::test]
async fn planted_difference_is_found(plant: &str, words: &str) {
    let database = TestDatabase::create().await;
    let pool = database.pool();
    let end = History::new(42, 800).append_all(pool).await;
    Running::start(&database, vec![orders()]).await.caught_up(end).await;
    let schema = orders().schema();
    let number: i64 = sqlx::query_scalar(&format!("select max(number) from {schema}.orders"))
        .fetch_one(pool)
        .await
        .unwrap();
    let plant = plant.replace("{s}", &schema).replace("{n}", &number.to_string());
    pool.execute(plant.as_str()).await.unwrap();
    let before = contents(pool, &schema).await;
    let difference = verify(pool, &orders()).await.difference.unwrap();
    let text = difference.to_string();
    assert!(text.starts_with("orders, order_id \"") && text.contains(words), "{text}");
    assert_eq!(contents(pool, &schema).await, before, "verifying changes nothing");
}

#[tokio::test]
async fn table_without_a_key_is_compared_as_well() {
    let database = TestDatabase::create().await;
    let end = database.lengthen_journal(100).await;
    let text = "create table loose (position bigint, half numeric);
        create function fold(after_position bigint, upto_position bigint) returns void language sql as $$
            insert into loose select position / 2, position / 2.0 from events
            where position > after_position and position <= upto_position
        $$";
    let model = ReadModel::new("loose", text);
    Running::start(&database, vec![model.clone()]).await.caught_up(end).await;
    assert_eq!(verify(database.pool(), &model).await.difference, None);
    let plant = format!("insert into {0}.loose select * from {0}.loose limit 1", model.schema());
    database.pool().execute(plant.as_str()).await.unwrap();
    let difference = verify(database.pool(), &model).await.difference.unwrap();
    assert!(difference.to_string().starts_with("loose: only in the live table"), "{difference}");
}

#[tokio::test]
async fn nothing_is_compared_where_nothing_was_built() {
    let database = TestDatabase::create().await;
    let replay = Replay::begin(database.pool(), &orders()).await.unwrap();
    let refused = replay.verify(|_| {}).await.unwrap_err();
    assert!(matches!(refused, ProjectionError::NotBuilt(_)), "{refused}");
}

#[tokio::test]
async fn past_is_rebuilt_into_a_schema_of_its_own() {
    let database = TestDatabase::create().await;
    let pool = database.pool();
    let mut history = History::new(43, 1_500);
    let middle = history.append(pool, 700).await;
    rebuild(pool, &orders(), "as_it_was", 500).await.unwrap();
    let end = history.append_all(pool).await;
    Running::start(&database, vec![orders()]).await.caught_up(end).await;
    let live = contents(pool, &orders().schema()).await;

    let inspect =
        async |upto| Replay::begin(pool, &orders()).await.unwrap().inspect(upto, |_| {}).await;
    for _ in 0..2 {
        let inspection = inspect(middle).await.unwrap();
        assert_eq!(inspection.schema, format!("orders_at_{middle}"));
        assert_eq!(inspection.tables, ["orders"]);
        assert_eq!(contents(pool, &inspection.schema).await, contents(pool, "as_it_was").await);
    }
    assert_eq!(contents(pool, &orders().schema()).await, live);
    let beyond = inspect(Position(end.0 + 1)).await.unwrap_err();
    assert!(matches!(beyond, ProjectionError::BeyondEnd { .. }), "{beyond}");
}

#[tokio::test]
async fn past_does_not_take_the_place_of_what_no_replay_made() {
    let database = TestDatabase::create().await;
    let pool = database.pool();
    pool.execute("create schema orders_at_0; create table orders_at_0.kept ();").await.unwrap();
    let replay = Replay::begin(pool, &orders()).await.unwrap();
    let refused = replay.inspect(Position(0), |_| {}).await.unwrap_err();
    assert!(matches!(refused, ProjectionError::SchemaTaken { .. }), "{refused}");
    pool.execute("select from orders_at_0.kept").await.unwrap();
}

#[tokio::test]
async fn time_is_the_last_position_recorded_until_then() {
    let database = TestDatabase::create().await;
    let pool = database.pool();
    let before = chrono::Utc::now() - chrono::TimeDelta::seconds(10);
    let mut history = History::new(44, 300);
    let first = history.append(pool, 50).await;
    let between: chrono::DateTime<chrono::Utc> =
        sqlx::query_scalar("select clock_timestamp()").fetch_one(pool).await.unwrap();
    let end = history.append_all(pool).await;
    assert_eq!(position_at(pool, before).await.unwrap(), Position(0));
    assert_eq!(position_at(pool, between).await.unwrap(), first);
    let later = between + chrono::TimeDelta::days(1);
    assert_eq!(position_at(pool, later).await.unwrap(), end);
}
