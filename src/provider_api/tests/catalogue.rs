use rust_decimal::{Decimal, dec};
use test_case::test_case;

use crate::{
    domain::service::{ServiceKind, ServiceListing},
    provider_api::{Catalogue, decode, transport::Answer},
};

fn read(status: u16, body: impl Into<Vec<u8>>) -> Result<Catalogue, String> {
    let answer = Answer::whole(status, body);
    decode::catalogue(&answer).map_err(|error| error.to_string())
}

fn rows(body: impl Into<Vec<u8>>) -> Vec<ServiceListing> {
    let catalogue = read(200, body).expect("a catalogue");
    assert_eq!(catalogue.errors, []);
    catalogue.rows
}

/// A row with one member replaced by, or added as, the given JSON.
fn with(member: &str, json: &str) -> String {
    let mut members = vec![("service", "901"), ("rate", "\"0.90\""), ("max", "\"100\"")];
    members.retain(|(name, _)| *name != member);
    members.push((member, json));
    let members = members.into_iter().map(|(name, value)| format!("\"{name}\":{value}"));
    format!("{{{}}}", members.collect::<Vec<_>>().join(","))
}

fn row_with(member: &str, json: &str) -> ServiceListing {
    rows(format!("[{}]", with(member, json))).remove(0)
}

/// The error of that row, with a good one before it that must not suffer.
fn error_with(member: &str, json: &str) -> String {
    let good = r#"{"service":1,"rate":1,"max":9}"#;
    let catalogue = read(200, format!("[{good},{}]", with(member, json))).expect("a catalogue");
    assert_eq!(catalogue.rows.len(), 1);
    assert_eq!(catalogue.errors.len(), 1);
    assert_eq!(catalogue.errors[0].row, 2);
    catalogue.errors[0].to_string()
}

#[test]
fn stock_row_is_read_whole() {
    let body = r#"[{"service":1,"name":"Followers","type":"Default","category":"First Category",
        "rate":"0.90","min":"50","max":"10000","refill":true,"cancel":false,"dripfeed":true,
        "desc":"x","average_time":"5 minutes","currency":"USD"}]"#;
    assert_eq!(
        rows(body),
        [ServiceListing {
            provider_service_id: "1".to_owned(),
            name: "Followers".to_owned(),
            category: "First Category".to_owned(),
            kind: ServiceKind::new("Default"),
            rate: dec!(0.9),
            min: 50,
            max: 10_000,
            refill: true,
            cancel: Some(false),
            dripfeed: true,
        }]
    );
}

#[test_case("7", "7"; "an int")]
#[test_case("\"7\"", "7"; "a string")]
#[test_case("\"a-7\"", "a-7"; "letters")]
#[test_case("7.0", "7"; "with a point")]
fn service_id_is_an_int_or_a_string(json: &str, id: &str) {
    assert_eq!(row_with("service", json).provider_service_id, id);
}

#[test_case("\"0.90\"", dec!(0.90); "a string")]
#[test_case("0.9", dec!(0.9); "a number")]
#[test_case("1", dec!(1); "an int")]
#[test_case("0.1", dec!(0.1); "one that no float holds")]
#[test_case("\"0.00000001\"", dec!(0.00000001); "eight decimals")]
#[test_case("123456789.12345678", dec!(123456789.12345678); "more digits than a float holds exactly")]
#[test_case("5.0e-7", dec!(0.0000005); "an exponent")]
#[test_case("\"1E2\"", dec!(100); "an exponent in quotes")]
#[test_case("0", dec!(0); "free")]
fn rate_is_read_from_the_json_text_never_through_a_float(json: &str, rate: Decimal) {
    assert_eq!(row_with("rate", json).rate, rate);
}

#[test_case("true", true)]
#[test_case("false", false)]
#[test_case("1", true)]
#[test_case("0", false)]
#[test_case("\"1\"", true; "one in quotes")]
#[test_case("\"0\"", false; "zero in quotes")]
#[test_case("\"true\"", true; "true in quotes")]
#[test_case("\"false\"", false; "false in quotes")]
fn boolean_is_read_in_every_spelling(json: &str, expected: bool) {
    assert_eq!(row_with("refill", json).refill, expected);
    assert_eq!(row_with("cancel", json).cancel, Some(expected));
    assert_eq!(row_with("dripfeed", json).dripfeed, expected);
}

