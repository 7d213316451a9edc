-- How did each provider do on each UTC day: how many attempts started, what became of them, how quick were the answers?
--
-- ranges: in any order
-- folds: AttemptStarted, AttemptPlaced, AttemptRefused, AttemptInDoubt, AttemptNotSent, AttemptSettled, DuplicateFound
-- folds: DoubtCleared
-- ignores: OrderPlaced, FailedOver, OrderDeferred, OrderFailed
-- ignores: ProviderAdded, ProviderRenamed, ProviderUrlChanged, ProviderPriorityChanged, ProviderKeyReplaced
-- ignores: ProviderActivated, ProviderDeactivated, ProviderDeleted, ConnectionTestSucceeded, ConnectionTestFailed
-- ignores: RankingChanged
-- ignores: ServiceImported, ServiceRepriced, ServiceChanged, ServiceDelisted, ServiceRelisted, ServiceIdReused
-- ignores: ServiceEnabled, ServiceDisabled, ServicePriceSet, ServiceRecategorised, ServiceStrategySet
-- ignores: ServiceMapped, ServiceUnmapped, ServiceRetired
-- ignores: SyncStarted, SyncCompleted, SyncFailed
-- ignores: OrderStatusChanged, UnknownStatusSeen, RefillRequested, RefillRefused, RefillStatusChanged
-- ignores: CancelRequested, CancelRefused
-- ignores: Reserved, ReservationReleased
-- ignores: ProviderSyncIntervalSet, PriceMoveNoticed, DelistingNoticed
-- ignores: BalanceRead, LowBalanceNoticed, LowBalanceEnded, ProviderDownNoticed, ProviderDownEnded, CallsSummed
-- ignores: ServiceLinkLockSet, ServiceRemainderSet
-- ignores: LinkAwaited, RemainderOrdered, RemainderNotOrdered, RemainderStatusChanged
-- ignores: RefusalTextReclassified
-- ignores: ProviderDescribed, ProviderDialectChanged, ProviderLimitsChanged
-- ignores: ProviderSuspended, ProbeFailed, ProviderHalfOpened, TrialStarted, TrialReleased, ProviderResumed
-- ignores: ServiceSuspended, ServiceResumed, ServiceWaitLimitSet
-- ignores: EvidenceRead, DoubtGivenUp, ProviderDeclaredExclusive, ProviderDeclaredShared, ServiceDoubtPolicySet

-- The attempts that started on a day, by what they count as now. One that was never sent does not count at all.
-- The pages keep room, so that the day's row is updated in place at every batch.
create table provider_days (
    provider_id     uuid not null,
    day             date not null,
    total           bigint not null,
    placed          bigint not null,
    -- Refused, or settled as not placed; `ledgers` says for which reasons.
    failed          bigint not null,
    in_doubt        bigint not null,
    -- Placements and refusals with a known duration: the first of each attempt.
    response_count  bigint not null,
    response_ms_sum bigint not null,
    last_success    timestamptz,
    last_failure    timestamptz,
    primary key (provider_id, day)
) with (fillfactor = 50);

-- How many of those answers took about so long. Bucket b holds the durations over 1.1^(b-1) and up to 1.1^b ms.
create table provider_latency_buckets (
    provider_id uuid not null,
    day         date not null,
    bucket      int not null,
    count       bigint not null,
    primary key (provider_id, day, bucket)
) with (fillfactor = 50);

-- What each event made its attempt count as, of which the highest position is the latest word: 16 * position plus 1 for an
-- attempt that counts, 2 for placed, 4 for failed, 8 for in doubt. The journal is the fold's memory: an attempt that has more
-- to say is looked up in its order's stream, so that it can count as something else from then on.
create view answers as
select
    position,
    aggregate_type,
    aggregate_id as order_id,
    payload ->> 'attempt_id' as attempt_id,
    -- Of the start. The journal has instants in UTC.
    case when event_type = 'AttemptStarted' then payload ->> 'provider_id' end as provider_id,
    case when event_type = 'AttemptStarted' then left(payload ->> 'started_at', 10) end as day,
    16 * position + case
        when event_type = 'AttemptStarted' then 1
        when event_type = 'AttemptPlaced' then 1 + 2
        when event_type = 'AttemptInDoubt' then 1 + 8
        when event_type = 'AttemptNotSent' then 0
        when event_type in ('AttemptRefused', 'DoubtCleared') or payload ->> 'settled_as' = 'NOT_PLACED' then 1 + 4
        else 1 + 2
    end as word,
    -- The lowest is the first answer's; a duration has 28 bits, three days.
    case
        when event_type in ('AttemptPlaced', 'AttemptRefused')
            then position << 28 | (payload ->> 'response_ms')::bigint
    end as answer,
    recorded_at
from events
where event_type in (
    'AttemptStarted', 'AttemptPlaced', 'AttemptRefused', 'AttemptInDoubt', 'AttemptNotSent', 'AttemptSettled',
    'DoubtCleared', 'DuplicateFound'
);

-- What an attempt's events up to some position said.
create type heard as (provider_id text, day text, word bigint, answer bigint);

