use std::time::Duration;

use metrics::{counter, gauge, histogram};

use super::catalogue;

/// What became of a request to append.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AppendOutcome {
    /// It is on disk.
    Appended,
    /// A stream had moved.
    Conflict,
    /// It can never be stored.
    Invalid,
    /// The journal takes nothing at present.
    Unavailable,
    /// The database went away at the commit.
    Unknown,
}

/// What became of an attempt to place an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AttemptOutcome {
    /// The provider took it.
    Placed,
    /// The provider refused; the class says why.
    Refused(&'static str),
    /// Nobody knows.
    InDoubt,
    /// It was never sent.
    NotSent,
}

/// What became of a try to tell operators of an alert.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delivery {
    /// They have it.
    Delivered,
    /// It is tried again.
    PutOff,
    /// It is not tried again.
    GivenUp,
}

/// What is looked at when the metrics are asked for.
#[derive(Debug, Clone, Default)]
pub struct Gauges {
    /// Requests that wait for the journal.
    pub queue_length: usize,
    /// The journal's end.
    pub journal_position: i64,
    /// Whether the journal takes events.
    pub journal_ready: bool,
    /// Whether this process calls providers.
    pub dispatching: bool,
    /// Orders by the states in which they wait; `None` where they could not be counted.
    pub waiting_orders: Vec<(&'static str, Option<i64>)>,
    /// Attempts in doubt that a policy gave up; `None` where they could not be counted.
    pub given_up_attempts: Option<i64>,
    /// Active providers that are set aside, by how.
    pub suspended_providers: [(&'static str, usize); 2],
    /// Each read model.
    pub models: Vec<ModelGauges>,
    /// Each pool of connections.
    pub pools: Vec<PoolGauges>,
}

/// Where a read model stands.
#[derive(Debug, Clone)]
pub struct ModelGauges {
    /// Its name.
    pub name: String,
    /// Up to where it is folded.
    pub position: i64,
    /// Whether it cannot go on.
    pub stopped: bool,
}

/// How a pool of connections is used.
#[derive(Debug, Clone)]
pub struct PoolGauges {
    /// Its name.
    pub name: String,
    /// Connections at work.
    pub used: usize,
    /// Connections at rest.
    pub idle: usize,
    /// Connections that it may open.
    pub max: usize,
}

impl Gauges {
    /// Notes it all.
    pub fn record(self) {
        gauge!(catalogue::JOURNAL_QUEUE).set(self.queue_length as f64);
        gauge!(catalogue::JOURNAL_POSITION).set(self.journal_position as f64);
        gauge!(catalogue::JOURNAL_READY).set(f64::from(u8::from(self.journal_ready)));
        gauge!(catalogue::DISPATCHING).set(f64::from(u8::from(self.dispatching)));
        for (status, count) in self.waiting_orders {
            gauge!(catalogue::WAITING_ORDERS, "status" => status).set(if_known(count));
        }
        gauge!(catalogue::GIVEN_UP_ATTEMPTS).set(if_known(self.given_up_attempts));
        for (circuit, count) in self.suspended_providers {
            gauge!(catalogue::SUSPENDED_PROVIDERS, "circuit" => circuit).set(count as f64);
        }
        for model in self.models {
            model.record(self.journal_position);
        }
        self.pools.into_iter().for_each(PoolGauges::record);
    }
}

fn if_known(count: Option<i64>) -> f64 {
    count.map_or(f64::NAN, |count| count as f64)
}

impl ModelGauges {
    fn record(self, head: i64) {
        let lag = (head - self.position).max(0);
        let stopped = f64::from(u8::from(self.stopped));
        gauge!(catalogue::MODEL_POSITION, "model" => self.name.clone()).set(self.position as f64);
        gauge!(catalogue::MODEL_LAG, "model" => self.name.clone()).set(lag as f64);
        gauge!(catalogue::MODEL_STOPPED, "model" => self.name).set(stopped);
    }
}

impl PoolGauges {
    fn record(self) {
        let connections = |state: &'static str| gauge!(catalogue::CONNECTIONS, "pool" => self.name.clone(), "state" => state);
        connections("used").set(self.used as f64);
        connections("idle").set(self.idle as f64);
        gauge!(catalogue::CONNECTIONS_MAX, "pool" => self.name).set(self.max as f64);
    }
}

/// Notes that an HTTP request was answered. `route` is the address as the router knows it.
pub fn request_served(route: String, status: u16, took: Duration) {
    histogram!(catalogue::HTTP_SECONDS, "route" => route.clone()).record(took);
    counter!(catalogue::HTTP_REQUESTS, "route" => route, "status" => status.to_string())
        .increment(1);
}

/// Notes an error in a GraphQL answer.
pub fn graphql_error(code: String) {
    counter!(catalogue::GRAPHQL_ERRORS, "code" => code).increment(1);
}

/// Notes that a request to append was answered.
pub fn append_answered(outcome: AppendOutcome, took: Duration) {
    // With words that stand here, the counter's key is made once.
    let answered = match outcome {
        AppendOutcome::Appended => counter!(catalogue::APPENDS, "outcome" => "appended"),
        AppendOutcome::Conflict => counter!(catalogue::APPENDS, "outcome" => "conflict"),
        AppendOutcome::Invalid => counter!(catalogue::APPENDS, "outcome" => "invalid"),
        AppendOutcome::Unavailable => counter!(catalogue::APPENDS, "outcome" => "unavailable"),
        AppendOutcome::Unknown => counter!(catalogue::APPENDS, "outcome" => "unknown"),
    };
    answered.increment(1);
    histogram!(catalogue::APPEND_SECONDS).record(took);
}

/// Notes that the database was asked to record a batch.
pub fn batch_written(requests: usize, took: Duration) {
    histogram!(catalogue::BATCH_REQUESTS).record(requests as f64);
    histogram!(catalogue::BATCH_SECONDS).record(took);
}

/// Notes that so many events of a type are on record.
pub fn events_recorded(event_type: &'static str, count: u64) {
    counter!(catalogue::EVENTS, "type" => event_type).increment(count);
}

/// Notes that what became of an attempt is on record.
pub fn attempt_ended(provider: String, outcome: AttemptOutcome) {
    let word = match outcome {
        AttemptOutcome::Placed => "placed",
        AttemptOutcome::Refused(class) => {
            counter!(catalogue::REFUSALS, "provider" => provider.clone(), "class" => class)
                .increment(1);
            "refused"
        }
        AttemptOutcome::InDoubt => "in_doubt",
        AttemptOutcome::NotSent => "not_sent",
    };
    counter!(catalogue::ATTEMPTS, "provider" => provider, "outcome" => word).increment(1);
}

/// Notes that a provider answered, or did not in time.
pub fn provider_called(provider: String, action: &'static str, took: Duration) {
    histogram!(catalogue::CALL_SECONDS, "provider" => provider, "action" => action).record(took);
}

/// Notes that a catalogue sync ended; `succeeded_at` is the Unix time where it did not fail.
pub fn sync_ended(provider: String, succeeded_at: Option<i64>) {
    let result = if succeeded_at.is_some() { "succeeded" } else { "failed" };
    counter!(catalogue::SYNCS, "provider" => provider.clone(), "result" => result).increment(1);
    if let Some(at) = succeeded_at {
        gauge!(catalogue::LAST_SYNC, "provider" => provider).set(at as f64);
    }
}

/// Notes provider calls that the log of calls could not take.
pub fn call_not_logged(calls: u64) {
    counter!(catalogue::CALLS_NOT_LOGGED).increment(calls);
}

/// Notes a try to tell operators of an alert.
pub fn alert_told(channel: &'static str, delivery: Delivery) {
    let result = match delivery {
        Delivery::Delivered => "delivered",
        Delivery::PutOff => "put_off",
        Delivery::GivenUp => "given_up",
    };
    counter!(catalogue::ALERT_DELIVERIES, "channel" => channel, "result" => result).increment(1);
}
