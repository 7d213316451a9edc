-- What has happened that an operator should know of, newest last?
--
-- folds: PriceMoveNoticed, DelistingNoticed, ServiceIdReused
-- folds: SyncFailed
-- folds: UnknownStatusSeen, DuplicateFound, OrderFailed
-- folds: LowBalanceNoticed, LowBalanceEnded, ProviderDownNoticed, ProviderDownEnded
-- folds: ProviderDeactivated, ProviderDeleted
-- ignores: ProviderAdded, ProviderRenamed, ProviderUrlChanged, ProviderPriorityChanged, ProviderKeyReplaced
-- ignores: ProviderActivated, ConnectionTestSucceeded, ConnectionTestFailed
-- ignores: ServiceImported, ServiceRepriced, ServiceChanged, ServiceDelisted, ServiceRelisted
-- ignores: ServiceEnabled, ServiceDisabled, ServicePriceSet, ServiceRecategorised, ServiceStrategySet
-- ignores: ServiceMapped, ServiceUnmapped, ServiceRetired
-- ignores: SyncStarted, SyncCompleted
-- ignores: OrderPlaced, AttemptStarted, AttemptPlaced, AttemptRefused, AttemptInDoubt, AttemptNotSent, FailedOver
-- ignores: AttemptSettled, OrderDeferred
-- ignores: OrderStatusChanged, RefillRequested, RefillRefused, RefillStatusChanged
-- ignores: CancelRequested, CancelRefused
-- ignores: Reserved, ReservationReleased
-- ignores: RankingChanged
-- ignores: ProviderSyncIntervalSet
-- ignores: BalanceRead, CallsSummed
-- ignores: ServiceLinkLockSet, ServiceRemainderSet
-- ignores: LinkAwaited, RemainderOrdered, RemainderNotOrdered, RemainderStatusChanged
-- ignores: RefusalTextReclassified
-- ignores: ProviderDescribed, ProviderDialectChanged, ProviderLimitsChanged
-- folds: ProviderSuspended, ServiceSuspended
-- ignores: ProbeFailed, ProviderHalfOpened, TrialStarted, TrialReleased, ProviderResumed
-- ignores: ServiceResumed, ServiceWaitLimitSet
-- ignores: EvidenceRead, DoubtGivenUp, DoubtCleared, ProviderDeclaredExclusive, ProviderDeclaredShared, ServiceDoubtPolicySet

create table alerts (
    position       bigint primary key,
    -- In the words of `AlertKind`.
    kind           text not null,
    provider_id    uuid,
    service_id     uuid,
    order_id       uuid,
    message        text not null,
    at             timestamptz not null,
    -- By which event it was over, of one that lasts.
    ended_position bigint,
    ended_at       timestamptz
);

create index on alerts (ended_position) where ended_position is not null;
create index on alerts (provider_id, kind) where kind in ('LOW_BALANCE', 'PROVIDER_DOWN') and ended_position is null;

-- `0.90` as `0.9`.
create function amount(payload jsonb, field text) returns text
language sql immutable as $$
    select trim_scale((payload ->> field)::numeric)::text
$$;

create function price_move(payload jsonb) returns text
language sql immutable as $$
    select 'the rate went from ' || amount(payload, 'previous_rate') || ' to ' || amount(payload, 'rate')
        || case
            when share is null then ''
            else ' (' || case when share > 0 then '+' else '' end || round(share / 10000, 1) || ' %)'
        end
        || '; customers pay ' || amount(payload, 'price')
    from (select (payload ->> 'move_ppm')::numeric as share) as moved
$$;

create function delisting(payload jsonb) returns text
language sql immutable as $$
    select 'for sale, and no longer in the provider''s list; '
        || case payload ->> 'backups'
            when '0' then 'no backup is mapped, so it cannot be ordered'
            when '1' then 'orders can go to its backup alone'
            else 'orders can go to its ' || (payload ->> 'backups') || ' backups alone'
        end
$$;

create function low_balance(payload jsonb) returns text
language sql immutable as $$
    select 'our balance there is ' || amount(payload, 'balance') || coalesce(' ' || (payload ->> 'currency'), '')
        || case payload ->> 'runway_hours'
            when '0' then '; at the present pace it is spent within the hour'
            when '1' then '; at the present pace it lasts for an hour'
            else coalesce('; at the present pace it lasts for ' || (payload ->> 'runway_hours') || ' hours', '')
        end
$$;

