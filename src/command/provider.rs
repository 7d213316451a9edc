//! Commands on providers.

use std::collections::{BTreeMap, HashMap};

use secrecy::{ExposeSecret, SecretString};

use super::{
    Catalogue, CommandError, Commands, Done, Snapshot, Versioned,
    race::{Failure, retried},
};
use crate::{
    credentials::hint,
    domain::{
        Aggregate, Balance, ProviderId, ServiceId,
        provider::{
            Activation, Basis, DeclaredUse, Dependents, KeyReference, Measures, NoBalance,
            Provider, ProviderChanges, ProviderCommand, ProviderError, ProviderEvent, ProviderName,
            ProviderTerms, ProviderUrl, SyncInterval,
        },
        reservation::{Reservation, ReservationCommand, ReservationError, Subject},
        service::{ForSale, Service, ServiceCommand},
    },
    journal::AppendRequest,
    read::open_orders,
};
use chrono::Utc;
use uuid::Uuid;

/// Longest provider key, in bytes.
const MAX_KEY_BYTES: usize = 1024;
/// A shorter key may be a part of an address by chance.
const SHORTEST_IN_URL: usize = 8;
/// Most providers in one change.
const MAX_PROVIDERS: usize = 1000;

/// A provider to add.
#[derive(Debug, Clone)]
pub struct AddProvider {
    /// Unique among providers, without regard to case.
    pub name: String,
    /// Where its API is.
    pub api_url: String,
    /// Our key there.
    pub api_key: SecretString,
    /// 1 is tried first.
    pub priority: i32,
    /// How it is to be called, and what is noted about it.
    pub terms: ProviderTerms,
}

/// Changes to a provider; what is absent stays.
#[derive(Debug, Clone)]
pub struct UpdateProvider {
    /// Which.
    pub id: ProviderId,
    /// New name.
    pub name: Option<String>,
    /// New address.
    pub api_url: Option<String>,
    /// New key.
    pub api_key: Option<SecretString>,
    /// New priority.
    pub priority: Option<i32>,
    /// How often to sync its catalogue, in minutes; 0 is never.
    pub sync_interval_minutes: Option<i32>,
    /// How it is to be called, and what is noted about it.
    pub terms: ProviderTerms,
    /// Whether nobody but us orders with our account there.
    pub exclusive: Option<bool>,
}

impl UpdateProvider {
    /// Changes nothing of a provider yet.
    pub fn of(id: ProviderId) -> Self {
        Self {
            id,
            name: None,
            api_url: None,
            api_key: None,
            priority: None,
            sync_interval_minutes: None,
            terms: ProviderTerms::default(),
            exclusive: None,
        }
    }
}

impl Commands {
    /// Adds a provider, active from now on.
    ///
    /// # Errors
    /// `Invalid` names the field at fault; `Conflict` where the name is taken.
    pub async fn add_provider(&self, add: AddProvider) -> Result<Done<ProviderId>, CommandError> {
        let id = ProviderId(Uuid::now_v7());
        let name = ProviderName::try_new(&add.name)?;
        without_key(&add.api_url, &add.api_key)?;
        let command = |key| {
            let api_url = ProviderUrl::try_new(&add.api_url, self.parts.policy)?;
            let (name, priority) = (name.clone(), add.priority);
            Ok::<_, CommandError>(ProviderCommand::Add { name, api_url, priority, key })
        };
        // Refused before the key is stored, where it is refused anyway.
        added(command(KeyReference::default())?, &add.terms)?;
        let key = self.store_key(&add.api_key).await?;
        let events = added(command(key)?, &add.terms)?;
        retried!(self, {
            let request =
                AppendRequest::of_command("addProvider").append::<Provider>(id, 0, &events);
            let request = self.with_name_reserved(request, &name, id).await?;
            self.change(request, id).await
        })
    }

