-- How far each read model has folded the journal. A changed file has another hash, and so a row of its own.
create table projection_checkpoints (
    name     text not null,
    hash     text not null,
    position bigint not null default 0,
    primary key (name, hash)
);
