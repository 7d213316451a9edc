-- Which error texts do providers answer orders with, what does each mean, and who said so?
--
-- folds: AttemptRefused, AttemptInDoubt, RefusalTextReclassified
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
-- ignores: ServiceLinkLockSet, ServiceRemainderSet
-- ignores: LinkAwaited, RemainderOrdered, RemainderNotOrdered, RemainderStatusChanged
-- ignores: ProviderDescribed, ProviderDialectChanged, ProviderLimitsChanged
-- ignores: ProviderSuspended, ProbeFailed, ProviderHalfOpened, TrialStarted, TrialReleased, ProviderResumed
-- ignores: ServiceSuspended, ServiceResumed, ServiceWaitLimitSet

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
    -- Of the last event about it.
    last_position   bigint not null
);

create index on error_texts (last_position);

create table error_text_providers (
    text        text not null,
    provider_id uuid not null,
    count       bigint not null,
    last_at     timestamptz not null,
    primary key (text, provider_id)
);

create function fold(after_position bigint, upto_position bigint) returns void
language plpgsql set plan_cache_mode = force_custom_plan as $$
begin
    with told as materialized (
        select
            position,
            recorded_at,
            event_type = 'RefusalTextReclassified' as by_word,
            payload ->> 'text' as text,
            coalesce(payload ->> 'class', 'doubt') as class,
            payload ->> 'said_by' as said_by,
            payload ->> 'note' as note,
            (payload ->> 'provider_id')::uuid as provider_id
        from events
        where position > after_position
            and position <= upto_position
            and event_type in ('AttemptRefused', 'AttemptInDoubt', 'RefusalTextReclassified')
            and payload ->> 'text' is not null
    ),
    met as (
        insert into error_text_providers as known (text, provider_id, count, last_at)
        select text, provider_id, count(*), max(recorded_at)
        from told
        where not by_word
        group by text, provider_id
        on conflict (text, provider_id) do update
        set count = known.count + excluded.count,
            last_at = excluded.last_at
    ),
    latest as (
        select
            text,
            (array_agg(class order by position desc))[1] as taken_for,
            (array_agg(class order by position desc) filter (where by_word))[1] as class,
            (array_agg(said_by order by position desc) filter (where by_word))[1] as said_by,
            (array_agg(note order by position desc) filter (where by_word))[1] as note,
            max(recorded_at) filter (where by_word) as reclassified_at,
            count(*) filter (where not by_word) as count,
            max(recorded_at) filter (where not by_word) as last_at,
            max(position) as last_position
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
        latest.last_position
    from latest
    left join error_texts as before using (text)
    on conflict (text) do update
    set class = excluded.class,
        by_operator = excluded.by_operator,
        note = excluded.note,
        reclassified_at = excluded.reclassified_at,
        count = known.count + excluded.count,
        last_at = coalesce(excluded.last_at, known.last_at),
        last_position = excluded.last_position;
end
$$;
