use std::time::{Duration, Instant};

use super::fake_panel::{FakePanel, KEY, Script, client, endpoint, order, response};
use crate::{
    domain::refusal::RefusalClass,
    provider_api::{AddAnswer, AddReply},
};

async fn add_at(panel: &FakePanel) -> AddReply {
    client().add(&panel.endpoint(), &order()).await
}

#[track_caller]
fn reason_of_doubt(reply: AddReply) -> String {
    match reply.answer {
        AddAnswer::InDoubt { reason, .. } => reason,
        other => panic!("{other:?}"),
    }
}

fn unreachable(reason: &str) -> AddReply {
    let reason = reason.to_owned();
    let answer = AddAnswer::Refused { class: RefusalClass::Unreachable, reason };
    AddReply { answer, response_ms: None, retry_after_seconds: None, http_status: None }
}

#[tokio::test]
async fn add_is_posted_once_to_the_address_as_given() {
    let panel = FakePanel::answering(200, r#"{"order":23501}"#).await;
    let reply = add_at(&panel).await;
    assert_eq!(reply.answer, AddAnswer::Placed { api_order_id: "23501".to_owned() });
    assert_eq!(reply.http_status, Some(200));
    assert!(reply.response_ms.is_some());
    let requests = panel.requests();
    let [request] = &requests[..] else { panic!("{requests:?}") };
    assert!(request.starts_with("POST /api/v2.php?x=1 HTTP/1.1\r\n"), "{request}");
    assert!(request.contains("content-type: application/x-www-form-urlencoded\r\n"), "{request}");
    let body = "key=c0ffee%2F00c0ffee&action=add&service=12\
                &link=https%3A%2F%2Fa.example%2Fp&quantity=100";
    assert!(request.ends_with(&format!("\r\n\r\n{body}")), "{request}");
}

#[tokio::test]
async fn created_with_an_order_id_is_placed() {
    let panel = FakePanel::answering(201, r#"{"order":"65f2a1b3c4d5e6f708192a3b"}"#).await;
    let api_order_id = "65f2a1b3c4d5e6f708192a3b".to_owned();
    assert_eq!(add_at(&panel).await.answer, AddAnswer::Placed { api_order_id });
}

#[tokio::test]
async fn refusal_is_read_from_the_body_before_the_status() {
    for status in [200, 402, 500] {
        let panel =
            FakePanel::answering(status, r#"{"error":"Not enough funds on balance"}"#).await;
        let reply = add_at(&panel).await;
        let reason = "Not enough funds on balance".to_owned();
        let class = RefusalClass::WalletEmpty;
        assert_eq!(reply.answer, AddAnswer::Refused { class, reason });
        assert_eq!(reply.http_status, Some(status));
        assert!(reply.response_ms.is_some());
    }
}

#[tokio::test]
async fn refused_connection_means_that_nothing_was_sent() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("loopback");
    let address = listener.local_addr().expect("a bound socket");
    drop(listener);
    let reply = client().add(&endpoint(&format!("http://{address}/")), &order()).await;
    assert_eq!(reply, unreachable("connection refused"));
}

#[tokio::test]
async fn name_without_an_address_means_that_nothing_was_sent() {
    let reply = client().add(&endpoint("https://panel.invalid/api/v2"), &order()).await;
    let AddAnswer::Refused { class: RefusalClass::Unreachable, reason } = &reply.answer else {
        panic!("{reply:?}")
    };
    assert!(reason.starts_with("DNS: panel.invalid: "), "{reason}");
    assert_eq!(reply.response_ms, None);
}

#[tokio::test]
async fn failed_handshake_means_that_nothing_was_sent() {
    let panel = FakePanel::start(Script::Answer(response(200, b"{}"))).await;
    let reply = client().add(&panel.encrypted_endpoint(), &order()).await;
    let AddAnswer::Refused { class: RefusalClass::Unreachable, reason } = &reply.answer else {
        panic!("{reply:?}")
    };
    assert!(reason.starts_with("TLS: "), "{reason}");
    assert_eq!(reply.response_ms, None);
    assert!(panel.requests().iter().all(|request| !request.contains("action=add")));
}

#[tokio::test]
async fn connection_closed_without_an_answer_leaves_doubt_and_nothing_is_sent_again() {
    let panel = FakePanel::start(Script::Answer(vec![])).await;
    let reason = reason_of_doubt(add_at(&panel).await);
    assert!(reason.starts_with("the connection broke before the answer was complete"), "{reason}");
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(panel.requests().len(), 1);
}

#[tokio::test]
async fn reset_without_an_answer_leaves_doubt_and_nothing_is_sent_again() {
    let panel = FakePanel::start(Script::Reset(vec![])).await;
    let reply = add_at(&panel).await;
    assert!(reply.response_ms.is_some());
    assert_eq!(reply.http_status, None);
    let reason = reason_of_doubt(reply);
    assert!(reason.starts_with("the connection broke before the answer was complete"), "{reason}");
    assert_eq!(panel.requests().len(), 1);
}

#[tokio::test]
async fn reset_amid_the_answer_leaves_doubt() {
    let whole = response(200, br#"{"order":23501}"#);
    let panel = FakePanel::start(Script::Reset(whole[..whole.len() - 3].to_vec())).await;
    let reply = add_at(&panel).await;
    assert_eq!(reply.http_status, Some(200));
    let reason = reason_of_doubt(reply);
    assert!(reason.starts_with("the connection broke before the answer was complete"), "{reason}");
}

#[tokio::test]
async fn order_id_read_before_a_reset_is_placed() {
    let mut more = response(200, b"{\"order\":23501}\n\n\n");
    more.truncate(more.len() - 2);
    let panel = FakePanel::start(Script::Reset(more)).await;
    let api_order_id = "23501".to_owned();
    assert_eq!(add_at(&panel).await.answer, AddAnswer::Placed { api_order_id });
}

#[tokio::test]
async fn silence_leaves_doubt_after_the_time_limit() {
    let panel = FakePanel::start(Script::Silence).await;
    let started = Instant::now();
    assert_eq!(reason_of_doubt(add_at(&panel).await), "no whole answer within 0.5 s");
    assert!(started.elapsed() < Duration::from_secs(5));
    assert_eq!(panel.requests().len(), 1);
}

#[tokio::test]
async fn slow_drip_leaves_doubt_after_the_time_limit() {
    let panel = FakePanel::start(Script::Drip(response(200, &[b' '; 500]))).await;
    let started = Instant::now();
    assert_eq!(reason_of_doubt(add_at(&panel).await), "no whole answer within 0.5 s");
    assert!(started.elapsed() < Duration::from_secs(5));
}

#[tokio::test]
async fn oversized_answer_leaves_doubt() {
    let panel = FakePanel::answering(200, vec![b' '; 300 * 1024]).await;
    assert_eq!(reason_of_doubt(add_at(&panel).await), "the answer is larger than 256 KiB");
}

#[tokio::test]
async fn firewall_page_leaves_doubt_whatever_its_status() {
    for status in [200, 403, 429, 503] {
        let page = "<html><title>Just a moment</title>\nToo many requests</html>";
        let panel = FakePanel::answering(status, page).await;
        assert_eq!(
            reason_of_doubt(add_at(&panel).await),
            format!(
                "the answer is not JSON but an HTML page (HTTP {status}) that begins: \
                 <html><title>Just a moment</title> Too many requests</html>"
            )
        );
    }
}

#[tokio::test]
async fn redirect_is_not_followed_and_leaves_doubt() {
    let elsewhere = FakePanel::answering(200, r#"{"order":1}"#).await;
    for status in [301, 302, 303, 307, 308] {
        let head = format!(
            "HTTP/1.1 {status} Moved\r\nlocation: {}\r\ncontent-length: 0\r\n\r\n",
            elsewhere.url()
        );
        let panel = FakePanel::start(Script::Answer(head.into_bytes())).await;
        let reason = reason_of_doubt(add_at(&panel).await);
        assert!(reason.starts_with(&format!("the provider redirects to {}", elsewhere.url())));
    }
    assert_eq!(elsewhere.requests(), Vec::<String>::new());
}

#[tokio::test]
async fn connection_is_never_used_for_a_second_order() {
    let panel = FakePanel::start(Script::AnswerAndStay(response(200, br#"{"order":1}"#))).await;
    let client = client();
    for _ in 0..3 {
        let reply = client.add(&panel.endpoint(), &order()).await;
        assert!(matches!(reply.answer, AddAnswer::Placed { .. }), "{reply:?}");
    }
    assert_eq!(panel.connections(), 3);
}

#[tokio::test]
async fn echoed_key_never_leaves() {
    let escaped = KEY.replace('/', "\\/");
    for body in [
        format!("{{\"error\":\"Unknown key {KEY}\"}}"),
        format!("{{\"error\":\"Unknown key {escaped}\"}}"),
        format!("<html>key=c0ffee%2f00c0ffee {KEY}"),
        format!("{{\"order\":\"{KEY}\"}}"),
        format!("{{\"nothing\":\"{escaped}\"}}"),
    ] {
        let panel = FakePanel::answering(200, &body).await;
        let reason = reason_of_doubt(add_at(&panel).await);
        assert!(!reason.contains("00c0ffee"), "{reason}");
        assert!(reason.contains("key"), "{reason}");
    }
}
