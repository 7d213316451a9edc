-- Provider keys, sealed. A key is inserted under a fresh id before the event that names the id is appended.
create table credentials (
    credential_id uuid primary key,
    sealed        bytea not null,
    created_at    timestamptz not null default now()
);
