//! Doubt settled by evidence, through the whole stack.

use std::time::Duration;

use futures_util::future::join_all;
use rust_decimal::Decimal;
use serde_json::{Value, json};
use signalbox::{
    app::AppConfig,
    domain::provider::BreakerPolicy,
    process::DoubtPace,
    simulator::{
        Action, Catalogue, Fault, FaultRule, Pace, Panel, PanelConfig, RateLimitBody, Switches,
    },
};
use tokio::time::{Instant, sleep};

use super::{failover::refuse, settling::let_the_waiting_time_pass};
use crate::support::{
    api::{Api, PATIENCE, until},
    catalogue::update_services,
    running::Running,
    shop::{Shop, default_service},
};

/// Looks for evidence every few tenths of a second.
pub(crate) fn eager(config: &mut AppConfig) {
    let tenth = Duration::from_millis(100);
    config.doubt_pace = DoubtPace { look: tenth, first: tenth, at_most: 5 * tenth };
    config.call_limits.add = Duration::from_secs(1);
}

pub(crate) async fn running() -> Running {
    Running::start_with(eager).await
}

async fn declare(api: &Api, provider: &str, exclusive: bool) -> Value {
    let update = "mutation($i: UpdateProviderInput!) { updateProvider(input: $i) { provider { exclusive } } }";
    let input = json!({"id": provider, "exclusive": exclusive});
    api.data(update, json!({"i": input})).await["updateProvider"]["provider"]["exclusive"].clone()
}

async fn test_connection(api: &Api, provider: &str) {
    let test = "mutation($id: ID!) { testProviderConnection(id: $id) { ok } }";
    api.data(test, json!({"id": provider})).await;
}

async fn evidence(api: &Api, order: &str) -> Vec<Value> {
    let query = "query($id: ID!) { order(id: $id) { attempts { evidence { asked answered follows at } } } }";
    let order = api.data(query, json!({"id": order})).await["order"].clone();
    order["attempts"][0]["evidence"].as_array().unwrap().clone()
}

pub(crate) fn silent() -> Vec<FaultRule> {
    vec![FaultRule::on(Action::Add, Fault::Silent).times(1).after()]
}

/// The first panel is ours alone, and holds an order of ours.
pub(crate) async fn exclusive_shop(running: &Running, panels: usize) -> Shop {
    let shop = Shop::open(running, panels).await;
    assert_eq!(declare(running, &shop.providers[0], true).await, true);
    let known = running.place(shop.order("https://social.example/p/known")).await;
    running.order_at_rest(&known).await;
    shop
}

pub(crate) async fn settled_as(running: &Running, order: &str, status: &str) -> Value {
    until(status, async || running.order(order).await["status"] == status).await;
    // One read model may be ahead of another.
    let head = sqlx::query_scalar("select max(position) from events");
    running.saw(head.fetch_one(running.database.pool()).await.unwrap());
    running.order(order).await
}

#[tokio::test]
async fn order_that_a_silent_exclusive_provider_took_is_found_by_balance_and_ids() {
    let running = running().await;
    let shop = exclusive_shop(&running, 2).await;
    test_connection(&running, &shop.providers[0]).await;
    shop.panels[0].set_faults(silent());
    let id = running.place(shop.order("https://social.example/p/1")).await;
    let order = settled_as(&running, &id, "PENDING").await;
    let there = shop.panels[0].orders().last().unwrap().id.to_string();
    assert_eq!(order["apiOrderId"], there);
    assert_eq!(order["attempts"][0]["outcome"], "PLACED");
    assert_eq!(shop.held(), [2, 0]);
    let seen = evidence(&running, &id).await;
    let asked: Vec<&str> = seen.iter().map(|seen| seen["asked"].as_str().unwrap()).collect();
    for source in ["ORDERS_LIST", "BALANCE", "STATUSES"] {
        assert!(asked.contains(&source), "{seen:?}");
    }
    let statuses = seen.iter().rfind(|seen| seen["asked"] == "STATUSES").unwrap();
    assert!(statuses["answered"].as_str().unwrap().contains(&there), "{statuses}");
    assert_eq!(statuses["follows"], format!("placed, as {there}"));
    let key = shop.panels[0].key();
    assert!(!format!("{seen:?}").contains(&key));
    let census = shop.census(running.database.pool()).await;
    assert_eq!(census.placed, 2);
    running.stop().await;
}

