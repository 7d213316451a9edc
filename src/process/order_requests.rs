//! What operators ask of the providers that hold orders: how they stand now, to cancel them, to refill them.
//!
//! Correctness: each order is asked about only where it is held, and one that cannot be asked about holds up no other. A
//! request that the provider took is on record, and so is one that it did not take. That a cancellation has happened is
//! proved by a later status alone.

use std::collections::{BTreeMap, HashSet};

use futures_util::{StreamExt, future::join_all, stream};

use super::ProviderOperations;
use crate::{
    command::{CommandError, Done, Loaded},
    domain::{
        OrderId, Position, ProviderId,
        order::{Holding, Order, OrderCommand},
    },
    journal::read_head,
    provider_api::{AnswerFor, CallFailure, Endpoint},
};

/// How many orders are loaded and appended to at once.
const AT_ONCE: usize = 32;

/// What came of asking about orders.
#[derive(Debug, Default)]
pub struct AskedOrders {
    /// Those about which all went well, in the order asked.
    pub orders: Vec<OrderId>,
    /// Why it did not, for each of the others, in the order asked.
    pub errors: Vec<(OrderId, CommandError)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Request {
    Refresh,
    Cancel,
    Refill,
}

/// What is to be put on record of an answer, and what the caller is told of it.
struct Answer {
    record: Option<OrderCommand>,
    result: Result<(), CommandError>,
}

impl ProviderOperations {
    /// Asks the providers that hold these orders how they stand, and returns once that is on record. At most 100 orders.
    ///
    /// # Errors
    /// `Unavailable` where the database is away. What concerns one order stands in [`AskedOrders::errors`].
    pub async fn refresh_orders(
        &self,
        orders: Vec<OrderId>,
    ) -> Result<Done<AskedOrders>, CommandError> {
        self.ask_about(Request::Refresh, orders).await
    }

    /// Asks the providers that hold these orders to cancel them. At most 100 orders.
    ///
    /// # Errors
    /// As [`refresh_orders`](Self::refresh_orders).
    pub async fn cancel_orders(
        &self,
        orders: Vec<OrderId>,
    ) -> Result<Done<AskedOrders>, CommandError> {
        self.ask_about(Request::Cancel, orders).await
    }

    /// Asks the providers that hold these orders to make up for units that were lost. At most 100 orders.
    ///
    /// # Errors
    /// As [`refresh_orders`](Self::refresh_orders).
    pub async fn refill_orders(
        &self,
        orders: Vec<OrderId>,
    ) -> Result<Done<AskedOrders>, CommandError> {
        self.ask_about(Request::Refill, orders).await
    }

    async fn ask_about(
        &self,
        request: Request,
        mut orders: Vec<OrderId>,
    ) -> Result<Done<AskedOrders>, CommandError> {
        let mut seen = HashSet::new();
        orders.retain(|order| seen.insert(*order));
        let mut results = BTreeMap::new();
        let mut by_provider: BTreeMap<ProviderId, Vec<(OrderId, String)>> = BTreeMap::new();
        for (order, held) in self.held(request, orders.clone()).await {
            match held {
                Ok(held) => {
                    let there = by_provider.entry(held.provider_id).or_default();
                    there.push((order, held.api_order_id));
                }
                Err(error) => drop(results.insert(order, Err(error))),
            }
        }
        let asking = by_provider.into_iter();
        let asking = asking.map(|(provider, there)| self.ask(request, provider, there));
        results.extend(join_all(asking).await.into_iter().flatten());
        let mut asked = AskedOrders::default();
        let mut position = None;
        for order in orders {
            match results.remove(&order) {
                Some(Ok(at)) => {
                    asked.orders.push(order);
                    position = position.max(at);
                }
                Some(Err(error)) => asked.errors.push((order, error)),
                None => {}
            }
        }
        let position = match position {
            Some(position) if asked.errors.is_empty() => position,
            // Refusals are on record too.
            _ => read_head(self.commands.journal().pool()).await?,
        };
        Ok(Done { value: asked, position })
    }

    /// Finds where each order is held, unless what is asked of it cannot be had there.
    async fn held(
        &self,
        request: Request,
        orders: Vec<OrderId>,
    ) -> Vec<(OrderId, Result<Holding, CommandError>)> {
        let found = orders.into_iter().map(|order| async move {
            let held = async {
                let Loaded { aggregate, .. } = self.commands.load::<Order>(order).await?;
                let held = aggregate.holding()?;
                self.allowed(request, &held)?;
                Ok(held)
            };
            (order, held.await)
        });
        stream::iter(found).buffer_unordered(AT_ONCE).collect().await
    }

