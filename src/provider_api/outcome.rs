//! What one `add` came to. A wrong PLACED loses an order and a wrong REFUSED buys it twice, so whatever is neither
//! beyond doubt is in doubt.

use super::{
    decode::{self, Members, Reply, Unexpected},
    meanings::Meanings,
    transport::{Answer, TransportFault},
};
use crate::domain::refusal::{ErrorText, RefusalClass, TextClass};

/// What a provider's answer to one `add` proves. Reasons are without the key, at most 500 characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AddAnswer {
    /// The provider holds the order.
    Placed {
        /// The provider's id of the order, an opaque string without white space.
        api_order_id: String,
    },
    /// The provider certainly did not take it.
    Refused {
        /// What the refusal lets a router do; [`Unreachable`](RefusalClass::Unreachable) where nothing was sent.
        class: RefusalClass,
        /// The provider's own words, or why nothing could be sent.
        reason: String,
    },
    /// The provider may have taken it: never send it again before that is settled.
    InDoubt {
        /// What went wrong on the way.
        reason: String,
        /// The provider's own words, where it answered an error that does not rule the order out.
        text: Option<ErrorText>,
    },
}

/// What is known after one `add`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddReply {
    /// What the answer proves.
    pub answer: AddAnswer,
    /// From the start of the call to its end, in milliseconds; absent where nothing was sent.
    pub response_ms: Option<i64>,
    /// For how many seconds the provider asks to be left alone, where it does.
    pub retry_after_seconds: Option<i64>,
    /// Status of the answer, where one began.
    pub http_status: Option<u16>,
}

/// Judges what came back from one `add`.
pub(super) fn of(exchange: &Result<Answer, TransportFault>, meanings: &Meanings<'_>) -> AddAnswer {
    let answer = match exchange {
        Ok(answer) => answer,
        Err(fault) if fault.is_before_sending() => {
            return refused(RefusalClass::Unreachable, fault.to_string());
        }
        Err(fault) => return in_doubt(fault),
    };
    let text = answer.text();
    let outcome = match Reply::parse(&text) {
        Some(Reply::Object(members)) => of_object(&members, answer, meanings),
        Some(Reply::Text(words)) => of_words(&words, answer, meanings),
        Some(Reply::List(_) | Reply::Other) => without_order(&text, answer.status),
        None => of_words(&text, answer, meanings),
    };
    match (&answer.broken_off, outcome) {
        (None, outcome) | (_, outcome @ AddAnswer::Placed { .. }) => outcome,
        (Some(fault), _) => in_doubt(fault),
    }
}

/// An id under the order's name counts whatever error stands beside it; a bare `id` may be anything's.
fn of_object(members: &Members<'_>, answer: &Answer, meanings: &Meanings<'_>) -> AddAnswer {
    let (text, status) = (answer.text(), answer.status);
    if let Some(api_order_id) = members.order_id() {
        return AddAnswer::Placed { api_order_id };
    }
    match (members.bare_id(), members.error()) {
        (Some(api_order_id), None) if !members.belies_its_id() => {
            AddAnswer::Placed { api_order_id }
        }
        (None, Some(words)) => match meanings.of(&words) {
            Some(class) => refused(class, words),
            None => AddAnswer::InDoubt {
                text: Some(meanings.text(&words)),
                reason: format!(
                    "the provider answered an error that does not rule the order out \
                     (HTTP {status}): {words}"
                ),
            },
        },
        (Some(id), _) => in_doubt(format_args!(
            "the answer holds an id, {id}, that need not be an order's (HTTP {status}): {text}"
        )),
        (None, None) => without_order(&text, status),
    }
}

/// Words alone are an answer of the panel only where it asks to slow down; anyone on the way may say all else.
fn of_words(words: &str, answer: &Answer, meanings: &Meanings<'_>) -> AddAnswer {
    let overload = RefusalClass::Overload;
    if answer.status == 429 && words.trim().is_empty() {
        return of_empty_body(meanings);
    }
    if answer.status == 429 && meanings.of(words) == Some(overload) {
        return refused(overload, words.to_owned());
    }
    in_doubt(Unexpected::not_json(answer))
}

/// What is kept of it in place of words may be reclassified like any words.
fn of_empty_body(meanings: &Meanings<'_>) -> AddAnswer {
    let reason = "HTTP 429 with an empty body".to_owned();
    match meanings.said_of(&reason).unwrap_or(TextClass::Overload).refusal() {
        Some(class) => refused(class, reason),
        None => AddAnswer::InDoubt { text: Some(meanings.text(&reason)), reason },
    }
}

fn without_order(text: &str, status: u16) -> AddAnswer {
    let begins = decode::excerpt(text);
    in_doubt(format_args!("the answer holds no order id (HTTP {status}): {begins}"))
}

