use async_graphql::{Context, ID, Object};

use crate::{
    domain::{ProviderId, provider::Activation},
    graphql::{
        context::{Backend, loaders},
        error::ApiResult,
        input::{id, optional_id},
        performance::ProviderPerformance,
        provider::{Provider, first_day},
        words::ProviderStatus,
    },
    read::ProviderDay,
};

#[derive(Default)]
pub(super) struct ProviderQueries;

#[Object]
impl ProviderQueries {
    async fn providers(
        &self,
        ctx: &Context<'_>,
        status: Option<ProviderStatus>,
    ) -> ApiResult<Vec<Provider>> {
        let rows = Backend::of(ctx).reads.providers(status.map(Activation::from)).await?;
        Ok(rows.into_iter().map(Provider).collect())
    }

    /// Null for one that is not there or was deleted.
    #[graphql(name = "provider")]
    async fn one_provider(
        &self,
        ctx: &Context<'_>,
        #[graphql(name = "id")] provider: ID,
    ) -> ApiResult<Option<Provider>> {
        Ok(Backend::of(ctx).reads.provider(id("id", &provider)?).await?.map(Provider))
    }

    /// Oldest day first, today last; `days` is 1 to 366.
    async fn provider_performance(
        &self,
        ctx: &Context<'_>,
        provider_id: Option<ID>,
        #[graphql(default = 7)] days: i32,
    ) -> ApiResult<Vec<ProviderPerformance>> {
        let since = first_day(days)?;
        let provider: Option<ProviderId> = optional_id("providerId", provider_id.as_ref())?;
        let days: Vec<ProviderDay> = match provider {
            Some(provider) => loaders(ctx).load_one((provider, since)).await?.unwrap_or_default(),
            None => Backend::of(ctx).reads.all_provider_days(since).await?,
        };
        Ok(days.into_iter().map(ProviderPerformance).collect())
    }
}
