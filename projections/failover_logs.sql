-- When did an attempt come to nothing, why, and who was to be tried next?
--
-- folds: FailedOver
-- ignores: ProviderAdded, ProviderRenamed, ProviderUrlChanged, ProviderPriorityChanged, ProviderKeyReplaced
-- ignores: ProviderActivated, ProviderDeactivated, ProviderDeleted, ConnectionTestSucceeded, ConnectionTestFailed
-- ignores: RankingChanged
-- ignores: ServiceImported, ServiceRepriced, ServiceChanged, ServiceDelisted, ServiceRelisted, ServiceIdReused
-- ignores: ServiceEnabled, ServiceDisabled, ServicePriceSet, ServiceRecategorised, ServiceStrategySet
-- ignores: ServiceMapped, ServiceUnmapped, ServiceRetired
-- ignores: SyncStarted, SyncCompleted, SyncFailed
-- ignores: OrderPlaced, AttemptStarted, AttemptPlaced, AttemptRefused, AttemptInDoubt, AttemptNotSent
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

create table failover_logs (
    position         bigint primary key,
    order_id         uuid not null,
    attempt          int not null,
    from_provider_id uuid not null,
    to_provider_id   uuid,
    reason           text not null,
    at               timestamptz not null
);

create index on failover_logs (order_id, position);
create index on failover_logs (from_provider_id, position);
create index on failover_logs (to_provider_id, position) where to_provider_id is not null;

create function fold(after_position bigint, upto_position bigint) returns void
language plpgsql set plan_cache_mode = force_custom_plan as $$
begin
    insert into failover_logs (position, order_id, attempt, from_provider_id, to_provider_id, reason, at)
    select
        position,
        aggregate_id::uuid,
        (payload ->> 'attempt')::int,
        (payload ->> 'from_provider_id')::uuid,
        (payload ->> 'to_provider_id')::uuid,
        payload ->> 'reason',
        recorded_at
    from events
    where position > after_position
        and position <= upto_position
        and event_type = 'FailedOver';
end
$$;
