//! Random histories: whatever commands the aggregates accept, in any order, so that all of it can have happened.

mod remainders;

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};
use rust_decimal::Decimal;
use serde_json::Value;
use signalbox::domain::{
    Aggregate, AttemptId, Event, Incarnation, Link, OrderId, Position, ProviderId, ServiceId,
    SyncId,
    order::{
        Claim, Holding, NextStep, Order, OrderCommand, OrderFields, ProviderAnswer, SettledAs,
        StatusReading, Waiting,
    },
    provider::Provider,
    refusal::{ErrorText, RefusalClass, RefusalText, RefusalTextCommand, TextClass},
    reservation::{Reservation, ReservationCommand, Subject},
    routing::{Candidate, Decision, Exclusion, Strategy},
    service::{
        Equivalent, ForSale, PriceWatch, Service, ServiceCommand, ServiceKind, ServiceListing,
        WaitLimit,
    },
    sync::{SyncCommand, SyncCounts, SyncRun, SyncTrigger},
};
use sqlx::PgPool;
use uuid::Uuid;

use crate::{golden::event_types, projections_doubt as doubt};

mod providers;
mod watch;

/// What providers say.
const WORDS: &[&str] =
    &["Not enough funds on balance", "Order could not be created (code 3)", "Bad link"];

/// What happened, and the aggregates as they are after it.
pub(crate) struct History {
    pub(crate) providers: BTreeMap<ProviderId, Provider>,
    pub(crate) services: BTreeMap<ServiceId, Service>,
    pub(crate) orders: BTreeMap<OrderId, Order>,
    pub(crate) entries: Vec<Entry>,
    syncs: BTreeMap<SyncId, SyncRun>,
    reservations: BTreeMap<String, Reservation>,
    texts: BTreeMap<ErrorText, RefusalText>,
    sequences: BTreeMap<(&'static str, String), i64>,
    appended: usize,
    now: DateTime<Utc>,
    random: fastrand::Rng,
}

/// One event, as the journal takes it.
pub(crate) struct Entry {
    pub(crate) aggregate_type: &'static str,
    pub(crate) aggregate_id: String,
    pub(crate) sequence: i64,
    pub(crate) event_type: &'static str,
    pub(crate) payload: Value,
}

impl History {
    /// Lets so many things happen; the same seed, the same things.
    pub(crate) fn new(seed: u64, steps: usize) -> Self {
        let mut history = Self {
            providers: BTreeMap::new(),
            services: BTreeMap::new(),
            orders: BTreeMap::new(),
            syncs: BTreeMap::new(),
            reservations: BTreeMap::new(),
            texts: BTreeMap::new(),
            entries: vec![],
            sequences: BTreeMap::new(),
            appended: 0,
            now: DateTime::from_timestamp(Utc::now().timestamp(), 0).unwrap(),
            random: fastrand::Rng::with_seed(seed),
        };
        for _ in 0..steps {
            match history.random.u32(0..100) {
                0..12 => history.touch_provider(),
                12..34 => history.touch_service(),
                34..37 => history.touch_sync(),
                37..39 => history.touch_reservation(),
                39 => history.touch_text(),
                40..43 => history.touch_calls(),
                _ => history.touch_order(),
            }
        }
        history
    }

    /// Holds the history to contain every event type there is.
    pub(crate) fn assert_complete(&self) {
        let occur: BTreeSet<&str> = self.entries.iter().map(|entry| entry.event_type).collect();
        let missing: Vec<_> =
            event_types().into_iter().filter(|name| !occur.contains(name)).collect();
        assert!(missing.is_empty(), "no {missing:?} among {} events", self.entries.len());
    }

    /// Appends the next so many events, as one request of the journal; returns where it ends then.
    pub(crate) async fn append(&mut self, pool: &PgPool, count: usize) -> Position {
        let end = self.entries.len().min(self.appended + count);
        let next = &self.entries[self.appended..end];
        let texts = |part: fn(&Entry) -> String| next.iter().map(part).collect::<Vec<_>>();
        let none: Vec<String> = vec![];
        let ids: Vec<Uuid> = next.iter().map(|_| Uuid::now_v7()).collect();
        let position = sqlx::query_scalar(
            "select last_position from append_events($1, $1, '{}', $2, $3, $4, $5, $6, $7, $8, $9)",
        )
        .bind(none)
        .bind(texts(|entry| entry.aggregate_type.to_owned()))
        .bind(texts(|entry| entry.aggregate_id.clone()))
        .bind(next.iter().map(|entry| entry.sequence).collect::<Vec<_>>())
        .bind(texts(|entry| entry.event_type.to_owned()))
        .bind(texts(|_| "1".to_owned()))
        .bind(texts(|entry| entry.payload.to_string()))
        .bind(texts(|_| "{}".to_owned()))
        .bind(ids)
        .fetch_one(pool)
        .await
        .unwrap();
        self.appended = end;
        Position(position)
    }

