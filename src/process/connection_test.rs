//! Is a provider reachable, does it take our key, what do we have there?

use rust_decimal::Decimal;

use super::{EndpointError, ProviderOperations};
use crate::{
    command::{CommandError, Done},
    domain::{Balance, ProviderId, provider::NoBalance},
    provider_api::{CallFailure, Timed},
};

/// What a connection test came to; `message` says it in words either way.
#[derive(Debug, Clone, PartialEq)]
pub struct ConnectionTest {
    /// Whether the provider answered as a panel does.
    pub ok: bool,
    /// The result in words.
    pub message: String,
    /// Duration of the call in milliseconds; absent where no call was made.
    pub response_ms: Option<i64>,
    /// What our account there holds.
    pub balance: Option<Decimal>,
    /// In this currency.
    pub currency: Option<String>,
}

impl ProviderOperations {
    /// Calls the provider's balance, which costs nothing, and records what came of it.
    ///
    /// # Errors
    /// `NotFound`, `Unavailable`; a provider that fails the test is a result, not an error.
    pub async fn test_connection(
        &self,
        id: ProviderId,
    ) -> Result<Done<ConnectionTest>, CommandError> {
        self.commands.find_provider(id).await?;
        let endpoint = match self.endpoints.of(id).await {
            Ok(endpoint) => endpoint,
            Err(EndpointError::NotFound) => return Err(EndpointError::NotFound.into()),
            Err(error) => {
                let position = self.commands.catalogue().read(|snapshot| snapshot.position);
                let value = ConnectionTest::failed(error.to_string(), None);
                return Ok(Done { value, position });
            }
        };
        let called = self.client.balance(&endpoint).await;
        let (outcome, response_ms) = match called {
            Ok(Timed { value, response_ms }) => (Ok(value), response_ms),
            Err(CallFailure { reason, response_ms, retry_after }) => {
                (Err(NoBalance { reason, retry_after }), response_ms)
            }
        };
        let recorded = self.commands.record_connection_test(id, outcome.clone(), response_ms);
        let position = recorded.await?.position;
        let value = match outcome {
            Ok(balance) => ConnectionTest::passed(balance, response_ms),
            Err(no_balance) => ConnectionTest::failed(no_balance.reason, Some(response_ms)),
        };
        Ok(Done { value, position })
    }
}

impl ConnectionTest {
    fn passed(balance: Balance, response_ms: i64) -> Self {
        let currency = balance.currency.as_deref().unwrap_or("(currency not given)");
        Self {
            ok: true,
            message: format!("answered in {response_ms} ms, balance {} {currency}", balance.amount),
            response_ms: Some(response_ms),
            balance: Some(balance.amount),
            currency: balance.currency,
        }
    }

    fn failed(message: String, response_ms: Option<i64>) -> Self {
        Self { ok: false, message, response_ms, balance: None, currency: None }
    }
}
