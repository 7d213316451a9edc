-- What was looked at to find out what became of each attempt in doubt?
--
-- folds: EvidenceRead
-- ignores: DoubtGivenUp, DoubtCleared
-- ignores: OrderPlaced, AttemptStarted, AttemptPlaced, AttemptRefused, AttemptInDoubt, AttemptNotSent, FailedOver
-- ignores: AttemptSettled, DuplicateFound, OrderDeferred, OrderFailed
-- ignores: OrderStatusChanged, UnknownStatusSeen, RefillRequested, RefillRefused, RefillStatusChanged
-- ignores: CancelRequested, CancelRefused
-- ignores: ProviderAdded, ProviderRenamed, ProviderUrlChanged, ProviderPriorityChanged, ProviderKeyReplaced
-- ignores: ProviderActivated, ProviderDeactivated, ProviderDeleted, ConnectionTestSucceeded, ConnectionTestFailed
-- ignores: ProviderDeclaredExclusive, ProviderDeclaredShared
-- ignores: RankingChanged
-- ignores: ServiceImported, ServiceRepriced, ServiceChanged, ServiceDelisted, ServiceRelisted, ServiceIdReused
-- ignores: ServiceEnabled, ServiceDisabled, ServicePriceSet, ServiceRecategorised, ServiceStrategySet
-- ignores: ServiceMapped, ServiceUnmapped, ServiceRetired, ServiceDoubtPolicySet
-- ignores: SyncStarted, SyncCompleted, SyncFailed
-- ignores: Reserved, ReservationReleased
-- ignores: ProviderSyncIntervalSet, PriceMoveNoticed, DelistingNoticed
-- ignores: ServiceLinkLockSet, ServiceRemainderSet
-- ignores: LinkAwaited, RemainderOrdered, RemainderNotOrdered, RemainderStatusChanged
-- ignores: RefusalTextReclassified
-- ignores: ProviderDescribed, ProviderDialectChanged, ProviderLimitsChanged
-- ignores: ProviderSuspended, ProbeFailed, ProviderHalfOpened, TrialStarted, TrialReleased, ProviderResumed
-- ignores: ServiceSuspended, ServiceResumed, ServiceWaitLimitSet
-- ignores: BalanceRead, LowBalanceNoticed, LowBalanceEnded, ProviderDownNoticed, ProviderDownEnded, CallsSummed

create table evidence (
    position   bigint primary key,
    attempt_id uuid not null,
    -- In the words of `EvidenceSource`.
    asked      text not null,
    answered   text not null,
    follows    text not null,
    at         timestamptz not null
);

create index on evidence (attempt_id, position);

create function fold(after_position bigint, upto_position bigint) returns void
language plpgsql set plan_cache_mode = force_custom_plan as $$
begin
    insert into evidence (position, attempt_id, asked, answered, follows, at)
    select
        position,
        (payload ->> 'attempt_id')::uuid,
        payload ->> 'asked',
        payload ->> 'answered',
        payload ->> 'follows',
        recorded_at
    from events
    where position > after_position
        and position <= upto_position
        and event_type = 'EvidenceRead';
end
$$;
