-- An append, which is what orders wait for under load, does less for each event: one look at each stream, and arrays walked
-- side by side in the select list, where nothing is put by, as it is for functions in a from clause.

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

    -- A stream that has moved on shows its true head, one that is not so far yet nothing.
    select exists (
        select
        from (
            select
                unnest(expected_types) as type,
                unnest(expected_ids) as id,
                unnest(expected_sequences) as sequence
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

    return query select head.position + cardinality(event_ids), recorded;
end
$$;
