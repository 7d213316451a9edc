-- Which services are for sale, at what price, and which services of other providers stand in for each?
--
-- folds: ServiceImported, ServiceRepriced, ServiceChanged, ServiceDelisted, ServiceRelisted, ServiceIdReused
-- folds: ServiceEnabled, ServiceDisabled, ServicePriceSet, ServiceRecategorised, ServiceStrategySet
-- folds: ServiceLinkLockSet, ServiceRemainderSet
-- folds: ServiceMapped, ServiceUnmapped, ServiceRetired
-- ignores: ProviderAdded, ProviderRenamed, ProviderUrlChanged, ProviderPriorityChanged, ProviderKeyReplaced
-- ignores: ProviderActivated, ProviderDeactivated, ProviderDeleted, ConnectionTestSucceeded, ConnectionTestFailed
-- ignores: RankingChanged
-- ignores: SyncStarted, SyncCompleted, SyncFailed
-- ignores: OrderPlaced, AttemptStarted, AttemptPlaced, AttemptRefused, AttemptInDoubt, AttemptNotSent, FailedOver
-- ignores: AttemptSettled, DuplicateFound, OrderDeferred, OrderFailed
-- ignores: OrderStatusChanged, UnknownStatusSeen, RefillRequested, RefillRefused, RefillStatusChanged
-- ignores: CancelRequested, CancelRefused
-- ignores: Reserved, ReservationReleased
-- ignores: ProviderSyncIntervalSet, PriceMoveNoticed, DelistingNoticed
-- ignores: LinkAwaited, RemainderOrdered, RemainderNotOrdered, RemainderStatusChanged
-- ignores: RefusalTextReclassified
-- ignores: ProviderDescribed, ProviderDialectChanged, ProviderLimitsChanged
-- folds: ServiceSuspended, ServiceResumed, ServiceWaitLimitSet
-- ignores: ProviderSuspended, ProbeFailed, ProviderHalfOpened, TrialStarted, TrialReleased, ProviderResumed

create table services (
    service_id          uuid primary key,
    number              bigint not null unique,
    provider_id         uuid not null,
    provider_service_id text not null,
    name                text not null,
    category            text not null,
    provider_category   text not null,
    kind                text not null,
    rate                numeric not null,
    price               numeric not null,
    min                 bigint not null,
    max                 bigint not null,
    refill              boolean not null,
    cancel              boolean,
    dripfeed            boolean not null,
    enabled             boolean not null,
    listed              boolean not null,
    retired             boolean not null,
    strategy            text,
    -- Null until an operator chooses.
    link_lock           text,
    remainder           text,
    -- Null: it is not set aside.
    suspended_since     timestamptz,
    suspension_reason   text,
    -- Null: the installation's default.
    wait_minutes        int
);

-- A search in names reads all rows: 10,000 take some 20 ms.
create index on services (provider_id, number);
create index on services (category, number);

create table service_mappings (
    service_id        uuid not null,
    backup_service_id uuid not null,
    priority          int not null,
    primary key (service_id, backup_service_id)
);

create index on service_mappings (backup_service_id);

-- The last value of each key, in the order of aggregation.
create aggregate merged (jsonb) (sfunc = jsonb_concat, stype = jsonb, initcond = '{}');

-- A pair: the category that customers see, and the provider's own. The first follows the second until an operator
-- files the service elsewhere, and again once the provider has come to the operator's choice.
create function category_after(known text[], provider_category text, own_category text) returns text[]
language sql immutable as $$
    select case
        when own_category is not null then array[own_category, coalesce(provider_category, known[2])]
        when known[1] <> known[2] then array[known[1], provider_category]
        else array[provider_category, provider_category]
    end
$$;

create aggregate categories (provider_category text, own_category text) (sfunc = category_after, stype = text[]);

