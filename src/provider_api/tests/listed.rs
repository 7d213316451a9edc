//! The list of all own orders, as the few panels answer that have one.

use test_case::test_case;

use crate::{
    domain::settlement::ListedOrder,
    provider_api::{decode, transport::Answer},
};

fn read(body: &str) -> Result<Vec<ListedOrder>, String> {
    let answer = Answer::whole(200, body);
    decode::listed_orders(&answer).map_err(|error| error.to_string())
}

#[test_case(r#"[{"order":7,"service":1,"link":"a.example","quantity":"50"}]"#; "a list")]
#[test_case(r#"{"orders":[{"id":"7","service_id":"1","url":"a.example","count":50}]}"#; "wrapped")]
fn row_is_read_from_any_spelling(body: &str) {
    let order = ListedOrder {
        api_order_id: "7".to_owned(),
        provider_service_id: Some("1".to_owned()),
        link: Some("a.example".to_owned()),
        quantity: Some(50),
    };
    assert_eq!(read(body), Ok(vec![order]));
}

#[test]
fn empty_list_is_a_list() {
    assert_eq!(read("[]"), Ok(vec![]));
}

#[test_case(r#"{"error":"Incorrect request"}"#; "an error")]
#[test_case(r#"[{"order":7},{"link":"a.example"}]"#; "a row without an id")]
#[test_case(r#"{"status":"success"}"#; "no list")]
#[test_case("<html>"; "a page")]
fn anything_else_is_no_list(body: &str) {
    assert!(read(body).is_err());
}
