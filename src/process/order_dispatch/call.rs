//! One `add` call.

use super::dispatch::Shared;
use crate::{
    command::Ticket,
    domain::{
        order::{Order, ProviderAnswer},
        refusal::RefusalClass,
    },
    provider_api::{AddAnswer, AddReply, NewOrder},
};

impl Shared {
    /// Asks the ticket's provider to take the order, if that may still be done.
    pub(super) async fn ask(&self, ticket: &Ticket, order: &Order) -> ProviderAnswer {
        let not_sent = |reason: &str| ProviderAnswer::NotSent { reason: reason.to_owned() };
        if self.needs.stop.is_cancelled() {
            return not_sent("the program is stopping");
        }
        let claims = self.needs.commands.claims();
        if claims.tenure() != Some(ticket.claim.incarnation) {
            return not_sent("this process was not the one that dispatches any more");
        }
        let mut endpoint = match self.endpoints.of(ticket.claim.provider_id).await {
            Ok(endpoint) => endpoint,
            Err(error) if error.may_pass() => return not_sent(&error.to_string()),
            Err(error) => {
                let (class, reason) = (RefusalClass::Unreachable, error.to_string());
                return ProviderAnswer::Refused {
                    class,
                    reason,
                    response_ms: None,
                    retry_after_seconds: None,
                };
            }
        };
        if !ticket.may_send(self.needs.client.limits().connect) {
            return not_sent("the time to send it had passed");
        }
        endpoint.timeouts.order = Some(ticket.call_limit());
        let request = new_order(order, &ticket.claim.provider_service_id);
        claims.sending(ticket.claim.attempt_id);
        answer(self.needs.client.add(&endpoint, &request).await)
    }
}

fn new_order(order: &Order, service: &str) -> NewOrder {
    let mut fields = order.fields.clone();
    // A subscription works on a user, whose name stands among the fields; everything else works on a link.
    let subscription = fields.contains_key("username") && fields.contains_key("delay");
    if !subscription {
        fields.insert("link".to_owned(), order.link.as_str().to_owned());
    }
    NewOrder { service: service.to_owned(), fields }
}

fn answer(reply: AddReply) -> ProviderAnswer {
    let AddReply { response_ms, retry_after_seconds, .. } = reply;
    match reply.answer {
        AddAnswer::Placed { api_order_id } => {
            ProviderAnswer::Placed { api_order_id, response_ms: response_ms.unwrap_or_default() }
        }
        AddAnswer::Refused { class, reason } => {
            ProviderAnswer::Refused { class, reason, response_ms, retry_after_seconds }
        }
        AddAnswer::InDoubt { reason, text } => {
            ProviderAnswer::InDoubt { reason, text, response_ms, retry_after_seconds }
        }
    }
}
