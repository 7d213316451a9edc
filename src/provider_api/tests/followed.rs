//! Every way in which panels answer about orders that they hold.

use rust_decimal::dec;
use test_case::test_case;

use crate::{
    domain::{order::StatusReading, refusal::ErrorTexts},
    provider_api::{
        AnswerFor::{self, Error, Found, Missing},
        decode::{self, Form, NoAnswers, Question, ReadPart},
        meanings::Meanings,
        redact::Redactor,
        transport::Answer,
    },
};

fn read<T>(asked: &[&str], body: &str, part: ReadPart<T>) -> Result<Vec<AnswerFor<T>>, NoAnswers> {
    let answer = Answer::whole(200, body);
    let form = if asked.len() == 1 { Form::One } else { Form::List };
    let asked: Vec<String> = asked.iter().map(|id| (*id).to_owned()).collect();
    let (texts, redactor) = (ErrorTexts::default(), Redactor::new(&"c0ffee00".into()));
    let meanings = Meanings::new(&texts, &redactor);
    let question = Question { form, asked: &asked, meanings };
    decode::answers(&answer, &question, &["order", "refill"], part)
}

fn statuses(asked: &[&str], body: &str) -> Vec<AnswerFor<StatusReading>> {
    read(asked, body, decode::order_status).expect(body)
}

/// What is said of each, in short: the word, the error, or a dash.
fn words(asked: &[&str], body: &str) -> Vec<String> {
    let short = |answer| match answer {
        Found(StatusReading { provider_status, .. }) => provider_status,
        Error(words) => format!("error: {words}"),
        Missing => "-".to_owned(),
    };
    statuses(asked, body).into_iter().map(short).collect()
}

fn refills(asked: &[&str], body: &str) -> Vec<AnswerFor<String>> {
    read(asked, body, decode::refill_id).expect(body)
}

fn refill_words(asked: &[&str], body: &str) -> Vec<AnswerFor<String>> {
    read(asked, body, decode::refill_status).expect(body)
}

fn cancels(asked: &[&str], body: &str) -> Vec<AnswerFor<()>> {
    read(asked, body, decode::cancelled).expect(body)
}

fn found(id: &str) -> AnswerFor<String> {
    Found(id.to_owned())
}

fn error<T>(words: &str) -> AnswerFor<T> {
    Error(words.to_owned())
}

fn failure(asked: &[&str], body: &str) -> String {
    match read(asked, body, decode::order_status) {
        Err(NoAnswers::Failed(unexpected)) => unexpected.to_string(),
        Err(NoAnswers::NoLists(unexpected)) => format!("no lists: {unexpected}"),
        Ok(answers) => panic!("{answers:?}"),
    }
}

#[test]
fn status_of_one_order_is_read_in_the_stock_form() {
    let body = r#"{"charge":"0.27819","start_count":"3572","status":"Partial","remains":"157","currency":"USD"}"#;
    let expected = StatusReading {
        provider_status: "Partial".to_owned(),
        start_count: Some(3572),
        remains: Some(157),
        charge: Some(dec!(0.27819)),
        currency: Some("USD".to_owned()),
    };
    assert_eq!(statuses(&["1"], body), [Found(expected)]);
}

#[test]
fn statuses_of_several_are_keyed_by_id_and_an_error_among_them_is_data() {
    let body = r#"{"10":{"error":"Incorrect order ID"},"1":{"status":"Completed"},"7":{"status":"Pending"}}"#;
    assert_eq!(words(&["1", "10"], body), ["Completed", "error: Incorrect order ID"]);
}

#[test]
fn status_may_be_a_bare_string() {
    let body = r#"{"1":"In progress","10":"Incorrect order ID"}"#;
    assert_eq!(words(&["1", "10"], body), ["In progress", "error: Incorrect order ID"]);
}

#[test]
fn statuses_may_be_a_list_in_the_order_asked() {
    let body = r#"[{"status":"Completed"},{"error":"Incorrect order ID"},"Pending"]"#;
    assert_eq!(
        words(&["3", "1", "2"], body),
        ["Completed", "error: Incorrect order ID", "Pending"]
    );
}

