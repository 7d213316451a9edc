use std::{cmp::Reverse, fmt};

use chrono::{DateTime, SecondsFormat, Utc};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::tiers::{inside_tiers, note_shares};
use crate::domain::{
    OrderId, Position, ProviderId, ServiceId, charge_for,
    provider::{Breaker, Circuit, SuspensionCause},
};

/// In which order the candidates of a service are tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Strategy {
    /// The primary, then the backups by mapping priority and provider priority. Those where both are the same are a tier:
    /// they share its orders in proportion to their scores.
    #[default]
    Priority,
    /// The best measured first; by priority where scores are equal.
    BestScore,
}

/// What an order asks of a candidate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Units in one run, which must lie within the service's limits; `None` where limits do not apply.
    pub units_per_run: Option<i64>,
    /// Units in all runs, which are paid for.
    pub total_units: i64,
    /// Whether the service is sold as a whole package.
    pub package: bool,
    /// Whether the order is split into runs.
    pub dripfeed: bool,
    /// Which order asks: it draws the lot inside a tier.
    pub order: Option<OrderId>,
}

/// What is known of a candidate when the choice is made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CandidateFacts {
    /// Who would be asked.
    pub provider_id: ProviderId,
    /// Which service would be bought there.
    pub service_id: ServiceId,
    /// What the provider calls it.
    pub provider_service_id: String,
    /// `None` for the primary, else the mapping's priority.
    pub mapping_priority: Option<i32>,
    /// The provider's own priority.
    pub provider_priority: i32,
    /// How good the provider has proved to be, in parts per million.
    pub score_ppm: i64,
    /// Whether the provider is active.
    pub active: bool,
    /// Whether the service is for sale.
    pub enabled: bool,
    /// Whether the provider's list still has the service.
    pub listed: bool,
    /// Whether the types of this service and the ordered one are the same.
    pub kind_fits: bool,
    /// Least and largest quantity.
    pub limits: (i64, i64),
    /// Whether the service can be split into runs.
    pub dripfeed: bool,
    /// The provider's price per 1000, or of a package.
    pub rate: Decimal,
    /// The provider's last reading of our account, where it is fresh.
    pub balance: Option<Decimal>,
    /// Why the provider or the service is set aside, where it is.
    pub set_aside: Vec<Exclusion>,
    /// Whether an order sent there tries if the provider works again.
    pub on_trial: bool,
    /// Why the order itself does not go there, where it does not.
    pub barred: Option<Exclusion>,
}

/// Why a candidate was not considered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "rule", rename_all = "snake_case")]
pub enum Exclusion {
    /// An operator switched the provider off.
    ProviderInactive,
    /// The service is not for sale.
    ServiceDisabled,
    /// The provider's list does not have the service any more.
    ServiceDelisted,
    /// The service has become one of another type.
    OtherKind,
    /// The quantity is outside the service's limits.
    QuantityOutOfLimits {
        /// Least quantity.
        min: i64,
        /// Largest quantity.
        max: i64,
    },
    /// The service cannot be split into runs.
    NoDripfeed,
    /// Our account there does not cover the order.
    BalanceTooLow {
        /// What it holds.
        balance: Decimal,
        /// What the order would cost.
        cost: Decimal,
    },
    /// The order was tried there before.
    AlreadyTried,
    /// The order waits for its link at another provider, and overlapping orders on a link spoil each other.
    WaitsForLink,
    /// The order is for what a provider left undelivered, and this candidate is that one, or before it, or was asked.
    BeforeRemainder,
    /// The provider is set aside.
    ProviderSuspended {
        /// Why.
        cause: SuspensionCause,
        /// When it is asked whether it works again; absent where an operator is to say so.
        until: Option<DateTime<Utc>>,
    },
    /// Another order is trying whether the provider works again.
    ProviderOnTrial,
    /// The provider refuses the service, though its list has it.
    ServiceSuspended,
}

