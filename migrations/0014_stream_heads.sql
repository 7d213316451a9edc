-- Returns the true heads of the streams named, in their order; 0 for one that has no event.
--
-- Planned once a session, and not by how few events there are then: planning a question for one stream takes longer than
-- the answer. It stands in place of `stream_heads`, which an earlier version of the program may still be asking.
create function heads_of_streams(aggregate_types text[], aggregate_ids text[]) returns bigint[]
language plpgsql stable set plan_cache_mode = force_generic_plan set enable_seqscan = off as $$
begin
    return array(
        select (
            select coalesce(max(e.sequence), 0)
            from events e
            where e.aggregate_type = stream.type and e.aggregate_id = stream.id
        )
        from unnest(aggregate_types, aggregate_ids) with ordinality as stream (type, id, place)
        order by place
    );
end
$$;
