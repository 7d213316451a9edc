-- A read model is found by the schema that holds its tables: one that an analyst adds keeps its schema when its text changes.
alter table projection_checkpoints add column schema_name text;

update projection_checkpoints set schema_name = name || '_' || hash;

alter table projection_checkpoints
    drop constraint projection_checkpoints_pkey,
    add primary key (schema_name);

-- Schemas beside which a copy is being built. Who builds holds an advisory lock besides: a row without it is what a dead
-- process left, and its copy is swept.
create table projection_rebuilds (
    schema_name text primary key
);
