use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::{
    LinkLock, PriceWatch, Pricing, RemainderPolicy, ServiceCommand, ServiceError, ServiceEvent,
    ServiceListing, ServiceStanding, WaitLimit,
    command::{Equivalent, ForSale},
    counter::counters,
};
use crate::domain::{Aggregate, ProviderId, ServiceId, provider::MAX_PRIORITY, routing::Strategy};

/// Most equivalents of one service: each of them stands in every decision.
const MAX_BACKUPS: usize = 50;

/// An equivalent of a service at another provider.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Backup {
    /// The equivalent.
    pub service_id: ServiceId,
    /// Who sells it.
    pub provider_id: ProviderId,
    /// 1 is tried first after the primary.
    pub priority: i32,
}

/// The state of a service.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Service {
    /// What it was at the last sync; `None` before its first.
    imported: Option<Imported>,
}

/// A service once it has been imported.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Imported {
    /// Its provider, which is its primary.
    pub provider_id: ProviderId,
    /// What panel API clients send as `service`.
    pub number: i64,
    /// The provider's row as last seen.
    pub listing: ServiceListing,
    /// How its price follows its rate.
    pub pricing: Pricing,
    /// What customers pay per 1000.
    pub price: Decimal,
    /// Whether customers may order it.
    pub enabled: bool,
    /// Whether the provider's list has it.
    pub listed: bool,
    /// Whether it was dissociated from its provider.
    pub retired: bool,
    /// Its equivalents, by priority.
    pub backups: Vec<Backup>,
    /// How its candidates are ordered; `None` is the installation's default.
    pub strategy: Option<Strategy>,
    /// Whether its orders wait for others on the same link.
    pub link_lock: LinkLock,
    /// What happens to what a provider leaves undelivered.
    pub remainder: RemainderPolicy,
    /// Whether it is set aside.
    pub standing: ServiceStanding,
    /// How long its orders wait for providers that are set aside; `None` is the installation's default.
    pub wait_limit: Option<WaitLimit>,
    category: String,
}

impl Service {
    /// Returns what is known of it; `None` before its first sync.
    pub fn imported(&self) -> Option<&Imported> {
        self.imported.as_ref()
    }

    /// Returns what is known of it, unless it was retired.
    pub fn associated(&self) -> Option<&Imported> {
        self.imported.as_ref().filter(|service| !service.retired)
    }

    fn existing(&self) -> Result<&Imported, ServiceError> {
        self.associated().ok_or(ServiceError::NotFound)
    }
}

impl Imported {
    fn new(provider_id: ProviderId, number: i64, listing: ServiceListing, price: Decimal) -> Self {
        Self {
            provider_id,
            number,
            category: listing.category.clone(),
            listing,
            pricing: Pricing::Rate,
            price,
            enabled: true,
            listed: true,
            retired: false,
            backups: vec![],
            strategy: None,
            link_lock: LinkLock::On,
            remainder: RemainderPolicy::Leave,
            standing: ServiceStanding::default(),
            wait_limit: None,
        }
    }

    /// Tells whether orders of both add to the same counter at a link: by the words of their names; where a name says
    /// nothing, by those of its category; and where that says nothing either, by category and type.
    pub fn counts_the_same_as(&self, other: &Self) -> bool {
        match (self.counters(), other.counters()) {
            (0, _) | (_, 0) => {
                self.category.to_lowercase() == other.category.to_lowercase()
                    && self.listing.kind == other.listing.kind
            }
            (one, other) => one & other != 0,
        }
    }

    fn counters(&self) -> u32 {
        match counters(&self.listing.name) {
            0 => counters(&self.category),
            named => named,
        }
    }

    fn observe(&self, listing: ServiceListing, watch: PriceWatch) -> Vec<ServiceEvent> {
        let known = &self.listing;
        if is_another_product(known, &listing) {
            let price = self.pricing.price(listing.rate);
            let previous_name = known.name.clone();
            return vec![ServiceEvent::ServiceIdReused { listing, previous_name, price }];
        }
        let mut events = vec![];
        if !self.listed || self.retired {
            events.push(ServiceEvent::ServiceRelisted {});
        }
        if listing.rate != known.rate {
            events.push(ServiceEvent::ServiceRepriced {
                rate: listing.rate,
                previous_rate: known.rate,
                price: self.pricing.price(listing.rate),
            });
            events.extend(self.notice_move(listing.rate, watch));
        }
        let changed = changed_fields(known, &listing);
        if !changed.is_empty() {
            events.push(ServiceEvent::ServiceChanged { listing, changed });
        }
        events
    }

    /// What nobody sells is nobody's concern.
    fn notice_move(&self, rate: Decimal, watch: PriceWatch) -> Option<ServiceEvent> {
        let previous_rate = self.listing.rate;
        let move_ppm = PriceWatch::move_ppm(previous_rate, rate);
        (self.enabled && watch.notices(move_ppm)).then(|| ServiceEvent::PriceMoveNoticed {
            provider_id: self.provider_id,
            rate,
            previous_rate,
            price: self.pricing.price(rate),
            move_ppm,
        })
    }

