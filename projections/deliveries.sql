-- How much of each order that has ended did its provider deliver?
--
-- folds: OrderStatusChanged, CancelRequested
-- ignores: OrderPlaced, AttemptStarted, AttemptPlaced, AttemptRefused, AttemptInDoubt, AttemptNotSent, FailedOver
-- ignores: AttemptSettled, DuplicateFound, OrderDeferred, OrderFailed
-- ignores: UnknownStatusSeen, RefillRequested, RefillRefused, RefillStatusChanged, CancelRefused
-- ignores: ProviderAdded, ProviderRenamed, ProviderUrlChanged, ProviderPriorityChanged, ProviderKeyReplaced
-- ignores: ProviderActivated, ProviderDeactivated, ProviderDeleted, ConnectionTestSucceeded, ConnectionTestFailed
-- ignores: RankingChanged
-- ignores: ProviderSyncIntervalSet, PriceMoveNoticed, DelistingNoticed
-- ignores: ServiceImported, ServiceRepriced, ServiceChanged, ServiceDelisted, ServiceRelisted, ServiceIdReused
-- ignores: ServiceEnabled, ServiceDisabled, ServicePriceSet, ServiceRecategorised, ServiceStrategySet
-- ignores: ServiceMapped, ServiceUnmapped, ServiceRetired
-- ignores: SyncStarted, SyncCompleted, SyncFailed
-- ignores: Reserved, ReservationReleased
-- ignores: BalanceRead, LowBalanceNoticed, LowBalanceEnded, ProviderDownNoticed, ProviderDownEnded, CallsSummed
-- ignores: ServiceLinkLockSet, ServiceRemainderSet
-- ignores: LinkAwaited, RemainderOrdered, RemainderNotOrdered, RemainderStatusChanged
-- ignores: RefusalTextReclassified
-- ignores: ProviderDescribed, ProviderDialectChanged, ProviderLimitsChanged
-- ignores: ProviderSuspended, ProbeFailed, ProviderHalfOpened, TrialStarted, TrialReleased, ProviderResumed
-- ignores: ServiceSuspended, ServiceResumed, ServiceWaitLimitSet
-- ignores: EvidenceRead, DoubtGivenUp, DoubtCleared, ProviderDeclaredExclusive, ProviderDeclaredShared, ServiceDoubtPolicySet

-- One row an order that has ended. One that goes on after a dispute is not here until it ends again.
create table deliveries (
    order_id      uuid primary key,
    provider_id   uuid not null,
    ended_at      timestamptz not null,
    -- The delivered share in parts per million.
    delivered_ppm bigint not null
);

create index on deliveries (ended_at, provider_id) include (delivered_ppm);

-- The journal is the fold's memory: what was ordered, and whether the customer had it canceled, stands in the order's own
-- stream, which is short and found by its key.
create function fold(after_position bigint, upto_position bigint) returns void
language plpgsql set plan_cache_mode = force_custom_plan set random_page_cost = 1.1
-- By pages, not by rows: what a range holds lies together.
set enable_indexscan = off as $$
begin
    with latest as (
        select distinct on (aggregate_id)
            aggregate_id,
            sequence,
            recorded_at,
            payload
        from events
        where position > after_position
            and position <= upto_position
            and event_type = 'OrderStatusChanged'
        order by aggregate_id, sequence desc
    ),
    judged as (
        select
            aggregate_id::uuid as order_id,
            (payload ->> 'provider_id')::uuid as provider_id,
            recorded_at as ended_at,
            case payload ->> 'status'
                when 'COMPLETED' then 1000000
                -- Without a count nothing shows that anything was delivered.
                when 'PARTIAL' then trunc(least(greatest(
                    1000000 - coalesce((payload ->> 'remains')::numeric * 1000000 / (
                        select greatest((placed.payload ->> 'quantity')::numeric, 1)
                        from events as placed
                        where placed.aggregate_type = 'order'
                            and placed.aggregate_id = latest.aggregate_id
                            and placed.sequence = 1
                    ), 1000000),
                    0), 1000000))::bigint
                when 'CANCELED' then 0
            end as delivered_ppm,
            -- What a customer had canceled is not the provider's failure to deliver.
            payload ->> 'status' = 'COMPLETED' or not exists (
                select
                from events as earlier
                where earlier.aggregate_type = 'order'
                    and earlier.aggregate_id = latest.aggregate_id
                    and earlier.sequence < latest.sequence
                    and earlier.event_type = 'CancelRequested'
            ) as counts
        from latest
    ),
    gone as (
        delete from deliveries
        using judged
        where deliveries.order_id = judged.order_id
            and (judged.delivered_ppm is null or not judged.counts)
    )
    insert into deliveries (order_id, provider_id, ended_at, delivered_ppm)
    select order_id, provider_id, ended_at, delivered_ppm
    from judged
    where delivered_ppm is not null
        and counts
    on conflict (order_id) do update
    set provider_id = excluded.provider_id,
        ended_at = excluded.ended_at,
        delivered_ppm = excluded.delivered_ppm;
end
$$;
