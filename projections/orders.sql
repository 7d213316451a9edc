-- What was ordered, and where does each order stand now?
--
-- streams: each by itself
-- folds: OrderPlaced, AttemptStarted, AttemptPlaced, AttemptRefused, AttemptInDoubt, AttemptNotSent, AttemptSettled
-- folds: OrderDeferred, LinkAwaited, OrderFailed, OrderStatusChanged, DoubtGivenUp
-- folds: RemainderOrdered, RemainderNotOrdered, RemainderStatusChanged
-- ignores: FailedOver, DuplicateFound
-- ignores: UnknownStatusSeen, RefillRequested, RefillRefused, RefillStatusChanged, CancelRequested, CancelRefused
-- ignores: ProviderAdded, ProviderRenamed, ProviderUrlChanged, ProviderPriorityChanged, ProviderKeyReplaced
-- ignores: ProviderActivated, ProviderDeactivated, ProviderDeleted, ConnectionTestSucceeded, ConnectionTestFailed
-- ignores: RankingChanged
-- ignores: ServiceImported, ServiceRepriced, ServiceChanged, ServiceDelisted, ServiceRelisted, ServiceIdReused
-- ignores: ServiceEnabled, ServiceDisabled, ServicePriceSet, ServiceRecategorised, ServiceStrategySet
-- ignores: ServiceMapped, ServiceUnmapped, ServiceRetired
-- ignores: SyncStarted, SyncCompleted, SyncFailed
-- ignores: Reserved, ReservationReleased
-- ignores: ProviderSyncIntervalSet, PriceMoveNoticed, DelistingNoticed
-- ignores: BalanceRead, LowBalanceNoticed, LowBalanceEnded, ProviderDownNoticed, ProviderDownEnded, CallsSummed
-- ignores: ServiceLinkLockSet, ServiceRemainderSet
-- ignores: RefusalTextReclassified
-- ignores: ProviderDescribed, ProviderDialectChanged, ProviderLimitsChanged
-- ignores: ProviderSuspended, ProbeFailed, ProviderHalfOpened, TrialStarted, TrialReleased, ProviderResumed
-- ignores: ServiceSuspended, ServiceResumed, ServiceWaitLimitSet
-- ignores: EvidenceRead, DoubtCleared, ProviderDeclaredExclusive, ProviderDeclaredShared, ServiceDoubtPolicySet

create table orders (
    order_id        uuid primary key,
    number          bigint not null,
    placed_position bigint not null,
    account         text not null,
    service_id      uuid not null,
    link            text not null,
    quantity        bigint not null,
    charge          numeric not null,
    -- QUEUED: no provider holds it, though one may be being asked. IN_DOUBT, FAILED; or how far the provider is that holds
    -- it: PENDING, PROCESSING, IN_PROGRESS, COMPLETED, PARTIAL, CANCELED. With what was ordered for its remainder, how far
    -- all of it is; then `status_there` is how far the order itself is at its provider.
    status          text not null,
    status_there    text,
    -- Who is being asked, may hold it or holds it.
    provider_id     uuid,
    api_order_id    text,
    -- Not tried again before.
    waits_until     timestamptz,
    waiting_reason  text,
    -- The customer's order of which it orders the remainder; and why its own remainder was not ordered.
    parent_id       uuid,
    remainder_reason text,
    -- What that provider says of it: its own word, its charge in its own currency, and its counts.
    provider_status text,
    cost            numeric,
    cost_currency   text,
    start_count     bigint,
    remains         bigint,
    -- Since when that provider holds it, and since when it has said nothing new.
    held_since      timestamptz,
    unchanged_since timestamptz,
    created_at      timestamptz not null
);

create index on orders (number);
create index on orders (placed_position);

-- Each also serves its page of newest first; that of the status, the queue of what is to be dispatched.
create index on orders (provider_id, placed_position);
create index on orders (service_id, placed_position);
create index on orders (status, placed_position);
create index on orders (link, placed_position);

-- The orders for a remainder, oldest first.
create index on orders (parent_id, placed_position) where parent_id is not null;

-- What has ended lately, and is still looked at now and then; also where its remainder has not.
create index on orders (unchanged_since) where status in ('COMPLETED', 'PARTIAL', 'CANCELED');
create index on orders (unchanged_since) where status_there is not null;

