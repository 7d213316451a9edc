-- How did attempts at each provider come out, and which failures were of which class and in which words: on each UTC day,
-- and in each minute of the last days?
--
-- folds: AttemptStarted, AttemptPlaced, AttemptRefused, AttemptInDoubt, AttemptNotSent, AttemptSettled, DuplicateFound
-- folds: DoubtCleared, RefusalTextReclassified
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
-- ignores: ProviderDescribed, ProviderDialectChanged, ProviderLimitsChanged
-- ignores: ProviderSuspended, ProbeFailed, ProviderHalfOpened, TrialStarted, TrialReleased, ProviderResumed
-- ignores: ServiceSuspended, ServiceResumed, ServiceWaitLimitSet
-- ignores: EvidenceRead, DoubtGivenUp, ProviderDeclaredExclusive, ProviderDeclaredShared, ServiceDoubtPolicySet

-- Which ledger a class belongs to is said in Rust alone, `RefusalClass::ledger`. Here a failure keeps the class under
-- which it was recorded, beside the words that it was told from; what these words mean now stands once, in
-- `reclassified_texts`, and goes before. So a reclassification reaches all figures of the past at once.
create table reclassified_texts (
    text  text primary key,
    class text not null
);

-- The attempts that started on a day and count as failed or in doubt now. `class` is that of the refusal; for those in
-- doubt, and settled as not placed after it, `doubt` where the provider answered an error, else `no_answer`. `text` is
-- empty where nothing was told in words.
create table failure_days (
    provider_id uuid not null,
    day         date not null,
    class       text not null,
    text        text not null,
    count       bigint not null,
    primary key (provider_id, day, class, text)
) with (fillfactor = 50);

-- The same by the minute of the start, with what was placed, and the answers with a known duration: kept for over a week
-- back from the last attempt. `outcome` is PLACED, FAILED or IN_DOUBT; without a failure `class` and `text` are empty.
create table attempt_minutes (
    provider_id     uuid not null,
    minute          timestamptz not null,
    outcome         text not null,
    class           text not null,
    text            text not null,
    count           bigint not null,
    response_count  bigint not null,
    response_ms_sum bigint not null,
    primary key (provider_id, minute, outcome, class, text)
) with (fillfactor = 50);

-- What each event made of its attempt, of which the highest is the latest word: 16 * position plus 1 for placed, 2 for failed,
-- 4 for in doubt, and nothing for an attempt that does not count. The journal is the fold's memory: an attempt that has more
-- to say is looked up in its order's stream, so that it can count as something else from then on.
create view reports as
select
    position,
    aggregate_type,
    aggregate_id as order_id,
    payload ->> 'attempt_id' as attempt_id,
    payload ->> 'provider_id' as provider_id,
    -- Of the start. The journal has instants in UTC.
    case when event_type = 'AttemptStarted' then left(payload ->> 'started_at', 16) end as minute,
    16 * position + case
        when event_type in ('AttemptStarted', 'AttemptNotSent') then 0
        when event_type = 'AttemptPlaced' then 1
        when event_type = 'AttemptInDoubt' then 4
        when event_type in ('AttemptRefused', 'DoubtCleared') or payload ->> 'settled_as' = 'NOT_PLACED' then 2
        else 1
    end as word,
    -- The highest is the latest.
    case
        when event_type in ('AttemptRefused', 'AttemptInDoubt') then array[
            lpad(position::text, 19, '0'),
            case
                when event_type = 'AttemptRefused' then payload ->> 'class'
                when payload ->> 'text' is not null then 'doubt'
                else 'no_answer'
            end,
            coalesce(payload ->> 'text', '')
        ]
    end as failure,
    -- The lowest is the first answer's; a duration has 28 bits, three days.
    case
        when event_type in ('AttemptPlaced', 'AttemptRefused')
            then position << 28 | (payload ->> 'response_ms')::bigint
    end as answer
from events
where event_type in (
    'AttemptStarted', 'AttemptPlaced', 'AttemptRefused', 'AttemptInDoubt', 'AttemptNotSent', 'AttemptSettled',
    'DoubtCleared', 'DuplicateFound'
);