#[tokio::test]
async fn order_that_an_exclusive_provider_lists_is_the_orders_own() {
    let running = running().await;
    let shop = exclusive_shop(&running, 1).await;
    shop.panels[0].set_switches(Switches { orders_list: true, ..Switches::default() });
    shop.panels[0].set_faults(silent());
    let id = running.place(shop.order("https://social.example/p/1")).await;
    let order = settled_as(&running, &id, "PENDING").await;
    assert_eq!(order["apiOrderId"], shop.panels[0].orders().last().unwrap().id.to_string());
    running.stop().await;
}

#[tokio::test]
async fn evidence_of_a_shared_account_is_shown_and_settles_nothing() {
    let running = running().await;
    let shop = Shop::open(&running, 2).await;
    let known = running.place(shop.order("https://social.example/p/known")).await;
    running.order_at_rest(&known).await;
    shop.panels[0].set_faults(silent());
    let id = running.place(shop.order("https://social.example/p/1")).await;
    let why =
        "held: the provider is not declared exclusive, so that an unclaimed order proves nothing";
    until("it is shown", async || {
        evidence(&running, &id).await.iter().any(|seen| seen["follows"] == why)
    })
    .await;
    let_the_waiting_time_pass(running.database.pool()).await;
    let looks = || shop.panels[0].state().requests.get(&Action::Balance).copied().unwrap_or(0);
    let before = looks();
    until("it was looked again", async || looks() >= before + 6).await;
    assert_eq!(running.order(&id).await["status"], "IN_DOUBT");
    assert_eq!(shop.held(), [2, 0]);
    // Looks that show nothing new are not kept.
    assert!(evidence(&running, &id).await.len() <= 6);
    running.stop().await;
}

#[tokio::test]
async fn order_that_cost_nothing_goes_on_once_its_time_is_over() {
    let running = running().await;
    let shop = exclusive_shop(&running, 2).await;
    test_connection(&running, &shop.providers[0]).await;
    shop.panels[0].set_faults(vec![FaultRule::on(Action::Add, Fault::Reset).times(1)]);
    let id = running.place(shop.order("https://social.example/p/1")).await;
    assert_eq!(running.order_at_rest(&id).await["status"], "IN_DOUBT");
    let why = "held: there is no trace of it yet, and the provider may still take it";
    until("it is too early", async || {
        evidence(&running, &id).await.iter().any(|seen| seen["follows"] == why)
    })
    .await;
    let_the_waiting_time_pass(running.database.pool()).await;
    let order = settled_as(&running, &id, "PENDING").await;
    assert_eq!(order["provider"]["name"], "panel 2");
    assert_eq!(order["attempts"][0]["outcome"], "NOT_PLACED");
    assert_eq!(shop.held(), [1, 1]);
    running.stop().await;
}

pub(crate) async fn order_in_doubt(running: &Running, shop: &Shop) -> String {
    shop.panels[0].set_faults(vec![FaultRule::on(Action::Add, Fault::Reset).times(1).after()]);
    let id = running.place(shop.order("https://social.example/p/1")).await;
    assert_eq!(running.order_at_rest(&id).await["status"], "IN_DOUBT");
    id
}

