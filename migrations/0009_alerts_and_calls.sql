-- How far each channel has taken over what `alerts` tells. What it has taken over stands in `alert_deliveries`.
create table alert_channels (
    channel  text primary key,
    position bigint not null
);

-- What is to be told, and what became of it. A row is there before anything is sent, so what a crash interrupts is sent
-- again, under the same id.
create table alert_deliveries (
    channel     text not null references alert_channels,
    -- Position of the alert's event.
    alert       bigint not null,
    -- That it was RAISED, or that it has ENDED.
    tells       text not null,
    -- Receivers know a repetition by it.
    delivery_id uuid not null,
    -- WAITING, DELIVERED, or FAILED: given up.
    state       text not null default 'WAITING',
    -- Tries so far.
    tries       int not null default 0,
    -- Why the last of them came to nothing.
    reason      text,
    created_at  timestamptz not null default now(),
    -- Not tried before; of one that does not wait any more, when that was decided.
    at          timestamptz not null default now(),
    primary key (channel, alert, tells)
);

create index on alert_deliveries (channel, at) where state = 'WAITING';
create index on alert_deliveries (alert);

-- Every call to a provider, for troubleshooting. A log, and no truth: it is kept for some days.
create table provider_call_log (
    call_id     bigint generated always as identity primary key,
    provider_id uuid not null,
    action      text not null,
    -- ANSWERED, or how it came to nothing.
    outcome     text not null,
    http_status int,
    duration_ms bigint not null,
    reason      text,
    started_at  timestamptz not null
);

create index on provider_call_log (provider_id, call_id);
create index on provider_call_log (started_at);
