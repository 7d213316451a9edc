use rust_decimal::Decimal;

use super::{CommandError, Commands, Done};
use crate::domain::{ServiceId, routing::Strategy, service::ForSale};

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
    /// How candidates are ordered.
    pub strategy: Option<Strategy>,
}

impl Commands {
    /// Names a service of another provider as an equivalent.
    pub async fn map_service(
        &self,
        _service: ServiceId,
        _backup: ServiceId,
        _priority: i32,
    ) -> Result<Done<ServiceId>, CommandError> {
        Err(CommandError::Internal(String::new()))
    }
    /// Takes an equivalent back.
    pub async fn unmap_service(
        &self,
        _service: ServiceId,
        _backup: ServiceId,
    ) -> Result<Done<ServiceId>, CommandError> {
        Err(CommandError::Internal(String::new()))
    }
    /// Changes up to 1000 services, all or none.
    pub async fn update_services(
        &self,
        _ids: Vec<ServiceId>,
        _patch: ServicePatch,
    ) -> Result<Done<Vec<ServiceId>>, CommandError> {
        Err(CommandError::Internal(String::new()))
    }
}
