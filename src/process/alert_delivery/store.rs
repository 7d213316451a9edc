use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::{FromRow, PgPool};
use uuid::Uuid;

use crate::{
    alert_channel::{AlertMessage, AlertState},
    projection::ReadModels,
};

/// Longest reason that is kept, in characters.
const MAX_REASON: usize = 500;

/// What each channel has been told of, and what it is still to be told of.
#[derive(Debug, Clone)]
pub(super) struct Deliveries {
    /// Connections that see the read models.
    pub(super) pool: PgPool,
    pub(super) channel: &'static str,
}

/// Something to send now.
#[derive(Debug)]
pub(super) struct Due {
    pub(super) message: AlertMessage,
    /// Tries before this one.
    pub(super) tries: i32,
    key: Key,
    created_at: DateTime<Utc>,
}

#[derive(Debug)]
struct Key {
    alert: i64,
    tells: String,
}

#[derive(FromRow)]
struct DueRow {
    alert: i64,
    tells: String,
    delivery_id: Uuid,
    tries: i32,
    created_at: DateTime<Utc>,
    kind: String,
    message: String,
    provider: Option<String>,
    service: Option<i64>,
    order: Option<i64>,
    happened_at: DateTime<Utc>,
}

impl Deliveries {
    /// Makes the channel known. One that is new begins at the journal's end.
    pub(super) async fn begin(&self) -> Result<(), sqlx::Error> {
        sqlx::query(
            "insert into alert_channels (channel, position)
             select $1, position from journal_head
             on conflict do nothing",
        )
        .bind(self.channel)
        .execute(&self.pool)
        .await
        .map(drop)
    }

    /// Takes over what the read model has to tell since last time, but for what is too old to be news. That an alert is
    /// over is news only on a channel that was to be told that it began.
    pub(super) async fn take_over(&self, too_old: Duration) -> Result<(), sqlx::Error> {
        let models = ReadModels::named(&["alerts"]);
        let Some(model) = models.first() else { return Ok(()) };
        let mut tx = self.pool.begin().await?;
        let span: Option<(i64, i64)> = sqlx::query_as(
            "select channel.position, model.position
             from alert_channels as channel
             join projection_checkpoints as model on model.name = 'alerts' and model.hash = $2
             where channel.channel = $1 and model.position > channel.position
             for update of channel",
        )
        .bind(self.channel)
        .bind(model.hash())
        .fetch_optional(&mut *tx)
        .await?;
        let Some((after, upto)) = span else { return Ok(()) };
        sqlx::query(
            "insert into alert_deliveries (channel, alert, tells, delivery_id)
             select $1, told.alert, told.tells,
                    case told.tells
                        when 'RAISED' then events.event_id
                        else md5(events.event_id || ' ended')::uuid
                    end
             from (
                 select position as alert, 'RAISED' as tells
                 from alerts
                 where position > $2 and position <= $3 and at > $4
                 union all
                 select a.position, 'ENDED'
                 from alerts as a
                 where a.ended_position > $2 and a.ended_position <= $3
                   and a.ended_at > $4
                   and (
                       a.position > $2 and a.at > $4
                       or exists (
                           select
                           from alert_deliveries as raised
                           where raised.channel = $1
                             and raised.alert = a.position
                             and raised.tells = 'RAISED'
                       )
                   )
             ) as told
             join events on events.position = told.alert
             on conflict do nothing",
        )
        .bind(self.channel)
        .bind(after)
        .bind(upto)
        .bind(Utc::now() - TimeDelta::from_std(too_old).unwrap_or(TimeDelta::zero()))
        .execute(&mut *tx)
        .await?;
        sqlx::query("update alert_channels set position = $2 where channel = $1")
            .bind(self.channel)
            .bind(upto)
            .execute(&mut *tx)
            .await?;
        tx.commit().await
    }

