use super::fake_panel::{FakePanel, KEY, Script, client, response};
use crate::{domain::order::StatusReading, provider_api::AnswerFor};

fn ids(count: usize) -> Vec<String> {
    (1..=count).map(|id| id.to_string()).collect()
}

#[tokio::test]
async fn many_orders_are_asked_about_in_one_call() {
    let panel = FakePanel::answering(200, r#"{"2":{"status":"Completed"}}"#).await;
    let answers = client().statuses(&panel.endpoint(), &ids(3)).await.unwrap().value;
    let found = |a: &AnswerFor<StatusReading>| matches!(a, AnswerFor::Found(_));
    assert_eq!(answers.iter().map(found).collect::<Vec<_>>(), [false, true, false]);
    assert_eq!(panel.requests().len(), 1);
    assert!(panel.requests()[0].ends_with("&action=status&orders=1%2C2%2C3"));
}

#[tokio::test]
async fn panel_that_takes_no_lists_is_asked_one_by_one() {
    let list = response(200, br#"{"error":"Incorrect order ID"}"#);
    let one = response(200, br#"{"status":"Pending"}"#);
    let panel = FakePanel::start(Script::ByForm(list, one)).await;
    let answers = client().statuses(&panel.endpoint(), &ids(3)).await.unwrap().value;
    assert!(answers.iter().all(|answer| matches!(answer, AnswerFor::Found(_))), "{answers:?}");
    let requests = panel.requests();
    assert_eq!(requests.len(), 4);
    assert!(requests[3].ends_with("&action=status&order=3"));
}

#[tokio::test]
async fn cancel_is_asked_by_a_list_first_even_for_one() {
    let list = response(200, br#"{"error":"Incorrect request"}"#);
    let one = response(200, br#"{"cancel":1}"#);
    let panel = FakePanel::start(Script::ByForm(list, one)).await;
    let answers = client().cancels(&panel.endpoint(), &ids(1)).await.unwrap().value;
    assert_eq!(answers, [AnswerFor::Found(())]);
    assert!(panel.requests()[0].ends_with("&action=cancel&orders=1"));
    assert!(panel.requests()[1].ends_with("&action=cancel&order=1"));
}

#[tokio::test]
async fn refill_and_its_status_are_asked_in_the_stock_form() {
    let panel = FakePanel::answering(200, r#"{"refill":"5","status":"Pending"}"#).await;
    let (client, endpoint) = (client(), panel.endpoint());
    let refills = client.refills(&endpoint, &ids(1)).await.unwrap().value;
    assert_eq!(refills, [AnswerFor::Found("5".to_owned())]);
    let statuses = client.refill_statuses(&endpoint, &ids(1)).await.unwrap().value;
    assert_eq!(statuses, [AnswerFor::Found("Pending".to_owned())]);
    assert!(panel.requests()[0].ends_with("&action=refill&order=1"));
    assert!(panel.requests()[1].ends_with("&action=refill_status&refill=1"));
}

#[tokio::test]
async fn refusal_by_status_alone_is_a_failure() {
    let panel = FakePanel::answering(403, r#"{"message":"Unauthenticated."}"#).await;
    let failure = client().statuses(&panel.endpoint(), &ids(2)).await.unwrap_err();
    assert!(failure.reason.starts_with("the answer says nothing of an order (HTTP 403)"));
}

#[tokio::test]
async fn echoed_key_never_leaves_a_status() {
    let body =
        format!(r#"{{"1":{{"status":"{KEY}","currency":"{KEY}"}},"2":{{"error":"no {KEY}"}}}}"#);
    let panel = FakePanel::answering(200, body).await;
    let answers = client().statuses(&panel.endpoint(), &ids(2)).await.unwrap().value;
    assert!(!format!("{answers:?}").contains("00c0ffee"), "{answers:?}");
}
