use async_graphql::{Context, ID, InputObject, MaybeUndefined, Object, SimpleObject};

use crate::{
    command::{Done, ServicePatch as Patch},
    domain::{
        self, ServiceId,
        service::{ForSale, LinkLock, RemainderPolicy},
    },
    graphql::{
        context::Backend,
        error::{ApiError, ApiResult},
        input::{id, ids},
        scalars::{Decimal, Position},
        service::Service,
        words::RoutingStrategy,
    },
};

#[derive(InputObject)]
struct MapServiceInput {
    service_id: ID,
    backup_service_id: ID,
    #[graphql(default = 1)]
    priority: i32,
}

/// Only the given fields change. `price` sets it, `markupPercent` derives it from the rate, now and at every later sync.
#[derive(InputObject)]
struct ServicePatch {
    enabled: Option<bool>,
    price: Option<Decimal>,
    markup_percent: Option<Decimal>,
    category: Option<String>,
    /// Null: the default of the installation.
    strategy: MaybeUndefined<RoutingStrategy>,
    /// Whether orders wait for others of the same kind on the same link.
    link_lock: Option<bool>,
    /// Whether what a provider leaves undelivered is ordered at the next candidate.
    complete_remainder: Option<bool>,
    /// How long an order waits while all that could take it are suspended, 0 to 10080. Null: the default of the installation.
    wait_minutes: MaybeUndefined<i32>,
}

impl From<ServicePatch> for Patch {
    fn from(patch: ServicePatch) -> Self {
        let for_sale = |enabled| if enabled { ForSale::Yes } else { ForSale::No };
        let link_lock = |on| if on { LinkLock::On } else { LinkLock::Off };
        let remainder = |complete| match complete {
            true => RemainderPolicy::Complete,
            false => RemainderPolicy::Leave,
        };
        Self {
            for_sale: patch.enabled.map(for_sale),
            price: patch.price.map(|price| price.0),
            markup_percent: patch.markup_percent.map(|percent| percent.0),
            category: patch.category,
            strategy: match patch.strategy {
                MaybeUndefined::Undefined => None,
                MaybeUndefined::Null => Some(None),
                MaybeUndefined::Value(strategy) => Some(Some(strategy.into())),
            },
            link_lock: patch.link_lock.map(link_lock),
            remainder: patch.complete_remainder.map(remainder),
            wait_minutes: match patch.wait_minutes {
                MaybeUndefined::Undefined => None,
                MaybeUndefined::Null => Some(None),
                MaybeUndefined::Value(minutes) => Some(Some(minutes)),
            },
        }
    }
}

#[derive(SimpleObject)]
struct ServiceMappingPayload {
    service: Service,
    position: Position,
}

#[derive(SimpleObject)]
struct ServicesPayload {
    services: Vec<Service>,
    position: Position,
}

#[derive(Default)]
pub(super) struct ServiceMutations;

#[Object]
impl ServiceMutations {
    /// Dissociates all services of a provider: no longer for sale, unmapped. Refused while orders of them are open.
    async fn retire_services(
        &self,
        ctx: &Context<'_>,
        provider_id: ID,
    ) -> ApiResult<ServicesPayload> {
        let backend = Backend::of(ctx);
        let provider = id("providerId", &provider_id)?;
        let commands = backend.commands.clone();
        let done = backend.run(async move { commands.retire_services(provider).await }).await?;
        services_payload(backend, &done.value, done.position).await
    }

    async fn map_service(
        &self,
        ctx: &Context<'_>,
        input: MapServiceInput,
    ) -> ApiResult<ServiceMappingPayload> {
        let backend = Backend::of(ctx);
        let service = id("serviceId", &input.service_id)?;
        let backup = id("backupServiceId", &input.backup_service_id)?;
        let commands = backend.commands.clone();
        let command = async move { commands.map_service(service, backup, input.priority).await };
        let done = backend.run(command).await?;
        mapping_payload(backend, done).await
    }

    async fn unmap_service(
        &self,
        ctx: &Context<'_>,
        service_id: ID,
        backup_service_id: ID,
    ) -> ApiResult<ServiceMappingPayload> {
        let backend = Backend::of(ctx);
        let service = id("serviceId", &service_id)?;
        let backup = id("backupServiceId", &backup_service_id)?;
        let commands = backend.commands.clone();
        let done =
            backend.run(async move { commands.unmap_service(service, backup).await }).await?;
        mapping_payload(backend, done).await
    }

    /// Lets orders go to services again that their provider refused; answered in the order of `ids`.
    async fn resume_services(
        &self,
        ctx: &Context<'_>,
        #[graphql(name = "ids")] services: Vec<ID>,
    ) -> ApiResult<ServicesPayload> {
        let backend = Backend::of(ctx);
        let services: Vec<ServiceId> = ids(&services)?;
        let (commands, resumed) = (backend.commands.clone(), services.clone());
        let done = backend.run(async move { commands.resume_services(resumed).await }).await?;
        services_payload(backend, &services, done.position).await
    }

    /// Bulk change of up to 1000 services, all or none; answered in the order of `ids`.
    async fn update_services(
        &self,
        ctx: &Context<'_>,
        #[graphql(name = "ids")] services: Vec<ID>,
        patch: ServicePatch,
    ) -> ApiResult<ServicesPayload> {
        let backend = Backend::of(ctx);
        let services: Vec<ServiceId> = ids(&services)?;
        let (commands, changed) = (backend.commands.clone(), services.clone());
        let command = async move { commands.update_services(changed, patch.into()).await };
        let done = backend.run(command).await?;
        services_payload(backend, &services, done.position).await
    }
}

async fn services_payload(
    backend: &Backend,
    ids: &[ServiceId],
    position: domain::Position,
) -> ApiResult<ServicesPayload> {
    let rows = backend.reads.services_by_id(ids).await?;
    let services: Option<Vec<Service>> =
        ids.iter().map(|id| rows.get(id).cloned().map(Service)).collect();
    let services = services.ok_or_else(|| ApiError::not_read_yet(position))?;
    Ok(ServicesPayload { services, position: Position(position.0) })
}

async fn mapping_payload(
    backend: &Backend,
    done: Done<ServiceId>,
) -> ApiResult<ServiceMappingPayload> {
    let row = backend.reads.services_by_id(&[done.value]).await?.remove(&done.value);
    let row = row.ok_or_else(|| ApiError::not_read_yet(done.position))?;
    Ok(ServiceMappingPayload { service: Service(row), position: Position(done.position.0) })
}
