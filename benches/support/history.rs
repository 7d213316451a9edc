//! A journal with a past: orders of forty days ago to ten days ago, all ended.
//!
//! Every fifth order is refused by the first provider and taken by the second. An order's events stand among those of
//! others, as they would: it is taken some orders later, and completed two thousand orders later.

use anyhow::Result;
use signalbox::domain::{ProviderId, ServiceId};
use sqlx::{Executor, PgConnection, PgPool};

/// Events of five orders, one of which fails over.
const EVENTS_OF_FIVE: i64 = 4 * 5 + 8;

const FILL: &str = "
    insert into events
    select kind, stream, sequence, event_type, '1', payload, '{\"command\": \"history\"}',
        head.position + row_number() over (order by moment, number, sequence),
        first_day + moment * step, gen_random_uuid()
    from journal_head as head
    cross join (select now() - interval '40 days', interval '30 days' / ($1 + 3000)) as time (first_day, step)
    cross join generate_series(1, $1) as number
    cross join lateral (
        select
            ('01970000-0000-7000-8000-' || lpad(to_hex(number), 12, '0'))::uuid as id,
            number % 5 = 0 as fails_over,
            case when number % 5 = 0 then 2 else 1 end as holder
    ) as o
    cross join lateral (
        select 'order' as kind, id::text as stream, 1 as sequence, number as moment, 'OrderPlaced' as event_type,
            jsonb_build_object(
                'type', 'OrderPlaced', 'number', number, 'account', 'house', 'service_id', $3[1],
                'link', 'https://social.example/p/' || number, 'quantity', 1000, 'per_run', 1000,
                'fields', jsonb_build_object('quantity', '1000'), 'charge', '0.90', 'digest', repeat('ab', 32)
            ) as payload
        union all
        select 'order', id::text, 2, number, 'AttemptStarted', pg_temp.started(1, id, $2[1], $3[1], first_day + number * step)
        union all
        select 'order', id::text, 3, number + 1, 'AttemptRefused',
            jsonb_build_object(
                'type', 'AttemptRefused', 'attempt', 1, 'attempt_id', pg_temp.attempt(1, id), 'provider_id', $2[1],
                'class', 'wallet_empty', 'reason', 'Not enough funds on balance', 'response_ms', 80
            )
        where fails_over
        union all
        select 'order', id::text, 4, number + 1, 'FailedOver',
            jsonb_build_object(
                'type', 'FailedOver', 'attempt', 1, 'from_provider_id', $2[1], 'to_provider_id', $2[2],
                'reason', 'Not enough funds on balance'
            )
        where fails_over
        union all
        select 'order', id::text, 5, number + 1, 'AttemptStarted',
            pg_temp.started(2, id, $2[2], $3[2], first_day + (number + 1) * step)
        where fails_over
        union all
        select 'order', id::text, 3 * holder, number + 7, 'AttemptPlaced',
            jsonb_build_object(
                'type', 'AttemptPlaced', 'attempt', holder, 'attempt_id', pg_temp.attempt(holder, id),
                'provider_id', $2[holder], 'api_order_id', number::text, 'response_ms', 100 + number % 700
            )
        union all
        select 'reservation', md5(id::text), 1, number + 7, 'Reserved',
            jsonb_build_object('type', 'Reserved', 'subject', 'order ' || number, 'holder', id)
        union all
        select 'order', id::text, 3 * holder + 1, number + 2000, 'OrderStatusChanged',
            jsonb_build_object(
                'type', 'OrderStatusChanged', 'provider_id', $2[holder], 'api_order_id', number::text,
                'status', 'COMPLETED', 'provider_status', 'Completed', 'start_count', 3572, 'remains', 0,
                'charge', '0.27819', 'currency', 'USD'
            )
    ) as event";

const FUNCTIONS: &str = "
    set synchronous_commit to off;
    set work_mem to '512MB';
    create function pg_temp.attempt(attempt int, id uuid) returns uuid
    language sql immutable as $$ select overlay(id::text placing lpad(attempt::text, 4, '0') from 20 for 4)::uuid $$;
    create function pg_temp.started(attempt int, id uuid, provider uuid, service uuid, at timestamptz) returns jsonb
    language sql immutable as $$
        select jsonb_build_object(
            'type', 'AttemptStarted', 'attempt', attempt, 'attempt_id', pg_temp.attempt(attempt, id),
            'provider_id', provider, 'service_id', service, 'provider_service_id', '1042',
            'incarnation', '00000000-0000-0000-0000-000000000000', 'started_at', at,
            'send_before', at + interval '30 s', 'settle_after', at + interval '120 s',
            'decision', jsonb_build_object(
                'basis', 1234, 'strategy', 'PRIORITY', 'chosen', 0,
                'candidates', jsonb_build_array(jsonb_build_object(
                    'provider_id', provider, 'service_id', service, 'provider_service_id', '1042',
                    'mapping_priority', null, 'provider_priority', 1, 'score_ppm', null,
                    'excluded', jsonb_build_array()
                ))
            )
        )
    $$;";

const FINISH: &str = "
    update journal_head set (position, recorded_at) = (select max(position), max(recorded_at) from events);
    vacuum analyze events";

/// Lengthens the journal to about so many events, in the orders of two providers. Nobody else may use the database.
pub(crate) async fn fill(
    pool: &PgPool,
    events: i64,
    of: [(ProviderId, ServiceId); 2],
) -> Result<()> {
    let mut session = pool.acquire().await?.detach();
    session.execute(FUNCTIONS).await?;
    let present: i64 =
        sqlx::query_scalar("select position from journal_head").fetch_one(&mut session).await?;
    let orders = (events - present).max(0) * 5 / EVENTS_OF_FIVE;
    sqlx::query(FILL)
        .bind(orders as i32)
        .bind(of.map(|(provider, _)| provider.0).to_vec())
        .bind(of.map(|(_, service)| service.0).to_vec())
        .execute(&mut session)
        .await?;
    forget_models(&mut session).await?;
    for statement in FINISH.split(';') {
        session.execute(statement).await?;
    }
    session.execute(format!("select setval('order_numbers', {})", orders + 1).as_str()).await?;
    session.execute("checkpoint").await?;
    Ok(())
}

/// Removes the read models, so that the next start builds them as after an upgrade.
async fn forget_models(session: &mut PgConnection) -> Result<()> {
    let schemas: Vec<String> =
        sqlx::query_scalar("delete from projection_checkpoints returning schema_name")
            .fetch_all(&mut *session)
            .await?;
    for schema in schemas {
        session.execute(format!("drop schema {schema} cascade").as_str()).await?;
    }
    Ok(())
}
