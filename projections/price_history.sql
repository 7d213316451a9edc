-- What did each service cost at its provider, what did customers pay for it, and since when?
--
-- folds: ServiceImported, ServiceRepriced, ServicePriceSet, ServiceIdReused
-- ignores: ServiceChanged, ServiceDelisted, ServiceRelisted
-- ignores: ServiceEnabled, ServiceDisabled, ServiceRecategorised, ServiceStrategySet
-- ignores: ServiceMapped, ServiceUnmapped, ServiceRetired
-- ignores: ProviderAdded, ProviderRenamed, ProviderUrlChanged, ProviderPriorityChanged, ProviderKeyReplaced
-- ignores: ProviderActivated, ProviderDeactivated, ProviderDeleted, ConnectionTestSucceeded, ConnectionTestFailed
-- ignores: SyncStarted, SyncCompleted, SyncFailed
-- ignores: OrderPlaced, AttemptStarted, AttemptPlaced, AttemptRefused, AttemptInDoubt, AttemptNotSent, FailedOver
-- ignores: AttemptSettled, DuplicateFound, OrderDeferred, OrderFailed
-- ignores: OrderStatusChanged, UnknownStatusSeen, RefillRequested, RefillRefused, RefillStatusChanged
-- ignores: CancelRequested, CancelRefused
-- ignores: Reserved, ReservationReleased
-- ignores: RankingChanged
-- ignores: ProviderSyncIntervalSet, PriceMoveNoticed, DelistingNoticed
-- ignores: ServiceLinkLockSet, ServiceRemainderSet
-- ignores: LinkAwaited, RemainderOrdered, RemainderNotOrdered, RemainderStatusChanged
-- ignores: RefusalTextReclassified
-- ignores: ProviderDescribed, ProviderDialectChanged, ProviderLimitsChanged
-- ignores: ProviderSuspended, ProbeFailed, ProviderHalfOpened, TrialStarted, TrialReleased, ProviderResumed
-- ignores: ServiceSuspended, ServiceResumed, ServiceWaitLimitSet

create table price_history (
    service_id uuid not null,
    position   bigint not null,
    -- Per 1000, in the provider's currency.
    rate       numeric not null,
    -- Per 1000.
    price      numeric not null,
    at         timestamptz not null,
    primary key (service_id, position)
);

create function fold(after_position bigint, upto_position bigint) returns void
language plpgsql set plan_cache_mode = force_custom_plan as $$
begin
    with changes as (
        select
            aggregate_id::uuid as service_id,
            position,
            (payload ->> 'rate')::numeric as rate,
            (payload ->> 'price')::numeric as price,
            recorded_at as at
        from events
        where position > after_position
            and position <= upto_position
            and event_type in ('ServiceImported', 'ServiceRepriced', 'ServicePriceSet', 'ServiceIdReused')
    ),
    -- What is known comes first: an operator's price says nothing of the rate.
    points as (
        select known.service_id, known.position, known.rate, known.price, known.at
        from (select distinct service_id from changes) as touched
        cross join lateral (
            select *
            from price_history
            where price_history.service_id = touched.service_id
            order by position desc
            limit 1
        ) as known
        union all
        select service_id, position, rate, price, at
        from changes
    ),
    -- Each rate, and the prices that were set while it held.
    spans as (
        select *, count(rate) over (partition by service_id order by position) as span
        from points
    ),
    carried as (
        select
            service_id,
            position,
            first_value(rate) over (partition by service_id, span order by position) as rate,
            price,
            at
        from spans
    )
    insert into price_history (service_id, position, rate, price, at)
    select service_id, position, rate, price, at
    from carried
    where position > after_position;
end
$$;
