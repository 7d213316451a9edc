use async_graphql::{Context, ID, InputObject, MaybeUndefined, Object, SimpleObject};

use crate::{
    command::{AddProvider, CommandError, Commands, Done, UpdateProvider},
    domain::{
        ProviderId,
        provider::{Description, LimitChanges, ProviderTerms},
    },
    graphql::{
        context::{Backend, detached},
        dialect::ProviderDialectInput,
        error::{ApiError, ApiResult},
        input::{id, ids},
        provider::Provider,
        scalars::{Decimal, Position},
        sync_log::SyncLog,
        words::ProviderStatus,
    },
    process::{ConnectionTest as TestResult, Delisting},
};

#[derive(InputObject)]
struct AddProviderInput {
    name: String,
    api_url: String,
    api_key: String,
    #[graphql(default = 1)]
    priority: i32,
    #[graphql(flatten)]
    terms: ProviderTermsInput,
}

/// Only the given fields change; a new `apiKey` replaces the stored one.
#[derive(InputObject)]
struct UpdateProviderInput {
    id: ID,
    name: Option<String>,
    api_url: Option<String>,
    api_key: Option<String>,
    priority: Option<i32>,
    /// Null or 0: never by itself.
    sync_interval_minutes: MaybeUndefined<i32>,
    #[graphql(flatten)]
    terms: ProviderTermsInput,
    /// True: nobody but us orders with our account there from now on, and nothing runs there that others ordered.
    exclusive: Option<bool>,
}

/// How a provider is called, and what is noted about it.
#[derive(InputObject)]
struct ProviderTermsInput {
    /// What operators note about it; empty for nothing.
    description: Option<String>,
    /// How it wants to be called.
    dialect: Option<ProviderDialectInput>,
    /// Orders that may be on their way to it at once, 1 to 1000. Null: 64.
    concurrent_calls: MaybeUndefined<i32>,
    /// Most calls of any sort in a second, 0.001 to 1000. Null: no limit.
    requests_per_second: MaybeUndefined<f64>,
    /// How long an order's answer is waited for, 15 to 300. Null: as long as the installation says, and so for the others.
    order_timeout_seconds: MaybeUndefined<i32>,
    /// For balance and status, 1 to 300.
    read_timeout_seconds: MaybeUndefined<i32>,
    /// For lists of services or orders, 1 to 900.
    catalogue_timeout_seconds: MaybeUndefined<i32>,
}

impl ProviderTermsInput {
    fn terms(self) -> ApiResult<ProviderTerms> {
        Ok(ProviderTerms {
            description: described(self.description)?,
            dialect: self.dialect.map(ProviderDialectInput::dialect).transpose()?,
            limits: LimitChanges {
                concurrent_calls: given(self.concurrent_calls),
                calls_per_1000_s: given(self.requests_per_second)
                    .map(|rate| rate.map(thousandfold)),
                order_timeout_s: given(self.order_timeout_seconds),
                read_timeout_s: given(self.read_timeout_seconds),
                catalogue_timeout_s: given(self.catalogue_timeout_seconds),
            },
        })
    }
}

fn described(text: Option<String>) -> ApiResult<Option<Description>> {
    let description = text.map(|text| Description::try_new(&text)).transpose();
    description.map_err(|error| ApiError::invalid("description", error))
}

/// What is not given stays; null goes back to what the installation says.
fn given<T>(input: MaybeUndefined<T>) -> Option<Option<T>> {
    match input {
        MaybeUndefined::Undefined => None,
        MaybeUndefined::Null => Some(None),
        MaybeUndefined::Value(value) => Some(Some(value)),
    }
}

/// A rate in the unit that it is kept in; what is too large for that stays too large.
fn thousandfold(rate: f64) -> i64 {
    (rate * 1000.0).round() as i64
}

/// `position`: where this change stands in the journal. A payload is read at its own position; a query sent with the header `X-Min-Position` waits for at least that one (5 s, then the error TIMEOUT; the change stands).
#[derive(SimpleObject)]
struct ProviderPayload {
    provider: Provider,
    position: Position,
}

#[derive(SimpleObject)]
struct ProvidersPayload {
    providers: Vec<Provider>,
    position: Position,
}

#[derive(SimpleObject)]
struct DeleteProviderPayload {
    deleted_id: ID,
    position: Position,
}

#[derive(SimpleObject)]
struct ConnectionTest {
    ok: bool,
    message: String,
    response_ms: Option<f64>,
    balance: Option<Decimal>,
    currency: Option<String>,
}

impl From<TestResult> for ConnectionTest {
    fn from(result: TestResult) -> Self {
        Self {
            ok: result.ok,
            message: result.message,
            response_ms: result.response_ms.map(|ms| ms as f64),
            balance: result.balance.map(Decimal),
            currency: result.currency,
        }
    }
}

#[derive(SimpleObject)]
struct SyncPayload {
    sync_log: SyncLog,
    position: Position,
}

#[derive(Default)]
pub(super) struct ProviderMutations;

#[Object]
impl ProviderMutations {
    async fn add_provider(
        &self,
        ctx: &Context<'_>,
        input: AddProviderInput,
    ) -> ApiResult<ProviderPayload> {
        let command = AddProvider {
            name: input.name,
            api_url: input.api_url,
            api_key: input.api_key.into(),
            priority: input.priority,
            terms: input.terms.terms()?,
        };
        changed(ctx, |commands| async move { commands.add_provider(command).await }).await
    }

