//! Alerts reach operators although the program is killed in the middle.

use nix::sys::signal::Signal;
use serde_json::json;

use crate::support::site::Site;
use crate::support::{
    api::until,
    catalogue::{panel, plain_rows},
    receiver::{Habit, Receiver, Told},
};

const SECRET: &str = "whsec_of_the_operator";
const TOKEN: &str = "4242:token-of-the-bot";

#[tokio::test]
async fn alert_is_delivered_again_under_its_id_after_a_kill_in_the_middle() {
    let site = Site::open().await;
    let (hook, bot) = (Receiver::start(Habit::Hangs).await, Receiver::start(Habit::Accepts).await);
    let token_file = site.data().with_file_name("token");
    std::fs::write(&token_file, format!("{TOKEN}\n")).unwrap();
    let (hook_url, bot_url) = (hook.url(), bot.url());
    let settings = [
        ("RUST_LOG", "trace"),
        ("SIGNALBOX_ALERT_WEBHOOK_URL", hook_url.as_str()),
        ("SIGNALBOX_ALERT_WEBHOOK_SECRET", SECRET),
        ("SIGNALBOX_TELEGRAM_TOKEN_FILE", token_file.to_str().unwrap()),
        ("SIGNALBOX_TELEGRAM_CHAT", "-100"),
        ("SIGNALBOX_TELEGRAM_URL", bot_url.as_str()),
    ];
    let mut program = site.start(&settings).await;
    let api = program.api();
    let panel = panel(plain_rows(10)).await;
    let provider = api.add_panel("Peak", &panel, 1).await;
    assert_eq!(api.sync(&provider).await["succeeded"], true);
    panel.edit_catalogue(|rows| rows.truncate(9));
    assert_eq!(api.sync(&provider).await["delisted"], 1);
    until("it is told to both", async || !hook.told().is_empty() && !bot.accepted().is_empty())
        .await;
    let said = "{ alerts { nodes { deliveries { channel state } } } }";
    until("the chat has it", async || {
        let alerts = api.data(said, json!({})).await;
        alerts["alerts"]["nodes"][0]["deliveries"][0]
            == json!({"channel": "telegram", "state": "DELIVERED"})
    })
    .await;

    program.kill_and_restart();
    hook.now(Habit::Accepts);
    program.dispatches("here").await;
    until("it is told again", async || !hook.accepted().is_empty()).await;
    until("it counts as delivered", async || {
        let alerts = program.api().data(said, json!({})).await;
        alerts["alerts"]["nodes"][0]["deliveries"][1]
            == json!({"channel": "webhook", "state": "DELIVERED"})
    })
    .await;
    let ids: Vec<String> = hook.told().iter().map(Told::id).collect();
    assert!(ids.len() >= 2 && ids.iter().all(|id| *id == ids[0]), "{ids:?}");
    assert_eq!(hook.accepted().len(), 1);
    assert_eq!(bot.accepted().len(), 1, "what had arrived is not told again");
    assert_eq!(hook.accepted()[0].body["kind"], "SERVICE_DELISTED");
    program.signal(Signal::SIGTERM);
    let log = site.data().join("log");
    assert!(program.ended().await);
    let log = std::fs::read_to_string(log).unwrap();
    for secret in [SECRET, TOKEN] {
        assert_eq!(log.lines().find(|line| line.contains(secret)), None, "{secret} is in the log");
    }
    site.close().await;
}
