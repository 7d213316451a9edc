use async_graphql::{ErrorExtensionValues, Response, ServerError, Value};

use super::scalars;
use crate::{
    command::CommandError,
    domain::Position,
    metrics,
    read::{InvalidStream, ReadError},
};

/// What went wrong, as clients see it. Not `Display`, so that it cannot turn into an error without a code by accident.
#[derive(Debug, Clone)]
pub(crate) struct ApiError {
    code: &'static str,
    message: String,
    /// Further extensions, such as the `field` of INVALID_INPUT.
    details: Vec<(&'static str, String)>,
}

pub(super) type ApiResult<T> = Result<T, ApiError>;

const INVALID_INPUT: &str = "INVALID_INPUT";

/// Most errors of one answer: a thousand orders can lack the same thing.
const MAX_ERRORS: usize = 100;

impl ApiError {
    fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), details: vec![] }
    }

    /// An input that breaks a rule.
    pub(crate) fn invalid(field: &str, problem: impl std::fmt::Display) -> Self {
        CommandError::invalid(field, problem).into()
    }

    /// Something that is not there.
    pub(super) fn not_found(what: impl std::fmt::Display) -> Self {
        CommandError::NotFound(format!("there is no {what}")).into()
    }

    /// A request that took too long.
    pub(crate) fn timed_out(message: &str) -> Self {
        Self::new("TIMEOUT", message)
    }

    /// A client that asks for too much at a time.
    pub(crate) fn too_many(message: impl Into<String>) -> Self {
        Self::new("RATE_LIMITED", message)
    }

    /// A change that stands, and whose result cannot be read yet.
    pub(crate) fn not_read_yet(position: Position) -> Self {
        CommandError::NotReadYet(position).into()
    }

    /// Something that history names, and that its read model does not have yet.
    pub(super) fn not_yet_there(what: impl std::fmt::Display) -> Self {
        CommandError::Unavailable(format!("{what} is not in the read models yet: try again")).into()
    }

    /// A request that came while read models had no tables yet.
    pub(super) fn being_built(models: &[String]) -> Self {
        let models = models.join(", ");
        let problem = format!("read models are being built from the journal ({models}): try again");
        CommandError::Unavailable(problem).into()
    }

    /// A client that has not shown that it may use the API.
    pub(crate) fn unauthenticated() -> Self {
        Self::new(
            "UNAUTHENTICATED",
            "send the header `Authorization: Bearer <token>` with a valid token",
        )
    }

    /// Returns the code and the message, where an error is data.
    pub(super) fn into_parts(self) -> (&'static str, String) {
        (self.code, self.message)
    }

    /// Returns the whole answer to a request that was not executed.
    pub(crate) fn into_response(self) -> Response {
        let error: async_graphql::Error = self.into();
        let mut refusal = ServerError::new(error.message, None);
        refusal.extensions = error.extensions;
        Response::from_errors(vec![refusal])
    }
}

/// The one place where errors get their code, their log level, and what the client may know of them.
impl From<CommandError> for ApiError {
    fn from(error: CommandError) -> Self {
        let message = error.to_string();
        match error {
            CommandError::Invalid { field, .. } => {
                Self { details: vec![("field", field)], ..Self::new(INVALID_INPUT, message) }
            }
            CommandError::NotFound(_) => Self::new("NOT_FOUND", message),
            CommandError::Conflict(_) => Self::new("CONFLICT", message),
            CommandError::Unroutable(_) => Self::new("UNROUTABLE", message),
            CommandError::NotReadYet(position) => {
                tracing::warn!(%position, "the read models did not get to a position in time");
                let details = vec![("position", position.to_string())];
                Self { details, ..Self::new("TIMEOUT", message) }
            }
            CommandError::Unavailable(_) => {
                tracing::warn!(error = message, "a request was put off");
                Self::new("UNAVAILABLE", message)
            }
            CommandError::Internal(_) => {
                tracing::error!(error = message, "a request failed through a fault of ours");
                Self::new("INTERNAL", "a fault of ours: the log of the service has the details")
            }
        }
    }
}

impl From<ReadError> for ApiError {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Unavailable(_) | ReadError::NotBuilt(_) => {
                CommandError::Unavailable(error.to_string())
            }
            ReadError::Failed(_) => CommandError::Internal(error.to_string()),
        }
        .into()
    }
}

impl From<InvalidStream> for ApiError {
    fn from(error: InvalidStream) -> Self {
        Self::invalid("stream", error)
    }
}

impl From<ApiError> for async_graphql::Error {
    fn from(error: ApiError) -> Self {
        let mut extensions = ErrorExtensionValues::default();
        extensions.set("code", error.code);
        for (name, value) in error.details {
            extensions.set(name, value);
        }
        let mut answer = Self::new(error.message);
        answer.extensions = Some(extensions);
        answer
    }
}

/// Gives a code to the errors that async-graphql itself makes. All of them say that the request does not fit the schema.
pub(super) fn with_codes(mut response: Response) -> Response {
    response.errors.truncate(MAX_ERRORS);
    for error in &mut response.errors {
        let extensions = error.extensions.get_or_insert_default();
        if extensions.get("code").is_some() {
            continue;
        }
        extensions.set("code", INVALID_INPUT);
        extensions.set("field", Value::from(faulty_argument(&error.message).unwrap_or("query")));
        if let Some(hint) = scalars::hint(&error.message) {
            error.message = format!("{}: {hint}", error.message);
        }
    }
    response.errors.iter().for_each(measure);
    response
}

/// Returns the code of an answer's first error.
pub(crate) fn code_of(response: &Response) -> Option<&str> {
    response.errors.first().and_then(code)
}

fn code(error: &ServerError) -> Option<&str> {
    match error.extensions.as_ref()?.get("code") {
        Some(Value::String(code)) => Some(code),
        _ => None,
    }
}

fn measure(error: &ServerError) {
    if let Some(code) = code(error) {
        metrics::graphql_error(code.to_owned());
    }
}

/// Finds the argument that a validation error names: `patch.price` gives `price`.
fn faulty_argument(message: &str) -> Option<&str> {
    let path = message.strip_prefix("Invalid value for argument \"")?.split('"').next()?;
    path.rsplit('.').find(|part| part.parse::<usize>().is_err())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn internal_details_stay_inside() {
        let error = ApiError::from(CommandError::Internal("relation orders_1 is missing".into()));
        assert_eq!(error.code, "INTERNAL");
        assert!(!error.message.contains("orders_1"));
    }

    #[test]
    fn argument_at_fault_is_the_innermost_one() {
        let message = r#"Invalid value for argument "input.fields.0", expected type "Decimal""#;
        assert_eq!(faulty_argument(message), Some("fields"));
        assert_eq!(faulty_argument("expected {"), None);
    }
}
