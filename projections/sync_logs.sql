-- When was each provider's catalogue synced, what did that change, and what was wrong with the list?
--
-- folds: SyncStarted, SyncCompleted, SyncFailed
-- ignores: ProviderAdded, ProviderRenamed, ProviderUrlChanged, ProviderPriorityChanged, ProviderKeyReplaced
-- ignores: ProviderActivated, ProviderDeactivated, ProviderDeleted, ConnectionTestSucceeded, ConnectionTestFailed
-- ignores: RankingChanged
-- ignores: ServiceImported, ServiceRepriced, ServiceChanged, ServiceDelisted, ServiceRelisted, ServiceIdReused
-- ignores: ServiceEnabled, ServiceDisabled, ServicePriceSet, ServiceRecategorised, ServiceStrategySet
-- ignores: ServiceMapped, ServiceUnmapped, ServiceRetired
-- ignores: OrderPlaced, AttemptStarted, AttemptPlaced, AttemptRefused, AttemptInDoubt, AttemptNotSent, FailedOver
-- ignores: AttemptSettled, DuplicateFound, OrderDeferred, OrderFailed
-- ignores: OrderStatusChanged, UnknownStatusSeen, RefillRequested, RefillRefused, RefillStatusChanged
-- ignores: CancelRequested, CancelRefused
-- ignores: Reserved, ReservationReleased
-- ignores: ProviderSyncIntervalSet, PriceMoveNoticed, DelistingNoticed
-- ignores: ServiceLinkLockSet, ServiceRemainderSet
-- ignores: LinkAwaited, RemainderOrdered, RemainderNotOrdered, RemainderStatusChanged
-- ignores: RefusalTextReclassified
-- ignores: ProviderDescribed, ProviderDialectChanged, ProviderLimitsChanged
-- ignores: ProviderSuspended, ProbeFailed, ProviderHalfOpened, TrialStarted, TrialReleased, ProviderResumed
-- ignores: ServiceSuspended, ServiceResumed, ServiceWaitLimitSet

create table sync_logs (
    sync_id          uuid primary key,
    provider_id      uuid not null,
    trigger          text not null,
    -- The tenure that runs it: with that over, so is the run.
    incarnation      uuid not null,
    started_at       timestamptz not null,
    started_position bigint not null unique,
    finished_at      timestamptz,
    imported         bigint not null,
    updated          bigint not null,
    delisted         bigint not null,
    unchanged        bigint not null,
    errors           text[] not null,
    -- Null while it runs.
    succeeded        boolean
);

create index on sync_logs (provider_id, started_position);

create function fold(after_position bigint, upto_position bigint) returns void
language plpgsql set plan_cache_mode = force_custom_plan as $$
begin
    insert into sync_logs (
        sync_id, provider_id, trigger, incarnation, started_at, started_position, imported, updated, delisted,
        unchanged, errors
    )
    select
        aggregate_id::uuid,
        (payload ->> 'provider_id')::uuid,
        payload ->> 'trigger',
        (payload ->> 'incarnation')::uuid,
        recorded_at,
        position,
        0,
        0,
        0,
        0,
        '{}'
    from events
    where position > after_position
        and position <= upto_position
        and event_type = 'SyncStarted';

    update sync_logs
    set finished_at = recorded_at,
        imported = (payload ->> 'imported')::bigint,
        updated = (payload ->> 'updated')::bigint,
        delisted = (payload ->> 'delisted')::bigint,
        unchanged = (payload ->> 'unchanged')::bigint,
        errors = array(
            select text
            from jsonb_array_elements_text(payload -> 'errors') with ordinality as error (text, place)
            order by place
        ),
        succeeded = event_type = 'SyncCompleted'
    from events
    where position > after_position
        and position <= upto_position
        and event_type in ('SyncCompleted', 'SyncFailed')
        and sync_id = aggregate_id::uuid;
end
$$;