    fn delist(&self) -> Vec<ServiceEvent> {
        if !self.listed {
            return vec![];
        }
        let noticed = self.enabled.then_some(ServiceEvent::DelistingNoticed {
            provider_id: self.provider_id,
            backups: self.backups.len() as i64,
        });
        std::iter::once(ServiceEvent::ServiceDelisted {}).chain(noticed).collect()
    }

    fn set_for_sale(&self, for_sale: ForSale) -> Vec<ServiceEvent> {
        match (for_sale, self.enabled) {
            (ForSale::Yes, false) => vec![ServiceEvent::ServiceEnabled {}],
            (ForSale::No, true) => vec![ServiceEvent::ServiceDisabled {}],
            _ => vec![],
        }
    }

    fn set_pricing(&self, pricing: Pricing) -> Vec<ServiceEvent> {
        if pricing == self.pricing {
            return vec![];
        }
        vec![ServiceEvent::ServicePriceSet { pricing, price: pricing.price(self.listing.rate) }]
    }

    fn recategorise(&self, category: &str) -> Result<Vec<ServiceEvent>, ServiceError> {
        let category = category.trim();
        let printable = !category.chars().any(char::is_control);
        if category.is_empty() || category.chars().count() > 200 || !printable {
            return Err(ServiceError::Category);
        }
        if category == self.category {
            return Ok(vec![]);
        }
        Ok(vec![ServiceEvent::ServiceRecategorised { category: category.to_owned() }])
    }

    fn map(&self, backup: &Equivalent, priority: i32) -> Result<Vec<ServiceEvent>, ServiceError> {
        if backup.provider_id == self.provider_id {
            return Err(ServiceError::SameProvider);
        }
        if backup.kind != self.listing.kind {
            return Err(ServiceError::OtherKind {
                kind: self.listing.kind.to_string(),
                backup_kind: backup.kind.to_string(),
            });
        }
        if !(1..=MAX_PRIORITY).contains(&priority) {
            return Err(ServiceError::Priority(priority));
        }
        match self.backups.iter().find(|known| known.service_id == backup.service_id) {
            Some(known) if known.priority == priority => return Ok(vec![]),
            None if self.backups.len() >= MAX_BACKUPS => {
                return Err(ServiceError::TooManyBackups(MAX_BACKUPS));
            }
            _ => {}
        }
        Ok(vec![ServiceEvent::ServiceMapped {
            backup_service_id: backup.service_id,
            backup_provider_id: backup.provider_id,
            priority,
        }])
    }

    fn unmap(&self, backup: ServiceId) -> Result<Vec<ServiceEvent>, ServiceError> {
        if !self.backups.iter().any(|known| known.service_id == backup) {
            return Err(ServiceError::NotMapped);
        }
        Ok(vec![ServiceEvent::ServiceUnmapped { backup_service_id: backup }])
    }

    fn take_listing(&mut self, listing: &ServiceListing) {
        if self.category == self.listing.category {
            self.category.clone_from(&listing.category);
        }
        self.listing = listing.clone();
    }

    fn take_backup(&mut self, backup: Backup) {
        self.backups.retain(|known| known.service_id != backup.service_id);
        self.backups.push(backup);
        self.backups.sort_by_key(|backup| (backup.priority, backup.service_id));
    }
}

/// Providers reuse ids: with name, type and category all new, an order would deliver the wrong product.
fn is_another_product(known: &ServiceListing, found: &ServiceListing) -> bool {
    known.name != found.name && known.kind != found.kind && known.category != found.category
}

fn changed_fields(known: &ServiceListing, found: &ServiceListing) -> Vec<String> {
    [
        ("name", known.name != found.name),
        ("category", known.category != found.category),
        ("kind", known.kind.as_str() != found.kind.as_str()),
        ("min", known.min != found.min),
        ("max", known.max != found.max),
        ("refill", known.refill != found.refill),
        ("cancel", known.cancel != found.cancel),
        ("dripfeed", known.dripfeed != found.dripfeed),
    ]
    .into_iter()
    .filter(|(_, differs)| *differs)
    .map(|(field, _)| field.to_owned())
    .collect()
}

fn valid_price(price: Decimal) -> Result<Decimal, ServiceError> {
    if price.is_sign_negative() && !price.is_zero() {
        return Err(ServiceError::NegativePrice(price));
    }
    Ok(price)
}

fn valid_markup(percent: Decimal) -> Result<Decimal, ServiceError> {
    if percent < -Decimal::ONE_HUNDRED || percent > Decimal::from(100_000) {
        return Err(ServiceError::Markup(percent));
    }
    Ok(percent)
}

impl Aggregate for Service {
    const TYPE: &'static str = "service";
    type Command = ServiceCommand;
    type Event = ServiceEvent;
    type Error = ServiceError;