    /// Changes a provider.
    ///
    /// # Errors
    /// `Invalid` names the field at fault; `Conflict` where the name is taken; `NotFound`.
    pub async fn update_provider(
        &self,
        update: UpdateProvider,
    ) -> Result<Done<ProviderId>, CommandError> {
        let id = update.id;
        let mut changes = ProviderChanges {
            name: update.name.as_deref().map(ProviderName::try_new).transpose()?,
            api_url: match &update.api_url {
                Some(url) => Some(ProviderUrl::try_new(url, self.parts.policy)?),
                None => None,
            },
            priority: update.priority,
            key: None,
            sync_interval: update.sync_interval_minutes.map(SyncInterval::try_new).transpose()?,
            terms: update.terms.clone(),
            account_use: update.exclusive.map(|exclusive| match exclusive {
                true => DeclaredUse::Exclusive { declared_at: Utc::now() },
                false => DeclaredUse::Shared,
            }),
        };
        let provider = self.find_provider(id).await?;
        provider.aggregate.decide(ProviderCommand::Update(changes.clone()))?;
        self.refuse_key_in_url(&update, &provider.aggregate).await?;
        if let Some(key) = &update.api_key {
            changes.key = Some(self.store_key(key).await?);
        }
        retried!(self, {
            let Versioned { aggregate, version } = self.provider(id)?;
            let events = aggregate.decide(ProviderCommand::Update(changes.clone()))?;
            let mut request = AppendRequest::of_command("updateProvider")
                .append::<Provider>(id, version, &events);
            if let Some(name) = changes.name.as_ref().filter(|name| name.as_str() != aggregate.name)
            {
                request = self.with_name_released(request, &aggregate, id, Some(name)).await?;
                request = self.with_name_reserved(request, name, id).await?;
            }
            self.change(request, id).await
        })
    }