create function fold(after_position bigint, upto_position bigint) returns void
language plpgsql set plan_cache_mode = force_custom_plan as $$
begin
    insert into alerts (position, kind, provider_id, service_id, order_id, message, at)
    select
        position,
        case event_type
            when 'PriceMoveNoticed' then 'PRICE_MOVED'
            when 'DelistingNoticed' then 'SERVICE_DELISTED'
            when 'ServiceIdReused' then 'SERVICE_ID_REUSED'
            when 'SyncFailed' then 'SYNC_FAILED'
            when 'UnknownStatusSeen' then 'UNKNOWN_STATUS'
            when 'DuplicateFound' then 'DUPLICATE_FOUND'
            when 'LowBalanceNoticed' then 'LOW_BALANCE'
            when 'ProviderDownNoticed' then 'PROVIDER_DOWN'
            when 'ProviderSuspended' then 'PROVIDER_SUSPENDED'
            when 'ServiceSuspended' then 'SERVICE_SUSPENDED'
        end,
        case event_type
            when 'ProviderSuspended' then aggregate_id::uuid
            when 'ServiceIdReused' then (
                select (imported.payload ->> 'provider_id')::uuid
                from events as imported
                where imported.aggregate_type = 'service'
                    and imported.aggregate_id = noticed.aggregate_id
                    and imported.sequence = 1
            )
            when 'LowBalanceNoticed' then aggregate_id::uuid
            when 'ProviderDownNoticed' then aggregate_id::uuid
            else (payload ->> 'provider_id')::uuid
        end,
        case aggregate_type when 'service' then aggregate_id::uuid end,
        case aggregate_type when 'order' then aggregate_id::uuid end,
        case event_type
            when 'PriceMoveNoticed' then price_move(payload)
            when 'DelistingNoticed' then delisting(payload)
            when 'ServiceIdReused' then format(
                'the id was `%s` and is now `%s`: off sale until somebody has looked',
                payload ->> 'previous_name',
                payload ->> 'name'
            )
            when 'SyncFailed' then 'the sync of the catalogue failed: ' || coalesce(payload -> 'errors' ->> 0, 'no reason given')
            when 'UnknownStatusSeen' then format(
                'the provider calls the %s `%s`, a word that nobody knows',
                case when payload ->> 'refill_id' is null then 'order' else 'refill' end,
                payload ->> 'provider_status'
            )
            when 'DuplicateFound' then format(
                'the provider holds the order as %s, though %s',
                payload ->> 'api_order_id',
                case
                    when exists (
                        select
                        from events as failed
                        where failed.aggregate_type = 'order'
                            and failed.aggregate_id = noticed.aggregate_id
                            and failed.sequence < noticed.sequence
                            and failed.event_type = 'OrderFailed'
                    ) then 'it had failed and its charge was given back'
                    else 'it had gone on elsewhere: it exists twice'
                end
            )
            when 'LowBalanceNoticed' then low_balance(payload)
            when 'ProviderDownNoticed' then format(
                '%s balance calls on end have failed: %s',
                payload ->> 'failed_calls',
                payload ->> 'reason'
            )
            when 'ProviderSuspended' then 'no orders go to the provider: ' || (payload ->> 'reason')
            when 'ServiceSuspended' then 'the provider refuses the service, though its list has it: '
                || (payload ->> 'reason')
        end,
        recorded_at
    from events as noticed
    where position > after_position
        and position <= upto_position
        and event_type in (
            'PriceMoveNoticed', 'DelistingNoticed', 'ServiceIdReused', 'SyncFailed', 'UnknownStatusSeen',
            'DuplicateFound', 'LowBalanceNoticed', 'ProviderDownNoticed', 'ProviderSuspended', 'ServiceSuspended'
        )
        -- What an operator did is no news, and neither is a rest that was asked for, or that it has not passed yet.
        and not (
            event_type = 'ProviderSuspended'
            and (payload ->> 'cause' in ('operator', 'retry_after') or (payload ->> 'trips')::int > 1)
        );

    -- An alert that lasts is over by the first event after it that ends its kind.
    with endings as (
        select distinct on (lasting.position)
            lasting.position,
            ending.position as ended_position,
            ending.recorded_at as ended_at
        from events as ending
        join alerts as lasting
            on lasting.provider_id = ending.aggregate_id::uuid
            and lasting.position < ending.position
            and lasting.ended_position is null
            and lasting.kind in ('LOW_BALANCE', 'PROVIDER_DOWN')
            and case ending.event_type
                when 'LowBalanceEnded' then lasting.kind = 'LOW_BALANCE'
                when 'ProviderDownEnded' then lasting.kind = 'PROVIDER_DOWN'
                -- Nobody looks at it any more.
                else true
            end
        where ending.position > after_position
            and ending.position <= upto_position
            and ending.event_type in (
                'LowBalanceEnded', 'ProviderDownEnded', 'ProviderDeactivated', 'ProviderDeleted'
            )
        order by lasting.position, ending.position
    )
    update alerts
    set ended_position = endings.ended_position,
        ended_at = endings.ended_at
    from endings
    where alerts.position = endings.position;
end
$$;