#[tokio::test]
async fn busy_link_after_our_own_timeout_keeps_the_first_order_from_going_on() {
    let running = running().await;
    let shop = Shop::open(&running, 1).await;
    // Else the second order waited for the first.
    update_services(&running, &[&json!(shop.service)], json!({"linkLock": false})).await;
    let known = running.place(shop.order("https://social.example/p/known")).await;
    running.order_at_rest(&known).await;
    // The list shows nothing of it yet, and the panel turns the next order for its link away.
    shop.panels[0].set_faults(vec![FaultRule::on(Action::Add, Fault::Reset).times(1)]);
    let id = running.place(shop.order("https://social.example/p/1")).await;
    assert_eq!(running.order_at_rest(&id).await["status"], "IN_DOUBT");
    let busy = "You have active order with this link. Please wait until order being completed.";
    shop.panels[0].set_faults(vec![refuse(busy)]);
    let other = running.place(shop.order("http://www.social.example/p/1/?from=app")).await;
    until("the link is busy", async || {
        running.order(&other).await["attempts"][0]["outcome"] == "REFUSED"
    })
    .await;
    shop.panels[0].set_switches(Switches { orders_list: true, ..Switches::default() });
    let_the_waiting_time_pass(running.database.pool()).await;
    until("it is seen", async || {
        evidence(&running, &id).await.iter().any(|seen| seen["asked"] == "BUSY_LINK")
    })
    .await;
    assert_eq!(running.order(&id).await["status"], "IN_DOUBT");
    running.stop().await;
}

/// Fails where a provider is looked at within the next second, or never again.
async fn assert_no_look_for_a_second(looks: impl Fn() -> u64) {
    // What was under way may end.
    sleep(Duration::from_millis(500)).await;
    let before = looks();
    sleep(Duration::from_secs(1)).await;
    assert_eq!(looks(), before);
    until("it is looked again", async || looks() > before).await;
}

#[tokio::test]
async fn provider_that_asks_to_be_left_alone_is_not_asked_for_evidence_meanwhile() {
    let running = Running::start_with(|config| {
        let tenth = Duration::from_millis(100);
        config.doubt_pace = DoubtPace { look: tenth, first: tenth, at_most: tenth };
        config.breaker = Some(BreakerPolicy::default());
    })
    .await;
    let shop = Shop::open(&running, 2).await;
    order_in_doubt(&running, &shop).await;
    let looks = || shop.panels[0].state().requests.get(&Action::Orders).copied().unwrap_or(0);
    until("it is looked", async || looks() >= 2).await;
    let asks = Fault::TooManyRequests { retry_after_seconds: Some(3), body: RateLimitBody::Json };
    shop.panels[0].set_faults(vec![FaultRule::on(Action::Add, asks).times(1)]);
    let other = running.place(shop.order("https://social.example/p/2")).await;
    running.order_at_rest(&other).await;
    let health = "query($id: ID!) { provider(id: $id) { health } }";
    until("it is set aside", async || {
        let provider = running.data(health, json!({"id": shop.providers[0]})).await;
        provider["provider"]["health"] == "SUSPENDED"
    })
    .await;
    assert_no_look_for_a_second(looks).await;
    running.stop().await;
}

#[tokio::test]
async fn look_that_is_told_to_wait_asks_nothing_more_before_that() {
    let running = Running::start_with(|config| {
        let tenth = Duration::from_millis(100);
        config.doubt_pace = DoubtPace { look: tenth, first: tenth, at_most: tenth };
    })
    .await;
    let shop = Shop::open(&running, 1).await;
    order_in_doubt(&running, &shop).await;
    let asked = |action| shop.panels[0].state().requests.get(&action).copied().unwrap_or(0);
    let looks = || [Action::Orders, Action::Balance, Action::Status].map(asked).iter().sum::<u64>();
    until("it is looked", async || asked(Action::Orders) >= 2).await;
    let asks = Fault::TooManyRequests { retry_after_seconds: Some(2), body: RateLimitBody::Json };
    shop.panels[0].set_faults(vec![FaultRule::on(Action::Orders, asks).times(1)]);
    assert_no_look_for_a_second(looks).await;
    running.stop().await;
}

/// What becomes of an order whose answer never comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Taken,
    TakenInSilence,
    TakenLate,
    NeverTaken,
}