    /// Appends all that is left.
    pub(crate) async fn append_all(&mut self, pool: &PgPool) -> Position {
        self.append(pool, self.entries.len()).await
    }

    /// Tells whether events are left to append.
    pub(crate) fn goes_on(&self) -> bool {
        self.appended < self.entries.len()
    }

    fn record<A: Aggregate>(&mut self, aggregate: &mut A, id: &str, command: A::Command) {
        for event in aggregate.decide(command).unwrap_or_default() {
            self.note(aggregate, id, &event);
        }
    }

    fn note<A: Aggregate>(&mut self, aggregate: &mut A, id: &str, event: &A::Event) {
        aggregate.evolve(event);
        let sequence = self.sequences.entry((A::TYPE, id.to_owned())).or_default();
        *sequence += 1;
        self.entries.push(Entry {
            aggregate_type: A::TYPE,
            aggregate_id: id.to_owned(),
            sequence: *sequence,
            event_type: event.event_type(),
            payload: serde_json::to_value(event).unwrap(),
        });
    }

    fn touch_service(&mut self) {
        let provider_id = self.provider();
        let provider_service_id = self.random.u32(0..5).to_string();
        let id = ServiceId::derive(provider_id, &provider_service_id);
        let mut service = self.services.remove(&id).unwrap_or_default();
        let command = match self.random.u32(0..22) {
            16 => ServiceCommand::Suspend { reason: "no".to_owned(), now: self.time() },
            17 => ServiceCommand::Resume { now: self.time() },
            18 => ServiceCommand::SetWaitLimit(WaitLimit::try_new(self.random.i32(0..90)).ok()),
            19 => ServiceCommand::SetLinkLock(self.link_lock()),
            20 => ServiceCommand::SetRemainder(self.remainder_policy()),
            21 => ServiceCommand::SetDoubtPolicy(doubt::policy(&mut self.random)),
            0..6 => ServiceCommand::Observe {
                provider_id,
                number: i64::try_from(self.entries.len()).unwrap(),
                listing: self.listing(provider_service_id),
                watch: PriceWatch::default(),
            },
            6 => ServiceCommand::Delist,
            7 => ServiceCommand::SetForSale(ForSale::Yes),
            8 => ServiceCommand::SetForSale(ForSale::No),
            9 => ServiceCommand::SetPrice(Decimal::new(self.random.i64(0..1000), 2)),
            10 => ServiceCommand::SetMarkup(Decimal::from(self.random.i64(0..50))),
            11 => ServiceCommand::Recategorise(self.category()),
            12 => ServiceCommand::SetStrategy(self.random.bool().then_some(Strategy::BestScore)),
            13 => ServiceCommand::Retire { open_orders: 0 },
            14 => {
                let backups = service.imported().map(|s| s.backups.clone()).unwrap_or_default();
                let backup = self.random.choice(&backups).map(|backup| backup.service_id);
                ServiceCommand::Unmap(backup.unwrap_or_default())
            }
            _ => ServiceCommand::Map {
                backup: Equivalent {
                    service_id: self.service(),
                    provider_id: ProviderId(self.uuid()),
                    kind: service.imported().map(|s| s.listing.kind.clone()).unwrap_or_default(),
                },
                priority: self.random.i32(1..5),
            },
        };
        self.record(&mut service, &id.to_string(), command);
        self.services.insert(id, service);
    }

    fn listing(&mut self, provider_service_id: String) -> ServiceListing {
        let kind = self.random.choice(["Default", "Package", "Poll"]).unwrap();
        ServiceListing {
            provider_service_id,
            name: format!("Followers {} ⚡", self.random.u32(0..4)),
            category: self.category(),
            kind: ServiceKind::new(kind),
            rate: Decimal::new(self.random.i64(1..5), 1),
            min: 10,
            max: self.random.i64(1..4) << 33,
            refill: self.random.bool(),
            cancel: self.random.choice([None, Some(true), Some(false)]).unwrap(),
            dripfeed: self.random.bool(),
        }
    }

    fn touch_sync(&mut self) {
        let id = SyncId(Uuid::from_u128(self.random.u128(0..20)));
        let mut run = self.syncs.remove(&id).unwrap_or_default();
        let counts = SyncCounts { imported: 1, updated: 2, delisted: 3, unchanged: 4 };
        let errors = vec!["row 2: no rate".to_owned(), "a \"quoted\" one".to_owned()];
        let command = match self.random.u32(0..3) {
            0 => SyncCommand::Start {
                provider_id: self.provider(),
                trigger: SyncTrigger::Scheduled,
                incarnation: Incarnation(self.uuid()),
            },
            1 => SyncCommand::Complete { counts, errors },
            _ => SyncCommand::Fail { counts, errors },
        };
        self.record(&mut run, &id.to_string(), command);
        self.syncs.insert(id, run);
    }

