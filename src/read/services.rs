use std::collections::HashMap;

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use sqlx::{FromRow, Postgres, QueryBuilder};
use uuid::Uuid;

use super::{Page, PageRequest, ReadError, Reads, grouped::grouped};
use crate::domain::{ProviderId, ServiceId};

/// A service as it stands.
#[derive(Debug, Clone, FromRow)]
pub struct ServiceRow {
    /// Its id.
    pub service_id: Uuid,
    /// What panel API clients send as `service`.
    pub number: i32,
    /// Its provider.
    pub provider_id: Uuid,
    /// The provider's own id for it.
    pub provider_service_id: String,
    /// As the provider writes it.
    pub name: String,
    /// The operator's category, else the provider's.
    pub category: String,
    /// The panel API's `type`.
    pub kind: String,
    /// What the provider asks per 1000, in its own currency.
    pub rate: Decimal,
    /// What customers pay per 1000.
    pub price: Decimal,
    /// Least quantity.
    pub min: i64,
    /// Largest quantity.
    pub max: i64,
    /// Whether a refill may be asked for.
    pub refill: bool,
    /// Whether a cancel may be asked for; absent where the provider does not say.
    pub cancel: Option<bool>,
    /// Whether an order may be split into runs.
    pub dripfeed: bool,
    /// Whether it is for sale.
    pub enabled: bool,
    /// Whether the provider's list has it.
    pub listed: bool,
    /// How its candidates are ordered, in the word of `RoutingStrategy`.
    pub strategy: Option<String>,
    /// Whether its orders wait for others on the same link.
    pub link_lock: bool,
    /// Whether what a provider leaves undelivered is ordered at the next candidate.
    pub complete_remainder: bool,
    /// Since when it is set aside; absent where it is not.
    pub suspended_since: Option<DateTime<Utc>>,
    /// Why it is.
    pub suspension_reason: Option<String>,
    /// How long its orders wait for providers that are set aside; absent for the installation's default.
    pub wait_minutes: Option<i32>,
    /// What becomes of orders that stay in doubt, in the word of `DoubtAction`; absent where they are held.
    pub given_up_as: Option<String>,
    /// After so many minutes.
    pub after_minutes: Option<i32>,
}

/// An equivalent of a service.
#[derive(Debug, Clone, FromRow)]
pub struct MappingRow {
    /// The service that is ordered.
    pub service_id: Uuid,
    /// The service that may be bought instead.
    pub backup_service_id: Uuid,
    /// 1 is tried first after the primary.
    pub priority: i32,
}

/// Which services are asked for. Those that were retired never are.
#[derive(Debug, Clone, Default)]
pub struct ServiceSelection {
    /// Of this provider.
    pub provider: Option<ProviderId>,
    /// In exactly this category.
    pub category: Option<String>,
    /// With this text in their name, without regard to case.
    pub search: Option<String>,
    /// For sale, or not.
    pub enabled: Option<bool>,
    /// In the provider's list, or not.
    pub listed: Option<bool>,
}

macro_rules! service_columns {
    () => {
        "s.service_id, s.number::int as number, s.provider_id, s.provider_service_id, s.name, s.category, s.kind,
         s.rate, s.price, s.min, s.max, s.refill, s.cancel, s.dripfeed, s.enabled, s.listed, s.strategy,
         s.suspended_since, s.suspension_reason, s.wait_minutes,
         coalesce(s.link_lock, 'ON') = 'ON' as link_lock,
         coalesce(s.remainder, 'LEAVE') = 'COMPLETE' as complete_remainder,
         s.given_up_as, s.after_minutes"
    };
}

macro_rules! select_services {
    ($rest:literal) => {
        concat!("select ", service_columns!(), " from services s ", $rest)
    };
}

impl ServiceSelection {
    fn push_onto(&self, query: &mut QueryBuilder<'_, Postgres>) {
        query.push(" where not s.retired");
        if let Some(provider) = self.provider {
            query.push(" and s.provider_id = ").push_bind(provider.0);
        }
        if let Some(category) = &self.category {
            query.push(" and s.category = ").push_bind(category.clone());
        }
        if let Some(search) = &self.search {
            query.push(" and s.name ilike ").push_bind(containing(search));
        }
        if let Some(enabled) = self.enabled {
            query.push(" and s.enabled = ").push_bind(enabled);
        }
        if let Some(listed) = self.listed {
            query.push(" and s.listed = ").push_bind(listed);
        }
    }
}