    /// Switches a provider between active and inactive.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn toggle_provider(&self, id: ProviderId) -> Result<Done<ProviderId>, CommandError> {
        retried!(self, {
            let provider = self.provider(id)?;
            let events = provider.aggregate.decide(ProviderCommand::Toggle)?;
            let request = AppendRequest::of_command("toggleProviderStatus");
            self.change(request.append::<Provider>(id, provider.version, &events), id).await
        })
    }

    /// Switches providers on or off, all or none.
    ///
    /// # Errors
    /// `NotFound` names the first that is not there; `Invalid` where they are too many.
    pub async fn set_provider_status(
        &self,
        mut ids: Vec<ProviderId>,
        activation: Activation,
    ) -> Result<Done<Vec<ProviderId>>, CommandError> {
        ids.sort_unstable();
        ids.dedup();
        if ids.len() > MAX_PROVIDERS {
            return Err(CommandError::invalid("ids", format!("at most {MAX_PROVIDERS} at once")));
        }
        retried!(self, {
            let mut request = AppendRequest::of_command("setProviderStatus");
            for id in &ids {
                let provider = self.provider(*id)?;
                let events = provider.aggregate.decide(ProviderCommand::SetActive(activation))?;
                request = request.append::<Provider>(id, provider.version, &events);
            }
            self.change(request, ids.clone()).await
        })
    }

    /// Deletes a provider that nothing depends on.
    ///
    /// # Errors
    /// `Conflict` while services are associated with it, orders of it are open, or a sync of it runs; `NotFound`.
    pub async fn delete_provider(&self, id: ProviderId) -> Result<Done<ProviderId>, CommandError> {
        let lock = self.sync_lock(id);
        let Ok(_no_sync) = lock.try_lock() else { return Err(sync_is_running()) };
        retried!(self, {
            // Claims rest on services: once all are retired none can be appended, and what the read models know by then
            // is all there is.
            let provider = self.provider(id)?;
            let services = self.parts.catalogue.read(|snapshot| {
                snapshot.services_of(id).filter(|(_, s)| s.aggregate.associated().is_some()).count()
            });
            self.read_models_current(&["orders", "attempts"]).await?;
            let open_orders = open_orders::at_provider(&self.parts.reads, id).await?;
            let dependents = Dependents { services, open_orders };
            let events = provider.aggregate.decide(ProviderCommand::Delete(dependents))?;
            let request = AppendRequest::of_command("deleteProvider");
            let request = request.append::<Provider>(id, provider.version, &events);
            let request = self.with_name_released(request, &provider.aggregate, id, None).await?;
            self.change(request, id).await
        })
    }

    /// Dissociates all services of a provider: off sale, and nobody's backups any more.
    ///
    /// They go off sale first. What was decided on them before conflicts from then on, so the open orders counted after
    /// that are all there are; if there are any, the services go back on sale.
    ///
    /// # Errors
    /// `Conflict` while orders of them are open; `NotFound`.
    pub async fn retire_services(
        &self,
        provider: ProviderId,
    ) -> Result<Done<Vec<ServiceId>>, CommandError> {
        // Looked at before anything changes, where a refusal is already certain.
        let open = self.open_orders_by_service(provider).await?;
        retired(&self.parts.catalogue, provider, &open)?;
        let off_sale = self.set_all_for_sale(provider, ForSale::No, |_| true).await?.value;
        let done = retried!(self, {
            let open = self.open_orders_by_service(provider).await?;
            let (request, retired) = retired(&self.parts.catalogue, provider, &open)?;
            self.change(request, retired).await
        });
        if done.is_err() {
            self.set_all_for_sale(provider, ForSale::Yes, |id| off_sale.contains(&id)).await?;
        }
        done
    }

    async fn open_orders_by_service(
        &self,
        provider: ProviderId,
    ) -> Result<HashMap<ServiceId, i64>, CommandError> {
        self.find_provider(provider).await?;
        self.read_models_current(&["orders", "attempts", "services"]).await?;
        Ok(open_orders::by_service(&self.parts.reads, provider).await?)
    }

    /// Puts services of a provider on sale or off; returns those that were not so before.
    async fn set_all_for_sale(
        &self,
        provider: ProviderId,
        for_sale: ForSale,
        concerned: impl Fn(ServiceId) -> bool,
    ) -> Result<Done<Vec<ServiceId>>, CommandError> {
        retried!(self, {
            let (request, changed) = self.parts.catalogue.read(|snapshot| {
                let mut request = AppendRequest::of_command("retireServices");
                let mut changed = vec![];
                let services = snapshot.services_of(provider);
                for (id, service) in services.filter(|(id, _)| concerned(*id)) {
                    if service.aggregate.associated().is_none() {
                        continue;
                    }
                    let events = service.aggregate.decide(ServiceCommand::SetForSale(for_sale))?;
                    if !events.is_empty() {
                        changed.push(id);
                        request = request.append::<Service>(id, service.version, &events);
                    }
                }
                Ok::<_, CommandError>((request, changed))
            })?;
            self.change(request, changed).await
        })
    }

    /// Notes what a balance call came to, and the alarms that begin or end with it; of a provider that is set aside, also
    /// whether it may be tried again.
    ///
    /// # Errors
    /// `NotFound` where the provider was deleted meanwhile.
    pub async fn record_connection_test(
        &self,
        id: ProviderId,
        outcome: Result<Balance, NoBalance>,
        response_ms: i64,
    ) -> Result<Done<ProviderId>, CommandError> {
        let tested_at = Utc::now();
        retried!(self, {
            let provider = self.provider(id)?;
            let probe = self.probe(outcome.clone());
            let outcome = outcome.clone().map_err(|no_balance| no_balance.reason);
            let watch = self.parts.balance_watch;
            let command =
                ProviderCommand::RecordConnectionTest { outcome, response_ms, tested_at, watch };
            let mut events = provider.aggregate.decide(command)?;
            events.extend(provider.aggregate.decide(probe)?);
            let request = AppendRequest::of_command("testProviderConnection");
            self.change(request.append::<Provider>(id, provider.version, &events), id).await
        })
    }

    /// Notes how a provider has worked lately, where that is news.
    ///
    /// # Errors
    /// `NotFound` where the provider was deleted meanwhile; `Unavailable`.
    pub async fn rank_provider(
        &self,
        id: ProviderId,
        measures: Measures,
        basis: Basis,
    ) -> Result<(), CommandError> {
        let command = || ProviderCommand::Rank { measures, basis };
        self.tell_provider("rankProvider", id, command).await.map(drop)
    }

    /// Has a provider decide on a command, made anew at each try, and records what follows.
    pub(super) async fn tell_provider(
        &self,
        name: &str,
        id: ProviderId,
        command: impl Fn() -> ProviderCommand,
    ) -> Result<Done<ProviderId>, CommandError> {
        retried!(self, {
            let provider = self.provider(id)?;
            let events = provider.aggregate.decide(command())?;
            let request = AppendRequest::of_command(name);
            self.change(request.append::<Provider>(id, provider.version, &events), id).await
        })
    }

    /// Finds a provider that is not deleted, as this process last changed it.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn find_provider(&self, id: ProviderId) -> Result<Versioned<Provider>, CommandError> {
        self.own_changes_seen().await?;
        self.provider(id)
    }

    pub(super) fn provider(&self, id: ProviderId) -> Result<Versioned<Provider>, CommandError> {
        let found = self.parts.catalogue.read(|snapshot| snapshot.provider(id).cloned());
        found
            .filter(|provider| provider.aggregate.exists())
            .ok_or_else(|| ProviderError::NotFound.into())
    }

    /// Holds the address and the key against each other as they will stand together.
    async fn refuse_key_in_url(
        &self,
        update: &UpdateProvider,
        provider: &Provider,
    ) -> Result<(), CommandError> {
        let url = update.api_url.as_deref().unwrap_or(&provider.api_url);
        match &update.api_key {
            Some(key) => without_key(url, key),
            None if update.api_url.is_none() => Ok(()),
            None => without_key(url, &self.parts.credentials.open(provider.credential_id).await?),
        }
    }

    async fn store_key(&self, key: &SecretString) -> Result<KeyReference, CommandError> {
        let key = SecretString::from(key.expose_secret().trim());
        let text = key.expose_secret();
        let problem = match text.len() {
            0 => Some("the key is empty".to_owned()),
            bytes if bytes > MAX_KEY_BYTES => {
                Some(format!("the key is over {MAX_KEY_BYTES} bytes"))
            }
            _ if text.chars().any(char::is_control) => {
                Some("the key contains a control character".to_owned())
            }
            _ => None,
        };
        if let Some(problem) = problem {
            return Err(CommandError::invalid("apiKey", problem));
        }
        let credential_id = self.parts.credentials.store(&key).await?;
        Ok(KeyReference { credential_id, hint: hint(&key) })
    }

    async fn with_name_reserved(
        &self,
        request: AppendRequest,
        name: &ProviderName,
        holder: ProviderId,
    ) -> Result<AppendRequest, Failure> {
        let subject = Subject::provider_name(name, holder);
        let stream = subject.stream_id();
        let reservation = self.load::<Reservation>(&stream).await?;
        let reserved = reservation.aggregate.decide(ReservationCommand::Reserve(subject));
        let events = reserved.map_err(|ReservationError::Taken { .. }| {
            CommandError::Conflict(format!("a provider named `{name}` exists already"))
        })?;
        Ok(request.append::<Reservation>(stream, reservation.version, &events))
    }

    /// Gives a provider's name free, unless the new one differs in case only and so needs the same reservation.
    async fn with_name_released(
        &self,
        request: AppendRequest,
        provider: &Provider,
        holder: ProviderId,
        new: Option<&ProviderName>,
    ) -> Result<AppendRequest, Failure> {
        let Ok(name) = ProviderName::try_new(&provider.name) else { return Ok(request) };
        let stream = Subject::provider_name(&name, holder).stream_id();
        if new.is_some_and(|new| Subject::provider_name(new, holder).stream_id() == stream) {
            return Ok(request);
        }
        let reservation = self.load::<Reservation>(&stream).await?;
        let release = ReservationCommand::Release { holder: holder.to_string() };
        let events = reservation.aggregate.decide(release).unwrap_or_default();
        Ok(request.append::<Reservation>(stream, reservation.version, &events))
    }
}

