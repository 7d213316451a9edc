use std::collections::HashMap;

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use sqlx::{FromRow, Postgres, QueryBuilder};
use uuid::Uuid;

use super::{Page, PageRequest, ReadError, Reads};
use crate::domain::{OrderId, ProviderId, ServiceId};

/// An order as it stands.
#[derive(Debug, Clone, FromRow)]
pub struct OrderRow {
    /// Its id.
    pub order_id: Uuid,
    /// What the panel API answers as `order`.
    pub number: i32,
    /// Where in the journal it was placed; the key of pages.
    pub placed_position: i64,
    /// What was ordered.
    pub service_id: Uuid,
    /// What it works on.
    pub link: String,
    /// Units in all.
    pub quantity: i64,
    /// What the customer pays.
    pub charge: Decimal,
    /// In the word of `OrderStatus`.
    pub status: String,
    /// The customer's order of which it orders the remainder.
    pub parent_id: Option<Uuid>,
    /// Why its own remainder was not ordered.
    pub remainder_reason: Option<String>,
    /// Who is being asked, may hold it or holds it.
    pub provider_id: Option<Uuid>,
    /// Not tried again before, or given up then.
    pub waits_until: Option<DateTime<Utc>>,
    /// What it waits for.
    pub waiting_reason: Option<String>,
    /// That provider's id of it.
    pub api_order_id: Option<String>,
    /// That provider's own word for how far it is.
    pub provider_status: Option<String>,
    /// What that provider charges.
    pub cost: Option<Decimal>,
    /// The count before delivery.
    pub start_count: Option<i64>,
    /// Units not delivered yet; may be negative.
    pub remains: Option<i64>,
    /// When it was placed.
    pub created_at: DateTime<Utc>,
}

/// Which orders are asked for.
#[derive(Debug, Clone, Default)]
pub struct OrderSelection {
    /// In one of these, in the words of `OrderStatus`.
    pub statuses: Option<Vec<&'static str>>,
    /// That this provider is being asked for, may hold or holds.
    pub provider: Option<ProviderId>,
    /// Of this service.
    pub service: Option<ServiceId>,
    /// On exactly this link.
    pub link: Option<String>,
}

macro_rules! order_columns {
    () => {
        "o.order_id, o.number::int as number, o.placed_position, o.service_id, o.link, o.quantity, o.charge, o.status,
         o.parent_id, o.remainder_reason, o.provider_id, o.waits_until, o.waiting_reason, o.api_order_id,
         o.provider_status, o.cost, o.start_count, o.remains, o.created_at"
    };
}

impl OrderSelection {
    fn push_onto(&self, query: &mut QueryBuilder<'_, Postgres>) {
        query.push(" where true");
        if let Some(statuses) = &self.statuses {
            query.push(" and o.status = any(").push_bind(statuses.clone()).push(")");
        }
        if let Some(provider) = self.provider {
            query.push(" and o.provider_id = ").push_bind(provider.0);
        }
        if let Some(service) = self.service {
            query.push(" and o.service_id = ").push_bind(service.0);
        }
        if let Some(link) = &self.link {
            query.push(" and o.link = ").push_bind(link.clone());
        }
    }
}

impl Reads {
    /// Lists orders, newest first, from the key on, which is the position at which an order was placed.
    ///
    /// # Errors
    /// [`ReadError`]
    pub async fn orders(
        &self,
        selection: &OrderSelection,
        page: PageRequest,
    ) -> Result<Page<OrderRow>, ReadError> {
        let mut query = QueryBuilder::new(concat!("select ", order_columns!(), " from orders o"));
        selection.push_onto(&mut query);
        if let Some(after) = page.after {
            query.push(" and o.placed_position < ").push_bind(after);
        }
        query.push(" order by o.placed_position desc limit ").push_bind(page.limit());
        Ok(page.page(query.build_query_as().fetch_all(&self.pool).await?))
    }

    /// Counts orders.
    ///
    /// # Errors
    /// [`ReadError`]
    pub async fn count_orders(&self, selection: &OrderSelection) -> Result<i64, ReadError> {
        let mut query = QueryBuilder::new("select count(*) from orders o");
        selection.push_onto(&mut query);
        Ok(query.build_query_scalar().fetch_one(&self.pool).await?)
    }

    /// Finds an order by id and, or, by number.
    ///
    /// # Errors
    /// [`ReadError`]
    pub async fn order(
        &self,
        id: Option<OrderId>,
        number: Option<i32>,
    ) -> Result<Option<OrderRow>, ReadError> {
        let mut query =
            QueryBuilder::new(concat!("select ", order_columns!(), " from orders o where true"));
        if let Some(id) = id {
            query.push(" and o.order_id = ").push_bind(id.0);
        }
        if let Some(number) = number {
            query.push(" and o.number = ").push_bind(i64::from(number));
        }
        query.push(" limit 1");
        Ok(query.build_query_as().fetch_optional(&self.pool).await?)
    }

    /// Lists the orders for the remainders of these, oldest first; orders without one are absent.
    ///
    /// # Errors
    /// [`ReadError`]
    pub async fn remainders(
        &self,
        parents: &[OrderId],
    ) -> Result<HashMap<OrderId, Vec<OrderRow>>, ReadError> {
        let ids: Vec<Uuid> = parents.iter().map(|id| id.0).collect();
        let sql = concat!(
            "select ",
            order_columns!(),
            " from unnest($1::uuid[]) as wanted (order_id)
              cross join lateral (
                  select * from orders where parent_id = wanted.order_id offset 0
              ) as o
              order by o.placed_position"
        );
        let rows: Vec<OrderRow> = sqlx::query_as(sql).bind(ids).fetch_all(&self.pool).await?;
        let mut remainders: HashMap<OrderId, Vec<OrderRow>> = HashMap::new();
        for row in rows {
            if let Some(parent) = row.parent_id {
                remainders.entry(OrderId(parent)).or_default().push(row);
            }
        }
        Ok(remainders)
    }

    /// Finds orders.
    ///
    /// # Errors
    /// [`ReadError`]
    pub async fn orders_by_id(
        &self,
        ids: &[OrderId],
    ) -> Result<HashMap<OrderId, OrderRow>, ReadError> {
        let ids: Vec<Uuid> = ids.iter().map(|id| id.0).collect();
        let sql = concat!(
            "select ",
            order_columns!(),
            " from unnest($1::uuid[]) as wanted (order_id)
              cross join lateral (select * from orders where order_id = wanted.order_id limit 1) as o"
        );
        let rows: Vec<OrderRow> = sqlx::query_as(sql).bind(ids).fetch_all(&self.pool).await?;
        Ok(rows.into_iter().map(|row| (OrderId(row.order_id), row)).collect())
    }
}
