use async_graphql::{
    Context, Object,
    connection::{Connection, EmptyFields},
};

use crate::graphql::{
    connection::connection,
    context::Backend,
    error::ApiResult,
    error_text::{ErrorClass, ErrorText},
    input::page,
    words::word_of,
};

#[derive(Default)]
pub(super) struct ErrorTextQueries;

#[Object]
impl ErrorTextQueries {
    /// The error texts that providers answered orders and other calls with, each counted apart, and what each is taken to mean; those first that were met or reclassified last.
    async fn error_texts(
        &self,
        ctx: &Context<'_>,
        class: Option<ErrorClass>,
        #[graphql(default = 50)] first: i32,
        after: Option<String>,
    ) -> ApiResult<Connection<i64, ErrorText, EmptyFields>> {
        let request = page(first, after.as_deref())?;
        let class = class.map(word_of).transpose()?.map(str::to_lowercase);
        let rows = Backend::of(ctx).reads.error_texts(class.as_deref(), request).await?;
        Ok(connection(request.after, rows.map(ErrorText), EmptyFields))
    }
}
