//! Commands on services.

use rust_decimal::Decimal;

use super::{CommandError, Commands, Done, Versioned, race::retried};
use crate::{
    domain::{
        Aggregate, ServiceId,
        routing::Strategy,
        service::{
            Equivalent, ForSale, LinkLock, RemainderPolicy, Service, ServiceCommand, ServiceError,
            WaitLimit,
        },
    },
    journal::AppendRequest,
};

/// Most services in one change.
const MAX_SERVICES: usize = 1000;

/// Changes to services; what is absent stays.
#[derive(Debug, Clone, Default)]
pub struct ServicePatch {
    /// Whether customers may order them.
    pub for_sale: Option<ForSale>,
    /// A price per 1000.
    pub price: Option<Decimal>,
    /// A share of the rate on top of it, in percent.
    pub markup_percent: Option<Decimal>,
    /// A category.
    pub category: Option<String>,
    /// How candidates are ordered; an inner `None` is the installation's default.
    pub strategy: Option<Option<Strategy>>,
    /// Whether orders wait for others on the same link.
    pub link_lock: Option<LinkLock>,
    /// What happens to what a provider leaves undelivered.
    pub remainder: Option<RemainderPolicy>,
    /// How long orders wait for providers that are set aside, in minutes; `Some(None)` is the installation's default.
    pub wait_minutes: Option<Option<i32>>,
}

impl Commands {
    /// Names a service of another provider as an equivalent, or changes its priority.
    ///
    /// # Errors
    /// `Invalid` where the two cannot stand in for each other; `NotFound`.
    pub async fn map_service(
        &self,
        service: ServiceId,
        backup: ServiceId,
        priority: i32,
    ) -> Result<Done<ServiceId>, CommandError> {
        retried!(self, {
            let stands_in = self.service(backup, "backupServiceId")?;
            let Some(found) = stands_in.aggregate.associated() else {
                return Err(CommandError::from(ServiceError::NotFound).into());
            };
            let equivalent = Equivalent {
                service_id: backup,
                provider_id: found.provider_id,
                kind: found.listing.kind.clone(),
            };
            let mapped = self.service(service, "serviceId")?;
            let command = ServiceCommand::Map { backup: equivalent, priority };
            let events = mapped.aggregate.decide(command)?;
            let mut request = AppendRequest::of_command("mapService");
            if !events.is_empty() {
                request = request
                    .append::<Service>(service, mapped.version, &events)
                    .unless_moved::<Service>(backup, stands_in.version);
            }
            self.change(request, service).await
        })
    }

    /// Takes an equivalent back.
    ///
    /// # Errors
    /// `NotFound` where there is no such service, or it has no such backup.
    pub async fn unmap_service(
        &self,
        service: ServiceId,
        backup: ServiceId,
    ) -> Result<Done<ServiceId>, CommandError> {
        retried!(self, {
            let mapped = self.service(service, "serviceId")?;
            let events = mapped.aggregate.decide(ServiceCommand::Unmap(backup))?;
            let request = AppendRequest::of_command("unmapService");
            self.change(request.append::<Service>(service, mapped.version, &events), service).await
        })
    }

    /// Changes up to 1000 services, all or none.
    ///
    /// # Errors
    /// `Invalid` names the field at fault; `NotFound` the first service that is not there.
    pub async fn update_services(
        &self,
        ids: Vec<ServiceId>,
        patch: ServicePatch,
    ) -> Result<Done<Vec<ServiceId>>, CommandError> {
        self.tell_services("updateServices", ids, patch.commands()?).await
    }

    /// Asks the same of up to 1000 services, all or none.
    pub(super) async fn tell_services(
        &self,
        name: &str,
        mut ids: Vec<ServiceId>,
        commands: Vec<ServiceCommand>,
    ) -> Result<Done<Vec<ServiceId>>, CommandError> {
        ids.sort_unstable();
        ids.dedup();
        if ids.len() > MAX_SERVICES {
            return Err(CommandError::invalid("ids", format!("at most {MAX_SERVICES} at once")));
        }
        retried!(self, {
            let mut request = AppendRequest::of_command(name);
            for id in &ids {
                let service = self.service(*id, "ids")?;
                let mut events = vec![];
                for command in &commands {
                    events.extend(service.aggregate.decide(command.clone())?);
                }
                request = request.append::<Service>(id, service.version, &events);
            }
            self.change(request, ids.clone()).await
        })
    }

    pub(super) fn service(
        &self,
        id: ServiceId,
        field: &str,
    ) -> Result<Versioned<Service>, CommandError> {
        let found = self.parts.catalogue.read(|snapshot| snapshot.service(id).cloned());
        found.filter(|service| service.aggregate.associated().is_some()).ok_or_else(|| {
            CommandError::NotFound(format!("there is no service {id}, as `{field}` says"))
        })
    }
}

impl ServicePatch {
    fn commands(&self) -> Result<Vec<ServiceCommand>, CommandError> {
        if self.price.is_some() && self.markup_percent.is_some() {
            let problem = "give a price or a markup, not both";
            return Err(CommandError::invalid("markupPercent", problem));
        }
        let wait_limit =
            self.wait_minutes.map(|minutes| minutes.map(WaitLimit::try_new).transpose());
        let commands = [
            self.for_sale.map(ServiceCommand::SetForSale),
            self.price.map(ServiceCommand::SetPrice),
            self.markup_percent.map(ServiceCommand::SetMarkup),
            self.category.clone().map(ServiceCommand::Recategorise),
            self.strategy.map(ServiceCommand::SetStrategy),
            self.link_lock.map(ServiceCommand::SetLinkLock),
            self.remainder.map(ServiceCommand::SetRemainder),
            wait_limit.transpose()?.map(ServiceCommand::SetWaitLimit),
        ];
        Ok(commands.into_iter().flatten().collect())
    }
}