-- The UTC day on which the last attempt up to a position was started, by the journal. What is kept depends on it, and not on
-- where a range ends, since ranges differ from one rebuild to the next.
create function day_of_last_start(upto_position bigint) returns date
language sql stable as $$
    select (recorded_at at time zone 'UTC')::date
    from events
    where event_type = 'AttemptStarted'
        and position <= upto_position
    order by position desc
    limit 1
$$;

create function fold(after_position bigint, upto_position bigint) returns void
language plpgsql set plan_cache_mode = force_custom_plan set random_page_cost = 1.1 as $$
declare
    last_day  date := day_of_last_start(upto_position);
    day_ended boolean := last_day is distinct from day_of_last_start(after_position);
    kept_from timestamptz := (last_day - 8)::timestamp at time zone 'UTC';
    shrunk    boolean;
begin
    insert into reclassified_texts (text, class)
    select distinct on (payload ->> 'text') payload ->> 'text', payload ->> 'class'
    from events
    where position > after_position
        and position <= upto_position
        and event_type = 'RefusalTextReclassified'
    order by payload ->> 'text', position desc
    on conflict (text) do update
    set class = excluded.class;

    with latest as materialized (
        select
            order_id,
            attempt_id,
            provider_id,
            max(minute) as minute,
            max(word) as word,
            max(failure) as failure,
            min(answer) as answer
        from reports
        where position > after_position
            and position <= upto_position
        group by order_id, attempt_id, provider_id
    ),
    -- Those that started before this range.
    earlier as materialized (
        select
            provider_id,
            known.*,
            latest.word as now_word,
            coalesce(latest.failure, known.failure) as now_failure,
            coalesce(known.answer, latest.answer) as now_answer
        from latest
        cross join lateral (
            select max(minute) as minute, max(word) as word, max(failure) as failure, min(answer) as answer
            from reports
            where reports.aggregate_type = 'order'
                and reports.order_id = latest.order_id
                and reports.attempt_id = latest.attempt_id
                and position <= after_position
        ) as known
        where latest.minute is null
    ),
    moved as (
        select provider_id, minute, word, failure, answer, 1 as count
        from latest
        where minute is not null
        union all
        select provider_id, minute, now_word, now_failure, now_answer, 1
        from earlier
        union all
        select provider_id, minute, word, failure, answer, -1
        from earlier
    ),
    counted as materialized (
        select
            provider_id::uuid,
            (minute || 'Z')::timestamptz as minute,
            case word & 7 when 1 then 'PLACED' when 2 then 'FAILED' else 'IN_DOUBT' end as outcome,
            case word & 7 when 1 then '' else coalesce(failure[2], 'no_answer') end as class,
            case word & 7 when 1 then '' else coalesce(failure[3], '') end as text,
            sum(count) as count,
            coalesce(sum(count) filter (where answer is not null), 0) as response_count,
            coalesce(sum(count * (answer & (1 << 28) - 1)), 0) as response_ms_sum
        from moved
        where word & 7 > 0
        group by moved.provider_id, moved.minute, 3, 4, 5
    ),
    by_day as (
        insert into failure_days as known (provider_id, day, class, text, count)
        select provider_id, (minute at time zone 'UTC')::date, class, text, sum(count)
        from counted
        where outcome <> 'PLACED'
        group by 1, 2, 3, 4
        having sum(count) <> 0
        on conflict (provider_id, day, class, text) do update
        set count = known.count + excluded.count
    ),
    by_minute as (
        insert into attempt_minutes as known (
            provider_id, minute, outcome, class, text, count, response_count, response_ms_sum
        )
        select provider_id, minute, outcome, class, text, count, response_count, response_ms_sum
        from counted
        where minute >= kept_from
            and (count, response_count, response_ms_sum) <> (0, 0, 0)
        on conflict (provider_id, minute, outcome, class, text) do update
        set count = known.count + excluded.count,
            response_count = known.response_count + excluded.response_count,
            response_ms_sum = known.response_ms_sum + excluded.response_ms_sum
    )
    select exists (select from earlier where word & 7 > 0)
    into shrunk;

    if shrunk then
        delete from failure_days where count = 0;
        delete from attempt_minutes where count = 0;
    end if;
    if day_ended then
        delete from attempt_minutes where minute < kept_from;
    end if;
end
$$;
