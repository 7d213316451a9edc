use async_graphql::Response as Execution;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::http::{
    answer::{self, was_executed},
    request,
};

/// What a client says.
#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum ClientMessage {
    ConnectionInit { payload: Option<Value> },
    Ping { payload: Option<Value> },
    Pong,
    Subscribe { id: String, payload: request::Body },
    Complete { id: String },
}

/// What a client is told.
#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum ServerMessage<'a> {
    ConnectionAck,
    Pong {
        #[serde(skip_serializing_if = "Option::is_none")]
        payload: Option<Value>,
    },
    Next {
        id: &'a str,
        payload: answer::Body<'a>,
    },
    /// The operation was not executed, and has ended with this.
    Error {
        id: &'a str,
        payload: &'a [async_graphql::ServerError],
    },
    Complete {
        id: &'a str,
    },
}

impl<'a> ServerMessage<'a> {
    /// Tells what became of an operation.
    pub(super) fn of(id: &'a str, execution: &'a Execution) -> Self {
        match was_executed(execution) {
            true => Self::Next { id, payload: answer::Body::of(execution) },
            false => Self::Error { id, payload: &execution.errors },
        }
    }
}

/// Finds the token in the payload of `connection_init`: `{"token": "…"}`, or `{"Authorization": "Bearer …"}`.
pub(super) fn token(payload: &Value) -> Option<&str> {
    let members = payload.as_object()?;
    let named = |wanted: &str| {
        let found = members.iter().find(|(name, _)| name.eq_ignore_ascii_case(wanted));
        found.and_then(|(_, value)| value.as_str())
    };
    let scheme = "Bearer ";
    let bearer = named("authorization").and_then(|text| {
        let (found, token) = text.split_at_checked(scheme.len())?;
        found.eq_ignore_ascii_case(scheme).then_some(token)
    });
    named("token").or(bearer).map(str::trim)
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use test_case::test_case;

    use super::*;

    #[test_case(json!({"token": "abc"}) => Some("abc".to_owned()); "as a token")]
    #[test_case(json!({"Authorization": "Bearer abc"}) => Some("abc".to_owned()); "as a header")]
    #[test_case(json!({"authorization": "bearer  abc "}) => Some("abc".to_owned()); "in lower case")]
    #[test_case(json!({"Authorization": "Basic abc"}) => None; "of another scheme")]
    #[test_case(json!({"token": 7}) => None; "no text")]
    #[test_case(json!("abc") => None; "no object")]
    fn token_is_found_in_the_payload(payload: Value) -> Option<String> {
        token(&payload).map(str::to_owned)
    }
}
