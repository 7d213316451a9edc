use super::fake_panel::{FakePanel, client_under, endpoint, order};
use crate::{
    domain::{provider::UpstreamPolicy, refusal::RefusalClass},
    provider_api::AddAnswer,
};

#[tokio::test]
async fn policy_is_checked_again_with_every_call() {
    let client = client_under(UpstreamPolicy::PublicOnly);
    let panel = FakePanel::answering(200, r#"{"order":1}"#).await;
    for endpoint in [
        panel.endpoint(),
        panel.encrypted_endpoint(),
        endpoint("https://localhost/api/v2"),
        endpoint("https://[::ffff:10.0.0.1]/api/v2"),
        endpoint("https://169.254.169.254/latest/meta-data"),
    ] {
        let reply = client.add(&endpoint, &order()).await;
        let AddAnswer::Refused { class: RefusalClass::Unreachable, reason } = &reply.answer else {
            panic!("{reply:?}")
        };
        assert!(reason.starts_with("the provider's address is not allowed: "), "{reason}");
        assert_eq!(reply.response_ms, None);
        assert!(client.balance(&endpoint).await.is_err());
        assert!(client.services(&endpoint).await.is_err());
    }
    assert_eq!(panel.connections(), 0);
}
