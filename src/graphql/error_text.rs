use async_graphql::{Context, Enum, Object};

use super::{
    error::ApiResult,
    loaders::{self, ErrorTextCallsOf, ErrorTextProvidersOf},
    provider::Provider,
    related::Related,
    scalars::DateTime,
    words::of_word,
};
use crate::{
    domain::refusal::{Ledger, TextClass},
    read::{ErrorTextCallRow, ErrorTextProviderRow, ErrorTextRow},
};

/// What an error text means. DOUBT: the provider may have taken the order all the same, so it is held and nobody else is asked. LINK and QUANTITY, LINK_BUSY are the request's doing; the rest is the provider's.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "crate::domain::refusal::TextClass")]
pub(super) enum ErrorClass {
    WalletEmpty,
    BadKey,
    ServiceGone,
    Quantity,
    Link,
    LinkBusy,
    Overload,
    Maintenance,
    Dialect,
    Doubt,
}

/// The ledger that a failure is entered in. TRANSPORT: no answer, or a broken one. REQUEST: the customer's; it never hurts a provider's health.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "crate::domain::refusal::Ledger")]
pub(super) enum FailureLedger {
    Transport,
    Provider,
    Request,
}

#[derive(Debug, Clone)]
pub(super) struct ErrorText(pub(super) ErrorTextRow);

/// An error text that providers answered orders or other calls with, or that an operator said something of.
#[Object]
impl ErrorText {
    /// As texts are compared: whole, in lower case, `#` for each number, without dots at the end.
    async fn text(&self) -> &str {
        &self.0.text
    }

    async fn class(&self) -> ApiResult<ErrorClass> {
        of_word(&self.0.class.to_uppercase())
    }

    async fn ledger(&self) -> ApiResult<FailureLedger> {
        let class: ErrorClass = of_word(&self.0.class.to_uppercase())?;
        let ledger: Ledger = TextClass::from(class).ledger();
        Ok(ledger.into())
    }

    /// Whether the class is an operator's word; else it is what panels mean by the text.
    async fn by_operator(&self) -> bool {
        self.0.by_operator
    }

    /// Why it was last reclassified, or taken back.
    async fn note(&self) -> Option<&str> {
        self.0.note.as_deref()
    }

    async fn reclassified_at(&self) -> Option<DateTime> {
        self.0.reclassified_at.map(DateTime)
    }

    /// Attempts that were answered with it; other calls count in `callCount`.
    async fn count(&self) -> i64 {
        self.0.count
    }

    async fn last_at(&self) -> Option<DateTime> {
        self.0.last_at.map(DateTime)
    }

    /// Calls that were no order's (balance, status, catalogue and the like) and were answered with it. An error about one of several orders in an answer is none of the call's.
    async fn call_count(&self) -> i64 {
        self.0.call_count
    }

    /// When the minute began in which the last of those calls ended.
    async fn call_last_at(&self) -> Option<DateTime> {
        self.0.call_last_at.map(DateTime)
    }

    /// Who answered orders with it, most often first.
    async fn providers(&self, ctx: &Context<'_>) -> ApiResult<Vec<ErrorTextProvider>> {
        let key = ErrorTextProvidersOf(self.0.text.clone());
        let rows = Related::of(ctx).load_one(key).await?.unwrap_or_default();
        Ok(rows.into_iter().map(ErrorTextProvider).collect())
    }

    /// Who answered which other calls with it, most often first.
    async fn calls(&self, ctx: &Context<'_>) -> ApiResult<Vec<ErrorTextCalls>> {
        let key = ErrorTextCallsOf(self.0.text.clone());
        let rows = Related::of(ctx).load_one(key).await?.unwrap_or_default();
        Ok(rows.into_iter().map(ErrorTextCalls).collect())
    }
}

#[derive(Debug, Clone)]
pub(super) struct ErrorTextProvider(ErrorTextProviderRow);

/// How often a provider answered orders with a text.
#[Object]
impl ErrorTextProvider {
    async fn provider(&self, ctx: &Context<'_>) -> ApiResult<Provider> {
        loaders::provider(ctx, self.0.provider()).await
    }

    async fn count(&self) -> i64 {
        self.0.count
    }

    async fn last_at(&self) -> DateTime {
        DateTime(self.0.last_at)
    }
}

#[derive(Debug, Clone)]
pub(super) struct ErrorTextCalls(ErrorTextCallRow);

/// How often a provider answered calls of one action, other than orders, with a text.
#[Object]
impl ErrorTextCalls {
    async fn provider(&self, ctx: &Context<'_>) -> ApiResult<Provider> {
        loaders::provider(ctx, self.0.provider()).await
    }

    /// In the panel API's word, such as `balance`.
    async fn action(&self) -> &str {
        &self.0.action
    }

    async fn count(&self) -> i64 {
        self.0.count
    }

    /// When the minute began in which the last of them ended.
    async fn last_at(&self) -> DateTime {
        DateTime(self.0.last_at)
    }
}
