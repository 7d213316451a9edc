-- Which error texts do providers answer orders and other calls with, what does each mean, and who said so?
--
-- folds: AttemptRefused, AttemptInDoubt, RefusalTextReclassified, CallsSummed
-- ignores: AttemptStarted, AttemptPlaced, AttemptNotSent, AttemptSettled, DuplicateFound
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
-- ignores: BalanceRead, LowBalanceNoticed, LowBalanceEnded, ProviderDownNoticed, ProviderDownEnded
-- ignores: ServiceLinkLockSet, ServiceRemainderSet
-- ignores: LinkAwaited, RemainderOrdered, RemainderNotOrdered, RemainderStatusChanged
-- ignores: ProviderDescribed, ProviderDialectChanged, ProviderLimitsChanged
-- ignores: ProviderSuspended, ProbeFailed, ProviderHalfOpened, TrialStarted, TrialReleased, ProviderResumed
-- ignores: ServiceSuspended, ServiceResumed, ServiceWaitLimitSet
-- ignores: EvidenceRead, DoubtGivenUp, DoubtCleared, ProviderDeclaredExclusive, ProviderDeclaredShared, ServiceDoubtPolicySet

create table error_texts (
    -- As texts are compared: whole, in lower case, `#` for each number.
    text            text primary key,
    -- In the words of `TextClass`: what an operator says, else what the text was last taken for.
    class           text not null,
    by_operator     boolean not null,
    -- Of the last reclassification.
    note            text,
    reclassified_at timestamptz,
    -- Attempts that were answered with it.
    count           bigint not null,
    last_at         timestamptz,
    -- Calls that were no order's.
    call_count      bigint not null,
    -- The minute in which the last of them ended.
    call_last_at    timestamptz,
    -- Of the last event about it, and of the texts in that: 64 times its position, and the text's place. One event of calls
    -- has several texts, and pages need a key of each.
    page_key        bigint not null
);

create unique index on error_texts (page_key);

create table error_text_providers (
    text        text not null,
    provider_id uuid not null,
    count       bigint not null,
    last_at     timestamptz not null,
    primary key (text, provider_id)
);

create table error_text_calls (
    text        text not null,
    provider_id uuid not null,
    -- In the panel API's word.
    action      text not null,
    count       bigint not null,
    last_at     timestamptz not null,
    primary key (text, provider_id, action)
);

create function fold(after_position bigint, upto_position bigint) returns void
language plpgsql set plan_cache_mode = force_custom_plan as $$
begin
    with told as materialized (
        select
            case event_type when 'RefusalTextReclassified' then 'word' else 'attempt' end as source,
            position * 64 as page_key,
            recorded_at as at,
            payload ->> 'text' as text,
            coalesce(payload ->> 'class', 'doubt') as class,
            payload ->> 'said_by' as said_by,
            payload ->> 'note' as note,
            (payload ->> 'provider_id')::uuid as provider_id,
            null as action,
            1::bigint as count
        from events
        where position > after_position
            and position <= upto_position
            and event_type in ('AttemptRefused', 'AttemptInDoubt', 'RefusalTextReclassified')
            and payload ->> 'text' is not null
        union all
        select
            'call',
            position * 64 + row_number() over (partition by position order by sums ->> 'action', met ->> 'text'),
            (payload ->> 'minute')::timestamptz,
            met ->> 'text',
            met ->> 'class',
            null,
            null,
            (payload ->> 'provider_id')::uuid,
            sums ->> 'action',
            (met ->> 'count')::bigint
        from events
        cross join jsonb_array_elements(payload -> 'actions') as sums
        cross join jsonb_array_elements(sums -> 'texts') as met
        where position > after_position
            and position <= upto_position
            and event_type = 'CallsSummed'
    ),
    met_by_attempts as (
        insert into error_text_providers as known (text, provider_id, count, last_at)
        select text, provider_id, sum(count)::bigint, max(at)
        from told
        where source = 'attempt'
        group by text, provider_id
        on conflict (text, provider_id) do update
        set count = known.count + excluded.count,
            last_at = excluded.last_at
    ),
    met_by_calls as (
        insert into error_text_calls as known (text, provider_id, action, count, last_at)
        select text, provider_id, action, sum(count)::bigint, max(at)
        from told
        where source = 'call'
        group by text, provider_id, action
        on conflict (text, provider_id, action) do update
        set count = known.count + excluded.count,
            -- A minute that the database did not take at first comes after later ones.
            last_at = greatest(known.last_at, excluded.last_at)
    ),
    latest as (
        select
            text,
            (array_agg(class order by page_key desc))[1] as taken_for,
            (array_agg(class order by page_key desc) filter (where source = 'word'))[1] as class,
            (array_agg(said_by order by page_key desc) filter (where source = 'word'))[1] as said_by,
            (array_agg(note order by page_key desc) filter (where source = 'word'))[1] as note,
            max(at) filter (where source = 'word') as reclassified_at,
            coalesce(sum(count) filter (where source = 'attempt'), 0)::bigint as count,
            max(at) filter (where source = 'attempt') as last_at,
            coalesce(sum(count) filter (where source = 'call'), 0)::bigint as call_count,
            max(at) filter (where source = 'call') as call_last_at,
            max(page_key) as page_key
        from told
        group by text
    )
    insert into error_texts as known
    select
        latest.text,
        case
            when coalesce(latest.said_by = 'operator', before.by_operator, false)
                then coalesce(latest.class, before.class)
            else latest.taken_for
        end,
        coalesce(latest.said_by = 'operator', before.by_operator, false),
        coalesce(latest.note, before.note),
        coalesce(latest.reclassified_at, before.reclassified_at),
        latest.count,
        latest.last_at,
        latest.call_count,
        latest.call_last_at,
        latest.page_key
    from latest
    left join error_texts as before using (text)
    on conflict (text) do update
    set class = excluded.class,
        by_operator = excluded.by_operator,
        note = excluded.note,
        reclassified_at = excluded.reclassified_at,
        count = known.count + excluded.count,
        last_at = coalesce(excluded.last_at, known.last_at),
        call_count = known.call_count + excluded.call_count,
        call_last_at = greatest(known.call_last_at, excluded.call_last_at),
        page_key = excluded.page_key;
end
$$;
