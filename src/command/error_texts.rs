//! Commands on error texts.

use super::{CommandError, Commands, Done, order::bounded, race::retried};
use crate::{
    domain::{
        Aggregate,
        refusal::{ErrorText, RefusalText, RefusalTextCommand, TextClass},
    },
    journal::AppendRequest,
};

/// An operator's word on an error text.
#[derive(Debug, Clone)]
pub struct ReclassifyErrorText {
    /// The text, in any spelling.
    pub text: String,
    /// What it means; `None` for what panels mean by it.
    pub class: Option<TextClass>,
    /// Why.
    pub note: String,
}

impl Commands {
    /// Lets an error text mean something else: in this process once this returns, in others some milliseconds later.
    ///
    /// # Errors
    /// `Invalid` names the field at fault; `Unavailable`.
    pub async fn reclassify_error_text(
        &self,
        word: ReclassifyErrorText,
    ) -> Result<Done<ErrorText>, CommandError> {
        let text = ErrorText::try_new(&word.text).map_err(|e| CommandError::invalid("text", e))?;
        let note = bounded("note", &word.note)?;
        let done: Done<ErrorText> = retried!(self, {
            let id = text.stream_id();
            let known = self.load::<RefusalText>(id).await?;
            let (text, class, note) = (text.clone(), word.class, note.to_owned());
            let command = RefusalTextCommand::Reclassify { text: text.clone(), class, note };
            let Ok(events) = known.aggregate.decide(command);
            let request = AppendRequest::of_command("reclassifyErrorText");
            let request = request.append::<RefusalText>(id, known.version, &events);
            self.change(request, text).await
        })?;
        self.own_changes_seen().await?;
        Ok(done)
    }
}
