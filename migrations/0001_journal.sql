-- The journal: every event that ever happened, in one gapless order.

-- The columns up to `metadata` are the table that a stock `PostgresEventRepository` reads.
create table events (
    aggregate_type text not null,
    aggregate_id   text not null,
    sequence       bigint not null check (sequence >= 1),
    event_type     text not null,
    event_version  text not null,
    payload        jsonb not null,
    metadata       jsonb not null,
    position       bigint not null,
    recorded_at    timestamptz not null,
    event_id       uuid not null,
    primary key (aggregate_type, aggregate_id, sequence)
);

create unique index events_position on events (position);

-- An appender that lost its connection at COMMIT looks here for what became of its events.
create unique index events_event_id on events (event_id);

-- Providers and services are few among millions of events, and every start reads all of theirs.
create index events_catalogue on events (position) where aggregate_type in ('provider', 'service');

-- `events(filter: {types})` reads the newest of a type without passing over the rest.
create index events_type on events (event_type, position);

-- Where the journal ends. The one row is also the lock that puts appends in order.
create table journal_head (
    only_row    boolean primary key default true check (only_row),
    position    bigint not null,
    recorded_at timestamptz not null
) with (fillfactor = 10);

insert into journal_head (position, recorded_at) values (0, '-infinity');

-- Takes the lock and returns the head. A statement of its own: what runs after it sees all that was committed before.
create function lock_journal() returns journal_head
language plpgsql volatile as $$
declare
    head journal_head;
begin
    -- A commit that is acknowledged must be on disk, whatever the session's default.
    if current_setting('synchronous_commit') in ('off', 'local') then
        perform set_config('synchronous_commit', 'on', true);
    end if;
    select * into strict head from journal_head for update;
    return head;
end
$$;

-- Returns the true head of each stream named.
create function stream_heads(aggregate_types text[], aggregate_ids text[])
returns table (aggregate_type text, aggregate_id text, sequence bigint)
language sql stable as $$
    select stream.type, stream.id, (
        select coalesce(max(e.sequence), 0)
        from events e
        where e.aggregate_type = stream.type and e.aggregate_id = stream.id
    )
    from unnest(aggregate_types, aggregate_ids) as stream (type, id)
$$;

-- Appends events to streams whose heads are as expected, all or none.
--
-- Returns the position of the last event and its time; or, where a stream's head is not as expected, nothing at all.
-- A clock that has stepped back makes time stand still, so that no later event seems to be an earlier one. Where it would
-- stand still for more than ten seconds, or what the setting `signalbox.clock_tolerance` says instead, nothing is recorded.
--
-- `expected_*` names each stream once. The other arrays hold the events in the order in which they are to stand.
create function append_events(
    expected_types text[], expected_ids text[], expected_sequences bigint[],
    aggregate_types text[], aggregate_ids text[], sequences bigint[],
    event_types text[], event_versions text[], payloads text[], metadatas text[], event_ids uuid[]
) returns table (last_position bigint, at timestamptz)
language plpgsql volatile as $$
declare
    head journal_head := lock_journal();
    tolerance interval := coalesce(nullif(current_setting('signalbox.clock_tolerance', true), ''), '10 s');
    recorded timestamptz := greatest(clock_timestamp(), head.recorded_at);
    moved boolean;
begin
    if recorded > clock_timestamp() + tolerance then
        raise exception using
            errcode = 'object_not_in_prerequisite_state',
            message = format(
                'the database''s clock is %s behind the journal''s last event: set it right',
                justify_hours(date_trunc('second', head.recorded_at - clock_timestamp()))
            );
    end if;

    select exists (
        select
        from unnest(expected_types, expected_ids, expected_sequences) as expected (type, id, sequence)
        where expected.sequence <> (
            select coalesce(max(e.sequence), 0)
            from events e
            where e.aggregate_type = expected.type and e.aggregate_id = expected.id
        )
    ) into moved;
    if moved then
        return;
    end if;

    insert into events
    select e.aggregate_type, e.aggregate_id, e.sequence, e.event_type, e.event_version,
           e.payload::jsonb, e.metadata::jsonb, head.position + e.place, recorded, e.event_id
    from unnest(
        aggregate_types, aggregate_ids, sequences, event_types, event_versions, payloads, metadatas, event_ids
    ) with ordinality as e (
        aggregate_type, aggregate_id, sequence, event_type, event_version, payload, metadata, event_id, place
    );

    update journal_head
    set position = head.position + cardinality(event_ids), recorded_at = recorded;

    return query select head.position + cardinality(event_ids), recorded;
end
$$;