impl Fate {
    fn faults(self) -> Vec<FaultRule> {
        let add = |fault| FaultRule::on(Action::Add, fault).times(1);
        vec![match self {
            Self::Taken => add(Fault::Reset).after(),
            Self::TakenInSilence => add(Fault::Silent).after(),
            Self::TakenLate => add(Fault::SlowMs(1500)),
            Self::NeverTaken => add(Fault::ServerError),
        }]
    }
}

/// A panel that only we order at.
struct Account {
    number: u64,
    panel: Panel,
    provider: String,
    service: Value,
    quantity: i64,
}

/// So many units that neither a top-up nor rounding could hide what they cost.
fn telling_quantity(service: &Value) -> i64 {
    let bound = |name: &str| service[name].as_i64().unwrap();
    let rate: Decimal = service["rate"].as_str().unwrap().parse().unwrap();
    let cost = |units: i64| rate * Decimal::from(units) / Decimal::ONE_THOUSAND;
    let tells = |units: &i64| {
        let cents = (cost(*units).fract() * Decimal::ONE_HUNDRED).trunc();
        (Decimal::from(5)..Decimal::from(95)).contains(&cents)
    };
    (bound("min")..=bound("max")).find(tells).unwrap()
}

impl Account {
    async fn open(running: &Running, number: u64) -> Self {
        let pace = Pace { partial_share: 0.0, canceled_share: 0.0, ..Pace::default() };
        let panel = PanelConfig {
            catalogue: Catalogue::generate(30, number),
            seed: number,
            pace,
            switches: Switches { orders_list: number.is_multiple_of(2), ..Switches::default() },
            balance: Decimal::from(1_000_000),
            ..PanelConfig::default()
        };
        let panel = Panel::start(panel).await.unwrap();
        let provider = running.add_panel(&format!("account {number}"), &panel, 1).await;
        assert_eq!(running.sync(&provider).await["succeeded"], true);
        declare(running, &provider, true).await;
        let service = default_service(running, &provider).await;
        let quantity = telling_quantity(&service);
        let account = Self { number, panel, provider, service, quantity };
        let known = account.place(running, "known").await;
        running.order_at_rest(&known).await;
        account
    }

    async fn place(&self, running: &Running, name: &str) -> String {
        let link = format!("https://social.example/{}/{name}", self.number);
        let order =
            json!({"serviceId": self.service["id"], "link": link, "quantity": self.quantity});
        running.place(order).await
    }

    fn holding(&self, name: &str) -> Vec<String> {
        let link = format!("https://social.example/{}/{name}", self.number);
        let orders = self.panel.orders().into_iter().filter(|order| order.link == link);
        orders.map(|order| order.id.to_string()).collect()
    }

    /// Settles so many doubts, one after the other.
    async fn settle(&self, running: &Running, count: usize) -> Tally {
        let mut random = fastrand::Rng::with_seed(self.number);
        let mut tally = Tally::default();
        // What the last known balance does not tell of.
        let mut unseen_top_up = false;
        for round in 0..count {
            use Fate::{NeverTaken, Taken, TakenInSilence, TakenLate};
            let fates = [
                Taken,
                Taken,
                Taken,
                TakenInSilence,
                TakenLate,
                NeverTaken,
                NeverTaken,
                NeverTaken,
            ];
            let fate = *random.choice(&fates).unwrap();
            if random.bool() {
                self.panel.set_balance(self.panel.balance() + Decimal::from(random.i64(1..9)));
                unseen_top_up = true;
            }
            if random.bool() {
                let other = self.place(running, &format!("between-{round}")).await;
                running.order_at_rest(&other).await;
            }
            // By the ids alone, where the balance is not known from before.
            if fate == NeverTaken || random.bool() {
                test_connection(running, &self.provider).await;
                unseen_top_up = false;
            }
            let found = self.settle_one(running, fate, &round.to_string()).await;
            assert!(found != Found::Held || unseen_top_up, "{round} of account {}", self.number);
            tally.add(found);
        }
        tally
    }

