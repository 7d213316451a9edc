//! Commands that lost a race are decided anew.

use super::CommandError;
use crate::{credentials::CredentialError, journal::AppendError};

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
        Self::Unavailable(format!("the database cannot be asked at present: {error}"))
    }
}

impl From<CredentialError> for CommandError {
    fn from(error: CredentialError) -> Self {
        Self::Unavailable(error.to_string())
    }
}
