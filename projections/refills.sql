-- Which refills did providers take, and how far are they?
--
-- folds: RefillRequested, RefillStatusChanged
-- ignores: OrderPlaced, AttemptStarted, AttemptPlaced, AttemptRefused, AttemptInDoubt, AttemptNotSent, FailedOver
-- ignores: AttemptSettled, DuplicateFound, OrderDeferred, OrderFailed
-- ignores: OrderStatusChanged, UnknownStatusSeen, RefillRefused, CancelRequested, CancelRefused
-- ignores: ProviderAdded, ProviderRenamed, ProviderUrlChanged, ProviderPriorityChanged, ProviderKeyReplaced
-- ignores: ProviderActivated, ProviderDeactivated, ProviderDeleted, ConnectionTestSucceeded, ConnectionTestFailed
-- ignores: RankingChanged
-- ignores: ServiceImported, ServiceRepriced, ServiceChanged, ServiceDelisted, ServiceRelisted, ServiceIdReused
-- ignores: ServiceEnabled, ServiceDisabled, ServicePriceSet, ServiceRecategorised, ServiceStrategySet
-- ignores: ServiceMapped, ServiceUnmapped, ServiceRetired
-- ignores: SyncStarted, SyncCompleted, SyncFailed
-- ignores: Reserved, ReservationReleased
-- ignores: ProviderSyncIntervalSet, PriceMoveNoticed, DelistingNoticed
-- ignores: ServiceLinkLockSet, ServiceRemainderSet
-- ignores: LinkAwaited, RemainderOrdered, RemainderNotOrdered, RemainderStatusChanged
-- ignores: RefusalTextReclassified
-- ignores: ProviderDescribed, ProviderDialectChanged, ProviderLimitsChanged
-- ignores: ProviderSuspended, ProbeFailed, ProviderHalfOpened, TrialStarted, TrialReleased, ProviderResumed
-- ignores: ServiceSuspended, ServiceResumed, ServiceWaitLimitSet

create table refills (
    order_id        uuid not null,
    refill_id       text not null,
    provider_id     uuid not null,
    -- PENDING, IN_PROGRESS, COMPLETED, REJECTED, ERROR.
    status          text not null,
    -- The provider's own word.
    provider_status text,
    requested_at    timestamptz not null,
    primary key (order_id, refill_id)
);

-- What is still asked about.
create index on refills (requested_at) where status in ('PENDING', 'IN_PROGRESS');

create function fold(after_position bigint, upto_position bigint) returns void
language plpgsql set plan_cache_mode = force_custom_plan set random_page_cost = 1.1 as $$
begin
    with changes as (
        select
            aggregate_id::uuid as order_id,
            payload ->> 'refill_id' as refill_id,
            position,
            event_type,
            (payload ->> 'provider_id')::uuid as provider_id,
            coalesce(payload ->> 'status', 'PENDING') as status,
            payload ->> 'provider_status' as provider_status,
            recorded_at
        from events
        where position > after_position
            and position <= upto_position
            and event_type in ('RefillRequested', 'RefillStatusChanged')
    ),
    latest as (
        select distinct on (order_id, refill_id) order_id, refill_id, status, provider_status
        from changes
        order by order_id, refill_id, position desc
    ),
    requested as (
        insert into refills (order_id, refill_id, provider_id, status, provider_status, requested_at)
        select order_id, refill_id, provider_id, latest.status, latest.provider_status, recorded_at
        from changes
        join latest using (order_id, refill_id)
        where event_type = 'RefillRequested'
    )
    -- Does not see what this statement inserts, which needs no update either.
    update refills
    set status = latest.status,
        provider_status = latest.provider_status
    from latest
    where refills.order_id = latest.order_id
        and refills.refill_id = latest.refill_id;
end
$$;