    /// Waits until a doubt is settled, rightly, or the evidence for it contradicts itself. Then an operator settles it.
    async fn settle_one(&self, running: &Running, fate: Fate, name: &str) -> Found {
        self.panel.set_faults(fate.faults());
        let id = self.place(running, name).await;
        if fate == Fate::NeverTaken {
            assert_eq!(running.order_at_rest(&id).await["status"], "IN_DOUBT");
        } else {
            until("it is taken", async || !self.holding(name).is_empty()).await;
        }
        sqlx::query(
            "update events
             set payload = payload || '{\"settle_after\": \"2020-01-01T00:00:00Z\"}'
             where event_type = 'AttemptStarted'
               and aggregate_id = $1",
        )
        .bind(&id)
        .execute(running.database.pool())
        .await
        .unwrap();
        let what = format!("{name} of account {} is settled, {fate:?}", self.number);
        let patience = Instant::now() + PATIENCE;
        let mut contradicts_since: Option<Instant> = None;
        let attempt = loop {
            let attempt = running.order(&id).await["attempts"][0].clone();
            if attempt["outcome"] == "PLACED" || attempt["outcome"] == "NOT_PLACED" {
                break attempt;
            }
            let seen = evidence(running, &id).await;
            // A look in the middle of something may contradict itself too; the next ones do not.
            if !seen.last().is_some_and(|last| last["follows"] == CONTRADICTION) {
                contradicts_since = None;
            } else if contradicts_since.get_or_insert_with(Instant::now).elapsed() > SOME_LOOKS {
                let held = self.holding(name);
                let settled = running.settle(&id, "PLACED", held.first().map(String::as_str)).await;
                assert_eq!(settled.get("errors"), None, "{what}: {settled}");
                return Found::Held;
            }
            assert!(Instant::now() < patience, "not in time: {what}: {seen:?}");
            sleep(Duration::from_millis(100)).await;
        };
        let held = self.holding(name);
        if attempt["outcome"] == "PLACED" {
            assert_eq!(held, [attempt["apiOrderId"].as_str().unwrap()], "{what}");
            Found::Placed
        } else {
            assert_eq!(held, [""; 0], "{what}");
            Found::NotPlaced
        }
    }
}

const CONTRADICTION: &str =
    "held: the orders there and what the account has spent contradict each other";

/// The time of at least three looks.
const SOME_LOOKS: Duration = Duration::from_secs(2);

/// What evidence said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Found {
    Placed,
    NotPlaced,
    Held,
}

#[derive(Debug, Clone, Copy, Default)]
struct Tally {
    placed: usize,
    not_placed: usize,
    held: usize,
}

impl Tally {
    fn add(&mut self, found: Found) {
        *match found {
            Found::Placed => &mut self.placed,
            Found::NotPlaced => &mut self.not_placed,
            Found::Held => &mut self.held,
        } += 1;
    }
}

/// A doubt is held only where a top-up that nobody told of makes the balance contradict the orders.
#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_doubts_are_settled_over_http_and_none_wrongly() {
    const ACCOUNTS: u64 = 10;
    const DOUBTS: usize = 20;
    let running = running().await;
    let accounts = join_all((1..=ACCOUNTS).map(|number| Account::open(&running, number))).await;
    let tallies = join_all(accounts.iter().map(|account| account.settle(&running, DOUBTS))).await;
    let sum = |part: fn(&Tally) -> usize| tallies.iter().map(part).sum::<usize>();
    let (placed, not_placed, held) =
        (sum(|it| it.placed), sum(|it| it.not_placed), sum(|it| it.held));
    println!("200 doubts: {placed} placed, {not_placed} not placed, {held} held, none wrong");
    assert_eq!(placed + not_placed + held, 200);
    assert!((60..=140).contains(&placed), "{placed} of 200 were placed");
    assert!(held <= 20, "{held} of 200 are held");
    running.stop().await;
}
