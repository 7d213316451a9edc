//! The rights with which added files run: a mistake in one cannot touch the journal or another model.

use sqlx::{Executor, PgConnection};

/// Reads the journal, and owns what added files make.
const ROLE: &str = "signalbox_read_models";

/// Makes the role where it is missing. Roles belong to the whole server, where other databases may be doing the same.
const MAKE: &str = "
    do $$
    begin
        if not exists (select from pg_roles where rolname = 'signalbox_read_models') then
            create role signalbox_read_models nologin;
        end if;
    exception when duplicate_object or unique_violation then
    end
    $$;
    do $$
    begin
        if not pg_has_role(current_user, 'signalbox_read_models', 'usage') then
            execute format('grant signalbox_read_models to %I', current_user);
        end if;
    end
    $$;
    do $$
    begin
        if has_table_privilege('signalbox_read_models', 'events', 'select')
            and has_table_privilege('signalbox_read_models', 'journal_head', 'select')
        then
            return;
        end if;
        -- Of two sessions that grant on one table at once, PostgreSQL fails one.
        perform pg_advisory_xact_lock(hashtextextended('rights of signalbox_read_models', 0));
        grant select on events, journal_head to signalbox_read_models;
    end
    $$;";

/// PostgreSQL's code for a right that is lacking.
const INSUFFICIENT_PRIVILEGE: &str = "42501";

/// Lets the rest of the transaction run with the role's rights in this schema; tells whether it does.
///
/// Where the program's own account may not make roles, added files run with its rights, which the log says.
pub(super) async fn take(connection: &mut PgConnection, schema: &str) -> Result<bool, sqlx::Error> {
    let take = format!(
        "savepoint role; {MAKE}
         grant all on schema {schema} to {ROLE};
         set local role {ROLE};
         release savepoint role;"
    );
    match connection.execute(take.as_str()).await {
        Ok(_) => Ok(true),
        Err(error) if lacks_right(&error) => {
            tracing::warn!(
                schema,
                %error,
                "the database's account may not make roles, so this added read model runs with all rights of the program"
            );
            connection.execute("rollback to savepoint role").await?;
            Ok(false)
        }
        Err(error) => Err(error),
    }
}

/// Gives the role back, and lets the fold run with its rights from now on, by nobody but the program.
pub(super) async fn lend(connection: &mut PgConnection, schema: &str) -> Result<(), sqlx::Error> {
    let lend = format!(
        "alter function {schema}.fold(bigint, bigint) security definer;
         revoke all on function {schema}.fold(bigint, bigint) from public;
         reset role;"
    );
    connection.execute(lend.as_str()).await.map(drop)
}

fn lacks_right(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(sqlx::error::DatabaseError::code);
    code.is_some_and(|code| code == INSUFFICIENT_PRIVILEGE)
}