create function fold_services(after_position bigint, upto_position bigint) returns void
language plpgsql set plan_cache_mode = force_custom_plan as $$
begin
    with changes as (
        select
            aggregate_id::uuid as service_id,
            position,
            case when event_type <> 'ServiceRecategorised' then payload ->> 'category' end as provider_category,
            case when event_type = 'ServiceRecategorised' then payload ->> 'category' end as own_category,
            payload || case event_type
                when 'ServiceImported' then jsonb_build_object(
                    'service_id', aggregate_id,
                    'enabled', true,
                    'listed', true,
                    'retired', false
                )
                when 'ServiceIdReused' then '{"enabled": false, "listed": true, "retired": false}'
                when 'ServiceRelisted' then '{"listed": true, "retired": false}'
                when 'ServiceDelisted' then '{"listed": false}'
                when 'ServiceEnabled' then '{"enabled": true}'
                when 'ServiceDisabled' then '{"enabled": false}'
                when 'ServiceRetired' then '{"enabled": false, "retired": true}'
                when 'ServiceSuspended' then jsonb_build_object(
                    'suspended_since', payload -> 'since',
                    'suspension_reason', payload -> 'reason'
                )
                when 'ServiceResumed' then '{"suspended_since": null, "suspension_reason": null}'
                else '{}'
            end as columns
        from events
        where position > after_position
            and position <= upto_position
            and event_type in (
                'ServiceImported', 'ServiceRepriced', 'ServiceChanged', 'ServiceDelisted', 'ServiceRelisted',
                'ServiceIdReused', 'ServiceEnabled', 'ServiceDisabled', 'ServicePriceSet', 'ServiceRecategorised',
                'ServiceStrategySet', 'ServiceLinkLockSet', 'ServiceRemainderSet', 'ServiceRetired',
                'ServiceSuspended', 'ServiceResumed', 'ServiceWaitLimitSet'
            )
    ),
    -- What is known comes first. It is joined by key alone: between two results of this statement the database would
    -- expect few rows and compare each with each, in a journal that it has no statistics of yet.
    history as (
        select service_id, 0 as position, provider_category, category as own_category, '{}' as columns
        from services
        where service_id in (select service_id from changes)
        union all
        select service_id, position, provider_category, own_category, columns
        from changes
    ),
    changed as (
        select
            service_id,
            merged(columns order by position) as columns,
            categories(provider_category, own_category order by position)
                filter (where provider_category is not null or own_category is not null) as pair
        from history
        group by service_id
    )
    insert into services
    select folded.*
    from changed
    left join services as known using (service_id)
    cross join lateral jsonb_populate_record(
        known,
        columns || jsonb_build_object('category', pair[1], 'provider_category', pair[2])
    ) as folded
    on conflict (service_id) do update
    set provider_service_id = excluded.provider_service_id,
        name = excluded.name,
        category = excluded.category,
        provider_category = excluded.provider_category,
        kind = excluded.kind,
        rate = excluded.rate,
        price = excluded.price,
        min = excluded.min,
        max = excluded.max,
        refill = excluded.refill,
        cancel = excluded.cancel,
        dripfeed = excluded.dripfeed,
        enabled = excluded.enabled,
        listed = excluded.listed,
        retired = excluded.retired,
        strategy = excluded.strategy,
        link_lock = excluded.link_lock,
        remainder = excluded.remainder,
        suspended_since = excluded.suspended_since,
        suspension_reason = excluded.suspension_reason,
        wait_minutes = excluded.wait_minutes;
end
$$;

create function fold_mappings(after_position bigint, upto_position bigint) returns void
language plpgsql set plan_cache_mode = force_custom_plan as $$
begin
    -- What a service had before it was retired is gone, whatever was mapped afterwards.
    delete from service_mappings
    using events
    where position > after_position
        and position <= upto_position
        and event_type = 'ServiceRetired'
        and service_id = aggregate_id::uuid;

    with latest as (
        select distinct on (aggregate_id, payload ->> 'backup_service_id')
            aggregate_id::uuid as service_id,
            (payload ->> 'backup_service_id')::uuid as backup_service_id,
            event_type,
            (payload ->> 'priority')::int as priority,
            position
        from events
        where position > after_position
            and position <= upto_position
            and event_type in ('ServiceMapped', 'ServiceUnmapped')
        order by aggregate_id, payload ->> 'backup_service_id', position desc
    ),
    unmapped as (
        delete from service_mappings
        using latest
        where service_mappings.service_id = latest.service_id
            and service_mappings.backup_service_id = latest.backup_service_id
            and event_type = 'ServiceUnmapped'
    )
    insert into service_mappings (service_id, backup_service_id, priority)
    select service_id, backup_service_id, priority
    from latest
    where event_type = 'ServiceMapped'
        and not exists (
            select
            from events as retired
            where retired.position > latest.position
                and retired.position <= upto_position
                and retired.event_type = 'ServiceRetired'
                and retired.aggregate_id::uuid = latest.service_id
        )
    on conflict (service_id, backup_service_id) do update
    set priority = excluded.priority;
end
$$;

create function fold(after_position bigint, upto_position bigint) returns void
language plpgsql as $$
begin
    -- Most batches are of orders alone.
    if exists (
        select
        from events
        where position > after_position
            and position <= upto_position
            and aggregate_type = 'service'
    ) then
        perform fold_services(after_position, upto_position);
        perform fold_mappings(after_position, upto_position);
    end if;
end
$$;