    /// Finds what has been due for the longest time.
    pub(super) async fn next_due(&self) -> Result<Option<Due>, sqlx::Error> {
        let row: Option<DueRow> = sqlx::query_as(
            r#"select d.alert, d.tells, d.delivery_id, d.tries, d.created_at, a.kind, a.message,
                    p.name as provider, s.number as service, o.number as "order",
                    case d.tells when 'ENDED' then coalesce(a.ended_at, a.at) else a.at end as happened_at
             from alert_deliveries as d
             join alerts as a on a.position = d.alert
             left join providers as p on p.provider_id = a.provider_id
             left join services as s on s.service_id = a.service_id
             left join orders as o on o.order_id = a.order_id
             where d.channel = $1
               and d.state = 'WAITING'
               and d.at <= now()
               and not (
                   d.tells = 'ENDED'
                   and exists (
                       select
                       from alert_deliveries as raised
                       where raised.channel = d.channel
                         and raised.alert = d.alert
                         and raised.tells = 'RAISED'
                         and raised.state = 'WAITING'
                   )
               )
             order by d.at, d.alert, d.tells desc
             limit 1"#,
        )
        .bind(self.channel)
        .fetch_optional(&self.pool)
        .await?;
        Ok(row.map(Due::from))
    }

    /// Notes that the receiver has it.
    pub(super) async fn delivered(&self, due: &Due) -> Result<(), sqlx::Error> {
        sqlx::query(
            "update alert_deliveries
             set state = 'DELIVERED', tries = tries + 1, reason = null, at = now()
             where channel = $1 and alert = $2 and tells = $3",
        )
        .bind(self.channel)
        .bind(due.key.alert)
        .bind(&due.key.tells)
        .execute(&self.pool)
        .await
        .map(drop)
    }

    /// Notes that a try came to nothing, and when the next one is due; without a next one it is given up.
    pub(super) async fn not_delivered(
        &self,
        due: &Due,
        reason: &str,
        next: Option<Duration>,
    ) -> Result<(), sqlx::Error> {
        let reason: String = reason.replace('\0', " ").chars().take(MAX_REASON).collect();
        sqlx::query(
            "update alert_deliveries
             set state = case when $5::bigint is null then 'FAILED' else 'WAITING' end,
                 tries = tries + 1,
                 reason = $4,
                 at = now() + coalesce($5, 0) * interval '1 ms'
             where channel = $1 and alert = $2 and tells = $3",
        )
        .bind(self.channel)
        .bind(due.key.alert)
        .bind(&due.key.tells)
        .bind(reason)
        .bind(next.map(milliseconds))
        .execute(&self.pool)
        .await
        .map(drop)
    }

    /// Leaves the receiver alone for some time: nothing that waits is tried before.
    pub(super) async fn pause(&self, time: Duration) -> Result<(), sqlx::Error> {
        sqlx::query(
            "update alert_deliveries
             set at = greatest(at, now() + $2 * interval '1 ms')
             where channel = $1 and state = 'WAITING'",
        )
        .bind(self.channel)
        .bind(milliseconds(time))
        .execute(&self.pool)
        .await
        .map(drop)
    }
}

impl Due {
    /// Tells whether it has been waiting for longer than this.
    pub(super) fn is_older_than(&self, limit: Duration) -> bool {
        let age = (Utc::now() - self.created_at).to_std().unwrap_or_default();
        age >= limit
    }
}

impl From<DueRow> for Due {
    fn from(row: DueRow) -> Self {
        let state = match row.tells.as_str() {
            "ENDED" => AlertState::Ended,
            _ => AlertState::Raised,
        };
        let message = AlertMessage {
            id: row.delivery_id,
            position: row.alert,
            kind: row.kind,
            state,
            message: row.message,
            provider: row.provider,
            service: row.service,
            order: row.order,
            at: row.happened_at,
        };
        let key = Key { alert: row.alert, tells: row.tells };
        Self { message, tries: row.tries, key, created_at: row.created_at }
    }
}

fn milliseconds(time: Duration) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
}
