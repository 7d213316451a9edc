use super::{
    ErrorText, ErrorTexts, FailureClass, InvalidErrorText, Ledger, MAX_ERROR_TEXT, RefusalClass,
    RefusalText, RefusalTextCommand, RefusalTextEvent, SaidBy, TextClass,
};
use crate::domain::Aggregate;

const BUSY: &str = "Order could not be created (code 17).";

fn reclassified(class: TextClass, said_by: SaidBy) -> RefusalTextEvent {
    let (text, note) = (ErrorText::of(BUSY), "asked their support".to_owned());
    RefusalTextEvent::RefusalTextReclassified { text, class, said_by, note }
}

fn decided(history: &[RefusalTextEvent], class: Option<TextClass>) -> Vec<RefusalTextEvent> {
    let mut text = RefusalText::default();
    history.iter().for_each(|event| text.evolve(event));
    let note = "asked their support".to_owned();
    text.decide(RefusalTextCommand::Reclassify { text: ErrorText::of(BUSY), class, note }).unwrap()
}

#[test]
fn every_class_has_its_ledger() {
    use RefusalClass::*;
    for class in [Quantity, Link, LinkBusy] {
        assert_eq!(class.ledger(), Ledger::Request);
        assert!(class.is_customers_fault());
    }
    for class in [WalletEmpty, BadKey, ServiceGone, Overload, Maintenance, Dialect] {
        assert_eq!(class.ledger(), Ledger::Provider);
        assert!(!class.is_customers_fault());
        assert_eq!(TextClass::from(class).refusal(), Some(class));
    }
    assert_eq!(Unreachable.ledger(), Ledger::Transport);
    assert_eq!(TextClass::Doubt.ledger(), Ledger::Provider);
    let of_word = |word| FailureClass::of_word(word).ledger();
    assert_eq!(of_word("link_busy"), Ledger::Request);
    assert_eq!(of_word("wallet_empty"), Ledger::Provider);
    assert_eq!(of_word("doubt"), Ledger::Provider);
    assert_eq!(of_word("unreachable"), Ledger::Transport);
    assert_eq!(of_word("no_answer"), Ledger::Transport);
}

#[test]
fn words_that_differ_in_spelling_or_numbers_are_one_text_and_stay_it() {
    let text = ErrorText::of("  ORDER could not be  created (code 99)...");
    assert_eq!(text, ErrorText::of(BUSY));
    assert_eq!(text.as_str(), "order could not be created (code #)");
    assert_eq!(ErrorText::of(text.as_str()), text);
    assert_eq!(text.stream_id(), ErrorText::of(BUSY).stream_id());
    assert_ne!(text, ErrorText::of("order could not be created"));
}

#[test]
fn text_that_says_nothing_or_too_much_is_refused() {
    for words in ["", " ... ", "…"] {
        assert_eq!(ErrorText::try_new(words), Err(InvalidErrorText::Empty));
    }
    let long = "x".repeat(MAX_ERROR_TEXT + 1);
    assert_eq!(ErrorText::try_new(&long), Err(InvalidErrorText::TooLong(501)));
    assert_eq!(ErrorText::try_new("a\u{7}b"), Err(InvalidErrorText::Control));
}

#[test]
fn text_is_reclassified_and_taken_back() {
    let maintenance = reclassified(TextClass::Maintenance, SaidBy::Operator);
    assert_eq!(decided(&[], Some(TextClass::Maintenance)), std::slice::from_ref(&maintenance));
    let doubt = reclassified(TextClass::Doubt, SaidBy::Operator);
    assert_eq!(decided(std::slice::from_ref(&maintenance), Some(TextClass::Doubt)), [doubt]);
    let back = reclassified(TextClass::Doubt, SaidBy::BuiltIn);
    let taken_back = decided(std::slice::from_ref(&maintenance), None);
    assert_eq!(taken_back, std::slice::from_ref(&back));
    let again = reclassified(TextClass::Maintenance, SaidBy::Operator);
    assert_eq!(decided(&[maintenance, back], Some(TextClass::Maintenance)), [again]);
}

#[test]
fn what_is_said_already_is_quiet() {
    assert_eq!(decided(&[], None), []);
    let maintenance = reclassified(TextClass::Maintenance, SaidBy::Operator);
    assert_eq!(decided(&[maintenance], Some(TextClass::Maintenance)), []);
}

#[test]
fn texts_know_what_operators_said_last() {
    let mut texts = ErrorTexts::default();
    assert_eq!(texts.said_of(&ErrorText::of(BUSY)), None);
    texts.take(&reclassified(TextClass::Maintenance, SaidBy::Operator));
    assert_eq!(texts.said_of(&ErrorText::of(BUSY)), Some(TextClass::Maintenance));
    texts.take(&reclassified(TextClass::Doubt, SaidBy::BuiltIn));
    assert!(texts.is_empty());
}
