use async_graphql::{Enum, InputObject, SimpleObject};

use super::{
    error::{ApiError, ApiResult},
    words::of_word,
};
use crate::{domain::provider::Dialect, read::TermsRow};

/// A GET lets the parameters stand in the query alone.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "crate::domain::provider::Method")]
pub(super) enum CallMethod {
    Post,
    Get,
}

/// Where a call's parameters stand: in the body as a form or a JSON object, or in the address.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "crate::domain::provider::Encoding")]
pub(super) enum CallBody {
    Form,
    Query,
    Json,
}

/// Where our key stands: among the parameters, in `Authorization: Bearer`, or in `X-API-Key`.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "crate::domain::provider::KeyPlace")]
pub(super) enum KeyPlace {
    Field,
    Bearer,
    XApiKey,
}

/// How a panel wants to be called.
#[derive(SimpleObject, Debug, Clone, Copy)]
pub(super) struct ProviderDialect {
    method: CallMethod,
    body: CallBody,
    key: KeyPlace,
}

/// The default is the form that most panels take.
#[derive(InputObject, Debug, Clone, Copy)]
pub(super) struct ProviderDialectInput {
    #[graphql(default_with = "CallMethod::Post")]
    method: CallMethod,
    #[graphql(default_with = "CallBody::Form")]
    body: CallBody,
    #[graphql(default_with = "KeyPlace::Field")]
    key: KeyPlace,
}

impl ProviderDialect {
    pub(super) fn of(terms: &TermsRow) -> ApiResult<Self> {
        Ok(Self {
            method: of_word(&terms.method.to_uppercase())?,
            body: of_word(&terms.encoding.to_uppercase())?,
            key: of_word(&terms.key_place.to_uppercase())?,
        })
    }
}

impl ProviderDialectInput {
    pub(super) fn dialect(self) -> ApiResult<Dialect> {
        Dialect::try_new(self.method.into(), self.body.into(), self.key.into())
            .map_err(|error| ApiError::invalid("dialect", error))
    }
}
