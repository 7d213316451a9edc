//! Every metric by its name, as Prometheus and `docs/OPERATIONS.md` know it.

/// How a metric's values behave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Only grows while the process lives.
    Counter,
    /// As it is now.
    Gauge,
    /// Durations in seconds, counted into [`SECONDS`].
    Seconds,
    /// Numbers of things, counted into [`SIZES`].
    Sizes,
}

/// A metric's name, kind and help text.
pub(super) type Metric = (&'static str, Kind, &'static str);

/// Upper bounds of durations: from a fast commit to a catalogue of ten thousand rows.
pub(super) const SECONDS: &[f64] = &[
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0,
    60.0, 120.0,
];

/// Upper bounds of batches.
pub(super) const SIZES: &[f64] = &[1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0];

pub(super) const BUILD: &str = "signalbox_build_info";
pub(super) const HTTP_REQUESTS: &str = "signalbox_http_requests_total";
pub(super) const HTTP_SECONDS: &str = "signalbox_http_request_seconds";
pub(super) const GRAPHQL_ERRORS: &str = "signalbox_graphql_errors_total";
pub(super) const APPENDS: &str = "signalbox_journal_appends_total";
pub(super) const APPEND_SECONDS: &str = "signalbox_journal_append_seconds";
pub(super) const BATCH_SECONDS: &str = "signalbox_journal_batch_seconds";
pub(super) const BATCH_REQUESTS: &str = "signalbox_journal_batch_requests";
pub(super) const EVENTS: &str = "signalbox_journal_events_total";
pub(super) const JOURNAL_QUEUE: &str = "signalbox_journal_queue_length";
pub(super) const JOURNAL_POSITION: &str = "signalbox_journal_position";
pub(super) const JOURNAL_READY: &str = "signalbox_journal_ready";
pub(super) const MODEL_POSITION: &str = "signalbox_projection_position";
pub(super) const MODEL_LAG: &str = "signalbox_projection_lag_positions";
pub(super) const MODEL_STOPPED: &str = "signalbox_projection_stopped";
pub(super) const DISPATCHING: &str = "signalbox_dispatching";
pub(super) const WAITING_ORDERS: &str = "signalbox_waiting_orders";
pub(super) const GIVEN_UP_ATTEMPTS: &str = "signalbox_given_up_attempts";
pub(super) const SUSPENDED_PROVIDERS: &str = "signalbox_suspended_providers";
pub(super) const ATTEMPTS: &str = "signalbox_attempts_total";
pub(super) const REFUSALS: &str = "signalbox_refusals_total";
pub(super) const CALL_SECONDS: &str = "signalbox_provider_call_seconds";
pub(super) const SYNCS: &str = "signalbox_syncs_total";
pub(super) const LAST_SYNC: &str = "signalbox_sync_last_success_timestamp_seconds";
pub(super) const CALLS_NOT_LOGGED: &str = "signalbox_provider_calls_not_logged_total";
pub(super) const ALERT_DELIVERIES: &str = "signalbox_alert_deliveries_total";
pub(super) const CONNECTIONS: &str = "signalbox_db_connections";
pub(super) const CONNECTIONS_MAX: &str = "signalbox_db_connections_max";

