-- How did each provider's last attempts end, and when was what set aside and put back to work?
--
-- folds: AttemptPlaced, AttemptRefused, AttemptInDoubt
-- folds: ProviderSuspended, ProbeFailed, ProviderHalfOpened, ProviderResumed
-- folds: ServiceSuspended, ServiceResumed
-- ignores: TrialStarted, TrialReleased, ServiceWaitLimitSet
-- ignores: ProviderAdded, ProviderRenamed, ProviderUrlChanged, ProviderPriorityChanged, ProviderKeyReplaced
-- ignores: ProviderSyncIntervalSet, RankingChanged
-- ignores: ProviderActivated, ProviderDeactivated, ProviderDeleted, ConnectionTestSucceeded, ConnectionTestFailed
-- ignores: ServiceImported, ServiceRepriced, ServiceChanged, ServiceDelisted, ServiceRelisted, ServiceIdReused
-- ignores: ServiceEnabled, ServiceDisabled, ServicePriceSet, ServiceRecategorised, ServiceStrategySet
-- ignores: ServiceMapped, ServiceUnmapped, ServiceRetired
-- ignores: PriceMoveNoticed, DelistingNoticed
-- ignores: SyncStarted, SyncCompleted, SyncFailed
-- ignores: OrderPlaced, AttemptStarted, AttemptNotSent, FailedOver
-- ignores: AttemptSettled, DuplicateFound, OrderDeferred, OrderFailed
-- ignores: OrderStatusChanged, UnknownStatusSeen, RefillRequested, RefillRefused, RefillStatusChanged
-- ignores: CancelRequested, CancelRefused
-- ignores: Reserved, ReservationReleased
-- ignores: ServiceLinkLockSet, ServiceRemainderSet
-- ignores: LinkAwaited, RemainderOrdered, RemainderNotOrdered, RemainderStatusChanged
-- ignores: RefusalTextReclassified
-- ignores: ProviderDescribed, ProviderDialectChanged, ProviderLimitsChanged

create table provider_outcomes (
    provider_id uuid primary key,
    -- Its last twenty attempts that it has to answer for, the latest last: `+` placed, `-` failed.
    recent      text not null
);

create table provider_health_log (
    position    bigint primary key,
    provider_id uuid not null,
    -- Null: it is about the whole provider.
    service_id  uuid,
    -- SUSPENDED, PROBE_FAILED, HALF_OPENED or RESUMED.
    change      text not null,
    reason      text,
    until       timestamptz,
    at          timestamptz not null
);

create index on provider_health_log (provider_id, position);

create function fold(after_position bigint, upto_position bigint) returns void
language plpgsql set plan_cache_mode = force_custom_plan as $$
begin
    with ended as (
        select
            (payload ->> 'provider_id')::uuid as provider_id,
            position,
            case event_type when 'AttemptPlaced' then '+' else '-' end as mark
        from events
        where position > after_position
            and position <= upto_position
            and case event_type
                when 'AttemptPlaced' then true
                -- What the customer asked for, and what concerns one service alone, is not the provider's failure.
                when 'AttemptRefused' then payload ->> 'class' not in ('quantity', 'link', 'link_busy', 'service_gone')
                -- Without a duration it was this program that ended.
                when 'AttemptInDoubt' then payload ->> 'response_ms' is not null
                else false
            end
    )
    insert into provider_outcomes (provider_id, recent)
    select provider_id, right(string_agg(mark, '' order by position), 20)
    from ended
    group by provider_id
    on conflict (provider_id) do update
    set recent = right(provider_outcomes.recent || excluded.recent, 20);

    insert into provider_health_log (position, provider_id, service_id, change, reason, until, at)
    select
        position,
        case aggregate_type
            when 'provider' then aggregate_id::uuid
            else (
                select (imported.payload ->> 'provider_id')::uuid
                from events as imported
                where imported.aggregate_type = 'service'
                    and imported.aggregate_id = changed.aggregate_id
                    and imported.sequence = 1
            )
        end,
        case aggregate_type when 'service' then aggregate_id::uuid end,
        case event_type
            when 'ProviderSuspended' then 'SUSPENDED'
            when 'ServiceSuspended' then 'SUSPENDED'
            when 'ProbeFailed' then 'PROBE_FAILED'
            when 'ProviderHalfOpened' then 'HALF_OPENED'
            else 'RESUMED'
        end,
        case
            when event_type in ('ProviderResumed', 'ServiceResumed') then case payload ->> 'by'
                when 'TRIAL' then 'it took the order that tried it'
                when 'SYNC' then 'its list has it'
                else 'an operator said so'
            end
            else payload ->> 'reason'
        end,
        (payload ->> 'until')::timestamptz,
        recorded_at
    from events as changed
    where position > after_position
        and position <= upto_position
        and event_type in (
            'ProviderSuspended', 'ProbeFailed', 'ProviderHalfOpened', 'ProviderResumed', 'ServiceSuspended',
            'ServiceResumed'
        );
end
$$;
