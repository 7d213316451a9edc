//! What a provider's refusal lets a router do.
//!
//! # Shape
//! Panels' own texts stand in `texts`; what operators said of a text is the stream of a [`RefusalText`], and all of
//! that together is [`ErrorTexts`], which goes before.
//!
//! # Correctness
//! Only REFUSED fails over. So no text is taken for a refusal unless panels document it as one, or an operator said so
//! by name; and an operator can take a text back to doubt.

mod class;
mod error_text;
mod error_texts;
mod event;
mod failure;
mod reclassified;
#[cfg(test)]
mod tests;
mod text_class;
mod texts;

pub use class::{AfterRefusal, Ledger, RefusalClass};
pub use error_text::{ErrorText, InvalidErrorText, MAX_ERROR_TEXT};
pub use error_texts::ErrorTexts;
pub use event::{RefusalTextEvent, SaidBy};
pub use failure::FailureClass;
pub use reclassified::{RefusalText, RefusalTextCommand};
pub use text_class::TextClass;