fn refused(class: RefusalClass, reason: String) -> AddAnswer {
    AddAnswer::Refused { class, reason }
}

fn in_doubt(reason: impl std::fmt::Display) -> AddAnswer {
    AddAnswer::InDoubt { reason: reason.to_string(), text: None }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use test_case::test_case;

    use super::{RefusalClass::*, *};
    use crate::{
        domain::refusal::{ErrorTexts, RefusalTextEvent, SaidBy},
        provider_api::redact::Redactor,
    };

    fn judged(exchange: &Result<Answer, TransportFault>) -> AddAnswer {
        judged_by(&ErrorTexts::default(), exchange)
    }

    fn judged_by(texts: &ErrorTexts, exchange: &Result<Answer, TransportFault>) -> AddAnswer {
        of(exchange, &Meanings::new(texts, &Redactor::new(&"c0ffee00".into())))
    }

    fn answered(status: u16, body: &str) -> AddAnswer {
        judged(&Ok(Answer::whole(status, body)))
    }

    fn broken_off(body: &str) -> AddAnswer {
        let broken_off = Some(TransportFault::Broken("reset".to_owned()));
        judged(&Ok(Answer { broken_off, ..Answer::whole(200, body) }))
    }

    fn placed(id: &str) -> AddAnswer {
        AddAnswer::Placed { api_order_id: id.to_owned() }
    }

    #[track_caller]
    fn assert_in_doubt(answer: &AddAnswer) {
        assert!(matches!(answer, AddAnswer::InDoubt { .. }), "{answer:?}");
    }

    #[test_case(r#"{"order":23501}"#, "23501"; "a number")]
    #[test_case(r#"{"order":"23501"}"#, "23501"; "a string")]
    #[test_case(r#"{"status":"success","order":"65f2a1b3c4d5e6f708192a3b"}"#, "65f2a1b3c4d5e6f708192a3b"; "24 hex digits")]
    #[test_case(r#"{"order_id":7}"#, "7"; "named order_id")]
    #[test_case(r#"{"id":"7"}"#, "7"; "named id")]
    #[test_case(r#"{"status":"success","data":{"order":7}}"#, "7"; "inside data")]
    #[test_case(r#"{"order":18446744073709551616123}"#, "18446744073709551616123"; "longer than any integer")]
    #[test_case(r#"{"order":23501.0}"#, "23501"; "with a point")]
    #[test_case(r#"{"order":" 23501 "}"#, "23501"; "with spaces around")]
    #[test_case("\u{feff}\n {\"order\":23501}", "23501"; "after a byte order mark")]
    #[test_case(r#"{"order":1,"note":"\ud83d"}"#, "1"; "beside a lone surrogate")]
    #[test_case(r#"{"order":1,"error":null}"#, "1"; "beside a null error")]
    #[test_case(r#"{"id":1,"error":""}"#, "1"; "id beside an empty error")]
    #[test_case(r#"{"id":1,"error":false,"status":"success","msg":"Order received"}"#, "1"; "id beside good words")]
    fn order_id_means_placed(body: &str, id: &str) {
        for status in [200, 201, 302, 400, 429, 500, 503] {
            assert_eq!(answered(status, body), placed(id), "HTTP {status}");
        }
    }

    #[test_case(r#"{"order":5,"error":"Not enough funds on balance"}"#)]
    #[test_case(r#"{"error":"neworder.error.link","order_id":5}"#)]
    #[test_case(r#"{"status":"error","msg":"Bad link","data":{"order":5}}"#)]
    fn order_id_beside_an_error_means_placed(body: &str) {
        assert_eq!(answered(200, body), placed("5"));
    }

    #[test_case(r#"{"id":5,"error":"Not enough funds on balance"}"#)]
    #[test_case(r#"{"id":5,"status":"error","msg":"Bad link"}"#)]
    #[test_case(r#"{"id":5,"status":"fail"}"#)]
    #[test_case(r#"{"id":5,"success":false}"#)]
    #[test_case(r#"{"id":5,"order":0}"#)]
    fn bare_id_beside_an_error_proves_neither(body: &str) {
        assert_in_doubt(&answered(200, body));
    }

    #[test_case("0")]
    #[test_case("-1")]
    #[test_case("1.5")]
    #[test_case("null")]
    #[test_case("false")]
    #[test_case("true")]
    #[test_case("[]")]
    #[test_case("{}")]
    #[test_case(r#""""#)]
    #[test_case(r#"" ""#)]
    #[test_case(r#""0""#)]
    #[test_case(r#""000""#)]
    #[test_case(r#""null""#)]
    #[test_case(r#""False""#)]
    #[test_case(r#""undefined""#)]
    #[test_case(r#""Not enough funds on balance""#)]
    #[test_case(r#""\ud83d""#)]
    fn what_is_no_order_id_leaves_doubt(value: &str) {
        assert_in_doubt(&answered(200, &format!("{{\"order\":{value}}}")));
        assert_in_doubt(&answered(200, &format!("{{\"id\":{value}}}")));
        assert_in_doubt(&answered(200, &format!("{{\"data\":{{\"order\":{value}}}}}")));
    }

    #[test_case(r#"{"error":"Incorrect service ID"}"#; "a string")]
    #[test_case(r#"{"error":{"message":"Incorrect service ID"}}"#; "an object")]
    #[test_case(r#"{"error":{"code":404,"msg":"Incorrect service ID"}}"#; "an object with msg")]
    #[test_case(r#"{"error":["Incorrect service ID"]}"#; "a list")]
    #[test_case(r#"{"errors":["Incorrect service ID"]}"#; "errors")]
    #[test_case(r#"{"status":"error","msg":"Incorrect service ID"}"#; "beside status error")]
    #[test_case(r#"{"status":"error","error":"Incorrect service ID"}"#; "status error and error")]
    #[test_case(r#"{"error":true,"message":"Incorrect service ID"}"#; "beside a flag")]
    #[test_case(r#"{"error":1,"msg":"Incorrect service ID"}"#; "beside a number")]
    #[test_case(r#"{"error":"error","msg":"Incorrect service ID"}"#; "beside a word that says nothing")]
    #[test_case(r#"{"success":false,"message":"Incorrect service ID"}"#; "beside success false")]
    #[test_case(r#"{"order":0,"error":"Incorrect service ID"}"#; "beside an empty order id")]
    #[test_case("\u{feff}{\"error\":\"Incorrect service ID\"}"; "after a byte order mark")]
    fn listed_refusal_is_read_whatever_the_shape_and_the_status(body: &str) {
        for status in [200, 201, 400, 402, 403, 404, 405, 408, 422, 429, 500, 503] {
            let reason = "Incorrect service ID".to_owned();
            let refused = AddAnswer::Refused { class: ServiceGone, reason };
            assert_eq!(answered(status, body), refused, "HTTP {status}");
        }
    }

    #[test_case("Not enough funds on balance", WalletEmpty)]
    #[test_case("Invalid API key", BadKey)]
    #[test_case("Quantity less than minimal 100", Quantity)]
    #[test_case("neworder.error.link", Link)]
    #[test_case("neworder.error.link_duplicate", LinkBusy)]
    #[test_case("Rate limit exceeded", Overload)]
    #[test_case("API is disabled", Maintenance)]
    #[test_case("Incorrect request", Dialect)]
    fn refusal_keeps_its_class_and_its_words(words: &str, class: RefusalClass) {
        let body = format!("{{\"error\":\"{words}\"}}");
        assert_eq!(answered(200, &body), AddAnswer::Refused { class, reason: words.to_owned() });
    }

    #[test_case(r#"{"error":"Unknown error, please try again later"}"#; "unknown error")]
    #[test_case(r#"{"error":"Order could not be created"}"#; "could not be created")]
    #[test_case(r#"{"error":{"message":"Upstream: Bad link"}}"#; "a listed text inside another")]
    #[test_case(r#"{"error":{"quantity":["Incorrect quantity"]}}"#; "an object of an unknown shape")]
    #[test_case(r#"{"error":"Something broke","msg":"Bad link"}"#; "an unlisted error beside listed words")]
    #[test_case(r#"{"status":"success","msg":"Bad link"}"#; "listed words that are no error")]
    #[test_case(r#"{"error":true}"#; "a flag alone")]
    #[test_case(r#"{"error":"\ud83d"}"#; "unreadable words")]
    #[test_case(r#"{"status":"error"}"#; "a status alone")]
    #[test_case(r#"{"status":"success"}"#; "success without an id")]
    #[test_case("{}"; "an empty object")]
    #[test_case("[]"; "an empty list")]
    #[test_case("23501"; "a bare number")]
    #[test_case("null"; "null")]
    #[test_case(r#""Incorrect service ID""#; "a bare string")]
    #[test_case("Incorrect service ID"; "plain text")]
    #[test_case("<html><body>Too many requests</body></html>"; "a page")]
    #[test_case(r#"<br /> Warning {"order":23501}"#; "an id behind a warning")]
    #[test_case(r#"{"order":23501"#; "JSON cut short")]
    #[test_case(r#"{"order":23501} {"order":23502}"#; "two replies")]
    fn anything_else_leaves_doubt(body: &str) {
        for status in [200, 201, 302, 400, 403, 404, 408, 429, 500, 502, 503, 504] {
            assert_in_doubt(&answered(status, body));
        }
    }

    #[test_case(200)]
    #[test_case(408)]
    #[test_case(500)]
    #[test_case(503)]
    fn empty_body_leaves_doubt(status: u16) {
        assert_in_doubt(&answered(status, ""));
    }

    #[test_case("", "HTTP 429 with an empty body"; "an empty body")]
    #[test_case(" \n", "HTTP 429 with an empty body"; "white space")]
    #[test_case("Too many requests", "Too many requests"; "plain text")]
    #[test_case(r#""Rate limit exceeded""#, "Rate limit exceeded"; "a bare string")]
    #[test_case(r#"{"message":"Too many requests"}"#, "Too many requests"; "an object")]
    fn status_429_of_the_panel_itself_is_overload(body: &str, reason: &str) {
        let reason = reason.to_owned();
        assert_eq!(answered(429, body), AddAnswer::Refused { class: Overload, reason });
    }

    #[test_case("<html>429 Too Many Requests</html>"; "a page")]
    #[test_case("Incorrect service ID"; "plain text of another class")]
    #[test_case("{}"; "an object without words")]
    #[test_case(r#"{"error":"slow down"}"#; "an unlisted error")]
    fn status_429_of_anyone_else_leaves_doubt(body: &str) {
        assert_in_doubt(&answered(429, body));
    }

    fn said(words: &str, class: TextClass) -> ErrorTexts {
        let mut texts = ErrorTexts::default();
        let (text, note) = (ErrorText::of(words), String::new());
        let said_by = SaidBy::Operator;
        texts.take(&RefusalTextEvent::RefusalTextReclassified { text, class, said_by, note });
        texts
    }

    fn answered_where(texts: &ErrorTexts, body: &str) -> AddAnswer {
        let (body, broken_off) = (body.as_bytes().to_vec(), None);
        judged_by(
            texts,
            &Ok(Answer { status: 200, location: None, retry_after: None, body, broken_off }),
        )
    }

    #[test]
    fn text_that_an_operator_calls_a_refusal_is_one_and_only_as_a_whole() {
        let texts = said("Order could not be created (code 1)", TextClass::Maintenance);
        let body = r#"{"error":"Order could not be created (code 7)."}"#;
        let reason = "Order could not be created (code 7).".to_owned();
        assert_eq!(answered_where(&texts, body), AddAnswer::Refused { class: Maintenance, reason });
        assert_in_doubt(&answered(200, body));
        assert_in_doubt(&answered_where(&texts, r#"{"error":"Order could not be created"}"#));
    }

    #[test]
    fn text_that_an_operator_calls_doubtful_leaves_doubt_although_panels_document_it() {
        let texts = said("Bad link", TextClass::Doubt);
        let AddAnswer::InDoubt { text, .. } = answered_where(&texts, r#"{"error":"BAD LINK."}"#)
        else {
            panic!("not in doubt")
        };
        assert_eq!(text, Some(ErrorText::of("bad link")));
    }

    #[test]
    fn echoed_key_is_no_part_of_a_text() {
        let body = r#"{"error":"No order for c0ffee00"}"#;
        let AddAnswer::InDoubt { text, .. } = answered(200, body) else { panic!("not in doubt") };
        assert_eq!(text, Some(ErrorText::of("no order for [key]")));
        let texts = said("No order for [key]", TextClass::BadKey);
        assert!(matches!(answered_where(&texts, body), AddAnswer::Refused { class: BadKey, .. }));
    }

    #[test]
    fn nothing_sent_is_a_refusal() {
        let unreachable = TransportFault::Unreachable("connection refused".to_owned());
        let reason = "connection refused".to_owned();
        assert_eq!(judged(&Err(unreachable)), AddAnswer::Refused { class: Unreachable, reason });
        let forbidden =
            TransportFault::Forbidden(crate::domain::provider::InvalidUrl::NotEncrypted);
        let answer = judged(&Err(forbidden));
        assert!(matches!(answer, AddAnswer::Refused { class: Unreachable, .. }), "{answer:?}");
    }

    #[test]
    fn fault_after_sending_leaves_doubt() {
        for fault in [
            TransportFault::TimedOut(Duration::from_secs(30)),
            TransportFault::Broken("reset".to_owned()),
            TransportFault::TooLarge(256),
        ] {
            let words = fault.to_string();
            assert_eq!(judged(&Err(fault)), AddAnswer::InDoubt { reason: words, text: None });
        }
        let timeout = TransportFault::TimedOut(Duration::from_secs(30));
        assert_eq!(timeout.to_string(), "no whole answer within 30 s");
    }

    #[test]
    fn answer_broken_off_counts_only_where_an_order_id_was_read() {
        assert_eq!(broken_off(r#"{"order":5}"#), placed("5"));
        assert_in_doubt(&broken_off(r#"{"order":5"#));
        assert_in_doubt(&broken_off(r#"{"error":"Incorrect service ID"}"#));
        assert_in_doubt(&broken_off(""));
    }
}