/// All of them.
pub(super) const METRICS: &[Metric] = &[
    (BUILD, Kind::Gauge, "Always 1; the label tells the version."),
    (HTTP_REQUESTS, Kind::Counter, "HTTP requests answered, by route and status."),
    (HTTP_SECONDS, Kind::Seconds, "Time from an HTTP request to its answer, by route."),
    (GRAPHQL_ERRORS, Kind::Counter, "Errors in GraphQL answers, by extensions.code."),
    (APPENDS, Kind::Counter, "Requests to append to the journal, by outcome."),
    (
        APPEND_SECONDS,
        Kind::Seconds,
        "Time until an append is answered, with its wait in the queue.",
    ),
    (
        BATCH_SECONDS,
        Kind::Seconds,
        "Time that the database takes for a batch of appends: one commit.",
    ),
    (BATCH_REQUESTS, Kind::Sizes, "Requests that shared a batch."),
    (EVENTS, Kind::Counter, "Events that this process recorded, by type."),
    (JOURNAL_QUEUE, Kind::Gauge, "Requests that wait for the next batch."),
    (JOURNAL_POSITION, Kind::Gauge, "The journal's end, as far as this process knows."),
    (JOURNAL_READY, Kind::Gauge, "1 while the journal takes events, 0 while it refuses them."),
    (MODEL_POSITION, Kind::Gauge, "Position up to which a read model is folded."),
    (MODEL_LAG, Kind::Gauge, "Positions that a read model has still to fold."),
    (MODEL_STOPPED, Kind::Gauge, "1 while a read model cannot go on."),
    (DISPATCHING, Kind::Gauge, "1 in the one process that calls providers."),
    (
        WAITING_ORDERS,
        Kind::Gauge,
        "Orders that wait: QUEUED for a provider, IN_DOUBT for somebody to settle them.",
    ),
    (
        GIVEN_UP_ATTEMPTS,
        Kind::Gauge,
        "Attempts in doubt that a service's policy gave up, and that nobody has settled yet.",
    ),
    (
        SUSPENDED_PROVIDERS,
        Kind::Gauge,
        "Active providers that are set aside: OPEN, or HALF_OPEN where one order may try them.",
    ),
    (ATTEMPTS, Kind::Counter, "Attempts that ended, by provider and outcome."),
    (REFUSALS, Kind::Counter, "Attempts that a provider refused, by provider and class."),
    (CALL_SECONDS, Kind::Seconds, "Time that a provider takes for a call, by provider and action."),
    (SYNCS, Kind::Counter, "Catalogue syncs that ended, by provider and result."),
    (
        LAST_SYNC,
        Kind::Gauge,
        "When a provider's catalogue was last synced without failing, in Unix time.",
    ),
    (
        CALLS_NOT_LOGGED,
        Kind::Counter,
        "Provider calls that the log of calls could not take; they count all the same.",
    ),
    (
        ALERT_DELIVERIES,
        Kind::Counter,
        "Tries to tell operators of an alert, by channel and result.",
    ),
    (CONNECTIONS, Kind::Gauge, "Connections to the database, by pool and state."),
    (CONNECTIONS_MAX, Kind::Gauge, "Connections that a pool may open at most."),
];

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, fs, path::Path};

    use super::*;

    /// A role in the database, whose name begins as the metrics' do.
    const ROLE: &str = "signalbox_read_models";

    #[test]
    fn operators_handbook_names_the_same_metrics() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/OPERATIONS.md");
        let text = fs::read_to_string(path).unwrap();
        let is_part = |c: char| c.is_ascii_lowercase() || c == '_';
        let histogram = |name: &str| {
            let ending =
                ["_bucket", "_count", "_sum"].iter().find_map(|end| name.strip_suffix(end));
            ending.unwrap_or(name).to_owned()
        };
        let named: BTreeSet<String> = text
            .split(|c| !is_part(c))
            .filter(|word| word.starts_with("signalbox_") && *word != ROLE)
            .map(histogram)
            .collect();
        let known: BTreeSet<String> = METRICS.iter().map(|(name, ..)| (*name).to_owned()).collect();
        assert_eq!(named, known);
    }

    #[test]
    fn names_follow_the_conventions_of_prometheus() {
        for (name, kind, help) in METRICS {
            assert_eq!(*kind == Kind::Counter, name.ends_with("_total"), "{name}");
            assert!(*kind != Kind::Seconds || name.ends_with("_seconds"), "{name}");
            assert!(name.starts_with("signalbox_") && help.ends_with('.'), "{name}");
        }
    }
}
