use async_graphql::{Enum, resolver_utils::EnumType};

use super::error::{ApiError, ApiResult};
use crate::{
    command::CommandError,
    domain::{order::GivenUpAs, provider::Activation},
};

#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ProviderStatus {
    Active,
    Inactive,
}

/// SUSPENDED: set aside by the circuit breaker or an operator; no orders go there.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "crate::read::Health")]
pub(super) enum ProviderHealth {
    Unknown,
    Healthy,
    Degraded,
    Suspended,
}

/// QUEUED: no provider holds it yet. FAILED: no provider took it, the charge was returned. The rest mirror the panel API's statuses.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum OrderStatus {
    Queued,
    InDoubt,
    Pending,
    Processing,
    InProgress,
    Completed,
    Partial,
    Canceled,
    Failed,
}

/// How far a provider is with a refill. ERROR: ended without having worked.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RefillStatus {
    Pending,
    InProgress,
    Completed,
    Rejected,
    Error,
}

/// NOT_PLACED: was in doubt, evidence showed that the provider never took it.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AttemptOutcome {
    Started,
    Placed,
    Refused,
    InDoubt,
    NotPlaced,
}

/// What becomes of an order that stays in doubt. HOLD: it waits for evidence or an operator. RETURN_CHARGE: it fails. ACCEPT_RISK: it goes on to the next candidate, so that it may come to exist twice.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum DoubtAction {
    Hold,
    ReturnCharge,
    AcceptRisk,
}

impl From<DoubtAction> for Option<GivenUpAs> {
    fn from(action: DoubtAction) -> Self {
        match action {
            DoubtAction::Hold => None,
            DoubtAction::ReturnCharge => Some(GivenUpAs::ReturnCharge),
            DoubtAction::AcceptRisk => Some(GivenUpAs::AcceptRisk),
        }
    }
}

/// Where it is looked what became of an attempt in doubt. ORDERS_LIST: the provider's list of our orders. BALANCE: what our account there holds. STATUSES: the ids after the last that is known. BUSY_LINK: what the provider said of another order for the link.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum EvidenceSource {
    OrdersList,
    Balance,
    Statuses,
    BusyLink,
}

/// Order in which the candidates of a service are tried. PRIORITY: the primary, then the backups by mapping priority and provider priority; where both are the same they share the orders in proportion to their scores. More may come.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "crate::domain::routing::Strategy")]
pub(super) enum RoutingStrategy {
    Priority,
    BestScore,
}

/// PRICE_MOVED: a rate moved further at once than is let pass. SERVICE_DELISTED: it was for sale. SERVICE_ID_REUSED: the provider sells something else under it, so it is off sale. UNKNOWN_STATUS: the order is left open. DUPLICATE_FOUND: a provider holds an order that had gone on elsewhere, or had failed. LOW_BALANCE: our account there will be empty soon. PROVIDER_DOWN: it does not answer balance calls. PROVIDER_SUSPENDED, SERVICE_SUSPENDED: no orders go there until it works again. More may come.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AlertKind {
    PriceMoved,
    ServiceDelisted,
    ServiceIdReused,
    SyncFailed,
    UnknownStatus,
    DuplicateFound,
    LowBalance,
    ProviderDown,
    ProviderSuspended,
    ServiceSuspended,
}

/// That an alert was raised, or that what lasted is over.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AlertNews {
    Raised,
    Ended,
}

/// FAILED: given up, after a day of tries.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum DeliveryState {
    Waiting,
    Delivered,
    Failed,
}

/// How a call to a provider ended. UNREACHABLE: nothing was sent. BROKEN: the connection ended before the answer was complete. UNREADABLE: the answer is not what was asked for. REFUSED: the provider answered an error. ABANDONED: we stopped waiting.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CallOutcome {
    Answered,
    Unreachable,
    TimedOut,
    Broken,
    Unreadable,
    Refused,
    Abandoned,
}

/// SERVICE_REFUSED: the provider refused a service that its list had. More may come.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SyncTrigger {
    Manual,
    Scheduled,
    ServiceRefused,
}

#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "crate::domain::order::SettledAs")]
pub(super) enum SettleDecision {
    Placed,
    NotPlaced,
}

/// Finds the value that a read model's word stands for: the read models write the enums' own names.
pub(super) fn of_word<E: EnumType>(word: &str) -> ApiResult<E> {
    let known = E::items().iter().find(|item| item.name == word);
    known.map(|item| item.value).ok_or_else(|| unknown(word))
}

/// Returns the word that the read models write for a value.
pub(super) fn word_of<E: EnumType>(value: E) -> ApiResult<&'static str> {
    let known = E::items().iter().find(|item| item.value == value);
    known.map(|item| item.name).ok_or_else(|| unknown("an enum's value"))
}

fn unknown(word: &str) -> ApiError {
    CommandError::Internal(format!("a read model says `{word}`, which the API has no word for"))
        .into()
}

impl From<ProviderStatus> for Activation {
    fn from(status: ProviderStatus) -> Self {
        match status {
            ProviderStatus::Active => Self::Active,
            ProviderStatus::Inactive => Self::Inactive,
        }
    }
}