    /// What the provider's list leaves open is tried.
    fn allowed(&self, request: Request, held: &Holding) -> Result<(), CommandError> {
        let flags = self.commands.catalogue().read(|snapshot| {
            let listing = &snapshot.service(held.service_id)?.aggregate.imported()?.listing;
            Some((listing.cancel, listing.refill))
        });
        let problem = match (request, flags) {
            (Request::Cancel, Some((Some(false), _))) => "orders of this service are not cancelled",
            (Request::Refill, Some((_, false))) => "orders of this service are not refilled",
            _ => return Ok(()),
        };
        Err(CommandError::Conflict(problem.to_owned()))
    }

    /// Asks one provider, and records what it answers about each order.
    async fn ask(
        &self,
        request: Request,
        provider: ProviderId,
        there: Vec<(OrderId, String)>,
    ) -> Vec<(OrderId, Result<Option<Position>, CommandError>)> {
        let answers = match self.call(request, provider, &there).await {
            Ok(answers) => answers,
            Err(problem) => {
                let failed = |(order, _): &(OrderId, String)| {
                    (*order, Err(CommandError::Unavailable(problem.clone())))
                };
                return there.iter().map(failed).collect();
            }
        };
        let orders: Vec<OrderId> = there.iter().map(|(order, _)| *order).collect();
        let recorded = orders.into_iter().zip(answers).map(|(order, answer)| async move {
            (order, self.record(request, order, answer).await)
        });
        stream::iter(recorded).buffer_unordered(AT_ONCE).collect().await
    }

    async fn call(
        &self,
        request: Request,
        provider: ProviderId,
        there: &[(OrderId, String)],
    ) -> Result<Vec<Answer>, String> {
        let endpoint = self.endpoints.of(provider).await.map_err(|error| error.to_string())?;
        let ids: Vec<String> = there.iter().map(|(_, id)| id.clone()).collect();
        let called = match request {
            Request::Refresh => self.statuses(&endpoint, provider, ids).await,
            Request::Cancel => self.cancels(&endpoint, ids).await,
            Request::Refill => self.refills(&endpoint, ids).await,
        };
        called.map_err(|failure| failure.reason)
    }

    async fn statuses(
        &self,
        endpoint: &Endpoint,
        provider_id: ProviderId,
        ids: Vec<String>,
    ) -> Result<Vec<Answer>, CallFailure> {
        let answers = self.client.statuses(endpoint, &ids).await?.value;
        let answers = ids.into_iter().zip(answers).map(|(api_order_id, answer)| match answer {
            AnswerFor::Found(reading) => {
                Answer::good(OrderCommand::RecordStatus { provider_id, api_order_id, reading })
            }
            AnswerFor::Error(words) => Answer { record: None, result: Err(refused(&words)) },
            AnswerFor::Missing => Answer::missing(),
        });
        Ok(answers.collect())
    }

    async fn cancels(
        &self,
        endpoint: &Endpoint,
        ids: Vec<String>,
    ) -> Result<Vec<Answer>, CallFailure> {
        let answers = self.client.cancels(endpoint, &ids).await?.value;
        let record = |answer| OrderCommand::RecordCancel { answer };
        Ok(answers.into_iter().map(|answer| Answer::of(answer, record)).collect())
    }

    async fn refills(
        &self,
        endpoint: &Endpoint,
        ids: Vec<String>,
    ) -> Result<Vec<Answer>, CallFailure> {
        let answers = self.client.refills(endpoint, &ids).await?.value;
        let record = |answer| OrderCommand::RecordRefill { answer };
        Ok(answers.into_iter().map(|answer| Answer::of(answer, record)).collect())
    }

    async fn record(
        &self,
        request: Request,
        order: OrderId,
        answer: Answer,
    ) -> Result<Option<Position>, CommandError> {
        let position = match answer.record {
            Some(command) => self.commands.follow_up(request.name(), order, command).await?,
            None => None,
        };
        answer.result.map(|()| position)
    }
}

impl Request {
    fn name(self) -> &'static str {
        match self {
            Self::Refresh => "refreshOrders",
            Self::Cancel => "cancelOrders",
            Self::Refill => "refillOrders",
        }
    }
}

impl Answer {
    fn good(record: OrderCommand) -> Self {
        Self { record: Some(record), result: Ok(()) }
    }

    fn missing() -> Self {
        let problem = "the provider's answer says nothing of this order: try again";
        Self { record: None, result: Err(CommandError::Unavailable(problem.to_owned())) }
    }

    /// A refusal is on record like what was taken.
    fn of<T>(answer: AnswerFor<T>, record: impl FnOnce(Result<T, String>) -> OrderCommand) -> Self {
        match answer {
            AnswerFor::Found(taken) => Self::good(record(Ok(taken))),
            AnswerFor::Error(words) => {
                Self { result: Err(refused(&words)), record: Some(record(Err(words))) }
            }
            AnswerFor::Missing => Self::missing(),
        }
    }
}

fn refused(words: &str) -> CommandError {
    CommandError::Conflict(format!("the provider says: {words}"))
}
