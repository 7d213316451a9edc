-- Which upstream providers are there, and how does each stand now?
--
-- folds: ProviderAdded, ProviderRenamed, ProviderUrlChanged, ProviderPriorityChanged, ProviderKeyReplaced
-- folds: ProviderSyncIntervalSet, ProviderDescribed, ProviderDialectChanged, ProviderLimitsChanged
-- folds: ProviderActivated, ProviderDeactivated, ProviderDeleted, ConnectionTestSucceeded
-- folds: RankingChanged
-- ignores: ConnectionTestFailed
-- ignores: ServiceImported, ServiceRepriced, ServiceChanged, ServiceDelisted, ServiceRelisted, ServiceIdReused
-- ignores: ServiceEnabled, ServiceDisabled, ServicePriceSet, ServiceRecategorised, ServiceStrategySet
-- ignores: ServiceMapped, ServiceUnmapped, ServiceRetired
-- ignores: SyncStarted, SyncCompleted, SyncFailed
-- ignores: OrderPlaced, AttemptStarted, AttemptPlaced, AttemptRefused, AttemptInDoubt, AttemptNotSent, FailedOver
-- ignores: AttemptSettled, DuplicateFound, OrderDeferred, OrderFailed
-- ignores: OrderStatusChanged, UnknownStatusSeen, RefillRequested, RefillRefused, RefillStatusChanged
-- ignores: CancelRequested, CancelRefused
-- ignores: Reserved, ReservationReleased
-- ignores: PriceMoveNoticed, DelistingNoticed
-- ignores: ServiceLinkLockSet, ServiceRemainderSet
-- ignores: LinkAwaited, RemainderOrdered, RemainderNotOrdered, RemainderStatusChanged
-- ignores: RefusalTextReclassified
-- folds: ProviderSuspended, ProbeFailed, ProviderHalfOpened, ProviderResumed
-- ignores: TrialStarted, TrialReleased
-- ignores: ServiceSuspended, ServiceResumed, ServiceWaitLimitSet

-- A deleted provider keeps its row, because history goes on naming it.
create table providers (
    provider_id           uuid primary key,
    name                  text not null,
    api_url               text not null,
    api_key_hint          text,
    priority              int not null,
    active                boolean not null,
    deleted               boolean not null,
    balance               numeric,
    currency              text,
    -- Null: never by itself.
    sync_interval_minutes int,
    created_at            timestamptz not null,
    description           text,
    -- How it is called: post or get; form, query or json; field, bearer or x_api_key.
    method                text not null,
    encoding              text not null,
    key_place             text not null,
    -- Null: the installation's own.
    concurrent_calls      int,
    calls_per_1000_s      bigint,
    order_timeout_s       int,
    read_timeout_s        int,
    catalogue_timeout_s   int,
    -- How good it has proved to be, in parts per million, and what that was computed from; null before it was measured.
    score_ppm         bigint,
    placement_ppm     bigint,
    speed_ppm         bigint,
    delivery_ppm      bigint,
    judged            bigint,
    placed            bigint,
    responses         bigint,
    response_ms_sum   bigint,
    ended             bigint,
    delivered_ppm_sum bigint,
    -- Null: it is not set aside. Half-open: one order may try it.
    suspended_since   timestamptz,
    suspended_until   timestamptz,
    suspension_cause  text,
    suspension_reason text,
    half_open         boolean not null
);

create index on providers (priority, provider_id) where not deleted;

-- The last value of each key, in the order of aggregation.
create aggregate merged (jsonb) (sfunc = jsonb_concat, stype = jsonb, initcond = '{}');

create function fold(after_position bigint, upto_position bigint) returns void
language plpgsql set plan_cache_mode = force_custom_plan as $$
begin
    with changes as (
        select
            aggregate_id::uuid as provider_id,
            position,
            payload || case event_type
                when 'ProviderAdded' then jsonb_build_object(
                    'provider_id', aggregate_id,
                    'api_key_hint', payload -> 'key_hint',
                    'active', true,
                    'deleted', false,
                    -- Until it is told otherwise.
                    'sync_interval_minutes', 360,
                    'method', 'post',
                    'encoding', 'form',
                    'key_place', 'field',
                    'half_open', false,
                    'created_at', recorded_at
                )
                when 'ProviderKeyReplaced' then jsonb_build_object('api_key_hint', payload -> 'key_hint')
                when 'ProviderActivated' then '{"active": true}'
                when 'ProviderDeactivated' then '{"active": false}'
                when 'ProviderDeleted' then '{"active": false, "deleted": true}'
                when 'ProviderSuspended' then jsonb_build_object(
                    'suspended_since', payload -> 'since',
                    'suspended_until', payload -> 'until',
                    'suspension_cause', payload -> 'cause',
                    'suspension_reason', payload -> 'reason',
                    'half_open', false
                )
                when 'ProbeFailed' then jsonb_build_object('suspended_until', payload -> 'until')
                when 'ProviderHalfOpened' then '{"half_open": true}'
                when 'ProviderResumed' then '{
                    "suspended_since": null, "suspended_until": null, "suspension_cause": null,
                    "suspension_reason": null, "half_open": false
                }'
                else '{}'
            end as columns
        from events
        where position > after_position
            and position <= upto_position
            and event_type in (
                'ProviderAdded', 'ProviderRenamed', 'ProviderUrlChanged', 'ProviderPriorityChanged',
                'ProviderKeyReplaced', 'ProviderActivated', 'ProviderDeactivated', 'ProviderDeleted',
                'ConnectionTestSucceeded', 'ProviderSyncIntervalSet', 'RankingChanged', 'ProviderSuspended', 'ProbeFailed',
                'ProviderHalfOpened', 'ProviderResumed', 'ProviderDescribed', 'ProviderDialectChanged',
                'ProviderLimitsChanged'
            )
    ),
    changed as (
        select provider_id, merged(columns order by position) as columns
        from changes
        group by provider_id
    )
    insert into providers
    select folded.*
    from changed
    left join providers as known using (provider_id)
    cross join lateral jsonb_populate_record(known, changed.columns) as folded
    on conflict (provider_id) do update
    set name = excluded.name,
        api_url = excluded.api_url,
        api_key_hint = excluded.api_key_hint,
        priority = excluded.priority,
        active = excluded.active,
        deleted = excluded.deleted,
        balance = excluded.balance,
        currency = excluded.currency,
        sync_interval_minutes = excluded.sync_interval_minutes,
        description = excluded.description,
        method = excluded.method,
        encoding = excluded.encoding,
        key_place = excluded.key_place,
        concurrent_calls = excluded.concurrent_calls,
        calls_per_1000_s = excluded.calls_per_1000_s,
        order_timeout_s = excluded.order_timeout_s,
        read_timeout_s = excluded.read_timeout_s,
        catalogue_timeout_s = excluded.catalogue_timeout_s,
        score_ppm = excluded.score_ppm,
        placement_ppm = excluded.placement_ppm,
        speed_ppm = excluded.speed_ppm,
        delivery_ppm = excluded.delivery_ppm,
        judged = excluded.judged,
        placed = excluded.placed,
        responses = excluded.responses,
        response_ms_sum = excluded.response_ms_sum,
        ended = excluded.ended,
        delivered_ppm_sum = excluded.delivered_ppm_sum,
        suspended_since = excluded.suspended_since,
        suspended_until = excluded.suspended_until,
        suspension_cause = excluded.suspension_cause,
        suspension_reason = excluded.suspension_reason,
        half_open = excluded.half_open;
end
$$;
