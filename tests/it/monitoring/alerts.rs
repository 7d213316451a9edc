//! Operators are told of alerts once, however long they were away.

use std::time::Duration;

use rust_decimal::dec;
use serde_json::{Value, json};
use signalbox::{
    alert_channel::{AlertChannels, Telegram, address, signature_of},
    app::AppConfig,
    domain::provider::BalanceWatch,
    process::BalancePace,
    simulator::Panel,
};

use crate::support::{
    api::until,
    catalogue::{panel, plain_rows},
    receiver::{Habit, Receiver, Told, secret, silent_address, tell, webhook},
    running::Running,
};

const ALERTS: &str = "{ alerts { nodes { kind position endedAt deliveries {
    channel tells state tries reason } } } }";

/// Tells often, and raises an alert where a balance is below ten.
fn told_by(channels: AlertChannels) -> impl FnOnce(&mut AppConfig) {
    let ms = Duration::from_millis;
    move |config| {
        tell(config, channels);
        let monitoring = &mut config.monitoring;
        monitoring.balances =
            BalancePace { interval: Some(ms(100)), glance: ms(20), ..monitoring.balances };
        monitoring.balance_watch = BalanceWatch { hours: 0, amount: Some(dec!(10)) };
    }
}

/// A provider whose balance is low.
async fn poor_provider(running: &Running) -> Panel {
    let panel = panel(plain_rows(1)).await;
    panel.set_balance(dec!(3));
    running.add_panel("Peak", &panel, 1).await;
    panel
}

/// The deliveries of the newest alert; none where there is no alert.
async fn deliveries(running: &Running) -> Vec<Value> {
    let alerts = running.data(ALERTS, json!({})).await;
    let deliveries = alerts["alerts"]["nodes"][0]["deliveries"].as_array();
    deliveries.cloned().unwrap_or_default()
}

fn assert_signed(told: &Told) {
    let header = told.headers["signalbox-signature"].to_str().unwrap();
    let (time, signature) = header.strip_prefix("t=").unwrap().split_once(",v1=").unwrap();
    let time: i64 = time.parse().unwrap();
    assert!((time - chrono::Utc::now().timestamp()).abs() < 300);
    assert_eq!(signature, signature_of(&secret(), time, &told.raw));
    assert_ne!(signature, signature_of(&"another".to_owned().into(), time, &told.raw));
}

#[tokio::test]
async fn alert_is_delivered_once_after_the_receiver_was_down() {
    let nobody = silent_address();
    let webhook = webhook(&format!("http://{nobody}/hook"));
    let channels = AlertChannels { webhook: Some(webhook), telegram: None };
    let running = Running::start_with(told_by(channels)).await;
    let panel = poor_provider(&running).await;
    until("it was tried", async || {
        deliveries(&running).await.iter().any(|d| d["tries"].as_i64() >= Some(2))
    })
    .await;
    let waiting = deliveries(&running).await;
    assert_eq!(waiting[0]["state"], "WAITING");
    let reason = waiting[0]["reason"].as_str().unwrap();
    assert!(reason.starts_with("no connection: ") && !reason.contains("hook"), "{reason}");

    let receiver = Receiver::start_at(nobody, Habit::Refuses(503)).await;
    until("it was refused", async || receiver.told().len() >= 2).await;
    receiver.now(Habit::Accepts);
    until("it is delivered", async || deliveries(&running).await[0]["state"] == "DELIVERED").await;
    panel.set_balance(dec!(900));
    until("its end is delivered", async || {
        deliveries(&running).await.iter().filter(|d| d["state"] == "DELIVERED").count() == 2
    })
    .await;
    let told = receiver.told();
    told.iter().for_each(assert_signed);
    let [raised, ended] = &receiver.accepted()[..] else { panic!("{:?}", receiver.accepted()) };
    assert_eq!((&raised.body["state"], &ended.body["state"]), (&json!("RAISED"), &json!("ENDED")));
    assert_eq!(raised.body["kind"], "LOW_BALANCE");
    assert_eq!(raised.body["provider"], "Peak");
    assert_eq!(raised.body["message"], "our balance there is 3 USD");
    assert_eq!(raised.body["position"], ended.body["position"], "what belongs together");
    assert_ne!(raised.id(), ended.id());
    let before = told.iter().filter(|told| told.body["state"] == "RAISED");
    assert!(before.clone().count() > 1 && before.clone().all(|told| told.id() == raised.id()));
    running.stop().await;
}