impl fmt::Display for Exclusion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ProviderInactive => f.write_str("the provider is inactive"),
            Self::ServiceDisabled => f.write_str("the service is not for sale"),
            Self::ServiceDelisted => f.write_str("the provider does not list the service any more"),
            Self::OtherKind => f.write_str("the service is of another type now"),
            Self::QuantityOutOfLimits { min, max } => write!(f, "it takes {min} to {max} units"),
            Self::NoDripfeed => f.write_str("it cannot be split into runs"),
            Self::BalanceTooLow { balance, cost } => {
                write!(f, "the balance there, {balance}, does not cover {cost}")
            }
            Self::AlreadyTried => f.write_str("the order was tried there before"),
            Self::BeforeRemainder => {
                f.write_str("only candidates after the one that delivered too little are asked")
            }
            Self::WaitsForLink => f.write_str("the order waits for its link at another provider"),
            Self::ProviderSuspended { cause, until: Some(until) } => {
                let until = until.to_rfc3339_opts(SecondsFormat::Secs, true);
                write!(f, "the provider is suspended until {until}, since {cause}")
            }
            Self::ProviderSuspended { cause, until: None } => {
                write!(f, "the provider is suspended, since {cause}")
            }
            Self::ProviderOnTrial => {
                f.write_str("another order is trying whether the provider works again")
            }
            Self::ServiceSuspended => f.write_str("the provider refuses the service at present"),
        }
    }
}

/// One candidate as it stood when the choice was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Candidate {
    /// Who would be asked.
    pub provider_id: ProviderId,
    /// Which service would be bought there.
    pub service_id: ServiceId,
    /// What the provider calls it.
    pub provider_service_id: String,
    /// `None` for the primary, else the mapping's priority.
    pub mapping_priority: Option<i32>,
    /// The provider's own priority.
    pub provider_priority: i32,
    /// How good the provider had proved to be, in parts per million; absent from decisions before it was measured.
    pub score_ppm: Option<i64>,
    /// Which share of such orders goes to it first in its tier, in parts per million; absent where it does not share.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub share_ppm: Option<i64>,
    /// Why it was not considered; empty for one that could take the order.
    pub excluded: Vec<Exclusion>,
    /// Whether an order sent there tries if the provider works again.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub on_trial: bool,
}

/// Why an order went where it went.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// The journal's position up to which facts were known.
    pub basis: Position,
    /// How the candidates were ordered.
    pub strategy: Strategy,
    /// All candidates, in the order in which they are tried.
    pub candidates: Vec<Candidate>,
    /// Index of the chosen one.
    pub chosen: Option<usize>,
}

impl Exclusion {
    /// Tells whether it holds for all services of the provider.
    pub fn is_of_the_whole_provider(&self) -> bool {
        matches!(self, Self::ProviderInactive | Self::ProviderSuspended { .. })
    }

    /// Returns why orders do not go to a provider by its breaker, where they do not.
    pub fn by_breaker(breaker: &Breaker) -> Option<Self> {
        match breaker.circuit() {
            Circuit::Closed | Circuit::HalfOpen { trial: None, .. } => None,
            Circuit::HalfOpen { trial: Some(_), .. } => Some(Self::ProviderOnTrial),
            Circuit::Open(suspension) => {
                let (cause, until) = (suspension.cause, suspension.until);
                Some(Self::ProviderSuspended { cause, until })
            }
        }
    }

    fn is_suspension(&self) -> bool {
        use Exclusion::{ProviderOnTrial, ProviderSuspended, ServiceSuspended};
        matches!(self, ProviderSuspended { .. } | ProviderOnTrial | ServiceSuspended)
    }

    /// Tells whether it passes by itself. Only the breaker's do; while an account is being filled, so does its balance.
    fn passes(&self) -> bool {
        self.is_suspension() || matches!(self, Self::BalanceTooLow { .. })
    }
}

impl Request {
    /// An order of which nothing is known but the service: quantity, runs and cost, which differ from order to order, exclude
    /// nobody.
    pub fn any() -> Self {
        Self { units_per_run: None, total_units: 0, package: false, dripfeed: false, order: None }
    }

    /// Returns what a candidate would ask for the order.
    fn cost(&self, rate: Decimal) -> Decimal {
        if self.package { rate } else { charge_for(rate, self.total_units) }
    }
}

