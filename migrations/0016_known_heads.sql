-- An appender knows where the streams end that it has moved itself: they need no look while nobody else appends.

drop function append_events(
    text[], text[], bigint[], text[], text[], bigint[], text[], text[], text[], text[], uuid[]
);

-- Appends events to streams whose heads are as expected, all or none.
--
-- Returns the position of the last event and its time; or, where a stream's head is not as expected, nothing at all.
-- A clock that has stepped back makes time stand still, so that no later event seems to be an earlier one. Where it would
-- stand still for more than ten seconds, or what the setting `signalbox.clock_tolerance` says instead, nothing is recorded.
--
-- `expected_*` names each stream once. The other arrays hold the events in the order in which they are to stand.
--
-- The last `known_streams` of the expected were there when the journal ended at `known_position`, at `known_at`: where it
-- still does, as `followed` then tells, they are there now. An earlier version of the program says nothing of them.
create function append_events(
    expected_types text[], expected_ids text[], expected_sequences bigint[],
    aggregate_types text[], aggregate_ids text[], sequences bigint[],
    event_types text[], event_versions text[], payloads text[], metadatas text[], event_ids uuid[],
    known_position bigint default null, known_at timestamptz default null, known_streams integer default 0
) returns table (last_position bigint, at timestamptz, followed boolean)
language plpgsql volatile as $$
declare
    head journal_head := lock_journal();
    follows boolean := (head.position, head.recorded_at) is not distinct from (known_position, known_at);
    unsure integer := cardinality(expected_ids) - case when follows then coalesce(known_streams, 0) else 0 end;
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

    if unsure > 0 then
        -- A stream that has moved on shows its true head, one that is not so far yet nothing.
        select exists (
            select
            from (
                select
                    unnest(expected_types[:unsure]) as type,
                    unnest(expected_ids[:unsure]) as id,
                    unnest(expected_sequences[:unsure]) as sequence
            ) as expected
            where expected.sequence <> coalesce((
                select e.sequence
                from events e
                where e.aggregate_type = expected.type
                    and e.aggregate_id = expected.id
                    and e.sequence >= expected.sequence
                order by e.sequence desc
                limit 1
            ), 0)
        ) into moved;
        if moved then
            return;
        end if;
    end if;

    insert into events
    select
        unnest(aggregate_types),
        unnest(aggregate_ids),
        unnest(sequences),
        unnest(event_types),
        unnest(event_versions),
        unnest(payloads)::jsonb,
        unnest(metadatas)::jsonb,
        head.position + generate_series(1, cardinality(event_ids)),
        recorded,
        unnest(event_ids);

    update journal_head
    set position = head.position + cardinality(event_ids), recorded_at = recorded;

    return query select head.position + cardinality(event_ids), recorded, follows;
end
$$;
