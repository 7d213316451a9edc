use std::{
    future::ready,
    sync::Arc,
    time::{Duration, Instant},
};

use reqwest::{Client, ClientBuilder, redirect};
use rustls::crypto::{CryptoProvider, ring};
use secrecy::SecretString;

use super::{
    AddAnswer, AddReply, CallFailure, Catalogue, NewOrder, decode,
    encode::{self, Form},
    error::{CallFault, FailedRead},
    guard::GuardedResolver,
    meanings::Meanings,
    outcome,
    redact::Redactor,
    speak::{self, Listener},
    transport::{self, Answer, Bounds, TransportFault},
    watch::{CallWatch, FailedCall, OpenCall},
};
use crate::{
    domain::{
        Balance, ProviderId,
        calls::CallFailureKind,
        provider::{Dialect, ProviderLimits, ProviderUrl, UpstreamPolicy},
        refusal::ErrorTexts,
        settlement::ListedOrder,
    },
    metrics,
    pace::Turns,
};

/// Largest answer to anything but `services`, in bytes: thousands of times what a panel sends.
pub(super) const MAX_ANSWER: usize = 256 * 1024;

/// Largest catalogue, in bytes; 10,000 services make several MB.
const MAX_CATALOGUE: usize = 64 * 1024 * 1024;

/// Where a provider is asked, and as whom.
#[derive(Debug, Clone)]
pub struct Endpoint {
    /// The provider, for whoever keeps count of calls.
    pub provider_id: ProviderId,
    /// The provider's name, for the log and the metrics.
    pub provider: String,
    /// The address, used as given.
    pub url: ProviderUrl,
    /// Our key there.
    pub key: SecretString,
    /// What operators say of error texts.
    pub texts: Arc<ErrorTexts>,
    /// How the panel wants to be called.
    pub dialect: Dialect,
    /// How long its own calls may take.
    pub timeouts: Timeouts,
    /// The turns that all calls there share. An order's call has had its turn before it is made.
    pub turns: Turns,
}

/// How long calls to one provider may take; what is absent is [`CallLimits`]' own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Timeouts {
    /// A whole `add`.
    pub order: Option<Duration>,
    /// A whole call about balance or orders.
    pub read: Option<Duration>,
    /// A whole call for a list.
    pub catalogue: Option<Duration>,
}

impl From<&ProviderLimits> for Timeouts {
    fn from(limits: &ProviderLimits) -> Self {
        Self {
            order: limits.order_timeout(),
            read: limits.read_timeout(),
            catalogue: limits.catalogue_timeout(),
        }
    }
}

/// How long calls may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CallLimits {
    /// Until a connection stands: name service, TCP and TLS.
    pub connect: Duration,
    /// A whole `add`, connecting included.
    pub add: Duration,
    /// A whole `balance`, connecting included.
    pub balance: Duration,
    /// A whole `services`, connecting included.
    pub services: Duration,
    /// A whole `status`, `refill`, `refill_status` or `cancel`, connecting included.
    pub follow: Duration,
}

impl Default for CallLimits {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            add: Duration::from_secs(30),
            balance: Duration::from_secs(30),
            services: Duration::from_secs(120),
            follow: Duration::from_secs(30),
        }
    }
}

/// A result with the time that it took.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Timed<T> {
    /// The result.
    pub value: T,
    /// From the start of the call to the last byte read, in milliseconds.
    pub response_ms: i64,
}