    fn touch_reservation(&mut self) {
        let holder = OrderId(Uuid::from_u128(1));
        let subject = Subject::provider_order(self.provider(), "7", holder);
        let id = subject.stream_id();
        let mut reservation = self.reservations.remove(&id).unwrap_or_default();
        let command = match self.random.bool() {
            true => ReservationCommand::Reserve(subject),
            false => ReservationCommand::Release { holder: holder.to_string() },
        };
        self.record(&mut reservation, &id, command);
        self.reservations.insert(id, reservation);
    }

    fn touch_text(&mut self) {
        let text = ErrorText::of(self.random.choice(WORDS).unwrap());
        let mut known = self.texts.remove(&text).unwrap_or_default();
        let classes =
            [None, Some(TextClass::Link), Some(TextClass::Doubt), Some(TextClass::BadKey)];
        let class = *self.random.choice(&classes).unwrap();
        let note = format!("note {}", self.random.u32(0..9));
        let command = RefusalTextCommand::Reclassify { text: text.clone(), class, note };
        self.record(&mut known, &text.stream_id().to_string(), command);
        self.texts.insert(text, known);
    }

    fn touch_order(&mut self) {
        // Orders in flight are touched more often than old ones.
        let newest = self.orders.len();
        let number = self.random.usize(newest.saturating_sub(12)..newest + 1);
        let id = OrderId(Uuid::from_u128(0xc000 + number as u128));
        let mut order = self.orders.remove(&id).unwrap_or_default();
        let command = match order.attempts.is_empty() && !order.is_free() {
            true => self.place(number),
            false => self.order_command(&order),
        };
        self.record(&mut order, &id.to_string(), command);
        self.orders.insert(id, order);
    }

    fn place(&mut self, number: usize) -> OrderCommand {
        let fields = OrderFields {
            link: Link::try_new(&format!("https://example.com/p/{}", number % 5)).unwrap(),
            quantity: 1000,
            per_run: Some(1000),
            sent: BTreeMap::from([("quantity".to_owned(), "1000".to_owned())]),
        };
        if number % 7 == 6 {
            return self.place_remainder(number);
        }
        OrderCommand::Place {
            number: i64::try_from(number).unwrap() + 1,
            account: "house".to_owned(),
            service_id: self.service(),
            fields,
            charge: Decimal::new(27, 2),
            digest: "ab".repeat(32),
            claim: self.random.bool().then(|| self.claim()),
        }
    }

    fn order_command(&mut self, order: &Order) -> OrderCommand {
        let attempt = self.random.choice(&order.attempts);
        if order.holding().is_ok() && self.random.u32(0..4) > 0 {
            return self.follow_up(order);
        }
        match (attempt, self.random.u32(0..12)) {
            (Some(attempt), 10) => self.give_up(attempt.number),
            (Some(attempt), 11) => doubt::look(&mut self.random, attempt.attempt_id),
            (None, 3) | (_, 1) => {
                OrderCommand::Fail { reason: "nobody takes it".to_owned(), decision: None }
            }
            (_, 0) if order.is_free() => {
                OrderCommand::AwaitLink { order_id: OrderId(self.uuid()), number: 7 }
            }
            (None, _) | (_, 2) => OrderCommand::Start(self.claim()),
            (Some(attempt), 3..6) => OrderCommand::Settle {
                attempt: attempt.number,
                settled_as: *self
                    .random
                    .choice(&[SettledAs::Placed, SettledAs::NotPlaced])
                    .unwrap(),
                api_order_id: Some(self.random.u32(0..9999).to_string()),
                note: "seen in the panel".to_owned(),
                now: DateTime::<Utc>::MAX_UTC,
                next: self.next_step(),
            },
            (Some(attempt), _) => OrderCommand::RecordAnswer {
                attempt_id: attempt.attempt_id,
                answer: self.answer(),
                next: self.next_step(),
            },
        }
    }

    fn give_up(&mut self, attempt: i32) -> OrderCommand {
        OrderCommand::GiveUpDoubt {
            attempt,
            policy: doubt::given_up_as(&mut self.random),
            after_minutes: 60,
            now: DateTime::<Utc>::MAX_UTC,
            next: self.next_step(),
        }
    }