/// Decides on a new provider and on its terms.
fn added(add: ProviderCommand, terms: &ProviderTerms) -> Result<Vec<ProviderEvent>, ProviderError> {
    let mut provider = Provider::default();
    let mut events = provider.decide(add)?;
    events.iter().for_each(|event| provider.evolve(event));
    let changes = ProviderChanges { terms: terms.clone(), ..ProviderChanges::default() };
    events.extend(provider.decide(ProviderCommand::Update(changes))?);
    Ok(events)
}

/// An address is shown to everybody who may read, so the key must not stand in it.
fn without_key(url: &str, key: &SecretString) -> Result<(), CommandError> {
    let key = key.expose_secret().trim();
    if key.len() >= SHORTEST_IN_URL && url.contains(key) {
        let problem = "the address contains the key: leave it out, it is sent by itself";
        return Err(CommandError::invalid("apiUrl", problem));
    }
    Ok(())
}

fn sync_is_running() -> CommandError {
    CommandError::Conflict("a sync of this provider is running: wait until it has ended".to_owned())
}

/// Retires a provider's services, and takes them from others whose backups they are.
fn retired(
    catalogue: &Catalogue,
    provider: ProviderId,
    open_orders: &HashMap<ServiceId, i64>,
) -> Result<(AppendRequest, Vec<ServiceId>), CommandError> {
    catalogue.read(|snapshot| {
        let mut request = AppendRequest::of_command("retireServices");
        let mut retired = vec![];
        for (id, service) in snapshot.services_of(provider) {
            let open_orders = open_orders.get(&id).copied().unwrap_or_default();
            let events = service.aggregate.decide(ServiceCommand::Retire { open_orders })?;
            if !events.is_empty() {
                retired.push(id);
                request = request.append::<Service>(id, service.version, &events);
            }
        }
        Ok((unmapped_from_others(snapshot, request, &retired)?, retired))
    })
}

fn unmapped_from_others(
    snapshot: &Snapshot,
    mut request: AppendRequest,
    retired: &[ServiceId],
) -> Result<AppendRequest, CommandError> {
    let mut backed_by = BTreeMap::<ServiceId, Vec<ServiceId>>::new();
    for backup in retired {
        for service in snapshot.backed_by(*backup) {
            backed_by.entry(service).or_default().push(*backup);
        }
    }
    for (id, backups) in backed_by {
        let Some(service) = snapshot.service(id) else { continue };
        let mut events = vec![];
        for backup in backups {
            events.extend(service.aggregate.decide(ServiceCommand::Unmap(backup))?);
        }
        request = request.append::<Service>(id, service.version, &events);
    }
    Ok(request)
}
