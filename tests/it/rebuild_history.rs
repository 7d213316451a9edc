//! A history made by use, in which everything occurs, rebuilds to the rows that were there while it happened.

use std::{collections::BTreeSet, time::Duration};

use chrono::{TimeDelta, Utc};
use rust_decimal::Decimal;
use serde_json::{Value, json};
use signalbox::{
    command::{MinuteOfCalls, Stored},
    domain::{
        Aggregate, Balance, Incarnation, OrderId, Position, ProviderId, ServiceId,
        calls::{CallFailureKind, CallSums, EndedCall, MetText},
        order::{
            Evidence, EvidenceSource, GivenUpAs, NextStep, Order, OrderCommand, ProviderAnswer,
            RemainderPlan, SettledAs,
        },
        provider::{BackOff, Basis, BreakerPolicy, Measures, Provider, ProviderCommand, Silence},
        refusal::{ErrorText, TextClass},
    },
    journal::{AppendRequest, read_head},
    process::DoubtPace,
    projection::{ReadModels, rebuild},
    simulator::{Action, Fault, FaultRule, Panel},
};
use tokio::time::sleep;

use crate::{
    golden::event_types,
    projections::contents,
    support::{
        catalogue::{
            map, panel, place, plain_rows, row, service, sync, sync_accepting, unmap,
            update_services,
        },
        running::Running,
    },
};

const PATIENCE: Duration = Duration::from_secs(30);

/// Three panels: the first is backed by the second, the third comes and goes.
struct History {
    running: Running,
    panels: [Panel; 3],
    providers: Vec<String>,
    ordered: Value,
    orders: u32,
}

impl History {
    async fn begin() -> Self {
        // Nothing is looked at while rows are compared.
        let never = Duration::from_secs(3600);
        let pace = DoubtPace { look: never, ..DoubtPace::default() };
        let running = Running::start_with(|config| config.doubt_pace = pace).await;
        let panels =
            [panel(plain_rows(8)).await, panel(plain_rows(6)).await, panel(plain_rows(4)).await];
        let mut providers = vec![];
        for (name, panel) in ["first", "second", "third"].into_iter().zip(&panels) {
            let provider = running.add_panel(name, panel, 1).await;
            sync(&running, &provider).await;
            providers.push(provider);
        }
        let ordered = service(&running, &providers[0], 1).await["id"].clone();
        let mut history = Self { running, panels, providers, ordered, orders: 0 };
        history.map(1, 1, 2).await;
        history
    }

    async fn map(&mut self, service_id: u64, provider: usize, priority: i32) {
        let ours = service(&self.running, &self.providers[0], service_id).await["id"].clone();
        let theirs = service(&self.running, &self.providers[provider], 1).await["id"].clone();
        let mapped = map(&self.running, &ours, &theirs, priority).await;
        assert_eq!(mapped["errors"], Value::Null, "{mapped}");
    }

    async fn mutate(&self, mutation: &str, variables: Value) {
        self.running.data(mutation, variables).await;
    }

    /// Lets operators change providers in every way.
    async fn change_providers(&mut self) {
        let [first, _, third] = &self.providers[..] else { panic!("three providers") };
        let update =
            "mutation($i: UpdateProviderInput!) { updateProvider(input: $i) { position } }";
        let elsewhere = self.panels[0].url().replace("127.0.0.1", "localhost");
        let key = self.panels[0].key();
        for change in [
            json!({"id": first, "name": "renamed", "priority": 5, "syncIntervalMinutes": 30}),
            json!({"id": first, "apiUrl": elsewhere, "apiKey": key}),
            json!({"id": first, "description": "slow on Mondays", "concurrentCalls": 8,
                "dialect": {"body": "JSON", "key": "BEARER"}}),
            json!({"id": first, "exclusive": true}),
            json!({"id": first, "exclusive": false}),
        ] {
            self.mutate(update, json!({"i": change})).await;
        }
        let toggle = "mutation($id: ID!) { toggleProviderStatus(id: $id) { position } }";
        let test = "mutation($id: ID!) { testProviderConnection(id: $id) { ok } }";
        for mutation in [toggle, toggle, test] {
            self.mutate(mutation, json!({"id": first})).await;
        }
        self.panels[0].set_faults(vec![FaultRule::on(Action::Balance, Fault::ServerError)]);
        self.mutate(test, json!({"id": first})).await;
        self.panels[0].clear_faults();
        let measures = Measures { judged: 9, placed: 3, ..Measures::default() };
        let ranked = self.running.app.commands().rank_provider(
            first.parse().unwrap(),
            measures,
            Basis { position: Position(1), as_of: Utc::now() },
        );
        ranked.await.unwrap();
        self.watch_provider(first.parse().unwrap()).await;
        for class in [json!("QUANTITY"), json!(null)] {
            self.mutate(
                "mutation($c: ErrorClass) { reclassifyErrorText(text: \"Bad link\", class: $c, note: \"x\") { position } }",
                json!({"c": class}),
            )
            .await;
        }
        self.mutate(
            "mutation($id: ID!) { retireServices(providerId: $id) { position } }",
            json!({"id": third}),
        )
        .await;
        self.mutate(
            "mutation($id: ID!) { deleteProvider(id: $id) { position } }",
            json!({"id": third}),
        )
        .await;
    }

