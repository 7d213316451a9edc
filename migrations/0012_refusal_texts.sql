-- What operators say of error texts is read at every start, like providers and services.
drop index events_catalogue;

create index events_catalogue on events (position) where aggregate_type in ('provider', 'service', 'refusal_text');
