-- Which providers was each order tried at, why there, and what became of it?
--
-- streams: each by itself
-- folds: AttemptStarted, AttemptPlaced, AttemptRefused, AttemptInDoubt, AttemptNotSent, AttemptSettled, DuplicateFound
-- folds: DoubtGivenUp, DoubtCleared
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
-- ignores: EvidenceRead, ProviderDeclaredExclusive, ProviderDeclaredShared, ServiceDoubtPolicySet

create table attempts (
    attempt_id   uuid primary key,
    order_id     uuid not null,
    number       int not null,
    provider_id  uuid not null,
    service_id   uuid not null,
    -- STARTED, PLACED, REFUSED, IN_DOUBT, or NOT_PLACED: nothing was sent, or evidence showed that it was not taken.
    outcome      text not null,
    -- Since when.
    since        timestamptz not null,
    -- Whether its order goes on or has ended, as its service's policy says, though it is in doubt.
    given_up     boolean not null,
    -- What a refusal lets us do.
    class        text,
    reason       text,
    -- The first that is known: a second one for the same attempt is a duplicate, which `reason` names.
    api_order_id text,
    -- Time to the last answer, in milliseconds.
    response_ms  bigint,
    started_at   timestamptz not null,
    -- Where the journal has its `AttemptStarted`: the decision stands there, larger than all of this.
    started_position bigint not null
);

create unique index on attempts (order_id, number);

-- What a provider holds or may hold, by its own ids.
create index on attempts (provider_id, api_order_id) where outcome in ('STARTED', 'PLACED', 'IN_DOUBT');

-- What is not decided yet, and what was decided lately.
create index on attempts (provider_id, started_at) where outcome in ('STARTED', 'IN_DOUBT');
create index on attempts (started_at) where outcome = 'IN_DOUBT';
create index on attempts (provider_id, since) where outcome = 'PLACED';

-- What was turned away because its link was busy.
create index on attempts (provider_id, started_at) where class = 'link_busy';

-- Every id under which a provider holds an order that exists elsewhere, too.
create table duplicates (
    provider_id  uuid not null,
    api_order_id text not null,
    -- Which attempt led to it.
    attempt_id   uuid not null,
    primary key (provider_id, api_order_id)
);

-- The rows that a batch touches are mostly the newest, in memory: looked up one by one, at any size of the table.
create function fold(after_position bigint, upto_position bigint) returns void
language plpgsql set plan_cache_mode = force_custom_plan set random_page_cost = 1.1 as $$
begin
    with answers as (
        select
            (payload ->> 'attempt_id')::uuid as attempt_id,
            position,
            event_type,
            aggregate_id,
            payload,
            recorded_at,
            payload ->> 'api_order_id' as api_order_id,
            (payload ->> 'response_ms')::bigint as response_ms
        from events
        where position > after_position
            and position <= upto_position
            and event_type in (
                'AttemptStarted', 'AttemptPlaced', 'AttemptRefused', 'AttemptInDoubt', 'AttemptNotSent',
                'AttemptSettled', 'DoubtGivenUp', 'DoubtCleared', 'DuplicateFound'
            )
    ),
    -- In one pass over each attempt's events: a sort for each thing that is asked of them would cost more than the rest.
    gathered as (
        select
            attempt_id,
            event_type,
            aggregate_id,
            payload,
            recorded_at as since,
            lead(position) over attempt is null as is_latest,
            -- Nothing where the attempt started before this range.
            first_value(case when event_type = 'AttemptStarted' then payload end) over attempt as started,
            first_value(position) over attempt as started_position,
            array_agg(api_order_id) filter (where api_order_id is not null) over attempt as api_order_ids,
            array_agg(response_ms) filter (where response_ms is not null) over attempt as responses
        from answers
        window attempt as (partition by attempt_id order by position rows unbounded preceding)
    ),
    latest as materialized (
        select
            attempt_id,
            aggregate_id,
            started,
            started_position,
            case event_type
                when 'AttemptStarted' then 'STARTED'
                when 'AttemptRefused' then 'REFUSED'
                when 'AttemptInDoubt' then 'IN_DOUBT'
                when 'AttemptNotSent' then 'NOT_PLACED'
                when 'DoubtGivenUp' then 'IN_DOUBT'
                when 'DoubtCleared' then 'NOT_PLACED'
                when 'AttemptSettled' then payload ->> 'settled_as'
                else 'PLACED'
            end as outcome,
            since,
            event_type = 'DoubtGivenUp' as given_up,
            payload ->> 'class' as class,
            case event_type
                when 'AttemptNotSent' then 'not sent: ' || (payload ->> 'reason')
                when 'AttemptSettled' then 'settled: ' || (payload ->> 'note')
                when 'DoubtCleared' then 'settled: ' || (payload ->> 'note')
                when 'DoubtGivenUp' then 'in doubt, and given up after ' || (payload ->> 'after_minutes') || ' minutes'
                when 'DuplicateFound' then 'duplicate: the provider holds it as ' || (payload ->> 'api_order_id')
                else payload ->> 'reason'
            end as reason,
            api_order_ids[1] as api_order_id,
            responses[cardinality(responses)] as response_ms
        from gathered
        where is_latest
    ),
    inserted as (
        insert into attempts (
            attempt_id, order_id, number, provider_id, service_id, outcome, since, given_up, class, reason, api_order_id,
            response_ms, started_at, started_position
        )
        select
            attempt_id,
            aggregate_id::uuid,
            (started ->> 'attempt')::int,
            (started ->> 'provider_id')::uuid,
            (started ->> 'service_id')::uuid,
            outcome,
            since,
            given_up,
            class,
            reason,
            api_order_id,
            response_ms,
            (started ->> 'started_at')::timestamptz,
            started_position
        from latest
        where started is not null
    ),
    twice as (
        insert into duplicates (provider_id, api_order_id, attempt_id)
        select distinct on (1, 2)
            (payload ->> 'provider_id')::uuid,
            payload ->> 'api_order_id',
            (payload ->> 'attempt_id')::uuid
        from events
        where position > after_position
            and position <= upto_position
            and event_type = 'DuplicateFound'
        order by 1, 2, position
        on conflict do nothing
    )
    update attempts
    set outcome = latest.outcome,
        since = latest.since,
        given_up = latest.given_up,
        class = latest.class,
        reason = latest.reason,
        api_order_id = coalesce(attempts.api_order_id, latest.api_order_id),
        response_ms = coalesce(latest.response_ms, attempts.response_ms)
    from latest
    where attempts.attempt_id = latest.attempt_id
        and started is null;
end
$$;