/// The system lets no HTTP client be made.
#[derive(Debug, thiserror::Error)]
#[error("no HTTP client can be made: {0}")]
pub struct ClientUnavailable(#[from] reqwest::Error);

/// Calls panels. Every call is sent at most once, to allowed addresses only. Cheap to clone.
#[derive(Debug, Clone)]
pub struct PanelClient {
    policy: UpstreamPolicy,
    limits: CallLimits,
    /// Opens a connection for each call.
    adding: Client,
    reading: Client,
    watch: Option<Arc<dyn CallWatch>>,
}

impl PanelClient {
    /// Makes a client. Installs *ring* as the process's cryptography, unless the program chose one before.
    ///
    /// # Errors
    /// [`ClientUnavailable`] where the system's certificates cannot be read.
    pub fn new(policy: UpstreamPolicy, limits: CallLimits) -> Result<Self, ClientUnavailable> {
        if CryptoProvider::get_default().is_none() {
            // Fails only where another thread was quicker, and then there is one.
            let _ = ring::default_provider().install_default();
        }
        // A request on a connection that was used before is sent again by the library where it takes it for unstarted.
        let adding = builder(policy, limits).pool_max_idle_per_host(0).build()?;
        let reading = builder(policy, limits).build()?;
        Ok(Self { policy, limits, adding, reading, watch: None })
    }

    /// Tells this one of every call that ends.
    #[must_use]
    pub fn watched_by(self, watch: Arc<dyn CallWatch>) -> Self {
        Self { watch: Some(watch), ..self }
    }

    /// How long its calls may take.
    pub fn limits(&self) -> &CallLimits {
        &self.limits
    }

    /// Places an order, once, and says what is known of it afterwards.
    pub async fn add(&self, endpoint: &Endpoint, order: &NewOrder) -> AddReply {
        let started = Instant::now();
        let time = endpoint.timeouts.order.unwrap_or(self.limits.add);
        let bounds = Bounds { time, bytes: MAX_ANSWER };
        let form = encode::add(order);
        let mut call = self.begin(endpoint, &form);
        let exchange = self.send(&self.adding, endpoint, &form, bounds).await;
        let http_status = exchange.as_ref().ok().map(|answer| answer.status);
        call.answered(http_status);
        let redactor = Redactor::new(&endpoint.key);
        let meanings = Meanings::new(&endpoint.texts, &redactor);
        let was_sent = !matches!(&exchange, Err(fault) if fault.is_before_sending());
        let answer = without_key(outcome::of(&exchange, &meanings), &redactor);
        call.end(failed_add(&exchange, &answer));
        AddReply {
            response_ms: was_sent.then(|| milliseconds_since(started)),
            retry_after_seconds: exchange.as_ref().ok().and_then(|answer| answer.retry_after),
            http_status,
            answer,
        }
    }

    /// Reads the balance of our account.
    ///
    /// # Errors
    /// [`CallFailure`] says in words what came instead.
    pub async fn balance(&self, endpoint: &Endpoint) -> Result<Timed<Balance>, CallFailure> {
        endpoint.turns.take().await;
        let started = Instant::now();
        let time = endpoint.timeouts.read.unwrap_or(self.limits.balance);
        let bounds = Bounds { time, bytes: MAX_ANSWER };
        let read = |answer: Answer| ready(decode::balance(&answer).map_err(CallFault::from));
        let balance = self.read(endpoint, &encode::balance(), bounds, read).await;
        let response_ms = milliseconds_since(started);
        let redactor = Redactor::new(&endpoint.key);
        let mut value = balance.map_err(|failed| failed.cleaned(&redactor, response_ms))?;
        if let Some(currency) = &mut value.currency {
            redactor.clean(currency);
        }
        Ok(Timed { value, response_ms })
    }

    /// Reads the catalogue: at least one readable row, no provider's id twice. An empty list is a failure, so that
    /// it cannot be taken for a catalogue without services.
    ///
    /// # Errors
    /// [`CallFailure`] says in words what came instead.
    pub async fn services(&self, endpoint: &Endpoint) -> Result<Timed<Catalogue>, CallFailure> {
        endpoint.turns.take().await;
        let started = Instant::now();
        let bounds = self.bounds_of_a_list(endpoint);
        let catalogue = self.read(endpoint, &encode::services(), bounds, decoded_aside).await;
        let response_ms = milliseconds_since(started);
        let redactor = Redactor::new(&endpoint.key);
        let mut value = catalogue.map_err(|failed| failed.cleaned(&redactor, response_ms))?;
        value.clean(&redactor);
        Ok(Timed { value, response_ms })
    }

    /// Lists all our orders, where the panel does so; an empty list is a list.
    ///
    /// # Errors
    /// [`CallFailure`] says in words what came instead: mostly that the panel knows no such call.
    pub async fn orders(
        &self,
        endpoint: &Endpoint,
    ) -> Result<Timed<Vec<ListedOrder>>, CallFailure> {
        endpoint.turns.take().await;
        let started = Instant::now();
        let bounds = self.bounds_of_a_list(endpoint);
        let read = |answer: Answer| ready(decode::listed_orders(&answer).map_err(CallFault::from));
        let listed = self.read(endpoint, &encode::orders(), bounds, read).await;
        let response_ms = milliseconds_since(started);
        let redactor = Redactor::new(&endpoint.key);
        let value = listed.map_err(|failed| failed.cleaned(&redactor, response_ms))?;
        Ok(Timed { value, response_ms })
    }

    fn bounds_of_a_list(&self, endpoint: &Endpoint) -> Bounds {
        let time = endpoint.timeouts.catalogue.unwrap_or(self.limits.services);
        Bounds { time, bytes: MAX_CATALOGUE }
    }

    /// Makes one call and reads the whole answer.
    pub(super) async fn read<T, R>(
        &self,
        endpoint: &Endpoint,
        form: &Form,
        bounds: Bounds,
        read: impl FnOnce(Answer) -> R,
    ) -> Result<T, FailedRead>
    where
        R: Future<Output = Result<T, CallFault>>,
    {
        let redactor = Redactor::new(&endpoint.key);
        let meanings = Meanings::new(&endpoint.texts, &redactor);
        let mut call = self.begin(endpoint, form);
        let exchange = self.send(&self.reading, endpoint, form, bounds).await;
        call.answered(exchange.as_ref().ok().map(|answer| answer.status));
        let retry_after = exchange.as_ref().ok().and_then(|answer| answer.retry_after);
        let value = match whole(exchange, &redactor) {
            Ok(answer) => read(answer).await,
            Err(fault) => Err(fault.into()),
        };
        let value = value.map_err(|fault| fault.told_by(&meanings));
        call.end(value.as_ref().err().map(|fault| fault.failed_call(&meanings)));
        value.map_err(|fault| FailedRead { fault, retry_after })
    }

    fn begin(&self, endpoint: &Endpoint, form: &Form) -> OpenCall {
        OpenCall::begin(self.watch.clone(), endpoint.provider_id, form.action)
    }

    async fn send(
        &self,
        client: &Client,
        endpoint: &Endpoint,
        form: &Form,
        bounds: Bounds,
    ) -> Result<Answer, TransportFault> {
        // The resolver never sees literal addresses, and the policy may be stricter than when the URL was entered.
        endpoint.url.check(self.policy)?;
        let started = Instant::now();
        let listener =
            Listener { url: endpoint.url.url(), key: &endpoint.key, dialect: endpoint.dialect };
        let request = speak::request(client, &listener, form);
        let exchange = transport::send(request, bounds).await;
        measure(&endpoint.provider, form.action, &exchange, started.elapsed());
        exchange
    }
}

fn builder(policy: UpstreamPolicy, limits: CallLimits) -> ClientBuilder {
    Client::builder()
        .dns_resolver(GuardedResolver::new(policy).into())
        .redirect(redirect::Policy::none())
        .retry(reqwest::retry::never())
        .no_proxy()
        .http1_only()
        .connect_timeout(limits.connect)
        .user_agent(concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION")))
}

/// Returns an answer that came to its end, without the key.
fn whole(
    exchange: Result<Answer, TransportFault>,
    redactor: &Redactor,
) -> Result<Answer, TransportFault> {
    let mut answer = exchange?;
    match answer.broken_off.take() {
        Some(fault) => Err(fault),
        None => {
            // Before anything is read and cut: a part of the key would not be found any more.
            redactor.clean_bytes(&mut answer.body);
            Ok(answer)
        }
    }
}

/// Says how an `add` came to nothing, where it did.
fn failed_add(exchange: &Result<Answer, TransportFault>, answer: &AddAnswer) -> Option<FailedCall> {
    let (otherwise, reason) = match answer {
        AddAnswer::Placed { .. } => return None,
        AddAnswer::Refused { reason, .. } => (CallFailureKind::Refused, reason),
        AddAnswer::InDoubt { reason, .. } => (CallFailureKind::Unreadable, reason),
    };
    let fault = match exchange {
        Ok(answer) => answer.broken_off.as_ref(),
        Err(fault) => Some(fault),
    };
    Some(FailedCall::new(fault.map_or(otherwise, TransportFault::kind), reason))
}

/// Tells of a call. Not of the answer's words, which may hold the key.
fn measure(
    provider: &str,
    action: &'static str,
    exchange: &Result<Answer, TransportFault>,
    took: Duration,
) {
    let status = exchange.as_ref().ok().map(|answer| answer.status);
    tracing::debug!(provider, action, status, ?took, "provider called");
    if !matches!(exchange, Err(fault) if fault.is_before_sending()) {
        metrics::provider_called(provider.to_owned(), action, took);
    }
}

/// Decodes where a large catalogue holds nobody up.
async fn decoded_aside(answer: Answer) -> Result<Catalogue, CallFault> {
    let decoding = tokio::task::spawn_blocking(move || decode::catalogue(&answer));
    match decoding.await {
        Ok(decoded) => Ok(decoded?),
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(_) => Err(CallFault::Stopping),
        },
    }
}

fn without_key(answer: AddAnswer, redactor: &Redactor) -> AddAnswer {
    match answer {
        AddAnswer::Placed { api_order_id } if redactor.is_echoed_in(&api_order_id) => {
            let reason = "the provider answered our key in place of an order id".to_owned();
            AddAnswer::InDoubt { reason, text: None }
        }
        AddAnswer::Placed { api_order_id } => AddAnswer::Placed { api_order_id },
        AddAnswer::Refused { class, reason } => {
            AddAnswer::Refused { class, reason: redactor.words(&reason) }
        }
        AddAnswer::InDoubt { reason, text } => {
            AddAnswer::InDoubt { reason: redactor.words(&reason), text }
        }
    }
}

pub(super) fn milliseconds_since(started: Instant) -> i64 {
    i64::try_from(started.elapsed().as_millis()).unwrap_or(i64::MAX)
}