create function latency_bucket(response_ms bigint) returns int
language sql immutable as $$
    select ceil(ln(greatest(response_ms, 1)::float8) / ln(1.1::float8))::int
$$;

-- The duration in ms under which a share (0 to 1) of a provider's answers stayed, off by at most 5 %; null without any.
-- `provider_latency(provider_id, day, day, 0.95)` is the p95 of one day.
create function provider_latency(of_provider uuid, first_day date, last_day date, share float8) returns float8
language sql stable
-- Bound to these tables, whatever has their names when it is called.
begin atomic
    with counts as (
        select bucket, sum(count) as count
        from provider_latency_buckets
        where provider_id = of_provider
            and day between first_day and last_day
        group by bucket
    ),
    ranked as (
        select bucket, sum(count) over (order by bucket) as rank, sum(count) over () as total
        from counts
    )
    select 2 * 1.1::float8 ^ bucket / 2.1
    from ranked
    where rank >= share * total
    order by bucket
    limit 1;
end;

-- Tells whether a row says nothing, so that to be without it is the same, whatever is folded next.
create function is_empty(day provider_days) returns boolean
language sql immutable
return day.total = 0
    and day.placed = 0
    and day.failed = 0
    and day.in_doubt = 0
    and day.response_count = 0
    and day.last_success is null
    and day.last_failure is null;

create function fold(after_position bigint, upto_position bigint) returns void
language plpgsql set plan_cache_mode = force_custom_plan set random_page_cost = 1.1
-- By pages, not by rows: what a range holds lies together. Counted by hash: days are fewer than the planner takes them for;
-- what it puts on the price of sorting all the same is no reason to compile.
set enable_indexscan = off set enable_sort = off set jit = off as $$
declare
    emptied boolean;
begin
    with latest as (
        select
            order_id,
            attempt_id,
            max(provider_id) as provider_id,
            max(day) as day,
            max(word) as word,
            min(answer) & (1 << 28) - 1 as response_ms,
            max(recorded_at) filter (where word & 2 > 0) as last_success,
            max(recorded_at) filter (where word & 4 > 0) as last_failure
        -- What stands behind `offset 0` is worked out once for each event, however often it is used.
        from (
            select *
            from answers
            where position > after_position
                and position <= upto_position
            offset 0
        ) as answered
        group by order_id, attempt_id
    ),
    moved as (
        select
            coalesce(provider_id, (earlier).provider_id) as provider_id,
            coalesce(day, (earlier).day) as day,
            coalesce((earlier).word, 0) as counted_as,
            word,
            case when (earlier).answer is null then response_ms end as response_ms,
            last_success,
            last_failure
        from (
            select
                *,
                -- Of those that started before this range.
                case when day is null then (
                    select row(max(provider_id), max(day), max(word), min(answer))::heard
                    from answers
                    where answers.aggregate_type = 'order'
                        and answers.order_id = latest.order_id
                        and answers.attempt_id = latest.attempt_id
                        and position <= after_position
                ) end as earlier
            from latest
            offset 0
        ) as known
    ),
    counted as materialized (
        select
            provider_id::uuid,
            day::date,
            latency_bucket(response_ms) as bucket,
            sum((word & 1) - (counted_as & 1)) as total,
            sum((word >> 1 & 1) - (counted_as >> 1 & 1)) as placed,
            sum((word >> 2 & 1) - (counted_as >> 2 & 1)) as failed,
            sum((word >> 3 & 1) - (counted_as >> 3 & 1)) as in_doubt,
            count(response_ms) as response_count,
            sum(response_ms) as response_ms_sum,
            max(last_success) as last_success,
            max(last_failure) as last_failure
        from moved
        group by moved.provider_id, moved.day, latency_bucket(response_ms)
    ),
    timed as (
        insert into provider_latency_buckets as known (provider_id, day, bucket, count)
        select provider_id, day, bucket, response_count
        from counted
        where response_count > 0
        order by 1, 2, 3
        on conflict (provider_id, day, bucket) do update
        set count = known.count + excluded.count
    ),
    counted_days as (
        insert into provider_days as known (
            provider_id, day, total, placed, failed, in_doubt, response_count, response_ms_sum, last_success,
            last_failure
        )
        select
            provider_id,
            day,
            sum(total),
            sum(placed),
            sum(failed),
            sum(in_doubt),
            sum(response_count),
            coalesce(sum(response_ms_sum), 0),
            max(last_success),
            max(last_failure)
        from counted
        group by provider_id, day
        order by 1, 2
        on conflict (provider_id, day) do update
        set total = known.total + excluded.total,
            placed = known.placed + excluded.placed,
            failed = known.failed + excluded.failed,
            in_doubt = known.in_doubt + excluded.in_doubt,
            response_count = known.response_count + excluded.response_count,
            response_ms_sum = known.response_ms_sum + excluded.response_ms_sum,
            last_success = greatest(known.last_success, excluded.last_success),
            last_failure = greatest(known.last_failure, excluded.last_failure)
        returning known as day
    )
    select coalesce(bool_or(is_empty(day)), false) into emptied from counted_days;

    -- A day on which nothing was sent is a day without an attempt.
    if emptied then
        delete from provider_days as known where is_empty(known);
    end if;
end
$$;