impl Candidate {
    /// Tells whether it is left out for nothing but that it is set aside.
    pub fn is_only_set_aside(&self) -> bool {
        self.excluded.iter().any(Exclusion::is_suspension)
            && self.excluded.iter().all(Exclusion::passes)
    }

    /// Says why it is left out.
    pub fn exclusions_in_words(&self) -> String {
        self.excluded.iter().map(Exclusion::to_string).collect::<Vec<_>>().join(", ")
    }
}

impl Decision {
    /// Tells whether nobody can take the order now, and somebody could who is only set aside.
    pub fn waits(&self) -> bool {
        self.chosen.is_none() && self.candidates.iter().any(Candidate::is_only_set_aside)
    }

    /// Tells whether the order tries if the chosen provider works again.
    pub fn is_trial(&self) -> bool {
        self.choice().is_some_and(|candidate| candidate.on_trial)
    }

    /// Returns the chosen candidate; `None` where nobody can take the order.
    pub fn choice(&self) -> Option<&Candidate> {
        self.chosen.and_then(|index| self.candidates.get(index))
    }
}

/// Orders the candidates by the strategy and chooses the first that can take the request.
pub fn decide(
    basis: Position,
    strategy: Strategy,
    request: &Request,
    mut candidates: Vec<CandidateFacts>,
) -> Decision {
    match strategy {
        Strategy::Priority => {
            candidates.sort_by_key(CandidateFacts::priority_rank);
            inside_tiers(&mut candidates, request.order);
        }
        Strategy::BestScore => {
            candidates.sort_by_key(|facts| (Reverse(facts.score_ppm), facts.priority_rank()));
        }
    }
    let mut candidates: Vec<Candidate> =
        candidates.iter().map(|facts| facts.judged(request)).collect();
    if strategy == Strategy::Priority {
        note_shares(&mut candidates);
    }
    let chosen = candidates.iter().position(|candidate| candidate.excluded.is_empty());
    Decision { basis, strategy, candidates, chosen }
}

impl CandidateFacts {
    /// The primary comes first, since `None` sorts before any mapping's priority.
    fn priority_rank(&self) -> (Option<i32>, i32, ProviderId, ServiceId) {
        (self.mapping_priority, self.provider_priority, self.provider_id, self.service_id)
    }

    pub(super) fn tier(&self) -> (Option<i32>, i32) {
        (self.mapping_priority, self.provider_priority)
    }

    fn judged(&self, request: &Request) -> Candidate {
        Candidate {
            provider_id: self.provider_id,
            service_id: self.service_id,
            provider_service_id: self.provider_service_id.clone(),
            mapping_priority: self.mapping_priority,
            provider_priority: self.provider_priority,
            score_ppm: Some(self.score_ppm),
            share_ppm: None,
            excluded: self.exclusions(request),
            on_trial: self.on_trial,
        }
    }

    pub(super) fn exclusions(&self, request: &Request) -> Vec<Exclusion> {
        let (min, max) = self.limits;
        let out_of_limits =
            request.units_per_run.is_some_and(|units| !(min..=max).contains(&units));
        let flags = [
            (!self.active, Exclusion::ProviderInactive),
            (!self.enabled, Exclusion::ServiceDisabled),
            (!self.listed, Exclusion::ServiceDelisted),
            (!self.kind_fits, Exclusion::OtherKind),
            (out_of_limits, Exclusion::QuantityOutOfLimits { min, max }),
            (request.dripfeed && !self.dripfeed, Exclusion::NoDripfeed),
        ];
        let mut exclusions: Vec<Exclusion> =
            flags.into_iter().filter_map(|(holds, rule)| holds.then_some(rule)).collect();
        exclusions.extend(self.set_aside.iter().cloned());
        exclusions.extend(self.barred.clone());
        let cost = request.cost(self.rate);
        if let Some(balance) = self.balance.filter(|balance| *balance < cost) {
            exclusions.push(Exclusion::BalanceTooLow { balance, cost });
        }
        exclusions
    }
}

#[cfg(test)]
pub(super) mod tests;