#[test]
fn absent_cancel_is_unknown_not_false() {
    let row = row_with("service", "901");
    assert_eq!((row.refill, row.cancel, row.dripfeed), (false, None, false));
    assert_eq!(row_with("cancel", "null").cancel, None);
    assert_eq!(row_with("cancel", "\"ask us\"").cancel, None);
}

#[test_case("\"50\"", 50; "a string")]
#[test_case("50", 50; "an int")]
#[test_case("\"50.0\"", 50; "a float in quotes")]
#[test_case("5e1", 50; "an exponent")]
#[test_case("null", 1; "null")]
#[test_case("\"\"", 1; "empty")]
fn min_is_read_in_every_spelling(json: &str, min: i64) {
    assert_eq!(row_with("min", json).min, min);
}

#[test_case("9007199254740991", 9_007_199_254_740_991)]
#[test_case("9007199254740993", 9_007_199_254_740_991)]
#[test_case("\"99999999999999999999999\"", 9_007_199_254_740_991; "beyond any integer")]
fn limit_beyond_what_json_readers_hold_is_clamped(json: &str, max: i64) {
    assert_eq!(row_with("max", json).max, max);
}

#[test]
fn package_without_limits_is_sold_one_at_a_time() {
    let row = rows(r#"[{"service":1,"type":"package","rate":5}]"#).remove(0);
    assert_eq!((row.min, row.max), (1, 1));
}

#[test]
fn missing_name_category_and_type_get_sensible_ones() {
    for body in [
        r#"[{"service":901,"rate":1,"max":9}]"#,
        r#"[{"service":901,"name":null,"category":"","type":" ","rate":1,"max":9}]"#,
    ] {
        let row = rows(body).remove(0);
        assert_eq!((row.name.as_str(), row.category.as_str()), ("Service 901", "Uncategorised"));
        assert_eq!(row.kind.as_str(), "Default");
    }
}

#[test]
fn unknown_type_is_read_as_the_provider_writes_it() {
    let row = row_with("type", "\"Special\"");
    assert_eq!(row.kind.as_str(), "Special");
    assert_eq!(row.kind.requirements(), None);
}

#[test]
fn emoji_in_names_survive() {
    assert_eq!(row_with("name", "\"🚀 Tăng \\ud83d\\ude80\"").name, "🚀 Tăng 🚀");
}

#[test]
fn nul_in_a_text_is_replaced_because_the_database_cannot_hold_it() {
    assert_eq!(row_with("name", "\"a\\u0000b\"").name, "a\u{FFFD}b");
    assert_eq!(row_with("category", "\"a\\u0000\"").category, "a\u{FFFD}");
    assert_eq!(row_with("type", "\"\\u0000\"").kind.as_str(), "\u{FFFD}");
}

#[test]
fn byte_order_mark_and_white_space_before_the_list_are_skipped() {
    assert_eq!(rows("\u{feff}\r\n [{\"service\":1,\"rate\":1,\"max\":9}] \n").len(), 1);
}

#[test]
fn bytes_that_are_not_utf_8_are_replaced() {
    let body = [&br#"[{"service":1,"rate":1,"max":9,"name":"caf"#[..], b"\xe9\"}]"].concat();
    assert_eq!(rows(body)[0].name, "caf\u{FFFD}");
}

#[test]
fn list_inside_data_is_read() {
    let body = r#"{"status":"success","data":[{"service":1,"rate":1,"max":9}]}"#;
    assert_eq!(rows(body).len(), 1);
}

#[test]
fn status_other_than_200_does_not_spoil_a_list() {
    assert!(read(201, r#"[{"service":1,"rate":1,"max":9}]"#).is_ok());
}

#[test_case("service", "null", "row 2: `service` is missing or no id"; "no id")]
#[test_case("service", "0", "row 2: `service` is missing or no id"; "zero for an id")]
#[test_case("rate", "\"abc\"", "row 2 (service 901): rate `abc` is no decimal"; "no decimal")]
#[test_case("rate", "null", "row 2 (service 901): rate is missing"; "no rate")]
#[test_case("rate", "\"-0.5\"", "row 2 (service 901): rate `-0.5` is negative"; "negative rate")]
#[test_case("rate", "1e40", "row 2 (service 901): rate `1e40` is no decimal"; "overflow")]
#[test_case("rate", "{}", "row 2 (service 901): rate is no readable text"; "an object for a rate")]
#[test_case("min", "\"few\"", "row 2 (service 901): min `few` is no whole number"; "no number")]
#[test_case("min", "\"0.5\"", "row 2 (service 901): min `0.5` is no whole number"; "a fraction")]
#[test_case("min", "-5", "row 2 (service 901): min `-5` is negative"; "negative min")]
#[test_case("min", "\"101\"", "row 2 (service 901): min 101 is over max 100"; "min over max")]
#[test_case("max", "null", "row 2 (service 901): max is missing"; "no max")]
#[test_case("name", "\"\\ud83d\"", "row 2 (service 901): name is no readable text"; "half a character")]
fn bad_row_alone_is_an_error_and_the_others_go_on(member: &str, json: &str, message: &str) {
    assert_eq!(error_with(member, json), message);
}

#[test]
fn row_that_is_no_object_is_an_error() {
    let catalogue = read(200, r#"["x",{"service":1,"rate":1,"max":9},null,[1]]"#).expect("a list");
    let errors: Vec<String> = catalogue.errors.iter().map(ToString::to_string).collect();
    assert_eq!(
        errors,
        [
            "row 1: `\"x\"` is no service: rows are objects",
            "row 3: `null` is no service: rows are objects",
            "row 4: `[1]` is no service: rows are objects"
        ]
    );
}

#[test]
fn repeated_id_is_an_error_and_the_first_readable_row_counts() {
    let body = r#"[{"service":1,"rate":"x","max":9},{"service":"1","rate":2,"max":9},
        {"service":2,"rate":1,"max":9},{"service":1.0,"rate":3,"max":9}]"#;
    let catalogue = read(200, body).expect("a catalogue");
    let read: Vec<_> = catalogue.rows.iter().map(|row| row.rate).collect();
    assert_eq!(read, [dec!(2), dec!(1)]);
    let errors: Vec<String> = catalogue.errors.iter().map(ToString::to_string).collect();
    assert_eq!(
        errors,
        [
            "row 1 (service 1): rate `x` is no decimal",
            "row 4 (service 1): the id was given before, in row 2"
        ]
    );
}

#[test_case("[]", "the provider's list of services is empty"; "an empty list")]
#[test_case(r#"{"status":"success","data":[]}"#, "the provider's list of services is empty"; "an empty list inside data")]
#[test_case(r#"{"status":"success","data":"Empty Data"}"#, "the provider's list of services is empty"; "empty data in words")]
#[test_case(r#"{"error":"Invalid API key"}"#, "the provider refused the key: Invalid API key"; "a refused key")]
#[test_case(r#"{"status":"error","msg":"Try later"}"#, "the provider answered an error (HTTP 200): Try later"; "an error")]
#[test_case(r#"{"status":"success"}"#, r#"the answer is no list of services (HTTP 200): {"status":"success"}"#; "an object")]
#[test_case("null", "the answer is no list of services (HTTP 200): null"; "null")]
#[test_case("\"services\"", "the answer is no list of services (HTTP 200): \"services\""; "a string")]
#[test_case("", "the answer is empty (HTTP 200)"; "nothing")]
#[test_case("<html>", "the answer is not JSON but an HTML page (HTTP 200) that begins: <html>"; "a page")]
#[test_case(r#"[{"service":1"#, r#"the answer is not JSON but something like it (HTTP 200) that begins: [{"service":1"#; "a list cut short")]
#[test_case(r#"[{"error":"x"},2]"#, "none of the 2 rows of the provider's list can be read; row 1: `service` is missing or no id"; "bad rows only")]
fn what_is_no_catalogue_is_a_failure_so_that_it_delists_nothing(body: &str, words: &str) {
    assert_eq!(read(200, body), Err(words.to_owned()));
}
