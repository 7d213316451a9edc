-- An append touches as little as it can: one entry fewer for each event, and one look less for each stream.

-- An appender that lost its connection at COMMIT finds its events by their streams.
drop index events_event_id;

-- Appends events to streams whose heads are as expected, all or none.
--
-- Returns the position of the last event and its time; or, where a stream's head is not as expected, nothing at all.
-- A clock that has stepped back makes time stand still, so that no later event seems to be an earlier one. Where it would
-- stand still for more than ten seconds, or what the setting `signalbox.clock_tolerance` says instead, nothing is recorded.
--
-- `expected_*` names each stream once. The other arrays hold the events in the order in which they are to stand.
create or replace function append_events(
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

    -- Whoever stands at a stream's head sees an event there and none behind it.
    select exists (
        select
        from unnest(expected_types, expected_ids, expected_sequences) as expected (type, id, sequence)
        where
            (
                select e.sequence
                from events e
                where e.aggregate_type = expected.type
                    and e.aggregate_id = expected.id
                    and e.sequence = expected.sequence + 1
            ) is not null
            or expected.sequence > 0 and (
                select e.sequence
                from events e
                where e.aggregate_type = expected.type
                    and e.aggregate_id = expected.id
                    and e.sequence = expected.sequence
            ) is null
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
