use chrono::{DateTime, Utc};
use rust_decimal::Decimal;

use super::{
    Evidence, GivenUpAs, OrderFields, RemainderOrder, RemainderPlan, SettledAs, StatusReading,
};
use crate::domain::{
    AttemptId, Incarnation, OrderId, ProviderId, ServiceId,
    refusal::{ErrorText, RefusalClass},
    routing::Decision,
};

/// What may be asked of an order.
#[derive(Debug, Clone)]
pub enum OrderCommand {
    /// Take a customer's order, and start its first attempt where a provider's permit is in hand.
    Place {
        /// What the panel API answers as `order`.
        number: i64,
        /// Whose order.
        account: String,
        /// What is ordered.
        service_id: ServiceId,
        /// The request, validated.
        fields: OrderFields,
        /// What the customer pays.
        charge: Decimal,
        /// SHA-256 of the request in hex.
        digest: String,
        /// The first attempt, where it can start at once.
        claim: Option<Claim>,
    },
    /// Take the order of a remainder.
    PlaceRemainder(RemainderOrder),
    /// Wait until another order on the same link is over.
    AwaitLink {
        /// The other.
        order_id: OrderId,
        /// Its short number.
        number: i64,
    },
    /// Start the next attempt of an order that is free.
    Start(Claim),
    /// Take in what became of an attempt, however late.
    RecordAnswer {
        /// Which attempt.
        attempt_id: AttemptId,
        /// What became of it.
        answer: ProviderAnswer,
        /// Where the order goes if this did not place it.
        next: NextStep,
    },
    /// Take an operator's word on an attempt in doubt.
    Settle {
        /// Number of the attempt.
        attempt: i32,
        /// What became of it.
        settled_as: SettledAs,
        /// The provider's id of the order, where it was placed.
        api_order_id: Option<String>,
        /// The evidence, in words.
        note: String,
        /// The time now.
        now: DateTime<Utc>,
        /// Where the order goes if it was not placed.
        next: NextStep,
    },
    /// Let an order wait that only providers can take which are set aside.
    Wait(Waiting),
    /// Take in what was seen of an attempt in doubt.
    RecordEvidence {
        /// Which attempt.
        attempt_id: AttemptId,
        /// What was seen, where.
        evidence: Vec<Evidence>,
    },
    /// Stop waiting for what became of an attempt in doubt, as the service's policy says.
    GiveUpDoubt {
        /// Number of the attempt.
        attempt: i32,
        /// What becomes of the order.
        policy: GivenUpAs,
        /// How long the policy waits.
        after_minutes: i32,
        /// The time now.
        now: DateTime<Utc>,
        /// Where the order goes if the risk is accepted.
        next: NextStep,
    },
    /// Give an order up that no provider can take.
    Fail {
        /// Why.
        reason: String,
        /// Every candidate and why it was left out.
        decision: Option<Decision>,
    },
    /// Take in what the provider that holds the order says of it.
    RecordStatus {
        /// Who was asked.
        provider_id: ProviderId,
        /// About which of its orders.
        api_order_id: String,
        /// What was said.
        reading: StatusReading,
    },
    /// Decide what happens to a remainder.
    PlanRemainder {
        /// Whose provider delivered too little.
        cause: OrderId,
        /// What is possible.
        plan: RemainderPlan,
    },
    /// Take in what became of the order for a remainder.
    RecordRemainder {
        /// That order.
        child_id: OrderId,
        /// Units of it that were not delivered; `None` while it is open.
        undelivered: Option<i64>,
    },
    /// Take in what the provider answered to a request for a refill.
    RecordRefill {
        /// The refill's id, or why not.
        answer: Result<String, String>,
    },
    /// Take in what the provider says of a refill.
    RecordRefillStatus {
        /// Which refill.
        refill_id: String,
        /// The provider's own word.
        provider_status: String,
    },
    /// Take in what the provider answered to a request to cancel.
    RecordCancel {
        /// That it took it, or why not.
        answer: Result<(), String>,
    },
}

/// The right to send one attempt: a provider's permit is in hand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// Id of the attempt.
    pub attempt_id: AttemptId,
    /// Who is asked.
    pub provider_id: ProviderId,
    /// Which service is bought.
    pub service_id: ServiceId,
    /// What the provider calls that service.
    pub provider_service_id: String,
    /// Which tenure sends it.
    pub incarnation: Incarnation,
    /// The time now.
    pub started_at: DateTime<Utc>,
    /// Nothing is sent after this instant.
    pub send_before: DateTime<Utc>,
    /// When evidence may say at the earliest that it was never taken.
    pub settle_after: DateTime<Utc>,
    /// Why this provider.
    pub decision: Decision,
}

/// How an order waits for providers that are set aside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// When it is given up.
    pub until: DateTime<Utc>,
    /// Who is set aside, and why.
    pub reason: String,
}

/// What became of an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProviderAnswer {
    /// The provider answered with an order id.
    Placed {
        /// The provider's id of the order.
        api_order_id: String,
        /// Time to the answer, in milliseconds.
        response_ms: i64,
    },
    /// The provider certainly did not take it.
    Refused {
        /// What the refusal lets us do.
        class: RefusalClass,
        /// The provider's own words, or why nothing could be sent.
        reason: String,
        /// Time to the answer, in milliseconds; absent where the provider was not reached.
        response_ms: Option<i64>,
        /// For how many seconds the provider asks to be left alone, where it does.
        retry_after_seconds: Option<i64>,
    },
    /// The provider may or may not have taken it.
    InDoubt {
        /// What went wrong on the way.
        reason: String,
        /// The provider's own words, where it answered an error that does not rule the order out.
        text: Option<ErrorText>,
        /// Time until it went wrong; absent where the process died.
        response_ms: Option<i64>,
        /// For how many seconds the provider asks to be left alone, where it does.
        retry_after_seconds: Option<i64>,
    },
    /// Nothing was sent, and nothing will be.
    NotSent {
        /// Why not.
        reason: String,
    },
}

/// Where an order goes when an attempt did not place it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NextStep {
    /// To this candidate at once: its permit is in hand.
    Start(Claim),
    /// To this provider as soon as it has a permit free.
    Queue(ProviderId),
    /// Back to the same provider after this instant.
    Wait(DateTime<Utc>),
    /// To the first that is put back to work.
    Hold(Waiting),
    /// Nowhere: no candidate is left, as this decision says, or the refusal forbids another.
    GiveUp(Option<Decision>),
}