    fn follow_up(&mut self, order: &Order) -> OrderCommand {
        // A remainder is ordered of what has ended.
        if order.delivery.as_ref().is_some_and(|said| said.status.has_ended())
            && self.random.u32(0..3) == 0
        {
            return self.remainder(order);
        }
        let no = "Order can not be cancelled".to_owned();
        let refill_id = self.random.u32(0..5).to_string();
        match self.random.u32(0..8) {
            0..4 => {
                let words = ["Pending", "In progress", "PARTIAL", "Completed", "canceled", "Lost"];
                let reading = StatusReading {
                    provider_status: (*self.random.choice(&words).unwrap()).to_owned(),
                    start_count: self.random.bool().then(|| self.random.i64(0..1000)),
                    remains: self.random.bool().then(|| self.random.i64(-5..1000)),
                    charge: self.random.bool().then(|| Decimal::new(self.random.i64(0..99), 5)),
                    currency: self.random.bool().then(|| "USD".to_owned()),
                };
                let Holding { provider_id, api_order_id, .. } = order.holding().unwrap();
                OrderCommand::RecordStatus { provider_id, api_order_id, reading }
            }
            4 if self.random.bool() => OrderCommand::RecordCancel { answer: Ok(()) },
            4 => OrderCommand::RecordCancel { answer: Err(no) },
            5 if self.random.bool() => OrderCommand::RecordRefill { answer: Err(no) },
            5 => OrderCommand::RecordRefill { answer: Ok(refill_id) },
            _ => {
                let words = ["Pending", "In progress", "Rejected", "Gone"];
                let provider_status = (*self.random.choice(&words).unwrap()).to_owned();
                OrderCommand::RecordRefillStatus { refill_id, provider_status }
            }
        }
    }

    fn answer(&mut self) -> ProviderAnswer {
        let response_ms = self.random.i64(0..30_000);
        let reason = (*self.random.choice(WORDS).unwrap()).to_owned();
        match self.random.u32(0..10) {
            0..3 => ProviderAnswer::Placed {
                api_order_id: self.random.u32(0..9999).to_string(),
                response_ms,
            },
            3..6 => {
                use RefusalClass::{Link, LinkBusy, Quantity, Unreachable, WalletEmpty};
                let classes = [Link, LinkBusy, Quantity, Unreachable, WalletEmpty];
                let class = *self.random.choice(&classes).unwrap();
                let response_ms = (class != Unreachable).then_some(response_ms);
                ProviderAnswer::Refused { class, reason, response_ms, retry_after_seconds: None }
            }
            6..9 => {
                let text = self.random.bool().then(|| ErrorText::of(&reason));
                let retry_after_seconds = self.random.bool().then_some(30);
                let response_ms = Some(response_ms);
                ProviderAnswer::InDoubt { reason, text, response_ms, retry_after_seconds }
            }
            _ => ProviderAnswer::NotSent { reason },
        }
    }

    fn next_step(&mut self) -> NextStep {
        match self.random.u32(0..7) {
            0 => NextStep::Queue(self.provider()),
            1 => NextStep::Wait(self.time()),
            2 => NextStep::GiveUp(None),
            3 => NextStep::Hold(Waiting { until: self.time(), reason: "all rest".to_owned() }),
            _ => NextStep::Start(self.claim()),
        }
    }

    fn claim(&mut self) -> Claim {
        let (provider_id, service_id, started_at) = (self.provider(), self.service(), self.time());
        let candidate = Candidate {
            provider_id,
            service_id,
            provider_service_id: "7".to_owned(),
            mapping_priority: Some(2),
            provider_priority: 1,
            score_ppm: None,
            share_ppm: None,
            excluded: vec![Exclusion::QuantityOutOfLimits { min: 1, max: 2 }],
            on_trial: false,
        };
        Claim {
            attempt_id: AttemptId(self.uuid()),
            provider_id,
            service_id,
            provider_service_id: "7".to_owned(),
            incarnation: Incarnation(self.uuid()),
            started_at,
            send_before: started_at,
            settle_after: started_at,
            decision: Decision {
                basis: Position(7),
                strategy: Strategy::Priority,
                candidates: vec![candidate],
                chosen: Some(0),
            },
        }
    }

    fn provider(&mut self) -> ProviderId {
        ProviderId(Uuid::from_u128(0xa0 + self.random.u128(0..6)))
    }

    fn service(&mut self) -> ServiceId {
        let provider = self.provider();
        ServiceId::derive(provider, &self.random.u32(0..5).to_string())
    }

    fn category(&mut self) -> String {
        format!("Category {}", self.random.u32(0..3))
    }

    /// Some instant of the last three days.
    fn time(&mut self) -> DateTime<Utc> {
        let first = self.now - TimeDelta::days(3);
        first + TimeDelta::milliseconds(self.random.i64(0..3 * 86_400_000))
    }

    fn uuid(&mut self) -> Uuid {
        Uuid::from_u128(self.random.u128(..))
    }
}
