use async_graphql::{Context, ID, Object};

use crate::{
    domain::{ProviderId, ServiceId, provider::Activation},
    graphql::{
        context::Backend,
        error::{ApiError, ApiResult},
        input::{id, optional_id, page},
        performance::ProviderPerformance,
        provider::{Provider, first_day},
        ranking::{PriorityAdvice, ProviderRanking},
        related::Related,
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
        Ok(rows.into_iter().map(Provider::from).collect())
    }

    /// Null for one that is not there or was deleted.
    #[graphql(name = "provider")]
    async fn one_provider(
        &self,
        ctx: &Context<'_>,
        #[graphql(name = "id")] provider: ID,
    ) -> ApiResult<Option<Provider>> {
        Ok(Backend::of(ctx).reads.provider(id("id", &provider)?).await?.map(Provider::from))
    }

    /// Who is tried first. Without `serviceId` all providers: by priority, then by score. With it the service's candidates in the order in which an order would try them now. Those that are passed over come last, and the reasons say why.
    async fn provider_rankings(
        &self,
        ctx: &Context<'_>,
        service_id: Option<ID>,
    ) -> ApiResult<Vec<ProviderRanking>> {
        let reads = &Backend::of(ctx).reads;
        let rows = match optional_id::<ServiceId>("serviceId", service_id.as_ref())? {
            None => reads.provider_rankings().await?,
            Some(service) => {
                let rows = reads.candidate_rankings(service).await?;
                rows.ok_or_else(|| ApiError::not_found(format_args!("service {service}")))?
            }
        };
        Ok((1..).zip(rows).map(|(rank, row)| ProviderRanking { rank, row }).collect())
    }

    /// Where priorities contradict what was measured, with the figures: the providers' own first, then those of backups, by the number of the service for sale that they stand in for, where its strategy goes by them. Only active providers with at least 20 judged attempts, only differences that are worth a change. `first` is 1 to 1000.
    async fn priority_advice(
        &self,
        ctx: &Context<'_>,
        #[graphql(default = 100)] first: i32,
    ) -> ApiResult<Vec<PriorityAdvice>> {
        let most = usize::try_from(page(first, None)?.first).unwrap_or_default();
        let rows = Backend::of(ctx).reads.priority_advice().await?;
        Ok(rows.into_iter().take(most).map(PriorityAdvice).collect())
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
            Some(provider) => {
                Related::of(ctx).load_one((provider, since)).await?.unwrap_or_default()
            }
            None => Backend::of(ctx).reads.all_provider_days(since).await?,
        };
        Ok(days.into_iter().map(ProviderPerformance).collect())
    }
}
