use async_graphql::{Context, Object, SimpleObject};

use crate::{
    command::ReclassifyErrorText,
    graphql::{
        context::Backend,
        error::{ApiError, ApiResult},
        error_text::{ErrorClass, ErrorText},
        scalars::Position,
    },
};

#[derive(SimpleObject)]
struct ErrorTextPayload {
    error_text: ErrorText,
    position: Position,
}

#[derive(Default)]
pub(super) struct ErrorTextMutations;

#[Object]
impl ErrorTextMutations {
    /// Lets an error text mean something else from now on, for every provider, and in the figures of the past too; null takes an operator's word back. The text counts as a whole, as `errorTexts` lists it or as the provider wrote it. Any class but DOUBT lets an order go on to the next provider after this text: give one only where the provider certainly took no order.
    async fn reclassify_error_text(
        &self,
        ctx: &Context<'_>,
        text: String,
        class: Option<ErrorClass>,
        note: String,
    ) -> ApiResult<ErrorTextPayload> {
        let backend = Backend::of(ctx);
        let command = ReclassifyErrorText { text, class: class.map(Into::into), note };
        let commands = backend.commands.clone();
        let done =
            backend.run(async move { commands.reclassify_error_text(command).await }).await?;
        let row = backend.reads.error_text(&done.value).await?;
        let row = row.ok_or_else(|| ApiError::not_found(format_args!("text `{}`", done.value)))?;
        Ok(ErrorTextPayload { error_text: ErrorText(row), position: Position(done.position.0) })
    }
}
