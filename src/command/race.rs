//! Commands that lost a race are decided anew.

use super::{CommandError, Commands};
use crate::{credentials::CredentialError, journal::AppendError, outage::is_outage};

/// How often a command that lost a race is decided anew before the caller is told.
const MAX_TRIES: usize = 8;

/// A command that may have to be decided more than once.
#[derive(Debug)]
pub(super) struct Race<'a> {
    commands: &'a Commands,
    lost: usize,
}

impl<'a> Race<'a> {
    /// Begins once the catalogue knows this process's own last change.
    pub(super) async fn begin(commands: &'a Commands) -> Result<Self, CommandError> {
        commands.own_changes_seen().await?;
        Ok(Self { commands, lost: 0 })
    }

    /// Catches up with what won, or gives up.
    pub(super) async fn lost(&mut self) -> Result<(), CommandError> {
        self.lost += 1;
        if self.lost >= MAX_TRIES {
            let problem = "other changes keep coming in between: try again";
            return Err(CommandError::Conflict(problem.to_owned()));
        }
        self.commands.catch_up().await
    }
}

/// Runs a block, which ends in a `Result<_, Failure>`, until it does not lose a race. A macro, because a closure's
/// future could not be shown to be `Send`.
macro_rules! retried {
    ($commands:expr, $once:block) => {{
        let mut race = $crate::command::race::Race::begin($commands).await?;
        loop {
            let tried: Result<_, $crate::command::race::Failure> = async { $once }.await;
            match tried {
                Ok(value) => break Ok(value),
                Err($crate::command::race::Failure::Final(error)) => break Err(error),
                Err($crate::command::race::Failure::Raced) => match race.lost().await {
                    Ok(()) => {}
                    Err(error) => break Err(error),
                },
            }
        }
    }};
}
pub(super) use retried;

/// Why one try of a command came to nothing.
#[derive(Debug)]
pub(super) enum Failure {
    /// Something moved between the decision and the append: decide again.
    Raced,
    /// It would fail again.
    Final(CommandError),
}

impl From<AppendError> for Failure {
    fn from(error: AppendError) -> Self {
        match error {
            AppendError::Conflict(_) => Self::Raced,
            error => Self::Final(error.into()),
        }
    }
}

impl From<CommandError> for Failure {
    fn from(error: CommandError) -> Self {
        Self::Final(error)
    }
}

macro_rules! final_failures {
    ($($error:ty),+ $(,)?) => {$(
        impl From<$error> for Failure {
            fn from(error: $error) -> Self {
                Self::Final(error.into())
            }
        }
    )+};
}

final_failures! {
    crate::domain::order::InvalidFields,
    crate::domain::order::OrderError,
    crate::domain::provider::ProviderError,
    crate::domain::service::ServiceError,
    sqlx::Error,
    CredentialError,
}

impl From<sqlx::Error> for CommandError {
    fn from(error: sqlx::Error) -> Self {
        match is_outage(&error) {
            true => Self::Unavailable(format!("the database cannot be asked at present: {error}")),
            false => Self::Internal(format!("the database refuses a question: {error}")),
        }
    }
}

impl From<CredentialError> for CommandError {
    fn from(error: CredentialError) -> Self {
        Self::Unavailable(error.to_string())
    }
}