    /// Lets the balance fall and rise, the provider vanish and come back, and its calls be counted.
    async fn watch_provider(&self, provider: ProviderId) {
        let commands = self.running.app.commands();
        let reads = [(1_000_i64, 0), (10, 60), (5, 61)];
        let silence =
            Silence { failed_calls: 3, since: Utc::now(), reason: "connection refused".to_owned() };
        for (amount, minutes) in reads {
            let balance = Balance { amount: amount.into(), currency: Some("USD".to_owned()) };
            let at = Utc::now() + TimeDelta::minutes(minutes);
            commands.record_balance(provider, balance, 120, at).await.unwrap();
        }
        commands.record_silence(provider, silence).await.unwrap();
        let balance =
            Balance { amount: 1_000_000_000_000_i64.into(), currency: Some("USD".to_owned()) };
        let at = Utc::now() + TimeDelta::minutes(62);
        commands.record_balance(provider, balance, 120, at).await.unwrap();
        let mut sums = CallSums::default();
        let failure = Some(CallFailureKind::TimedOut);
        let call = EndedCall { action: "add", failure, text: None, duration_ms: 30_000 };
        sums.take(call);
        sums.take(EndedCall { failure: None, duration_ms: 70, ..call });
        let text = MetText { text: ErrorText::of("Invalid API key"), class: TextClass::BadKey };
        let failure = Some(CallFailureKind::Refused);
        sums.take(EndedCall { action: "balance", failure, text: Some(&text), duration_ms: 70 });
        let caller = Incarnation::default();
        let minute = MinuteOfCalls { provider_id: provider, minute: Utc::now(), caller, sums };
        commands.sum_calls(minute.clone()).await.unwrap();
        commands.sum_calls(minute).await.unwrap();
    }

    /// Lets operators and syncs change services in every way.
    async fn change_services(&mut self) {
        self.map(2, 1, 1).await;
        self.map(2, 2, 3).await;
        self.map(3, 2, 1).await;
        let first = self.providers[0].clone();
        let two = service(&self.running, &first, 2).await;
        unmap(&self.running, &two["id"], &two["backups"][0]["backup"]["id"]).await;
        let patches = [
            json!({"enabled": false, "category": "Ours", "strategy": "PRIORITY"}),
            json!({"markupPercent": "12.5", "linkLock": false, "completeRemainder": true}),
            json!({"doubtPolicy": {"action": "ACCEPT_RISK", "afterMinutes": 60}}),
        ];
        for patch in patches {
            update_services(&self.running, &[&two["id"]], patch).await;
        }
        self.panels[0].edit_catalogue(|rows| {
            rows[1]["rate"] = json!("3.14159");
            rows[4]["rate"] = json!("1.80");
            rows[2]["name"] = json!("Another name");
            rows[3] = json!({"service": 4, "name": "Visits", "type": "Package", "category": "Traffic", "rate": 1});
            rows.truncate(6);
        });
        sync_accepting(&self.running, &first).await;
        self.panels[0].edit_catalogue(|rows| rows.push(row(7)));
        sync(&self.running, &first).await;
        let reused = service(&self.running, &first, 4).await["id"].clone();
        update_services(&self.running, &[&reused], json!({"enabled": true})).await;
        self.panels[1].set_faults(vec![FaultRule::on(Action::Services, Fault::EmptyList)]);
        sync(&self.running, &self.providers[1]).await;
        self.panels[1].clear_faults();
    }