    async fn update_provider(
        &self,
        ctx: &Context<'_>,
        input: UpdateProviderInput,
    ) -> ApiResult<ProviderPayload> {
        let command = UpdateProvider {
            id: id("id", &input.id)?,
            name: input.name,
            api_url: input.api_url,
            api_key: input.api_key.map(Into::into),
            priority: input.priority,
            sync_interval_minutes: match input.sync_interval_minutes {
                MaybeUndefined::Undefined => None,
                MaybeUndefined::Null => Some(0),
                MaybeUndefined::Value(minutes) => Some(minutes),
            },
            terms: input.terms.terms()?,
            exclusive: input.exclusive,
        };
        changed(ctx, |commands| async move { commands.update_provider(command).await }).await
    }

    async fn toggle_provider_status(
        &self,
        ctx: &Context<'_>,
        #[graphql(name = "id")] provider: ID,
    ) -> ApiResult<ProviderPayload> {
        let provider = id("id", &provider)?;
        changed(ctx, |commands| async move { commands.toggle_provider(provider).await }).await
    }

    /// Switches up to 1000 providers on or off, all or none; answered in the order of `ids`.
    async fn set_provider_status(
        &self,
        ctx: &Context<'_>,
        #[graphql(name = "ids")] providers: Vec<ID>,
        status: ProviderStatus,
    ) -> ApiResult<ProvidersPayload> {
        let backend = Backend::of(ctx);
        let providers: Vec<ProviderId> = ids(&providers)?;
        let (commands, changed) = (backend.commands.clone(), providers.clone());
        let command = async move { commands.set_provider_status(changed, status.into()).await };
        let done = backend.run(command).await?;
        let rows = backend.reads.providers_by_id(&providers).await?;
        let providers: Option<Vec<Provider>> =
            providers.iter().map(|id| rows.get(id).cloned().map(Provider::from)).collect();
        let providers = providers.ok_or_else(|| ApiError::not_read_yet(done.position))?;
        Ok(ProvidersPayload { providers, position: Position(done.position.0) })
    }

    /// Lets no orders go to it: for so many minutes, after which it is asked whether it works, or until it is resumed.
    async fn suspend_provider(
        &self,
        ctx: &Context<'_>,
        #[graphql(name = "id")] provider: ID,
        minutes: Option<i32>,
        note: Option<String>,
    ) -> ApiResult<ProviderPayload> {
        let provider = id("id", &provider)?;
        let suspend = |commands: Commands| async move {
            commands.suspend_provider(provider, minutes, note).await
        };
        changed(ctx, suspend).await
    }

    /// Lets orders go to it again at once, whatever it was suspended for.
    async fn resume_provider(
        &self,
        ctx: &Context<'_>,
        #[graphql(name = "id")] provider: ID,
    ) -> ApiResult<ProviderPayload> {
        let provider = id("id", &provider)?;
        changed(ctx, |commands| async move { commands.resume_provider(provider).await }).await
    }

    /// Refused (CONFLICT) while services are associated with it, or orders of it are open; history goes on resolving it.
    async fn delete_provider(
        &self,
        ctx: &Context<'_>,
        #[graphql(name = "id")] provider: ID,
    ) -> ApiResult<DeleteProviderPayload> {
        let backend = Backend::of(ctx);
        let provider = id("id", &provider)?;
        let commands = backend.commands.clone();
        let done = backend.run(async move { commands.delete_provider(provider).await }).await?;
        Ok(DeleteProviderPayload {
            deleted_id: ID(done.value.to_string()),
            position: Position(done.position.0),
        })
    }

    async fn test_provider_connection(
        &self,
        ctx: &Context<'_>,
        #[graphql(name = "id")] provider: ID,
    ) -> ApiResult<ConnectionTest> {
        let provider = id("id", &provider)?;
        let backend = Backend::of(ctx);
        let operations = backend.operations.clone();
        let done = detached(async move { operations.test_connection(provider).await }).await?;
        // Whoever asks for the balance next finds it; what the test came to is told in any case.
        let _ = backend.reached(done.position).await;
        Ok(done.value.into())
    }

    /// Answers when the sync has ended, well or badly. A run that would delist over a fifth of a catalogue delists nothing unless told to.
    async fn sync_provider_services(
        &self,
        ctx: &Context<'_>,
        #[graphql(name = "id")] provider: ID,
        #[graphql(default = false)] accept_delisting: bool,
    ) -> ApiResult<SyncPayload> {
        let backend = Backend::of(ctx);
        let provider = id("id", &provider)?;
        let delisting = if accept_delisting { Delisting::Accepted } else { Delisting::Guarded };
        let operations = backend.operations.clone();
        let done = backend.run(async move { operations.sync(provider, delisting).await }).await?;
        let row = backend.reads.sync_log(done.value).await?;
        let row = row.ok_or_else(|| ApiError::not_read_yet(done.position))?;
        Ok(SyncPayload { sync_log: SyncLog(row), position: Position(done.position.0) })
    }
}

/// Runs a command on a provider; answers with the provider as it is then.
async fn changed<F>(
    ctx: &Context<'_>,
    command: impl FnOnce(Commands) -> F,
) -> ApiResult<ProviderPayload>
where
    F: Future<Output = Result<Done<ProviderId>, CommandError>> + Send + 'static,
{
    let backend = Backend::of(ctx);
    let done = backend.run(command(backend.commands.clone())).await?;
    let row = backend.reads.providers_by_id(&[done.value]).await?.remove(&done.value);
    let row = row.ok_or_else(|| ApiError::not_read_yet(done.position))?;
    Ok(ProviderPayload { provider: Provider::from(row), position: Position(done.position.0) })
}
