use proptest::prelude::*;

use crate::{
    domain::refusal::ErrorTexts,
    provider_api::{
        AddAnswer,
        decode::{self, Form, Question},
        meanings::Meanings,
        outcome,
        redact::Redactor,
        transport::{Answer, TransportFault},
    },
};

fn answer(status: u16, body: Vec<u8>) -> Answer {
    Answer::whole(status, body)
}

fn outcome_of(exchange: &Result<Answer, TransportFault>) -> AddAnswer {
    let (texts, redactor) = (ErrorTexts::default(), Redactor::new(&"c0ffee00".into()));
    outcome::of(exchange, &Meanings::new(&texts, &redactor))
}

fn is_refused(exchange: &Result<Answer, TransportFault>) -> bool {
    matches!(outcome_of(exchange), AddAnswer::Refused { .. })
}

/// Bits of what panels send, strung together in any order.
fn shreds() -> impl Strategy<Value = String> {
    let shred = prop_oneof![
        Just("{"),
        Just("}"),
        Just("["),
        Just("]"),
        Just(","),
        Just(":"),
        Just("\""),
        Just("\"order\""),
        Just("\"id\""),
        Just("\"error\""),
        Just("\"data\""),
        Just("\"status\""),
        Just("\"service\""),
        Just("\"rate\""),
        Just("\"max\""),
        Just("\"balance\""),
        Just("\"success\""),
        Just("\"Bad link\""),
        Just("\\ud83d"),
        Just("\\u0000"),
        Just("<html>"),
        Just("null"),
        Just("true"),
        Just("0"),
        Just("-1"),
        Just("1e999"),
        Just("5"),
        Just("\u{feff}"),
    ];
    prop::collection::vec(shred, 0..24).prop_map(|shreds| shreds.concat())
}

proptest! {
    #[test]
    fn no_answer_makes_the_decoders_panic(status in 100_u16..600, body in shreds()) {
        let exchange = Ok(answer(status, body.clone().into_bytes()));
        let _ = outcome_of(&exchange);
        let (texts, redactor) = (ErrorTexts::default(), Redactor::new(&"c0ffee00".into()));
        let meanings = Meanings::new(&texts, &redactor);
        let _ = decode::balance(&answer(status, body.clone().into_bytes()));
        let _ = decode::catalogue(&answer(status, format!("[{body}]").into_bytes()));
        for asked in [&["5".to_owned()][..], &["5".to_owned(), "0".to_owned()]] {
            let question = Question { form: Form::List, asked, meanings };
            let answer = answer(status, body.clone().into_bytes());
            let _ = decode::answers(&answer, &question, &["order"], decode::order_status);
            let _ = decode::answers(&answer, &question, &["order"], decode::refill_id);
        }
    }

    #[test]
    fn no_bytes_make_the_decoders_panic(body in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = outcome_of(&Ok(answer(200, body.clone())));
        let _ = decode::balance(&answer(200, body.clone()));
        let _ = decode::catalogue(&answer(200, body));
    }

    #[test]
    fn unlisted_error_is_never_a_refusal(status in 100_u16..600, words in "[A-Za-z ,.0-9]{0,40}") {
        prop_assume!(crate::domain::refusal::RefusalClass::of_text(&words).is_none());
        let body = serde_json::json!({ "error": words }).to_string();
        prop_assert!(!is_refused(&Ok(answer(status, body.into_bytes()))));
    }

    #[test]
    fn order_id_is_never_lost(id in "[0-9a-f]{1,24}", words in ".{0,40}", status in 100_u16..600) {
        prop_assume!(id.bytes().any(|b| b != b'0'));
        let body = serde_json::json!({ "error": words, "order": id }).to_string();
        let placed = AddAnswer::Placed { api_order_id: id };
        prop_assert_eq!(outcome_of(&Ok(answer(status, body.into_bytes()))), placed);
    }
}