-- The rows that a batch touches are mostly the newest, in memory: looked up one by one, at any size of the table.
create function fold(after_position bigint, upto_position bigint) returns void
language plpgsql set plan_cache_mode = force_custom_plan set random_page_cost = 1.1 as $$
begin
    with changes as (
        select
            aggregate_id::uuid as order_id,
            position,
            event_type,
            payload,
            recorded_at,
            case
                when event_type = 'AttemptPlaced' then 'PENDING'
                when event_type = 'AttemptSettled' and payload ->> 'settled_as' = 'PLACED' then 'PENDING'
                when event_type = 'AttemptInDoubt' then 'IN_DOUBT'
                when event_type = 'OrderFailed' then 'FAILED'
                when event_type = 'OrderStatusChanged' then payload ->> 'status'
                else 'QUEUED'
            end as status
        from events
        where position > after_position
            and position <= upto_position
            and event_type in (
                'OrderPlaced', 'AttemptStarted', 'AttemptPlaced', 'AttemptRefused', 'AttemptInDoubt', 'AttemptNotSent',
                'AttemptSettled', 'DoubtGivenUp', 'OrderDeferred', 'LinkAwaited', 'OrderFailed', 'OrderStatusChanged'
            )
    ),
    -- In one pass over each order's events: a join of two lists of orders would be planned as if they were short.
    gathered as (
        select
            *,
            lead(position) over stream is null as is_latest,
            min(recorded_at) filter (
                where event_type in ('AttemptPlaced', 'AttemptSettled') and status = 'PENDING'
            ) over stream as held_since,
            first_value(position) over stream as placed_position,
            first_value(recorded_at) over stream as created_at,
            -- Nothing where the order was placed before this range.
            first_value(case when event_type = 'OrderPlaced' then payload end) over stream as placed
        from changes
        window stream as (partition by order_id order by position rows unbounded preceding)
    ),
    -- Each of these events says all there is to say of where the order stands.
    latest as materialized (
        select
            order_id,
            placed,
            placed_position,
            created_at,
            held_since,
            status,
            case
                when status not in ('QUEUED', 'FAILED') or event_type = 'AttemptStarted'
                    then (payload ->> 'provider_id')::uuid
            end as provider_id,
            payload ->> 'api_order_id' as api_order_id,
            (payload ->> 'until')::timestamptz as waits_until,
            case when event_type in ('OrderDeferred', 'LinkAwaited') then payload ->> 'reason' end as waiting_reason,
            payload ->> 'provider_status' as provider_status,
            payload ->> 'currency' as cost_currency,
            -- The charge in `OrderPlaced` is what the customer pays.
            case when event_type = 'OrderStatusChanged' then (payload ->> 'charge')::numeric end as cost,
            (payload ->> 'start_count')::bigint as start_count,
            (payload ->> 'remains')::bigint as remains,
            case when status not in ('QUEUED', 'IN_DOUBT', 'FAILED') then recorded_at end as unchanged_since
        from gathered
        where is_latest
    ),
    inserted as (
        insert into orders (
            order_id, number, placed_position, account, service_id, link, quantity, charge, status, provider_id,
            api_order_id, waits_until, waiting_reason, parent_id, provider_status, cost, cost_currency, start_count,
            remains, held_since, unchanged_since, created_at
        )
        select
            order_id,
            (placed ->> 'number')::bigint,
            placed_position,
            placed ->> 'account',
            (placed ->> 'service_id')::uuid,
            placed ->> 'link',
            (placed ->> 'quantity')::bigint,
            (placed ->> 'charge')::numeric,
            status,
            provider_id,
            api_order_id,
            waits_until,
            waiting_reason,
            (placed -> 'remainder_of' ->> 'parent')::uuid,
            provider_status,
            cost,
            cost_currency,
            start_count,
            remains,
            held_since,
            unchanged_since,
            created_at
        from latest
        where placed is not null
    )
    update orders
    set status = latest.status,
        provider_id = latest.provider_id,
        api_order_id = latest.api_order_id,
        waits_until = latest.waits_until,
        waiting_reason = latest.waiting_reason,
        provider_status = latest.provider_status,
        cost = latest.cost,
        cost_currency = latest.cost_currency,
        start_count = latest.start_count,
        remains = latest.remains,
        held_since = coalesce(orders.held_since, latest.held_since),
        unchanged_since = latest.unchanged_since
    from latest
    where orders.order_id = latest.order_id
        and placed is null;

    -- How an order stands with what was ordered for its remainder. Once something was, each status of it says so too; before
    -- that ever happened there is nothing to look for.
    if exists (
        select
        from events
        where event_type in ('RemainderOrdered', 'RemainderNotOrdered')
            and position <= upto_position
    ) then
        with wholes as (
            select
                aggregate_id::uuid as order_id,
                (array_agg(payload -> 'overall' order by position desc) filter (where payload ? 'overall'))[1] as overall,
                (array_agg(payload ->> 'reason' order by position desc)
                    filter (where event_type = 'RemainderNotOrdered'))[1] as reason,
                bool_or(event_type = 'OrderStatusChanged') as is_told_there
            from events
            where position > after_position
                and position <= upto_position
                and (
                    event_type in ('RemainderOrdered', 'RemainderNotOrdered', 'RemainderStatusChanged')
                    or event_type = 'OrderStatusChanged' and payload ? 'overall'
                )
            group by aggregate_id
        )
        update orders
        set status = coalesce(overall ->> 'status', status),
            status_there = case
                when overall is null then status_there
                when is_told_there then status
                else coalesce(status_there, status)
            end,
            remains = coalesce((overall ->> 'remains')::bigint, remains),
            remainder_reason = coalesce(wholes.reason, remainder_reason)
        from wholes
        where orders.order_id = wholes.order_id;
    end if;
end
$$;