#[test]
fn list_of_another_length_is_about_nobody_knows_whom() {
    assert_eq!(words(&["3", "1"], r#"[{"status":"Completed"}]"#), ["-", "-"]);
}

#[test]
fn list_in_the_order_asked_that_names_other_orders_is_about_those() {
    let body = r#"[{"order":8,"status":"Completed"},{"order":9,"status":"Canceled"}]"#;
    assert_eq!(words(&["3", "1"], body), ["-", "-"]);
}

#[test]
fn statuses_may_be_a_list_of_rows_that_name_their_order() {
    let body = r#"[{"order":"2","status":"Completed"},{"order":1,"status":"Pending"}]"#;
    assert_eq!(words(&["1", "2"], body), ["Pending", "Completed"]);
}

#[test]
fn statuses_may_be_a_list_of_objects_with_one_key() {
    let body = r#"[{"2":{"status":"Completed"}},{"1":{"error":"Incorrect order ID"}}]"#;
    assert_eq!(words(&["1", "2", "3"], body), ["error: Incorrect order ID", "Completed", "-"]);
}

#[test]
fn status_of_one_may_be_wrapped_in_its_id() {
    assert_eq!(words(&["1"], r#"{"1":{"status":"Completed"}}"#), ["Completed"]);
}

#[test_case(r#"{"status":"success","data":{"status":"Completed"}}"#; "in data")]
#[test_case(r#"{"status":"success","data":{"1":{"status":"Completed"}}}"#; "in data under its id")]
#[test_case(r#"{"orders":{"1":{"status":"Completed"}}}"#; "in orders")]
#[test_case(r#"{"data":[{"order":1,"status":"Completed"}]}"#; "in a list in data")]
fn statuses_may_be_wrapped(body: &str) {
    assert_eq!(words(&["1"], body), ["Completed"]);
}

#[test]
fn missing_order_is_missing_and_nothing_else() {
    assert_eq!(
        words(&["1", "2", "3"], r#"{"1":{"status":"Pending"},"3":null}"#),
        ["Pending", "-", "-"]
    );
    assert_eq!(words(&["1", "2"], "[]"), ["-", "-"]);
    assert_eq!(words(&["1", "2"], "{}"), ["-", "-"]);
}

#[test]
fn opaque_ids_are_found_as_they_are() {
    let body = r#"{"65f2a1b3c4d5e6f708192a3b":{"status":"Pending"}}"#;
    assert_eq!(words(&["65f2a1b3c4d5e6f708192a3b", "65F2"], body), ["Pending", "-"]);
}

#[test_case("\"157\"", Some(157); "a string")]
#[test_case("157", Some(157); "a number")]
#[test_case("157.0", Some(157); "a number with a point")]
#[test_case("-3", Some(-3); "negative")]
#[test_case("null", None; "null")]
#[test_case("\"\"", None; "nothing in quotes")]
#[test_case("\"Unknown\"", None; "a word")]
#[test_case("\"n/a\"", None; "a placeholder")]
#[test_case("[]", None; "a list")]
#[test_case("99999999999999999999", None; "beyond what clients can read")]
fn counts_are_read_where_they_are_numbers(json: &str, expected: Option<i64>) {
    let body = format!(r#"{{"status":"Pending","start_count":{json},"remains":{json}}}"#);
    let answers = statuses(&["1"], &body);
    let [Found(reading)] = &answers[..] else { panic!("{answers:?}") };
    assert_eq!((reading.start_count, reading.remains), (expected, expected));
}

#[test]
fn charge_is_read_without_a_float_and_may_be_absent() {
    let answers = statuses(&["1"], r#"{"status":"Pending","charge":0.1000000000000000055}"#);
    assert!(matches!(&answers[0], Found(r) if r.charge == Some(dec!(0.1000000000000000055))));
    let answers = statuses(&["1"], r#"{"status":"Pending","charge":"free"}"#);
    assert!(matches!(&answers[0], Found(reading) if reading.charge.is_none()));
}

#[test]
fn error_as_a_status_of_an_order_is_a_status() {
    assert_eq!(words(&["1"], r#"{"status":"Error","charge":"0","remains":"10"}"#), ["Error"]);
    assert_eq!(words(&["1"], r#"{"1":{"status":"Fail"}}"#), ["Fail"]);
}

#[test]
fn error_as_a_status_of_the_call_is_an_error() {
    let body = r#"{"status":"error","msg":"Order was not found here"}"#;
    assert_eq!(words(&["1"], body), ["error: Order was not found here"]);
    assert_eq!(
        failure(&["1"], r#"{"status":"error","msg":"Invalid API key"}"#),
        "the provider refused the key: Invalid API key"
    );
}

#[test]
fn success_is_no_status_of_an_order() {
    assert_eq!(words(&["1"], r#"{"status":"success"}"#), ["-"]);
}

#[test]
fn error_about_one_order_is_about_that_order() {
    assert_eq!(words(&["1"], r#"{"error":"Incorrect order ID"}"#), ["error: Incorrect order ID"]);
}

#[test_case("Invalid API key", "the provider refused the key: Invalid API key")]
#[test_case("Too many requests", "the provider answered an error (HTTP 200): Too many requests")]
#[test_case("API is disabled", "the provider answered an error (HTTP 200): API is disabled")]
fn error_about_the_call_is_a_failure(words: &str, expected: &str) {
    let body = format!(r#"{{"error":"{words}"}}"#);
    assert_eq!(failure(&["1"], &body), expected);
    assert_eq!(failure(&["1", "2"], &body), expected);
}

#[test_case("Incorrect request")]
#[test_case("Incorrect order ID")]
#[test_case("Order not found.")]
fn panel_that_finds_no_order_in_a_list_takes_no_lists(words: &str) {
    let said = failure(&["1", "2"], &format!(r#"{{"error":"{words}"}}"#));
    assert!(said.starts_with("no lists: "), "{said}");
}

#[test_case("", "the answer is empty (HTTP 200)"; "nothing")]
#[test_case("<html>", "the answer is not JSON but an HTML page (HTTP 200) that begins: <html>"; "a page")]
#[test_case("1", "the answer says nothing of an order (HTTP 200): 1"; "a number")]
#[test_case("null", "the answer says nothing of an order (HTTP 200): null"; "null")]
fn anything_else_is_a_failure(body: &str, expected: &str) {
    assert_eq!(failure(&["1", "2"], body), expected);
}

#[test]
fn refill_of_one_order_is_an_id_in_a_string() {
    assert_eq!(refills(&["1"], r#"{"refill":"1"}"#), [found("1")]);
}

#[test]
fn refill_may_be_a_number() {
    assert_eq!(refills(&["1"], r#"{"refill":17}"#), [found("17")]);
}

#[test]
fn refill_may_hold_an_error() {
    let body = r#"{"refill":{"error":"Refill not available"}}"#;
    assert_eq!(refills(&["1"], body), [error("Refill not available")]);
    assert_eq!(
        refills(&["1"], r#"{"error":"Refill not available"}"#),
        [error("Refill not available")]
    );
}

#[test]
fn refill_may_be_an_empty_list_which_says_nothing() {
    assert_eq!(refills(&["1"], r#"{"refill":[]}"#), [Missing]);
}

#[test]
fn refills_of_several_are_rows_that_name_their_order() {
    let body = r#"[{"order":1,"refill":1},{"order":2,"refill":{"error":"Incorrect order ID"}}]"#;
    assert_eq!(refills(&["1", "2"], body), [found("1"), error("Incorrect order ID")]);
}

#[test]
fn refill_row_may_hold_its_error_beside_the_order() {
    let body = r#"[{"order":2,"error":"Incorrect order ID"},{"order":1,"refill":"8"}]"#;
    assert_eq!(refills(&["1", "2"], body), [found("8"), error("Incorrect order ID")]);
}

#[test]
fn refill_rows_may_come_in_another_order_than_asked() {
    let body = r#"[{"order":3,"refill":30},{"order":1,"refill":10},{"order":2,"refill":20}]"#;
    assert_eq!(refills(&["1", "2", "3"], body), [found("10"), found("20"), found("30")]);
}

#[test]
fn status_of_a_refill_is_a_word() {
    assert_eq!(refill_words(&["1"], r#"{"status":"Completed"}"#), [found("Completed")]);
}

#[test]
fn status_of_a_refill_may_hold_an_error() {
    let body = r#"{"status":{"error":"Refill not found"}}"#;
    assert_eq!(refill_words(&["1"], body), [error("Refill not found")]);
}

#[test]
fn statuses_of_refills_are_rows_that_name_theirs() {
    let body = r#"[{"refill":1,"status":"Completed"},{"refill":2,"status":{"error":"Refill not found"}},
        {"refill":3,"error":"Incorrect refill ID"}]"#;
    assert_eq!(
        refill_words(&["3", "2", "1"], body),
        [error("Incorrect refill ID"), error("Refill not found"), found("Completed")]
    );
}

#[test]
fn cancels_are_rows_that_name_their_order() {
    let body = r#"[{"order":9,"cancel":{"error":"Incorrect order ID"}},{"order":2,"cancel":1}]"#;
    assert_eq!(cancels(&["2", "9"], body), [Found(()), error("Incorrect order ID")]);
}

#[test]
fn cancel_of_one_order_may_be_no_list() {
    assert_eq!(cancels(&["1"], r#"{"cancel":1}"#), [Found(())]);
    assert_eq!(cancels(&["1"], r#"{"cancel":{"error":"Too late"}}"#), [error("Too late")]);
}

#[test]
fn cancel_that_says_no_is_an_error_and_one_that_says_nothing_is_missing() {
    assert_eq!(
        cancels(&["1"], r#"{"cancel":0}"#),
        [error("the provider answered no to the request")]
    );
    assert_eq!(cancels(&["1"], r#"{"cancel":[]}"#), [Missing]);
}
