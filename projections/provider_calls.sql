-- How many calls did each provider get in each UTC hour, by action, how long did they take, and how did some fail?
--
-- folds: CallsSummed
-- ignores: ProviderAdded, ProviderRenamed, ProviderUrlChanged, ProviderPriorityChanged, ProviderKeyReplaced
-- ignores: ProviderActivated, ProviderDeactivated, ProviderDeleted, ConnectionTestSucceeded, ConnectionTestFailed
-- ignores: BalanceRead, LowBalanceNoticed, LowBalanceEnded, ProviderDownNoticed, ProviderDownEnded
-- ignores: RankingChanged, ProviderSyncIntervalSet
-- ignores: ProviderSuspended, ProbeFailed, ProviderHalfOpened, TrialStarted, TrialReleased, ProviderResumed
-- ignores: ServiceSuspended, ServiceResumed, ServiceWaitLimitSet
-- ignores: ServiceImported, ServiceRepriced, ServiceChanged, ServiceDelisted, ServiceRelisted, ServiceIdReused
-- ignores: ServiceEnabled, ServiceDisabled, ServicePriceSet, ServiceRecategorised, ServiceStrategySet
-- ignores: ServiceMapped, ServiceUnmapped, ServiceRetired, PriceMoveNoticed, DelistingNoticed
-- ignores: SyncStarted, SyncCompleted, SyncFailed
-- ignores: OrderPlaced, AttemptStarted, AttemptPlaced, AttemptRefused, AttemptInDoubt, AttemptNotSent, FailedOver
-- ignores: AttemptSettled, DuplicateFound, OrderDeferred, OrderFailed
-- ignores: OrderStatusChanged, UnknownStatusSeen, RefillRequested, RefillRefused, RefillStatusChanged
-- ignores: CancelRequested, CancelRefused
-- ignores: Reserved, ReservationReleased
-- ignores: ServiceLinkLockSet, ServiceRemainderSet
-- ignores: EvidenceRead, DoubtGivenUp, DoubtCleared, ServiceDoubtPolicySet
-- ignores: ProviderDeclaredExclusive, ProviderDeclaredShared
-- ignores: LinkAwaited, RemainderOrdered, RemainderNotOrdered, RemainderStatusChanged
-- ignores: RefusalTextReclassified
-- ignores: ProviderDescribed, ProviderDialectChanged, ProviderLimitsChanged

create table provider_call_hours (
    provider_id     uuid not null,
    hour            timestamptz not null,
    -- In the panel API's word.
    action          text not null,
    calls           bigint not null,
    failed          bigint not null,
    duration_ms_sum bigint not null,
    primary key (provider_id, hour, action)
) with (fillfactor = 50);

create table provider_call_failures (
    provider_id uuid not null,
    hour        timestamptz not null,
    action      text not null,
    -- In the word of `CallFailureKind`.
    kind        text not null,
    count       bigint not null,
    primary key (provider_id, hour, action, kind)
) with (fillfactor = 50);

-- Times by size, in the numbers of `DurationBucket`.
create table provider_call_durations (
    provider_id uuid not null,
    hour        timestamptz not null,
    action      text not null,
    bucket      int not null,
    count       bigint not null,
    primary key (provider_id, hour, action, bucket)
) with (fillfactor = 50);

create function fold(after_position bigint, upto_position bigint) returns void
language plpgsql set plan_cache_mode = force_custom_plan as $$
begin
    with summed as materialized (
        select
            (payload ->> 'provider_id')::uuid as provider_id,
            date_trunc('hour', (payload ->> 'minute')::timestamptz, 'UTC') as hour,
            sums ->> 'action' as action,
            sums
        from events
        cross join jsonb_array_elements(payload -> 'actions') as sums
        where position > after_position
            and position <= upto_position
            and event_type = 'CallsSummed'
    ),
    failures as (
        select provider_id, hour, action, failure ->> 'kind' as kind, sum((failure ->> 'count')::bigint)::bigint as count
        from summed
        cross join jsonb_array_elements(sums -> 'failures') as failure
        group by provider_id, hour, action, failure ->> 'kind'
    ),
    failed as (
        select provider_id, hour, action, sum(count)::bigint as failed
        from failures
        group by provider_id, hour, action
    ),
    counted as (
        select
            provider_id,
            hour,
            action,
            sum((sums ->> 'calls')::bigint)::bigint as calls,
            sum((sums ->> 'duration_ms_sum')::bigint)::bigint as duration_ms_sum
        from summed
        group by provider_id, hour, action
    ),
    by_failure as (
        insert into provider_call_failures as known (provider_id, hour, action, kind, count)
        select provider_id, hour, action, kind, count
        from failures
        on conflict (provider_id, hour, action, kind) do update
        set count = known.count + excluded.count
    ),
    by_duration as (
        insert into provider_call_durations as known (provider_id, hour, action, bucket, count)
        select
            provider_id,
            hour,
            action,
            (duration ->> 'bucket')::int,
            sum((duration ->> 'count')::bigint)::bigint
        from summed
        cross join jsonb_array_elements(sums -> 'durations') as duration
        group by provider_id, hour, action, (duration ->> 'bucket')::int
        on conflict (provider_id, hour, action, bucket) do update
        set count = known.count + excluded.count
    )
    insert into provider_call_hours as known (provider_id, hour, action, calls, failed, duration_ms_sum)
    select provider_id, hour, action, calls, coalesce(failed, 0), duration_ms_sum
    from counted
    left join failed using (provider_id, hour, action)
    on conflict (provider_id, hour, action) do update
    set calls = known.calls + excluded.calls,
        failed = known.failed + excluded.failed,
        duration_ms_sum = known.duration_ms_sum + excluded.duration_ms_sum;
end
$$;