    fn decide(&self, command: ServiceCommand) -> Result<Vec<ServiceEvent>, ServiceError> {
        match command {
            ServiceCommand::Observe { provider_id, number, listing, watch } => {
                Ok(match &self.imported {
                    Some(known) => known.observe(listing, watch),
                    None => {
                        let price = listing.rate;
                        vec![ServiceEvent::ServiceImported { provider_id, number, listing, price }]
                    }
                })
            }
            ServiceCommand::Delist => Ok(self.existing()?.delist()),
            ServiceCommand::SetForSale(for_sale) => Ok(self.existing()?.set_for_sale(for_sale)),
            ServiceCommand::SetPrice(price) => {
                Ok(self.existing()?.set_pricing(Pricing::Fixed(valid_price(price)?)))
            }
            ServiceCommand::SetMarkup(percent) => {
                Ok(self.existing()?.set_pricing(Pricing::Markup(valid_markup(percent)?)))
            }
            ServiceCommand::Recategorise(category) => self.existing()?.recategorise(&category),
            ServiceCommand::SetStrategy(strategy) => {
                Ok(match self.existing()?.strategy == strategy {
                    true => vec![],
                    false => vec![ServiceEvent::ServiceStrategySet { strategy }],
                })
            }
            ServiceCommand::SetLinkLock(link_lock) => {
                Ok(match self.existing()?.link_lock == link_lock {
                    true => vec![],
                    false => vec![ServiceEvent::ServiceLinkLockSet { link_lock }],
                })
            }
            ServiceCommand::SetRemainder(remainder) => {
                Ok(match self.existing()?.remainder == remainder {
                    true => vec![],
                    false => vec![ServiceEvent::ServiceRemainderSet { remainder }],
                })
            }
            ServiceCommand::Map { backup, priority } => self.existing()?.map(&backup, priority),
            ServiceCommand::Unmap(backup) => self.existing()?.unmap(backup),
            ServiceCommand::Suspend { reason, now } => {
                let service = self.existing()?;
                Ok(service.standing.refused(service.provider_id, reason, now))
            }
            ServiceCommand::FindListed { at } => Ok(self.existing()?.standing.listed(at)),
            ServiceCommand::Resume { now } => Ok(self.existing()?.standing.resume(now)),
            ServiceCommand::SetWaitLimit(limit) => Ok(match self.existing()?.wait_limit == limit {
                true => vec![],
                false => vec![ServiceEvent::ServiceWaitLimitSet { wait_minutes: limit }],
            }),
            ServiceCommand::Retire { open_orders: 0 } => {
                Ok(self.associated().map(|_| ServiceEvent::ServiceRetired {}).into_iter().collect())
            }
            ServiceCommand::Retire { open_orders } => {
                Err(ServiceError::HasOpenOrders { orders: open_orders })
            }
        }
    }

    fn evolve(&mut self, event: &ServiceEvent) {
        if let ServiceEvent::ServiceImported { provider_id, number, listing, price } = event {
            self.imported = Some(Imported::new(*provider_id, *number, listing.clone(), *price));
        }
        let Some(service) = &mut self.imported else { return };
        match event {
            ServiceEvent::ServiceImported { .. }
            | ServiceEvent::PriceMoveNoticed { .. }
            | ServiceEvent::DelistingNoticed { .. } => {}
            ServiceEvent::ServiceRepriced { rate, price, .. } => {
                service.listing.rate = *rate;
                service.price = *price;
            }
            ServiceEvent::ServiceChanged { listing, .. } => service.take_listing(listing),
            ServiceEvent::ServiceDelisted {} => service.listed = false,
            ServiceEvent::ServiceRelisted {} => {
                service.listed = true;
                service.retired = false;
            }
            ServiceEvent::ServiceIdReused { listing, price, .. } => {
                service.take_listing(listing);
                service.price = *price;
                service.enabled = false;
                service.listed = true;
                service.retired = false;
            }
            ServiceEvent::ServiceEnabled {} => service.enabled = true,
            ServiceEvent::ServiceDisabled {} => service.enabled = false,
            ServiceEvent::ServicePriceSet { pricing, price } => {
                service.pricing = *pricing;
                service.price = *price;
            }
            ServiceEvent::ServiceRecategorised { category } => {
                service.category.clone_from(category);
            }
            ServiceEvent::ServiceStrategySet { strategy } => service.strategy = *strategy,
            ServiceEvent::ServiceLinkLockSet { link_lock } => service.link_lock = *link_lock,
            ServiceEvent::ServiceRemainderSet { remainder } => service.remainder = *remainder,
            ServiceEvent::ServiceMapped { backup_service_id, backup_provider_id, priority } => {
                service.take_backup(Backup {
                    service_id: *backup_service_id,
                    provider_id: *backup_provider_id,
                    priority: *priority,
                });
            }
            ServiceEvent::ServiceUnmapped { backup_service_id } => {
                service.backups.retain(|known| known.service_id != *backup_service_id);
            }
            ServiceEvent::ServiceSuspended { .. } | ServiceEvent::ServiceResumed { .. } => {
                service.standing.evolve(event);
            }
            ServiceEvent::ServiceWaitLimitSet { wait_minutes } => {
                service.wait_limit = *wait_minutes;
            }
            ServiceEvent::ServiceRetired {} => {
                service.enabled = false;
                service.retired = true;
                service.backups.clear();
            }
        }
    }
}
