use async_graphql::Object;

use super::{
    error::ApiResult,
    scalars::DateTime,
    words::{AlertNews, DeliveryState, of_word},
};
use crate::read::AlertDeliveryRow;

#[derive(Debug, Clone)]
pub(super) struct AlertDelivery(pub(super) AlertDeliveryRow);

/// What became of telling operators of an alert over one channel.
#[Object]
impl AlertDelivery {
    /// `webhook` or `telegram`.
    async fn channel(&self) -> &str {
        &self.0.channel
    }

    async fn tells(&self) -> ApiResult<AlertNews> {
        of_word(&self.0.tells)
    }

    async fn state(&self) -> ApiResult<DeliveryState> {
        of_word(&self.0.state)
    }

    async fn tries(&self) -> i32 {
        self.0.tries
    }

    /// Why the last try came to nothing.
    async fn reason(&self) -> Option<&str> {
        self.0.reason.as_deref()
    }

    /// When it is tried next; once it is not tried any more, since when.
    async fn at(&self) -> DateTime {
        DateTime(self.0.at)
    }
}
