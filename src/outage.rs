//! Errors of the database that pass by themselves.

/// Tells whether the database was not to be had, as opposed to having answered that something is wrong.
pub(crate) fn is_outage(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_)
        | sqlx::Error::Tls(_)
        | sqlx::Error::PoolTimedOut
        | sqlx::Error::PoolClosed
        | sqlx::Error::WorkerCrashed => true,
        // Connection exception, read-only, insufficient resources, operator intervention.
        sqlx::Error::Database(error) => error.code().is_some_and(|code| {
            ["08", "25006", "53", "57"].iter().any(|class| code.starts_with(class))
        }),
        _ => false,
    }
}
