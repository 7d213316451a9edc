//! `orders`: all own orders, where the panel has been switched to list them.

use serde_json::{Value, json};

use super::Refusal;
use crate::simulator::orders::{AcceptedOrder, Now};
use crate::simulator::state::State;

pub(super) fn answer(state: &State, now: Now) -> Result<Value, Refusal> {
    if !state.switches.orders_list {
        return Err(Refusal::RequestIncorrect);
    }
    Ok(state.book.show_all(now).iter().map(|order| row(order, &state.currency)).collect())
}

fn row(order: &AcceptedOrder, currency: &str) -> Value {
    json!({
        "order": order.id,
        "service": order.service,
        "link": order.link,
        "quantity": order.quantity.to_string(),
        "charge": order.charge.to_string(),
        "start_count": order.start_count.to_string(),
        "status": order.status.as_str(),
        "remains": order.remains.to_string(),
        "currency": currency,
        "created": order.received_at.format("%Y-%m-%d %H:%M:%S").to_string(),
    })
}
