//! `status`: how far one order is, or up to 100.

use serde_json::{Map, Value, json};

use super::Refusal;
use crate::simulator::orders::Now;
use crate::simulator::params::Params;
use crate::simulator::state::State;

/// How many ids one call may ask for.
pub(super) const MOST_IDS: usize = 100;

pub(super) fn answer(state: &State, params: &Params, now: Now) -> Result<Value, Refusal> {
    if let Some(id) = params.get("order") {
        return one(state, id, now);
    }
    let ids = params.list("orders").filter(|ids| ids.len() <= MOST_IDS);
    let rows: Map<String, Value> = ids
        .ok_or(Refusal::RequestIncorrect)?
        .into_iter()
        .map(|id| {
            let shown = one(state, id, now);
            let shown = shown.unwrap_or_else(|why| json!({ "error": why.to_string() }));
            (id.to_owned(), shown)
        })
        .collect();
    Ok(Value::Object(rows))
}

fn one(state: &State, id: &str, now: Now) -> Result<Value, Refusal> {
    let order = state.book.get(id).ok_or(Refusal::OrderUnknown)?;
    Ok(json!({
        "charge": order.charge(now).normalize().to_string(),
        "start_count": order.start_count().to_string(),
        "status": order.word(now),
        "remains": order.remains(now).to_string(),
        "currency": state.currency,
    }))
}