/// Returns the pattern of all texts that contain this one, whose own `%` and `_` mean themselves.
fn containing(text: &str) -> String {
    let mut pattern = String::from("%");
    for c in text.trim().chars() {
        if matches!(c, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern.push('%');
    pattern
}

impl Reads {
    /// Lists services by number, from the key on, which is a number.
    ///
    /// # Errors
    /// [`ReadError`]
    pub async fn services(
        &self,
        selection: &ServiceSelection,
        page: PageRequest,
    ) -> Result<Page<ServiceRow>, ReadError> {
        let mut query = QueryBuilder::new(select_services!(""));
        selection.push_onto(&mut query);
        if let Some(after) = page.after {
            query.push(" and s.number > ").push_bind(after);
        }
        query.push(" order by s.number limit ").push_bind(page.limit());
        Ok(page.page(query.build_query_as().fetch_all(&self.pool).await?))
    }

    /// Counts services.
    ///
    /// # Errors
    /// [`ReadError`]
    pub async fn count_services(&self, selection: &ServiceSelection) -> Result<i64, ReadError> {
        let mut query = QueryBuilder::new("select count(*) from services s");
        selection.push_onto(&mut query);
        Ok(query.build_query_scalar().fetch_one(&self.pool).await?)
    }

    /// Finds a service by id and, or, by number, unless it was retired.
    ///
    /// # Errors
    /// [`ReadError`]
    pub async fn service(
        &self,
        id: Option<ServiceId>,
        number: Option<i32>,
    ) -> Result<Option<ServiceRow>, ReadError> {
        let mut query = QueryBuilder::new(select_services!("where not s.retired"));
        if let Some(id) = id {
            query.push(" and s.service_id = ").push_bind(id.0);
        }
        if let Some(number) = number {
            query.push(" and s.number = ").push_bind(i64::from(number));
        }
        query.push(" limit 1");
        Ok(query.build_query_as().fetch_optional(&self.pool).await?)
    }

    /// Finds services, retired or not: history names both.
    ///
    /// # Errors
    /// [`ReadError`]
    pub async fn services_by_id(
        &self,
        ids: &[ServiceId],
    ) -> Result<HashMap<ServiceId, ServiceRow>, ReadError> {
        let ids: Vec<Uuid> = ids.iter().map(|id| id.0).collect();
        let sql = concat!(
            "select ",
            service_columns!(),
            " from unnest($1::uuid[]) as wanted (service_id)
              cross join lateral (select * from services where service_id = wanted.service_id limit 1) as s"
        );
        let rows: Vec<ServiceRow> = sqlx::query_as(sql).bind(ids).fetch_all(&self.pool).await?;
        Ok(rows.into_iter().map(|row| (ServiceId(row.service_id), row)).collect())
    }

    /// Counts the services of each provider that were not retired; providers without one are absent.
    ///
    /// # Errors
    /// [`ReadError`]
    pub async fn service_counts(
        &self,
        providers: &[ProviderId],
    ) -> Result<HashMap<ProviderId, i32>, ReadError> {
        let ids: Vec<Uuid> = providers.iter().map(|id| id.0).collect();
        let rows: Vec<(Uuid, i32)> = sqlx::query_as(
            "select provider_id, count(*)::int
             from services
             where provider_id = any($1) and not retired
             group by provider_id",
        )
        .bind(ids)
        .fetch_all(&self.pool)
        .await?;
        Ok(rows.into_iter().map(|(id, count)| (ProviderId(id), count)).collect())
    }

    /// Lists the equivalents of each service in the order in which they are tried; services without one are absent.
    ///
    /// # Errors
    /// [`ReadError`]
    pub async fn mappings(
        &self,
        services: &[ServiceId],
    ) -> Result<HashMap<ServiceId, Vec<MappingRow>>, ReadError> {
        let ids: Vec<Uuid> = services.iter().map(|id| id.0).collect();
        let rows: Vec<MappingRow> = sqlx::query_as(
            "select m.service_id, m.backup_service_id, m.priority
             from unnest($1::uuid[]) as wanted (service_id)
             cross join lateral (
                 select * from service_mappings where service_id = wanted.service_id offset 0
             ) as m
             left join services s on s.service_id = m.backup_service_id
             left join providers p on p.provider_id = s.provider_id
             order by m.service_id, m.priority, p.priority, s.provider_id, s.service_id",
        )
        .bind(ids)
        .fetch_all(&self.pool)
        .await?;
        Ok(grouped(rows, |row| ServiceId(row.service_id)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcards_in_a_searched_text_mean_themselves() {
        assert_eq!(containing(" 100%_Real\\ "), "%100\\%\\_Real\\\\%");
    }
}