#[tokio::test]
async fn channels_do_not_wait_for_one_another() {
    let (hook, bot) = (Receiver::start(Habit::Hangs).await, Receiver::start(Habit::Accepts).await);
    let token = "77:token-of-the-bot".to_owned().into();
    let channels = AlertChannels {
        webhook: Some(webhook(&hook.url())),
        telegram: Some(Telegram {
            base: address(&bot.url()).unwrap(),
            token,
            chat: "-100200".to_owned(),
        }),
    };
    let running = Running::start_with(told_by(channels)).await;
    let _panel = poor_provider(&running).await;
    until("the chat has it", async || !bot.accepted().is_empty()).await;
    until("the webhook was told", async || !hook.told().is_empty()).await;
    let told = &bot.accepted()[0];
    assert_eq!(told.path, "/bot77:token-of-the-bot/sendMessage");
    assert_eq!(told.body["chat_id"], "-100200");
    let text = told.body["text"].as_str().unwrap();
    assert!(text.starts_with("low balance (Peak): our balance there is 3 USD"), "{text}");
    let states: Vec<String> = deliveries(&running)
        .await
        .iter()
        .map(|d| format!("{} {}", d["channel"].as_str().unwrap(), d["state"].as_str().unwrap()))
        .collect();
    assert_eq!(states, ["telegram DELIVERED", "webhook WAITING"]);
    running.stop().await;
}

#[tokio::test]
async fn what_cannot_be_delivered_is_given_up_in_the_end_and_holds_up_nothing() {
    let receiver = Receiver::start(Habit::Refuses(400)).await;
    let change = told_by(receiver.channels());
    let running = Running::start_with(|config| {
        change(config);
        config.monitoring.delivery.give_up = Duration::from_secs(2);
    })
    .await;
    let panel = poor_provider(&running).await;
    until("it is given up", async || {
        deliveries(&running).await.iter().any(|d| d["state"] == "FAILED")
    })
    .await;
    assert_eq!(deliveries(&running).await[0]["reason"], "answered HTTP 400");
    receiver.now(Habit::Accepts);
    panel.set_balance(dec!(900));
    until("what comes later arrives", async || !receiver.accepted().is_empty()).await;
    assert_eq!(receiver.accepted()[0].body["state"], "ENDED");
    running.stop().await;
}

#[tokio::test]
async fn channel_that_is_new_is_not_told_of_the_past() {
    let quiet = Running::start_with(told_by(AlertChannels::default())).await;
    let panel = poor_provider(&quiet).await;
    until("an alert is raised", async || {
        quiet.data(ALERTS, json!({})).await["alerts"]["nodes"][0]["kind"] == "LOW_BALANCE"
    })
    .await;
    let database = quiet.stop().await;
    let receiver = Receiver::start(Habit::Accepts).await;
    let running = Running::start_beside(database, told_by(receiver.channels())).await;
    until("the channel is known", async || {
        let known = sqlx::query_scalar("select count(*) from alert_channels");
        known.fetch_one(running.database.pool()).await.unwrap_or(0_i64) == 1
    })
    .await;
    panel.set_balance(dec!(900));
    until("it is over", async || {
        !running.data(ALERTS, json!({})).await["alerts"]["nodes"][0]["endedAt"].is_null()
    })
    .await;
    panel.set_balance(dec!(3));
    until("news arrive", async || !receiver.accepted().is_empty()).await;
    let told: Vec<Value> = receiver.told().iter().map(|told| told.body["state"].clone()).collect();
    assert_eq!(told, ["RAISED"]);
    running.stop().await;
}