    /// Places an order under these faults of the first panel, and waits until it is in one of these statuses.
    async fn order(&mut self, faults: Vec<FaultRule>, rests: &str) -> OrderId {
        self.panels[0].set_faults(faults);
        self.orders += 1;
        let link = format!("https://social.example/p/{}", self.orders);
        let placed = place(&self.running, &self.ordered, &link).await;
        let id = placed["data"]["placeOrder"]["order"]["id"].as_str().unwrap().parse().unwrap();
        self.rests(id, rests).await;
        id
    }

    async fn rests(&self, id: OrderId, status: &str) {
        let order = "query($id: ID!) { order(id: $id) { status } }";
        let wait = async {
            while self.running.data(order, json!({"id": id.to_string()})).await["order"]["status"]
                != status
            {
                sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(PATIENCE, wait)
            .await
            .unwrap_or_else(|_| panic!("{id} is not {status}"));
    }

    /// Appends what an aggregate decides.
    async fn decide<A: Stored>(
        &self,
        id: impl std::fmt::Display,
        command: <A as Aggregate>::Command,
    ) {
        let commands = self.running.app.commands();
        let loaded = commands.load::<A>(&id).await.unwrap();
        let events = Aggregate::decide(&loaded.aggregate, command).unwrap();
        assert_ne!(events.len(), 0);
        let request = AppendRequest::of_command("decide").append::<A>(id, loaded.version, &events);
        commands.journal().append(request).await.unwrap();
    }

    /// Lets orders end in every way.
    async fn place_orders(&mut self) {
        let refuse =
            |words: &str| vec![FaultRule::on(Action::Add, Fault::Refuse(words.to_owned()))];
        let in_doubt = || vec![FaultRule::on(Action::Add, Fault::ServerError)];
        for _ in 0..6 {
            self.order(vec![], "PENDING").await;
            self.order(refuse("Not enough funds on balance"), "PENDING").await;
        }
        self.order(refuse("Bad link"), "FAILED").await;
        let busy = "You have active order with this link. Please wait until order being completed.";
        let busy = FaultRule::on(Action::Add, Fault::Refuse(busy.to_owned())).times(1);
        self.order(vec![busy], "PENDING").await;
        self.order(in_doubt(), "IN_DOUBT").await;
        let accepted = vec![FaultRule::on(Action::Add, Fault::ServerError).after()];
        let held = self.order(accepted, "IN_DOUBT").await;
        let api_order_id = self.panels[0].orders().last().unwrap().id.to_string();
        let settle = "mutation($i: SettleAttemptInput!) { settleAttempt(input: $i) { position } }";
        let word = json!({"orderId": held.to_string(), "attempt": 1, "decision": "PLACED",
            "apiOrderId": api_order_id, "note": "seen in the panel"});
        self.mutate(settle, json!({"i": word})).await;
        self.rests(held, "PENDING").await;
        let not_placed = self.order(in_doubt(), "IN_DOUBT").await;
        let later = self.order(in_doubt(), "IN_DOUBT").await;
        let given_up = self.order(in_doubt(), "IN_DOUBT").await;
        self.panels[0].clear_faults();
        self.settle_later(not_placed).await;
        self.answer_later(later).await;
        self.give_up(given_up).await;
    }

    /// Nothing is to be seen for an hour, and then it turns out that nothing was placed.
    async fn give_up(&self, id: OrderId) {
        let order = self.running.app.commands().load::<Order>(id).await.unwrap().aggregate;
        let attempt_id = order.attempts[0].attempt_id;
        let evidence = Evidence {
            asked: EvidenceSource::OrdersList,
            answered: "no list".to_owned(),
            follows: "held".to_owned(),
        };
        let seen = OrderCommand::RecordEvidence { attempt_id, evidence: vec![evidence] };
        self.decide::<Order>(id, seen).await;
        let give_up = OrderCommand::GiveUpDoubt {
            attempt: 1,
            policy: GivenUpAs::ReturnCharge,
            after_minutes: 60,
            now: Utc::now() + TimeDelta::hours(1),
            next: NextStep::GiveUp(None),
        };
        self.decide::<Order>(id, give_up).await;
        self.rests(id, "FAILED").await;
        self.settle(id, 1).await;
    }

    async fn settle(&self, id: OrderId, attempt: i32) {
        let command = OrderCommand::Settle {
            attempt,
            settled_as: SettledAs::NotPlaced,
            api_order_id: None,
            note: "not in the panel".to_owned(),
            now: Utc::now() + TimeDelta::hours(2),
            next: NextStep::GiveUp(None),
        };
        self.decide::<Order>(id, command).await;
    }

    /// What takes minutes is decided as if they had passed.
    async fn settle_later(&self, id: OrderId) {
        let second: ProviderId = self.providers[1].parse().unwrap();
        let command = OrderCommand::Settle {
            attempt: 1,
            settled_as: SettledAs::NotPlaced,
            api_order_id: None,
            note: "not in the panel".to_owned(),
            now: Utc::now() + TimeDelta::minutes(30),
            next: NextStep::Queue(second),
        };
        self.decide::<Order>(id, command).await;
        self.rests(id, "PENDING").await;
    }

    /// Nothing was sent, so the order goes on; and then the provider names an order all the same.
    async fn answer_later(&self, id: OrderId) {
        let order = self.running.app.commands().load::<Order>(id).await.unwrap().aggregate;
        let attempt_id = order.attempts[0].attempt_id;
        let not_sent = ProviderAnswer::NotSent { reason: "found in the log of a proxy".to_owned() };
        let placed = ProviderAnswer::Placed { api_order_id: "late".to_owned(), response_ms: 9000 };
        for answer in [not_sent, placed] {
            let next = NextStep::GiveUp(None);
            self.decide::<Order>(id, OrderCommand::RecordAnswer { attempt_id, answer, next }).await;
            self.rests(id, "PENDING").await;
        }
    }

    /// Lets a provider say all there is to say of an order that it holds.
    async fn follow_an_order(&mut self) {
        let id = self.order(vec![], "PENDING").await;
        let there = self.panels[0].orders().last().unwrap().id;
        let refresh = "mutation($ids: [ID!]!) { refreshOrders(ids: $ids) { position } }";
        for word in ["In progress", "Disputed", "Completed"] {
            self.panels[0].say_of_order(there, Some(word));
            self.mutate(refresh, json!({"ids": [id.to_string()]})).await;
        }
        let no = || "not now".to_owned();
        let refill = |word: &str| OrderCommand::RecordRefillStatus {
            refill_id: "7".to_owned(),
            provider_status: word.to_owned(),
        };
        for command in [
            OrderCommand::RecordCancel { answer: Err(no()) },
            OrderCommand::RecordCancel { answer: Ok(()) },
            OrderCommand::RecordRefill { answer: Err(no()) },
            OrderCommand::RecordRefill { answer: Ok("7".to_owned()) },
            refill("In progress"),
            refill("Rejected"),
        ] {
            self.decide::<Order>(id, command).await;
        }
    }

    /// Lets an order wait for the first, which is on its link.
    async fn wait_for_a_link(&mut self) {
        let placed = place(&self.running, &self.ordered, "https://social.example/p/1").await;
        assert_eq!(placed["data"]["placeOrder"]["order"]["status"], "QUEUED", "{placed}");
    }

    /// Decides about remainders in every way.
    async fn complete_an_order(&mut self) {
        let id = self.order(vec![], "PENDING").await;
        let there = self.panels[0].orders().last().unwrap().id;
        self.panels[0].say_of_order(there, Some("Canceled"));
        let refresh = "mutation($ids: [ID!]!) { refreshOrders(ids: $ids) { position } }";
        self.mutate(refresh, json!({"ids": [id.to_string()]})).await;
        let child_id = OrderId::of_remainder(id, id);
        let (quantity, reason) = (10, "it takes 50 to 1000 units".to_owned());
        let ordered = RemainderPlan::Order { child_id, number: 9_000, quantity };
        let left = RemainderPlan::Leave { quantity, reason, decision: None };
        for command in [
            OrderCommand::PlanRemainder { cause: id, plan: ordered },
            OrderCommand::RecordRemainder { child_id, undelivered: Some(4) },
            OrderCommand::PlanRemainder { cause: child_id, plan: left },
        ] {
            self.decide::<Order>(id, command).await;
        }
    }

    /// Lets the second panel be set aside and come back in every way.
    async fn set_aside(&mut self) {
        let second: ProviderId = self.providers[1].parse().unwrap();
        let first = self.providers[0].clone();
        let fault = FaultRule::on(Action::Balance, Fault::ServerError).times(1);
        self.panels[1].set_faults(vec![fault]);
        let now = Utc::now();
        let note = "they mend something".to_owned();
        self.decide::<Provider>(second, ProviderCommand::Suspend { until: Some(now), note, now })
            .await;
        self.occurs("ProbeFailed").await;
        let reading = Ok(Balance { amount: Decimal::ONE, currency: None });
        let back_off = BackOff { policy: BreakerPolicy::default(), random: 0 };
        let later = now + TimeDelta::minutes(1);
        let probe = ProviderCommand::TakeProbe { reading, back_off, now: later };
        self.decide::<Provider>(second, probe).await;
        let off = "mutation($id: ID!) { suspendProvider(id: $id, note: \"a rest\") { position } }";
        self.mutate(off, json!({"id": first})).await;
        let bad = FaultRule::on(Action::Add, Fault::Refuse("Bad link".to_owned())).times(1);
        self.panels[1].set_faults(vec![bad]);
        self.order(vec![], "FAILED").await;
        self.occurs("TrialReleased").await;
        self.order(vec![], "PENDING").await;
        self.occurs("ProviderResumed").await;
        let on = "mutation($id: ID!) { resumeProvider(id: $id) { position } }";
        self.mutate(on, json!({"id": first})).await;

        let commands = self.running.app.commands();
        let service: ServiceId = self.ordered.as_str().unwrap().parse().unwrap();
        commands.suspend_service(service, "Incorrect service ID".to_owned()).await.unwrap();
        let resume = "mutation($ids: [ID!]!) { resumeServices(ids: $ids) { services { suspensionReason } } }";
        self.mutate(resume, json!({"ids": [self.ordered]})).await;
        update_services(&self.running, &[&self.ordered], json!({"waitMinutes": 5})).await;
    }

    async fn occurs(&self, event_type: &str) {
        let occurs = async {
            let query = "select exists (select from events where event_type = $1)";
            let pool = self.running.database.pool();
            while !sqlx::query_scalar::<_, bool>(query)
                .bind(event_type)
                .fetch_one(pool)
                .await
                .unwrap()
            {
                sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(PATIENCE, occurs).await.unwrap_or_else(|_| panic!("no {event_type}"));
    }

    /// Holds the history to contain every type of event that there is.
    async fn assert_complete(&self) {
        let occur: Vec<String> = sqlx::query_scalar("select distinct event_type from events")
            .fetch_all(self.running.database.pool())
            .await
            .unwrap();
        let occur: BTreeSet<&str> = occur.iter().map(String::as_str).collect();
        assert_eq!(occur, event_types().into_iter().collect());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn history_made_by_use_rebuilds_to_the_same_rows() {
    let mut history = History::begin().await;
    history.change_services().await;
    history.place_orders().await;
    history.follow_an_order().await;
    history.complete_an_order().await;
    history.wait_for_a_link().await;
    history.set_aside().await;
    history.change_providers().await;
    history.assert_complete().await;
    let running = history.running;
    let pool = running.database.pool();
    let head = read_head(pool).await.unwrap();
    running.app.projections().wait_for(head, PATIENCE).await.unwrap();
    for model in ReadModels::embedded() {
        let live = contents(pool, &model.schema()).await;
        assert!(live.values().all(|rows| !rows.is_empty()), "{}: {live:?}", model.name());
        for (schema, batch) in [("at_once", i64::MAX), ("by_seven", 7), ("one_by_one", 1)] {
            assert_eq!(rebuild(pool, &model, schema, batch).await.unwrap(), head);
            assert_eq!(contents(pool, schema).await, live, "{} {schema}", model.name());
        }
    }
    running.stop().await;
}
